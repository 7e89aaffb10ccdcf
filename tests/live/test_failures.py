"""What keeps a client from a cluster, each for real: every tool names the cause, ends with 1, and is quiet besides."""

import re
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.authority import Authority
from tests.support.clusters import Cluster, ended, sandbox
from tests.support.forwarding import forwarded
from tests.support.servers import refusing, serving

SECONDS = 60
SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
NOISE = re.compile(rb"%\d\||Traceback|rdkafka|hunter2|bug in ktools|/bootstrap|ssl_s|[a-z_]+\.c:\d")
"""librdkafka's log lines, OpenSSL's and Python's own words, and a password."""

Said = Mapping[str, subprocess.CompletedProcess[bytes]]


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    options = ("--security", "sasl-tls", "--brokers", "1")
    for cluster in sandbox(tmp_path_factory.mktemp("failures") / "sandbox", *options):
        config = str(cluster.home / "admin.properties")
        for topic in ("public-a", "secret-a"):
            created = cluster.run("topics", "--create", "--topic", topic, "--command-config", config)
            assert created.returncode == 0, created.stderr
        yield cluster


def all_tools(cluster: Cluster, server: str, config: str = "", topic: str = "public-a") -> Said:
    """Run every tool against `server` at once, to its end."""
    to = ("--bootstrap-server", server)
    reading = ("--topic", topic, "--from-beginning", "--timeout-ms", "4000")
    argv: Mapping[str, Sequence[str]] = {
        "topics": ("topics", *to, "--list", *(("--command-config", config) if config else ())),
        "doctor": ("doctor", *to, *(("--command-config", config) if config else ())),
        "consumer": ("console-consumer", *to, *reading, *(("--consumer.config", config) if config else ())),
        "producer": ("console-producer", *to, "--topic", topic, *(("--producer.config", config) if config else ())),
    }
    with ExitStack() as stack:
        running = {}
        for name, words in argv.items():
            line = stack.enter_context(tempfile.TemporaryFile())
            line.write(b"one\n")
            line.seek(0)
            process = cluster.popen(*words, stdin=line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            running[name] = stack.enter_context(ended(process))
        said = {name: process.communicate(timeout=SECONDS) for name, process in running.items()}
        return {
            name: subprocess.CompletedProcess(argv[name], running[name].returncode, *streams)
            for name, streams in said.items()
        }


def check(said: Said, words: str) -> None:
    """Check that every tool says why, once, and ends with 1."""
    for name, ran in said.items():
        output = ran.stdout + ran.stderr
        assert ran.returncode == 1, (name, output)
        assert re.search(words.encode(), output), (name, output)
        assert not NOISE.search(output), (name, output)
        if name in ("consumer", "producer"):
            assert ran.stdout == b""


@contextmanager
def with_certificate(folder: Path, pair: tuple[str, str]) -> Iterator[str]:
    """Serve TLS with this key and certificate; give the address."""
    file = folder / "server.pem"
    file.write_text("".join(pair))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def handler(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(100)

    with serving(handler) as port:
        yield f"127.0.0.1:{port}"


def test_nobody_is_reached(kafka39: Cluster) -> None:
    with refusing() as port:
        check(all_tools(kafka39, f"127.0.0.1:{port}"), "connection refused")
    check(all_tools(kafka39, "nosuch.invalid:9092"), r"the name nosuch\.invalid does not resolve")


def test_brokers_that_are_not_where_they_are_advertised(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=3)
    with refusing() as closed, forwarded(kafka39, dict.fromkeys(kafka39.bootstrap.split(","), closed)) as server:
        said = dict(all_tools(kafka39, server, topic=topic))
    # The first contact is all that a list needs; librdkafka may leave it for the advertised ones before it answers.
    listed = said.pop("topics")
    assert listed.returncode == 0 or f"127.0.0.1:{closed} failed: Connection refused".encode() in listed.stdout
    check(said, f"broker 1.*127.0.0.1:{closed}.*connection refused")
    check(said, server)


def test_tls_where_there_is_none_and_the_reverse(kafka39: Cluster, secured: Cluster, tmp_path: Path) -> None:
    check(all_tools(secured, secured.bootstrap), "this listener speaks TLS, not plaintext")
    check(all_tools(secured, kafka39.bootstrap, secured.config("user", tmp_path)), "speaks plaintext, not TLS")


@pytest.mark.parametrize(
    ("host", "days", "known", "words"),
    [
        ("127.0.0.1", 9, False, "certificate is not trusted"),
        ("127.0.0.1", -1, True, "certificate has expired"),
        ("127.0.0.9", 9, True, "certificate is for another host"),
    ],
)
def test_certificates(secured: Cluster, tmp_path: Path, host: str, days: int, known: bool, words: str) -> None:
    authority = Authority()
    (tmp_path / "ca.pem").write_text(authority.pem if known else Authority().pem)
    config = secured.config("user", tmp_path, ssl_truststore_location=str(tmp_path / "ca.pem"))
    with with_certificate(tmp_path, authority.pair(host, days)) as server:
        check(all_tools(secured, server, config), words)


def test_logins(secured: Cluster, tmp_path: Path) -> None:
    server = secured.bootstrap
    wrong = secured.config("user", tmp_path, sasl_jaas_config=f'{SCRAM} required username="user" password="hunter2";')
    check(all_tools(secured, server, wrong), "does not let user in with SCRAM-SHA-512: Authentication failed")
    other = secured.config("user", tmp_path, sasl_mechanism="OAUTHBEARER", sasl_oauthbearer_config="principal=me")
    check(all_tools(secured, server, other), "does not take OAUTHBEARER")
    none = secured.config("user", tmp_path, security_protocol="SSL")
    check(all_tools(secured, server, none), r"hung up on a Metadata request(.|\n)*Does it want a login\?")


def test_a_login_that_nobody_wants(kafka39: Cluster, secured: Cluster, tmp_path: Path) -> None:
    config = secured.config("user", tmp_path, security_protocol="SASL_PLAINTEXT")
    check(all_tools(secured, kafka39.bootstrap, config), "takes no login")


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("topics", "--create", "--topic", "public-b"), "CREATE on topic 'public-b'"),
        (("topics", "--delete", "--topic", "public-a"), "DELETE on topic 'public-a'"),
        (("topics", "--describe", "--topic", "public-a"), "DESCRIBE_CONFIGS on topic 'public-a'"),
        (("console-producer", "--topic", "public-a"), "WRITE on topic 'public-a'"),
        (("console-producer", "--topic", "secret-a"), "DESCRIBE on topic 'secret-a'"),
        (("console-consumer", "--topic", "public-a", "--group", "secret-g"), "READ on group 'secret-g'"),
        (("console-consumer", "--topic", "secret-a"), "DESCRIBE on topic 'secret-a'"),
    ],
)
def test_what_a_user_may_not_do(secured: Cluster, tmp_path: Path, argv: Sequence[str], words: str) -> None:
    option = "--command-config" if argv[0] == "topics" else f"--{argv[0].removeprefix('console-')}.config"
    ran = secured.run(*argv, option, secured.config("user", tmp_path), stdin=b"one\n")
    check({argv[0]: ran}, words)
    assert b"uthoriz" in ran.stdout + ran.stderr
