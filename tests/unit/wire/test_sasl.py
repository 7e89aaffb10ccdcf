"""Logging in: the mechanisms' own dialogues, and what a broker's refusal becomes."""

import base64
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import AuthenticationError, KafkaToolError, UnreachableError
from kafka_tools.model.addresses import Address
from kafka_tools.model.security import OAuth, Sasl, Security
from kafka_tools.wire import diagnosis, oauth
from kafka_tools.wire.messages import METADATA, SASL_AUTHENTICATE, SASL_HANDSHAKE
from kafka_tools.wire.sasl import dialogue, log_in, scram
from kafka_tools.wire.schema import Message
from kafka_tools.wire.session import WireSession
from tests.support import servers

FIRST = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
PROOF = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


class Broker:
    """Answers with what was prepared and keeps what it was told."""

    address: Address = ("b1", 9092)

    def __init__(self, *answers: bytes | str, mechanisms: tuple[str, ...] = ()) -> None:
        self.answers = list(answers)
        self.mechanisms = mechanisms
        self.told: list[bytes] = []

    def ask(self, message: Message, values: dict[str, Any]) -> dict[str, Any]:
        if message is SASL_HANDSHAKE:
            return {"error_code": 33 if self.mechanisms else 0, "mechanisms": self.mechanisms}
        self.told.append(values["auth_bytes"])
        answer = self.answers.pop(0)
        refused = isinstance(answer, str)
        return {
            "error_code": 58 if refused else 0,
            "error_message": answer if refused else None,
            "auth_bytes": b"" if refused else answer,
        }


def test_scram_as_rfc_7677_shows_it() -> None:
    speech = scram("sha256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO")
    assert next(speech) == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    assert speech.send(FIRST.encode()) == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    with pytest.raises(StopIteration):
        speech.send(PROOF)


@pytest.mark.parametrize("iterations", [0, 1, 4095, 1_000_001])
def test_fewer_iterations_than_java_takes_are_refused(iterations: int) -> None:
    """The proof of the password by one iteration is as good as the password for who guesses (ScramSaslClient 3.9.1)."""
    speech = scram("sha256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO")
    next(speech)
    with pytest.raises(ValueError, match="too few or too many iterations"):
        speech.send(FIRST.replace("i=4096", f"i={iterations}").encode())


def test_a_broker_that_does_not_know_the_password_is_found_out() -> None:
    speech = scram("sha256", "user", "pencil", "rOprNGfwEbeRWgbNEkqO")
    next(speech)
    speech.send(FIRST.encode())
    with pytest.raises(ValueError, match="the proof is wrong"):
        speech.send(b"v=" + base64.b64encode(bytes(32)))


@given(
    st.sampled_from(["sha256", "sha512"]), st.text() | st.just("r=abc,s=AAAA,i=1") | st.just("r=abc,s=AAAA,i=99999999")
)
def test_any_answer_is_refused_in_words(name: str, answer: str) -> None:
    broker = Broker(answer.encode("utf-8", "surrogatepass"), b"")
    with pytest.raises(AuthenticationError, match="cannot prove that it knows me"):
        log_in(broker, Sasl(f"SCRAM-SHA-{name[3:]}", "me", "hunter2"))
    assert not [said for said in broker.told if b"hunter2" in said]


def test_names_with_commas() -> None:
    assert next(scram("sha256", "a=b,c", "x", "n")) == b"n,,n=a=3Db=2Cc,r=n"


def test_plain() -> None:
    broker = Broker(b"")
    log_in(broker, Sasl("PLAIN", "müller", "pässword"))
    assert broker.told == ["\0müller\0pässword".encode()]


def test_a_refusal_has_the_broker_s_words_and_no_password() -> None:
    broker = Broker("Authentication failed: Invalid username or password")
    with pytest.raises(
        AuthenticationError, match="b1:9092 does not let me in with PLAIN: Authentication failed"
    ) as error:
        log_in(broker, Sasl("PLAIN", "me", "hunter2"))
    assert "hunter2" not in error.value.message + error.value.hint


def test_no_common_mechanism() -> None:
    with pytest.raises(AuthenticationError, match="does not take PLAIN") as error:
        log_in(Broker(mechanisms=("SCRAM-SHA-256", "OAUTHBEARER")), Sasl("PLAIN", "me", "x"))
    assert error.value.hint == "It takes SCRAM-SHA-256, OAUTHBEARER: choose one by sasl.mechanism."


