"""Passwords, certificates and settings of a secured sandbox."""

import ssl
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from kafka_tools.errors import UsageError
from kafka_tools.sandbox import credentials, plan, security, state_file
from kafka_tools.sandbox.plan import Wish
from kafka_tools.sandbox.state_file import Sandbox
from kafka_tools.settings import contexts, jaas
from tests.support.sandboxes import SANDBOX

SECURED = {name: replace(SANDBOX, security=name) for name in state_file.PROTOCOLS}
KRAFT = replace(SANDBOX, mode="kraft", kafka_version="4.3.1")


@pytest.fixture
def made(home: Path) -> Path:
    credentials.make(home, tls=True)
    return home


def test_plaintext_asks_for_nothing(home: Path) -> None:
    assert security.broker_settings(SANDBOX, home) == {}


def test_all_that_is_made_is_private(made: Path) -> None:
    folder = made / credentials.FOLDER
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert {file.name for file in folder.iterdir()} == {
        "ca.pem", "broker.pem", "admin.pem", "user.pem", "passwords.json"
    }  # fmt: skip


def test_everybody_has_another_password(made: Path) -> None:
    passwords = {credentials.password(made, name) for name in credentials.PRINCIPALS}
    assert len(passwords) == 3
    assert min(map(len, passwords)) >= 20


def test_certificates_are_what_openssl_takes(made: Path) -> None:
    context = ssl.create_default_context(cafile=str(credentials.ca_path(made)))
    for principal in credentials.PRINCIPALS:
        context.load_cert_chain(credentials.certificate_path(made, principal))
    (authority,) = context.get_ca_certs()
    assert authority["subject"] == ((("commonName", "ktools sandbox"),),)


@pytest.mark.parametrize(
    ("kind", "sasl", "tls"), [("sasl", True, False), ("tls", False, True), ("sasl-tls", True, True)]
)
@pytest.mark.parametrize("mode", [SANDBOX, KRAFT])
def test_brokers(made: Path, mode: Sandbox, kind: str, sasl: bool, tls: bool) -> None:
    sandbox = replace(mode, security=kind)
    found = security.broker_settings(sandbox, made)
    assert found["super.users"] == "User:broker;User:admin"
    assert ("sasl.enabled.mechanisms" in found, "ssl.keystore.key" in found) == (sasl, tls)
    assert ("sasl.mechanism.controller.protocol" in found) == (sasl and mode is KRAFT)
    if sasl:
        listener = state_file.PROTOCOLS[kind].lower()
        login = jaas.parse(found[f"listener.name.{listener}.plain.sasl.jaas.config"]).options
        assert login["username"] == "broker"
        assert login["user_user"] == credentials.password(made, "user")


@pytest.mark.parametrize("kind", ["sasl", "tls", "sasl-tls"])
def test_clients(made: Path, kind: str) -> None:
    found = security.client_settings(SECURED[kind], made, "user")
    assert found["bootstrap.servers"] == "127.0.0.1:20002,127.0.0.1:20003"
    assert found["security.protocol"] == state_file.PROTOCOLS[kind]
    assert ("sasl.jaas.config" in found, "ssl.keystore.key" in found) == (kind != "tls", kind == "tls")
    if kind != "tls":
        assert jaas.parse(found["sasl.jaas.config"]).options == {
            "username": "user",
            "password": credentials.password(made, "user"),
        }


def test_contexts(made: Path) -> None:
    file = made / "contexts.toml"
    file.write_text(security.contexts())
    found = contexts.all_contexts()
    assert found["sandbox-admin"].command_config == str(made / "admin.properties")
    assert found["sandbox-user"].command_config == str(made / "user.properties")


def test_scram_needs_kraft_3_5() -> None:
    old = Wish(mode="kraft", kafka_version="3.4.0", security="sasl")
    with pytest.raises(UsageError, match=r"Kafka 3\.4\.0 has no SCRAM in KRaft mode"):
        plan.new_sandbox(old, range(20000, 20016))
    assert plan.new_sandbox(replace(old, security="tls"), range(20000, 20016)).security == "tls"
