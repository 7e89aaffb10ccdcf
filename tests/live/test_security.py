"""Secured clusters: who gets in, who does not and why, and what he may; the same files drive Apache's own tools."""

import json
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.sandbox import credentials, security, state_file
from kafka_tools.settings import choice as settings
from kafka_tools.settings.precedence import Flags, choose
from kafka_tools.wire.session import WireSession
from kafka_tools.zookeeper.session import connected
from tests.support import java_stores, leaks
from tests.support.clusters import Cluster, sandbox
from tests.support.java import java_tool
from tests.support.waiting import until, wait_until
from tests.support.znodes import walk

KINDS = {
    "sasl-tls": ("--security", "sasl-tls", "--brokers", "2"),
    "tls-kraft": ("--security", "tls", "--mode", "kraft", "--brokers", "1"),
    "sasl-kraft": ("--security", "sasl", "--mode", "kraft", "--brokers", "1"),
    "sasl-tls-2.8": ("--security", "sasl-tls", "--kafka-version", "2.8", "--brokers", "1"),
}


@dataclass(frozen=True, slots=True)
class Secured:
    """A secured sandbox: its folder holds a file of settings for each kind of client."""

    cluster: Cluster
    kind: str

    def client(self, config: str) -> tuple[AdminClient, list[str]]:
        """Return confluent-kafka's client with the settings that ktools makes of a file, and what it says."""
        brokers = settings.choose_brokers(None, config)
        said: list[str] = []
        own: dict[str, Any] = {
            "bootstrap.servers": brokers.bootstrap_servers,
            "log_level": 0,
            "error_cb": lambda error: said.append(error.str()),
        }
        return AdminClient(own | dict(brokers.config)), said