@pytest.mark.parametrize(("user", "password"), [("mÃ¼ller", "x"), ("me", "pÃ¤ssword")])
def test_utf_8_that_was_read_as_iso_8859_1_is_hinted_at(user: str, password: str) -> None:
    with pytest.raises(AuthenticationError) as refused:
        log_in(Broker("no"), Sasl("PLAIN", user, password))
    assert refused.value.hint.endswith("which is ISO 8859-1 as for Java: write ü as \\u00fc there.")
    with pytest.raises(AuthenticationError) as refused:
        log_in(Broker("no"), Sasl("PLAIN", "müller", "pä§"))
    assert "ISO 8859-1" not in refused.value.hint


def test_a_token_without_a_signature() -> None:
    header, body, signature = oauth.unsecured((("sub", "me"),), 1000.0019).split(".")
    assert json.loads(base64.urlsafe_b64decode(f"{header}==")) == {"alg": "none"}
    assert json.loads(base64.urlsafe_b64decode(f"{body}==")) == {"iat": 1000.001, "exp": 4600.001, "sub": "me"}
    assert signature == ""
    said = next(dialogue(Sasl("OAUTHBEARER", oauth=OAuth(claims=(("sub", "me"),), extensions=(("a", "b"),)))))
    assert said.startswith(b"n,,\x01auth=Bearer ")
    assert said.endswith(b".\x01a=b\x01\x01")


def test_a_refused_token() -> None:
    broker = Broker(b'{"status":"invalid_token"}', "invalid_token")
    with pytest.raises(AuthenticationError, match="does not let the client in with OAUTHBEARER: invalid_token"):
        log_in(broker, Sasl("OAUTHBEARER", oauth=OAuth(claims=(("sub", "me"),))))
    assert broker.told[1] == b"\x01"


class Endpoint(BaseHTTPRequestHandler):
    """Knows one client, called id, whose secret is `s e`."""

    asked: list[bytes]

    def do_POST(self) -> None:
        login = self.headers["Authorization"].removeprefix("Basic ")
        known = base64.b64decode(login) == b"id:s+e"
        self.asked.append(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.partition("?")[0]
        self.send_response({"/token": 200, "/moved": 302}.get(path, 404) if known else 401)
        self.send_header("Location", "/token")
        self.end_headers()
        self.wfile.write(b'{"access_token": "t0ken"}' if path == "/token" and known else b"")

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def endpoint() -> Iterator[str]:
    Endpoint.asked = []
    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_client_credentials(endpoint: str) -> None:
    assert oauth.token(OAuth(f"{endpoint}/token", "id", "s e", "a b")) == "t0ken"
    assert Endpoint.asked == [b"grant_type=client_credentials&scope=a+b"]


@pytest.mark.parametrize(
    ("path", "secret", "words"),
    [("/token", "wr0ng", "status 401"), ("/moved", "s e", "status 302"), ("/none", "s e", "status 404")],
)
def test_an_endpoint_that_refuses(endpoint: str, path: str, secret: str, words: str) -> None:
    with pytest.raises(KafkaToolError, match=words) as error:
        oauth.token(OAuth(f"{endpoint}{path}?x=y", "id", secret))
    assert secret not in error.value.message
    assert "x=y" not in error.value.message
    assert len(Endpoint.asked) == 1, "no redirect is followed"


def test_an_endpoint_that_is_not_there() -> None:
    with pytest.raises(UnreachableError, match="token endpoint"):
        oauth.token(OAuth("http://127.0.0.1:1/token", "id", "s"))
    with pytest.raises(KafkaToolError, match="no JSON, or is no address"):
        oauth.token(OAuth("nowhere", "id", "s"))


@pytest.mark.parametrize(("lifetime", "logins"), [(0, 1), (5000, 3)])
def test_a_login_that_ends_is_made_anew(monkeypatch: pytest.MonkeyPatch, lifetime: int, logins: int) -> None:
    monkeypatch.setattr(diagnosis, "LIFE_USED", -1)
    broker = servers.Broker(
        {
            SASL_HANDSHAKE: lambda _: {"mechanisms": ["PLAIN"]},
            SASL_AUTHENTICATE: lambda _: {"session_lifetime_ms": lifetime},
            METADATA: lambda _: servers.brokers({}),
        }
    )
    plain = Security(sasl=Sasl("PLAIN", "me", "hunter2"))
    with servers.serving(broker) as port, WireSession(f"127.0.0.1:{port}", plain) as session:
        for _ in range(2):
            session.change(METADATA, {"topics": []}, lambda answer: answer)
    assert [name for name, _ in broker.asked].count("SaslAuthenticate") == logins
