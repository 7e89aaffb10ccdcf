"""SCRAM with servers that pose as brokers: none gets a proof of the password from which it could be guessed."""

import base64
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kafka_tools import main
from kafka_tools.wire.messages import SASL_AUTHENTICATE, SASL_HANDSHAKE
from tests.support.servers import Broker, serving

LOGIN = ("security.protocol=SASL_PLAINTEXT", "sasl.username=u", "sasl.password=${env:PW}")
TOOLS = {
    "topics": ("-X", ["topics", "--list"]),
    "console-consumer": ("--consumer-property", ["console-consumer", "--topic", "x", "--timeout-ms", "1000"]),
    "console-producer": ("--producer-property", ["console-producer", "--topic", "x"]),
}


class Impostor(Broker):
    """Asks for so many iterations, and keeps what it is sent."""

    def __init__(self, iterations: int) -> None:
        self.said: list[str] = []
        self.iterations = iterations
        mechanisms = {"mechanisms": ["SCRAM-SHA-256", "SCRAM-SHA-512"]}
        super().__init__({SASL_HANDSHAKE: lambda _: mechanisms, SASL_AUTHENTICATE: self._login})

    def _login(self, values: dict[str, Any]) -> dict[str, Any]:
        self.said.append(values["auth_bytes"].decode())
        nonce = self.said[-1].partition("r=")[2]
        if self.said[-1].startswith("n,,"):
            salt = base64.b64encode(b"salt").decode()
            return {"auth_bytes": f"r={nonce}more,s={salt},i={self.iterations}".encode()}
        return {"auth_bytes": b"v=" + base64.b64encode(bytes(32))}


@pytest.fixture(autouse=True)
def _input(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PW", "hunter2")
    with Path("/dev/null").open(encoding="utf-8") as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        yield


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("iterations", [1, 4095])
def test_fewer_iterations_than_java_takes_get_no_proof(
    iterations: int, tool: str, mechanism: str, capfd: pytest.CaptureFixture[str]
) -> None:
    impostor, (option, argv) = Impostor(iterations), TOOLS[tool]
    with serving(impostor) as port:
        settings = [word for each in (*LOGIN, f"sasl.mechanism={mechanism}") for word in (option, each)]
        assert main.run([*argv, "--bootstrap-server", f"127.0.0.1:{port}", *settings]) == 1
    out, err = capfd.readouterr()
    assert "cannot prove that it knows u: is it the right cluster?" in out + err
    assert [text for text in impostor.said if "p=" in text] == []


@pytest.mark.parametrize("tool", TOOLS)
def test_who_does_not_know_the_password_is_sent_one_proof_only(tool: str, capfd: pytest.CaptureFixture[str]) -> None:
    impostor, (option, argv) = Impostor(4096), TOOLS[tool]
    with serving(impostor) as port:
        settings = [word for each in (*LOGIN, "sasl.mechanism=SCRAM-SHA-256") for word in (option, each)]
        assert main.run([*argv, "--bootstrap-server", f"127.0.0.1:{port}", *settings]) == 1
    out, err = capfd.readouterr()
    assert "cannot prove that it knows u" in out + err
    assert len([text for text in impostor.said if "p=" in text]) == 1
