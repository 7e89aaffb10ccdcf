"""Which cluster: flags, files, the environment, the current context, a sandbox, the default; and whose settings."""

import re
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.addresses import checked
from kafka_tools.model.folders import config_folder, state_folder
from kafka_tools.model.target import DEFAULT_SOURCE, Brokers, ContextRules, ZooKeeper
from kafka_tools.sandbox import endpoints
from kafka_tools.sandbox.endpoints import Endpoints
from kafka_tools.settings import choice, edit_contexts, precedence
from kafka_tools.settings.contexts import Context
from kafka_tools.settings.precedence import Flags

SANDBOX = Endpoints("127.0.0.1:5001", "127.0.0.1:5000")
ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+(?:%[0-9A-Za-z_.~-]+)?\]|[^\s:\[\]]+)(?::([0-9]{1,5}))?")
PASSWORD = {
    "security.protocol": "SASL_PLAINTEXT",
    "sasl.mechanism": "PLAIN",
    "sasl.username": "me",
    "sasl.password": "hunter2",
}


def context(name: str = "prod", **fields: object) -> Context:
    edit_contexts.add(Context(name, "", **({"bootstrap_servers": "prod:9092"} | fields)))  # type: ignore[arg-type]
    return Context(name, "")


def properties(folder: Path, **pairs: str) -> str:
    file = folder / "client.properties"
    file.write_text("".join(f"{name.replace('_', '.')}={value}\n" for name, value in pairs.items()))
    file.chmod(0o600)
    return str(file)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "running", lambda: SANDBOX)


def test_nothing_named() -> None:
    assert choice.choose(None, None, wait_seconds=7) == Brokers("localhost:9092", wait_seconds=7, source=DEFAULT_SOURCE)


