"""A secured sandbox's ZooKeeper: its login and its port with TLS, as servers, brokers and clients are told of them."""

from dataclasses import replace
from pathlib import Path

import pytest

from kafka_tools.model.security import ZooKeeperSecurity
from kafka_tools.sandbox import credentials, endpoints, plan, security, state_file
from kafka_tools.sandbox.plan import Wish
from kafka_tools.sandbox.state_file import Sandbox
from kafka_tools.settings import contexts, jaas, zookeeper
from tests.support.sandboxes import SANDBOX

PORTS = range(20000, 20020)


def planned(kind: str, **wish: int) -> Sandbox:
    return plan.new_sandbox(Wish(security=kind, **wish), PORTS)  # type: ignore[arg-type]


@pytest.fixture
def made(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("KAFKA_OPTS", raising=False)
    credentials.make(home, tls=True)
    return home


def test_plaintext_asks_for_nothing(home: Path) -> None:
    sandbox = planned("plaintext")
    assert security.zookeeper_settings(sandbox.zookeepers[0], sandbox, home) == {}
    assert security.connect_settings(sandbox, home).keys() == {"zookeeper.connect"}
    assert security.jvm_flags(sandbox, home) == ()


@pytest.mark.parametrize(
    ("kind", "sasl", "tls"), [("sasl", True, False), ("tls", False, True), ("sasl-tls", True, True)]
)
def test_servers_brokers_and_clients(made: Path, kind: str, sasl: bool, tls: bool) -> None:
    sandbox = planned(kind)
    (server,) = sandbox.zookeepers
    told = security.zookeeper_settings(server, sandbox, made)
    assert ("authProvider.1" in told, "secureClientPort" in told) == (sasl, tls)
    assert security.jvm_flags(sandbox, made) == (
        (f"-Djava.security.auth.login.config={made}/security/zookeeper.jaas",) if sasl else ()
    )
    brokers = security.connect_settings(sandbox, made)
    assert brokers["zookeeper.connect"] == f"127.0.0.1:{server.secure_port if tls else server.port}"
    assert (brokers.get("zookeeper.set.acl"), brokers.get("zookeeper.ssl.client.enable")) == (
        "true" if sasl else None,
        "true" if tls else None,
    )
    client = security.zookeeper_client_settings(sandbox, made)
    assert zookeeper.unknown(client) == []
    how = zookeeper.security(client)
    assert isinstance(how, ZooKeeperSecurity)
    assert (how.username, how.tls is not None) == ("kafka" if sasl else "", tls)


def test_both_sections_have_the_same_login(made: Path) -> None:
    text, password = security.jaas(made), credentials.password(made, "kafka")
    server, client = jaas.parse_file(text, "Server"), jaas.parse_file(text, "Client")
    assert server is not None
    assert client is not None
    assert server.options == {"user_kafka": password}
    assert client.options == {"username": "kafka", "password": password}


def test_its_context(made: Path) -> None:
    sandbox = planned("sasl-tls", zookeepers=3)
    (made / "contexts.toml").write_text(security.zookeeper_context(sandbox))
    found = contexts.all_contexts()["sandbox-zookeeper"]
    assert found.zookeeper == ",".join(f"127.0.0.1:{server.secure_port}" for server in sandbox.zookeepers)
    assert found.command_config == str(made / "zookeeper.properties")


@pytest.mark.parametrize("kind", state_file.PROTOCOLS)
def test_the_largest_sandbox_has_ports_enough(kind: str) -> None:
    sandbox = planned(kind, brokers=5, zookeepers=3)
    ports = [port for server in sandbox.servers for port in (server.port, *server.peer_ports)]
    ports += [server.secure_port for server in sandbox.servers if server.secure_port is not None]
    assert len(set(ports)) == len(ports)
    assert [server.secure_port is not None for server in sandbox.brokers] == [False] * 5


def test_a_running_one_names_its_secure_port_and_its_settings(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "ours", lambda *_: True)
    process = {"pid": 1, "started": 1}
    servers = tuple(replace(server, secure_port=20009) for server in SANDBOX.servers if server.role == "zookeeper")
    state_file.save(replace(SANDBOX, servers=(*servers, *SANDBOX.brokers), security="sasl-tls"), home)
    text = (home / "state.json").read_text().replace('"process": null', f'"process": {process}'.replace("'", '"'))
    (home / "state.json").write_text(text)
    running = endpoints.running()
    assert running is not None
    assert running.zookeeper == "127.0.0.1:20009"
    assert (running.client_config, running.zookeeper_config) == (
        f"{home}/admin.properties",
        f"{home}/zookeeper.properties",
    )
