"""Brokers that lie while a client logs in or shakes hands by TLS: every run ends soon, in one line, with status 1."""

import os
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.authority import Authority
from tests.support.login_broker import PASSWORD, USER, LoginBroker
from tests.support.mutations import DOCTOR, Ended, Pool, drawn, measured, summary
from tests.support.one_broker import OneBroker, a_partition, a_topic
from tests.support.servers import Handler, serving

RUNS = 60
AT_ONCE = 8
COMMANDS = (("topics", "--list"), ("topics", "--describe", "--topic", "orders"), DOCTOR)
TOPIC = a_topic("orders", a_partition(0))


def commands(folder: Path, *settings: str) -> list[tuple[str, ...]]:
    """Return the commands with a file of these settings."""
    file = folder / "client.properties"
    file.touch(mode=0o600)
    file.write_text("\n".join(settings))
    return [(*argv, "--command-config", str(file)) for argv in COMMANDS]


def patient(broker: OneBroker) -> Handler:
    """Serve the broker; a client that was misled may ask for anything, and is hung up on."""

    def handler(connection: socket.socket) -> None:
        with suppress(Exception):
            broker(connection)

    return handler


def check(ended: Sequence[Ended]) -> None:
    said = summary(ended)
    print(said)  # noqa: T201  shown by pytest -s and where this fails
    assert [each for each in ended if each.failed][:3] == [], said
    assert [each for each in ended if PASSWORD in each.said] == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_changed_answer_to_a_login_ends_in_one_line(mechanism: str, tmp_path: Path) -> None:
    lines = commands(
        tmp_path,
        "security.protocol=SASL_PLAINTEXT",
        f"sasl.mechanism={mechanism}",
        f"sasl.username={USER}",
        f"sasl.password={PASSWORD}",
    )
    broker = LoginBroker(mechanism, TOPIC)
    with serving(patient(broker)) as port:
        broker.port = port
        pool = Pool([f"127.0.0.1:{port}"], dict(os.environ), AT_ONCE)
        whole = measured(pool, lines)
        # ApiVersions, the handshake and one or two answers of the login come first on a connection.
        dialogue = {argv: min(responses, 4 + 4 * (argv[0] == "doctor")) for argv, responses in whole.items()}
        assert min(whole.values()) >= 4, whole
        check(pool.make(drawn(dialogue, RUNS, 0)))


def test_a_changed_handshake_of_tls_ends_in_one_line(tmp_path: Path) -> None:
    authority = Authority()
    for name, text in (("ca.pem", authority.pem), ("server.pem", "".join(authority.pair()))):
        (tmp_path / name).write_text(text)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "server.pem")
    broker = OneBroker(TOPIC)

    def shake_hands(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) as secured:
            patient(broker)(secured)

    with serving(shake_hands) as port:
        broker.port = port
        pool = Pool([f"127.0.0.1:{port}"], dict(os.environ), AT_ONCE)
        lines = commands(tmp_path, "security.protocol=SSL", f"ssl.ca.location={tmp_path / 'ca.pem'}")
        check(pool.make(drawn(dict.fromkeys(lines, 3), RUNS, 0, raw=True)))