@pytest.mark.usefixtures("sandbox")
def test_every_place_in_its_turn(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert choice.choose(None, None) == Brokers("127.0.0.1:5001", source="the sandbox")
    context()
    edit_contexts.use("prod")
    assert choice.choose(None, None)[0] == "prod:9092"
    monkeypatch.setenv("KTOOLS_COMMAND_CONFIG", properties(home, bootstrap_servers="variables-file:1"))
    assert choice.choose(None, None)[0] == "variables-file:1"
    monkeypatch.setenv("KTOOLS_BOOTSTRAP_SERVERS", "variable:1")
    assert choice.choose(None, None)[0] == "variable:1"
    (home / "flag").mkdir()
    config = properties(home / "flag", bootstrap_servers="file:1")
    assert choice.choose(None, None, config)[0] == "file:1"
    assert choice.choose(None, None, config, ["bootstrap.servers=override:1"])[0] == "override:1"
    assert choice.choose("flag:1", None, config, ["bootstrap.servers=override:1"])[0] == "flag:1"
    assert choice.choose(None, "zk:1", config) == ZooKeeper("zk:1")


@pytest.mark.usefixtures("sandbox")
def test_zookeeper_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTOOLS_ZOOKEEPER", "zk:2181/kafka")
    assert choice.choose(None, None) == ZooKeeper("zk:2181/kafka", source="KTOOLS_ZOOKEEPER")
    assert choice.choose("a:1", None) == Brokers("a:1")
    assert choice.choose_brokers(None) == Brokers("127.0.0.1:5001", source="the sandbox")
    monkeypatch.setenv("KTOOLS_BOOTSTRAP_SERVERS", "b:9092")
    assert choice.choose_brokers(None) == Brokers("b:9092", source="KTOOLS_BOOTSTRAP_SERVERS")
    with pytest.raises(UsageError, match="are both set"):
        choice.choose(None, None)
    assert choice.choose("a:1", None, overrides=["client.id=me"]).bootstrap_servers == "a:1"


def test_two_flags() -> None:
    with pytest.raises(UsageError, match="Only one of --bootstrap-server or --zookeeper must be specified"):
        choice.choose("a:1", "b:2")


@pytest.mark.parametrize(
    "servers",
    ["", ",", "a:b", ":9092", "a:0", "a:70000", "a b:1", "[]", "[x]:1", "[::1%]:1", "[%eth0]:1", "a\0:1", "a:²"],
)
def test_what_is_no_address(servers: str) -> None:
    with pytest.raises(UsageError, match="--bootstrap-server"):
        choice.choose(servers, None)


@pytest.mark.parametrize(
    ("servers", "known"),
    [
        ("PLAINTEXT://a:1", "a:1"),
        ("EXTERNAL://a, SASL_SSL://[::1]:2,b:3", "a,[::1]:2,b:3"),
        ("PLAINTEXT://:9092", "localhost:9092"),
        ("a%b://[fe80::1%eth0]:9092, [fe80::2%25.1]", "[fe80::1%eth0]:9092,[fe80::2%25.1]"),
    ],
)
def test_the_name_of_a_listener_does_not_matter(servers: str, known: str) -> None:
    found = choice.choose(servers, None)
    assert isinstance(found, Brokers)
    assert found.bootstrap_servers == known


@pytest.mark.parametrize("servers", ["PLAINTEXT://", "a://b://c:1", "http://me:secret@a:1", "http://a:1/path"])
def test_what_is_no_listener_s_address(servers: str) -> None:
    with pytest.raises(UsageError, match="is not HOST:PORT") as caught:
        choice.choose(servers, None)
    assert "secret" not in str(caught.value)


@given(st.text(st.sampled_from("a1f[]:.%, 0\t")))
def test_addresses(text: str) -> None:
    found = ADDRESS.fullmatch(text.strip())
    port = int(found[2]) if found and found[2] else 9092
    if "," not in text:
        if found and 0 < port < 65536:
            assert checked(text, "x") == text.strip()
        else:
            with pytest.raises(UsageError):
                checked(text, "x")


def test_a_file_s_settings_go_with_any_address(home: Path) -> None:
    found = choice.choose("a:1", None, properties(home, group_id="g", request_timeout_ms="9"))
    assert isinstance(found, Brokers)
    assert found.config == {"group.id": "g", "request.timeout.ms": "9", "socket.timeout.ms": "10"}


def test_a_context_s_password_goes_to_no_other_cluster(home: Path) -> None:
    context(settings=PASSWORD)
    edit_contexts.use("prod")
    assert choice.choose_brokers("other:9092") == Brokers("other:9092")
    with_file = choice.choose_brokers(None, properties(home, bootstrap_servers="other:1"))
    assert "hunter2" not in with_file.config.values()
    own = choice.choose_brokers(None)
    assert own.config["sasl.password"] == "hunter2"
    assert "hunter2" not in repr(own)


def test_what_is_higher_wins_setting_by_setting(home: Path) -> None:
    context(settings=PASSWORD)
    edit_contexts.use("prod")
    config = properties(home, sasl_username="file", client_id="file")
    found = choice.choose_brokers(None, config, ["client.id=override"])
    assert found.config["sasl.username"] == "file"
    assert found.config["client.id"] == "override"
    assert found.config["sasl.password"] == "hunter2"


def test_where_each_setting_came_from(home: Path) -> None:
    context(settings={"client.id": "c", "group.id": "g"})
    edit_contexts.use("prod")
    chosen = precedence.choose(Flags(command_config=properties(home, group_id="f")))
    assert [(each.name, each.value, each.source) for each in chosen.settings] == [
        ("group.id", "f", f"{home}/client.properties (--command-config)"),
        ("client.id", "c", "context prod"),
    ]
    assert (chosen.address, chosen.source) == ("prod:9092", "context prod")


def test_a_context_with_a_file(home: Path) -> None:
    context(bootstrap_servers="", command_config=properties(home, bootstrap_servers="file:1", client_id="x"))
    edit_contexts.use("prod")
    assert choice.choose_brokers(None)[:2] == ("file:1", {"client.id": "x"})


def test_rules_go_along(monkeypatch: pytest.MonkeyPatch) -> None:
    context(protected=True, output="json")
    context("old", bootstrap_servers="", zookeeper="zk:1", read_only=True)
    monkeypatch.setenv("KTOOLS_CONTEXT", "prod")
    assert choice.choose(None, None).rules == ContextRules("prod", protected=True)
    monkeypatch.setenv("KTOOLS_CONTEXT", "old")
    assert choice.choose(None, None) == ZooKeeper("zk:1", ContextRules("old", read_only=True), source="context old")
    with pytest.raises(KafkaToolError, match="context old names no brokers"):
        choice.choose_brokers(None)


def test_tools_for_zookeeper_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choice.choose_zookeeper(None) == ZooKeeper("localhost:2181", source=DEFAULT_SOURCE)
    monkeypatch.setattr(endpoints, "running", lambda: SANDBOX)
    assert choice.choose_zookeeper(None) == ZooKeeper("127.0.0.1:5000", source="the sandbox")
    monkeypatch.setattr(endpoints, "running", lambda: SANDBOX._replace(zookeeper=None))
    with pytest.raises(KafkaToolError, match="the sandbox has no ZooKeeper that is up"):
        choice.choose_zookeeper(None)
    context(zookeeper="zk:1/chroot")
    context("brokers-only")
    edit_contexts.use("prod")
    assert choice.choose_zookeeper(None) == ZooKeeper("zk:1/chroot", ContextRules("prod"), source="context prod")
    edit_contexts.use("brokers-only")
    with pytest.raises(KafkaToolError, match="names no zookeeper"):
        choice.choose_zookeeper(None)
    monkeypatch.setenv("KTOOLS_ZOOKEEPER", "variable:1")
    assert choice.choose_zookeeper(None) == ZooKeeper("variable:1", source="KTOOLS_ZOOKEEPER")
    assert choice.choose_zookeeper("flag:1") == ZooKeeper("flag:1")


def test_a_context_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    context()
    monkeypatch.setenv("KTOOLS_CONTEXT", "prodd")
    with pytest.raises(KafkaToolError, match="KTOOLS_CONTEXT: there is no context 'prodd'") as refused:
        choice.choose(None, None)
    assert refused.value.hint == "Did you mean 'prod'?"


def test_a_secured_sandbox_brings_its_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = properties(home, client_id="admin")
    monkeypatch.setattr(endpoints, "running", lambda: SANDBOX._replace(client_config=config))
    assert choice.choose(None, None)[:2] == ("127.0.0.1:5001", {"client.id": "admin"})
    assert choice.choose_brokers("127.0.0.1:5001") == Brokers("127.0.0.1:5001")


def test_the_words_for_people(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = Path(properties(home, sasl_password="hunter2", foo_bar="1"))
    config.chmod(0o644)
    choice.choose("a:1", None, str(config))
    assert capsys.readouterr().err.splitlines() == [
        "ktools: foo.bar is not known and has no effect",
        f"ktools: {config} holds a secret and everybody here can read it: chmod 600 {config}",
    ]


@pytest.mark.parametrize(("content", "words"), [(b"a=\\u1", "malformed"), (None, "No such file")])
def test_a_file_that_cannot_be_read(home: Path, content: bytes | None, words: str) -> None:
    file = home / "x.properties"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(KafkaToolError, match=words):
        choice.choose("a:1", None, str(file))


def test_an_override_without_a_name() -> None:
    with pytest.raises(UsageError, match="NAME=VALUE"):
        choice.choose("a:1", None, overrides=["nothing"])


@pytest.mark.parametrize("chosen", [None, "relative", "/absolute", ""])
def test_folders_are_where_platformdirs_says(chosen: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    from platformdirs import user_config_dir, user_state_dir

    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        if chosen is None:
            monkeypatch.delenv(variable)
        else:
            monkeypatch.setenv(variable, chosen)
    assert config_folder() == user_config_dir("ktools")
    assert state_folder() == user_state_dir("ktools")


def test_own_files_are_private(home: Path) -> None:
    context(settings=PASSWORD)
    edit_contexts.use("prod")
    files = [path for path in (home / "config", home / "state") for path in path.rglob("*") if path.is_file()]
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