@pytest.fixture(scope="module", params=KINDS)
def secured(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    for running in sandbox(tmp_path_factory.mktemp("secured") / "sandbox", *KINDS[request.param]):
        leaks.expect_none_of(leaks.secrets(running.home))
        admin, _ = Secured(running, request.param).client(str(running.home / "admin.properties"))
        for created in admin.create_topics([NewTopic("public-a", 1, 1), NewTopic("secret-a", 1, 1)]).values():
            created.result(30)
        for topic in ("public-a", "secret-a"):
            wait_until(partial(running.is_known, topic), f"every broker knows {topic}")
        yield Secured(running, request.param)
        assert leaks.in_files(running.home) == []


def topics(secured: Secured, config: str) -> set[str]:
    client, said = secured.client(config)
    try:
        return {name for name in client.list_topics(timeout=10).topics if not name.startswith("__")}
    except KafkaException as error:
        raise AssertionError(said) from error


def is_refused(secured: Secured, config: str, words: str) -> bool:
    client, said = secured.client(config)

    def tells() -> bool:
        with pytest.raises(KafkaException):
            client.list_topics(timeout=1)
        client.poll(0)
        return words in "\n".join(said)

    return until(tells, 30)


def test_the_administrator_sees_everything_and_the_user_little(secured: Secured, tmp_path: Path) -> None:
    assert topics(secured, secured.cluster.config("admin", tmp_path)) == {"public-a", "secret-a"}
    assert topics(secured, secured.cluster.config("user", tmp_path)) == {"public-a"}


def own_topics(to: Brokers) -> set[str]:
    """Ask for all topics through our own connection."""
    with WireSession(to.bootstrap_servers, to.security) as session:
        return {topic["name"] for topic in session.metadata(None)["topics"] if not topic["name"].startswith("__")}


def test_our_own_connection(secured: Secured, tmp_path: Path) -> None:
    for principal, expected in (("admin", {"public-a", "secret-a"}), ("user", {"public-a"})):
        assert own_topics(settings.choose_brokers(None, secured.cluster.config(principal, tmp_path))) == expected


def test_our_own_connection_is_told_why_not(secured: Secured, tmp_path: Path) -> None:
    untrusted = {"ssl_truststore_location": "", "ssl_truststore_type": ""}
    plaintext = {"security_protocol": "PLAINTEXT"}
    cases = [(plaintext, r"speaks TLS, not plaintext|hung up on a Metadata request")]
    if "tls" in secured.kind:
        cases.append((untrusted, "certificate is not trusted"))
    else:
        cases.append(({"security_protocol": "SASL_SSL"}, "speaks plaintext, not TLS"))
    if "sasl" in secured.kind:
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        wrong = f'{module} required username="user" password="hunter2";'
        cases.append(({"sasl_jaas_config": wrong}, "does not let user in with SCRAM-SHA-512: Authentication failed"))
        cases.append(
            ({"sasl_mechanism": "OAUTHBEARER", "sasl_oauthbearer_config": "principal=me"}, "does not take OAUTHBEARER")
        )
    for changes, words in cases:
        to = settings.choose_brokers(None, secured.cluster.config("user", tmp_path, **changes))
        with pytest.raises(KafkaToolError, match=words) as refused:
            own_topics(to)
        assert "hunter2" not in refused.value.message + refused.value.hint


def test_topics_through_the_tool(secured: Secured, tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    everything = secured.cluster.run("topics", "--list", "--exclude-internal", env=env)
    assert everything.stdout.split() == [b"public-a", b"secret-a"], everything.stderr
    little = secured.cluster.run("topics", "--list", env=env | {"KTOOLS_CONTEXT": "sandbox-user"})
    assert little.stdout.split() == [b"public-a"], little.stderr
    config = secured.cluster.config("user", tmp_path)
    create = ("topics", "--command-config", config, "--create", "--topic", "public-c", "--partitions", "1")
    refused = secured.cluster.run(*create, env=env)
    assert refused.returncode == 1
    assert b"uthoriz" in refused.stdout + refused.stderr
    hidden = secured.cluster.run("topics", "--command-config", config, "--describe", "--topic", "secret-a", env=env)
    assert hidden.returncode == 1
    assert hidden.stdout.startswith(b"Error while executing topic command : ")


def test_the_doctor_gets_in(secured: Secured, tmp_path: Path) -> None:
    for principal in ("admin", "user"):
        ran = secured.cluster.run(
            "doctor", "--command-config", secured.cluster.config(principal, tmp_path), "--output", "json"
        )
        states = {row["check"]: row["state"] for row in json.loads(ran.stdout)}
        assert states["TLS"] == ("ok" if "tls" in secured.kind else "not used")
        assert states["SASL"] == ("ok" if "sasl" in secured.kind else "not used")
        assert ran.returncode == 0, ran.stderr


def test_records_through_the_tools(secured: Secured, tmp_path: Path) -> None:
    config = secured.cluster.config("admin", tmp_path)
    produce = ("console-producer", "--topic", "public-a", "--producer.config", config)
    assert secured.cluster.run(*produce, stdin=b"one\n").returncode == 0
    consume = (
        "console-consumer",
        "--topic",
        "public-a",
        "--group",
        "public-g",
        "--from-beginning",
        "--max-messages",
        "1",
    )
    mine = secured.cluster.config("user", tmp_path)
    read = secured.cluster.run(*consume, "--consumer.config", mine)
    assert (read.returncode, read.stdout) == (0, b"one\n"), read.stderr
    forbidden = secured.cluster.run(*produce[:-1], mine, stdin=b"two\n")
    assert forbidden.returncode == 1, forbidden.stderr
    assert b"uthoriz" in forbidden.stderr
    again = secured.cluster.run(*consume, "--consumer.config", mine, "--timeout-ms", "2000")
    assert b"two" not in again.stdout


def test_who_reads_without_a_group_needs_no_right_to_one(secured: Secured, tmp_path: Path) -> None:
    config = secured.cluster.config("admin", tmp_path)
    produce = ("console-producer", "--topic", "public-a", "--producer.config", config)
    assert secured.cluster.run(*produce, stdin=b"three\n").returncode == 0
    mine = secured.cluster.config("user", tmp_path)
    consume = ("console-consumer", "--topic", "public-a", "--from-beginning", "--until-end", "--consumer.config", mine)
    read = secured.cluster.run(*consume)
    assert (read.returncode, read.stdout.splitlines()[-1]) == (0, b"three"), read.stderr
    assert read.stderr.startswith(b"Processed a total of ")
    forbidden = secured.cluster.run(*consume, "--group", "secret-g")
    assert (forbidden.returncode, forbidden.stdout) == (1, b"")
    assert b"Group authorization failed" in forbidden.stderr


def test_the_user_may_not_create_or_look_at_what_is_not_his(secured: Secured, tmp_path: Path) -> None:
    client, _ = secured.client(secured.cluster.config("user", tmp_path))
    (created,) = client.create_topics([NewTopic("public-b", 1, 1)]).values()
    with pytest.raises(KafkaException, match="TOPIC_AUTHORIZATION_FAILED"):
        created.result(30)
    assert "public-b" not in topics(secured, secured.cluster.config("admin", tmp_path))


def test_java_s_tool_takes_the_same_files(secured: Secured, tmp_path: Path) -> None:
    """The same file, unchanged, for Apache's tool, for ours and for librdkafka: the same topics."""
    files = list(client_files(secured, tmp_path))
    listing = ("--list", "--exclude-internal")
    with ThreadPoolExecutor(2) as pool:
        theirs = list(pool.map(lambda file: java_topics(secured, file, *listing), files))
    for file, java_s in zip(files, theirs, strict=True):
        expected = b"public-a\nsecret-a\n" if "admin-" in file else b"public-a\n"
        assert (java_s.returncode, java_s.stdout) == (0, expected), (Path(file).read_text(), java_s.stdout)
        ours = our_topics(secured, file, *listing)
        assert (ours.returncode, ours.stdout) == (0, expected), (Path(file).read_text(), ours.stderr)
        assert topics(secured, file) == set(expected.decode().split())


def client_files(secured: Secured, folder: Path) -> Iterator[str]:
    """Write files of settings, no two of a kind; the version of the brokers does not matter to most."""
    stores, files = folder / "stores", folder / "files"
    for each in (stores, files):
        each.mkdir()
    yield secured.cluster.config("admin", files)
    yield secured.cluster.config("user", files)
    yield secured.cluster.config("user", files, client_id="x\\\n   \\u0079:z", default_api_timeout_ms=" 70000")
    if "2.8" in secured.kind:
        return
    if "tls" in secured.kind:
        wanted = () if "sasl" in secured.kind else key_stores(secured, stores)
        for changes in (*trust_stores(secured, stores), *wanted):
            yield secured.cluster.config("user", files, **changes)
    if "sasl" in secured.kind:
        for mechanism in ("PLAIN", "SCRAM-SHA-256"):
            line = login_line(mechanism, credentials.password(secured.cluster.home, "user"))
            yield secured.cluster.config("user", files, sasl_mechanism=mechanism, sasl_jaas_config=line)


def login_line(mechanism: str, password: str) -> str:
    module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
    return f'org.apache.kafka.common.security.{module} required username="user" password="{password}";'


REFUSED = (
    ("--create", "--topic", "public-c", "--partitions", "1", "--replication-factor", "1"),
    ("--describe", "--topic", "secret-a"),
    ("--describe", "--topic", "public-a|secret-a"),
    ("--alter", "--topic", "public-a", "--partitions", "3"),
    ("--delete", "--topic", "secret-a"),
)


def test_what_a_user_may_not_do_ends_as_with_apache_s_tool(secured: Secured, tmp_path: Path) -> None:
    if secured.kind not in ("sasl-tls", "tls-kraft"):
        assert {"sasl-tls", "tls-kraft"} < KINDS.keys()
        return
    mine = secured.cluster.config("user", tmp_path)
    before = our_topics(secured, secured.cluster.config("admin", tmp_path), "--describe").stdout
    with ThreadPoolExecutor(2) as pool:
        theirs = list(pool.map(lambda argv: java_topics(secured, mine, *argv), REFUSED))
    for argv, java_s in zip(REFUSED, theirs, strict=True):
        ours = our_topics(secured, mine, *argv)
        expected = re.sub(rb"'Optional\[(.*)\]'", rb"'\1'", java_s.stdout)
        assert (ours.returncode, ours.stdout) == (java_s.returncode, expected), argv
    assert our_topics(secured, secured.cluster.config("admin", tmp_path), "--describe").stdout == before


def trust_stores(secured: Secured, folder: Path) -> Iterator[dict[str, str]]:
    """Yield settings that trust the sandbox's authority, each in another way."""
    authority = java_stores.Pair(credentials.ca_path(secured.cluster.home))
    in_place = " ".join(credentials.ca_path(secured.cluster.home).read_text().split("\n"))
    yield {"ssl_truststore_location": "", "ssl_truststore_certificates": in_place}
    jks, p12 = java_stores.jks_trust(authority, folder / "t.jks"), java_stores.pkcs12_trust(authority, folder / "t.p12")
    password = {"ssl_truststore_password": java_stores.PASSWORD}
    yield {"ssl_truststore_type": "JKS", "ssl_truststore_location": str(jks)} | password
    yield {"ssl_truststore_type": "", "ssl_truststore_location": str(jks)}
    yield {"ssl_truststore_type": "PKCS12", "ssl_truststore_location": str(p12)} | password
    yield {"ssl_truststore_type": "jks", "ssl_truststore_location": str(p12)} | password


def key_stores(secured: Secured, folder: Path) -> Iterator[dict[str, str]]:
    """Yield settings with the user's own certificate, each in another way."""
    credentials_made = credentials.certificate_path(secured.cluster.home, "user")
    own = java_stores.Pair(credentials_made)
    bare = {"ssl_keystore_key": "", "ssl_keystore_certificate_chain": ""}
    password = {"ssl_keystore_password": java_stores.PASSWORD}
    for kind, path in (
        ("JKS", java_stores.jks_key(own, folder / "k.jks")),
        ("PKCS12", java_stores.pkcs12_key(own, folder / "k.p12")),
    ):
        yield bare | password | {"ssl_keystore_type": kind, "ssl_keystore_location": str(path)}
    other = {"ssl_keystore_location": str(java_stores.jks_key(own, folder / "o.jks", "another"))}
    yield bare | password | other | {"ssl_keystore_type": "JKS", "ssl_key_password": "another"}
    yield bare | {"ssl_keystore_type": "PEM", "ssl_keystore_location": str(credentials_made)}


def test_an_encrypted_key(secured: Secured, tmp_path: Path) -> None:
    """Java's class takes only keys encrypted the old way (PBES1); OpenSSL takes those of today, too."""
    if "tls" not in secured.kind:
        assert not credentials.ca_path(secured.cluster.home).exists()
        return
    own = java_stores.Pair(credentials.certificate_path(secured.cluster.home, "user"))
    changes = {
        "ssl_keystore_key": "",
        "ssl_keystore_certificate_chain": "",
        "ssl_keystore_type": "PEM",
        "ssl_keystore_location": str(java_stores.encrypted_pem(own, tmp_path / "e.pem")),
        "ssl_key_password": java_stores.PASSWORD,
    }
    assert topics(secured, secured.cluster.config("user", tmp_path, **changes)) == {"public-a"}


def our_topics(secured: Secured, config: str, *argv: str) -> subprocess.CompletedProcess[bytes]:
    to = ("--bootstrap-server", secured.cluster.bootstrap, "--command-config", config)
    return secured.cluster.run("topics", *to, *argv)


def java_topics(secured: Secured, config: str, *argv: str) -> subprocess.CompletedProcess[bytes]:
    """Run Apache's own tool, its settings in the same file."""
    to = ("--bootstrap-server", secured.cluster.bootstrap, "--command-config", config)
    return java_tool("3.9.1", (), "org.apache.kafka.tools.TopicCommand", *to, *argv)


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_every_mechanism(secured: Secured, tmp_path: Path, mechanism: str) -> None:
    if "sasl" not in secured.kind:
        assert "sasl.mechanism" not in (secured.cluster.home / "user.properties").read_text()
        return
    password = credentials.password(secured.cluster.home, "user")
    for value, found in ((password, True), (f"{password}x", False)):
        line = login_line(mechanism, value)
        config = secured.cluster.config("user", tmp_path, sasl_mechanism=mechanism, sasl_jaas_config=line)
        if found:
            assert topics(secured, config) == {"public-a"}
        else:
            assert is_refused(secured, config, "SASL authentication error")


def test_a_broker_that_is_not_trusted(secured: Secured, tmp_path: Path) -> None:
    config = secured.cluster.config("user", tmp_path, ssl_truststore_location="", ssl_truststore_type="")
    if "tls" in secured.kind:
        assert is_refused(secured, config, "certificate verify failed")
    else:
        assert topics(secured, config) == {"public-a"}


def test_without_a_client_certificate_nobody_is_anybody(secured: Secured, tmp_path: Path) -> None:
    anonymous = secured.cluster.config("user", tmp_path, ssl_keystore_key="", ssl_keystore_certificate_chain="")
    assert topics(secured, anonymous) == (set() if secured.kind.startswith("tls") else {"public-a"})


def test_tools_find_the_sandbox_as_its_administrator(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KTOOLS_BOOTSTRAP_SERVERS", "KTOOLS_ZOOKEEPER", "KTOOLS_COMMAND_CONFIG", "KTOOLS_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KTOOLS_SANDBOX_DIR", str(secured.cluster.home))
    monkeypatch.setenv("XDG_STATE_HOME", str(secured.cluster.home))
    choice = choose(Flags())
    assert choice.source == "the sandbox"
    brokers = settings.of_brokers(choice)
    assert brokers.bootstrap_servers == secured.cluster.bootstrap
    assert (
        AdminClient({"bootstrap.servers": brokers.bootstrap_servers, **brokers.config}).list_topics(timeout=10).topics
    )


def test_its_contexts(secured: Secured, tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    listed = secured.cluster.run("context", "list", env=env).stdout.decode()
    through_zookeeper = [] if "kraft" in secured.kind else ["sandbox-zookeeper"]
    assert [line.split()[0] for line in listed.splitlines()] == ["sandbox-admin", "sandbox-user", *through_zookeeper]
    shown = secured.cluster.run("context", "show", env=env | {"KTOOLS_CONTEXT": "sandbox-user"})
    assert shown.returncode == 0, shown.stderr
    assert f"bootstrap-servers = {secured.cluster.bootstrap}" in shown.stdout.decode()


def test_no_password_in_a_command_line_or_a_log(secured: Secured) -> None:
    passwords = [each.encode() for each in leaks.secrets(secured.cluster.home)]
    read = [path.read_bytes() for path in (secured.cluster.home / "logs").iterdir()]
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # another user's process, or one that has ended
            read.append(path.read_bytes())
    assert not [text for text in read for password in passwords if password in text]


def ensembles(secured: Secured) -> tuple[str, str]:
    """Return ZooKeeper's addresses, without TLS and with it; both the same where it has none."""
    running = state_file.load(secured.cluster.home)
    assert running is not None
    return running.zookeepers[0].address, secured.cluster.zookeeper


def acls(secured: Secured, topic: str) -> dict[str, Any]:
    """Return the ACLs of a topic's znodes: everybody may read them."""
    with connected(ZooKeeper(ensembles(secured)[0])) as client:
        roots = (f"/brokers/topics/{topic}", f"/config/topics/{topic}")
        found = {root + path: acl for root in roots for path, (_, _, acl) in walk(client, root)}
        return found | {root: client.get_acls(root)[0] for root in roots}


def named_alike(found: dict[str, Any], topic: str) -> dict[str, Any]:
    return {path.replace(topic, "TOPIC"): acl for path, acl in found.items()}


def test_topics_through_zookeeper(secured: Secured, tmp_path: Path) -> None:
    if "kraft" in secured.kind:
        assert not (secured.cluster.home / "zookeeper.properties").exists()
        return
    env = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "KTOOLS_CONTEXT": "sandbox-zookeeper"}

    def ktools(*argv: str) -> bytes:
        done = secured.cluster.run("topics", *argv, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    ktools("--create", "--topic", "public-z", "--partitions", "1", "--replication-factor", "1")
    assert b"public-z\n" in ktools("--list")
    assert until(lambda: b"Leader: none" not in ktools("--describe", "--topic", "public-z"))
    ktools("--alter", "--topic", "public-z", "--config", "retention.ms=7000", "--partitions", "2")
    assert until(lambda: b"Leader: none" not in ktools("--describe", "--topic", "public-z"))
    assert b"retention.ms=7000" in ktools("--describe", "--topic", "public-z")
    everybody = acls(secured, "public-z")
    assert {(str(acl[0].id.scheme), acl[0].id.id, acl[0].perms) for acl in everybody.values()} == {
        ("sasl", "kafka", 31)
    }
    brokers_own = named_alike(acls(secured, "public-a"), "public-a")
    assert named_alike(everybody, "public-z").items() >= brokers_own.items()
    ktools("--delete", "--topic", "public-z")
    assert until(lambda: b"public-z" not in ktools("--list"))


def test_zookeeper_by_java_s_own_login(secured: Secured) -> None:
    """Kafka 2.8's tool and ours with the same KAFKA_OPTS write the same znodes."""
    if "2.8" not in secured.kind:
        assert "sasl-tls-2.8" in KINDS
        return
    plain, _ = ensembles(secured)
    flag = f"-Djava.security.auth.login.config={security.jaas_path(secured.cluster.home)}"
    create = ("--zookeeper", plain, "--create", "--partitions", "1", "--replication-factor", "1", "--topic")
    theirs = java_tool("2.8.2", (flag,), "kafka.admin.TopicCommand", *create, "java-s")
    ours = secured.cluster.run("topics", *create, "our-s", env={"KAFKA_OPTS": f"-Xmx1g {flag}"})
    assert (ours.returncode, ours.stdout) == (0, theirs.stdout.replace(b"java-s", b"our-s")), ours.stderr

    def partitions(topic: str) -> int:
        return sum(path.endswith("/state") for path in acls(secured, topic))

    assert until(lambda: partitions("java-s") == partitions("our-s") == 1)
    assert named_alike(acls(secured, "our-s"), "our-s") == named_alike(acls(secured, "java-s"), "java-s")


def test_zookeeper_says_why_not(secured: Secured) -> None:
    if "kraft" in secured.kind:
        assert secured.cluster.zookeeper == ""
        return
    plain, encrypted = ensembles(secured)
    config = str(secured.cluster.home / "zookeeper.properties")
    wrong = ("-X", "zookeeper.sasl.password=hunter2")
    cases = (
        (encrypted, ("--command-config", config, *wrong), b"does not let kafka in with DIGEST-MD5: wrong user or"),
        (encrypted, (), b"or it speaks TLS only (zookeeper.ssl.client.enable=true)"),
        (encrypted, ("-X", "zookeeper.ssl.client.enable=true"), b"the server's certificate is not trusted"),
        (plain, ("--command-config", config), b"connection closed in the TLS handshake: is this a plaintext"),
    )
    for address, options, words in cases:
        refused = secured.cluster.run("topics", "--zookeeper", address, "--list", *options)
        assert refused.returncode == 1
        assert words in refused.stdout, (refused.stdout, refused.stderr)
        assert refused.stdout.count(b"\n") == 1, refused.stdout
    anonymous = ("topics", "--zookeeper", plain, "--topic", "public-n")
    create = secured.cluster.run(*anonymous, "--create", "--partitions", "1", "--replication-factor", "1")
    assert (create.returncode, b"the znode's ACL refuses it" in create.stdout) == (1, True), create.stdout
    assert b"KAFKA_OPTS=-Djava.security.auth.login.config=FILE" in create.stderr
    listed = secured.cluster.run("topics", "--zookeeper", plain, "--list").stdout.split()
    assert (b"public-a" in listed, b"public-n" in listed) == (True, False), "everybody may read"
    with connected(ZooKeeper(plain)) as client:
        assert [client.exists(f"{root}/public-n") for root in ("/brokers/topics", "/config/topics")] == [None, None]
