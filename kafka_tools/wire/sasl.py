"""Logs in to a broker by SASL: PLAIN (RFC 4616), SCRAM (RFC 5802), OAUTHBEARER (RFC 7628)."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Generator
from typing import Any, Protocol

from kafka_tools.errors import AuthenticationError
from kafka_tools.model.addresses import Address, text
from kafka_tools.model.security import OAuth, Sasl
from kafka_tools.wire.messages import SASL_AUTHENTICATE, SASL_HANDSHAKE
from kafka_tools.wire.schema import Message, Response

HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
LEAST_ITERATIONS, MOST_ITERATIONS = 4096, 1_000_000
"""How much hashing a broker may ask for. Fewer iterations are refused as Java's client does (ScramMechanism 3.9.1): who
asks for one can guess the password from the proof. Who asks for more wastes our time."""

Dialogue = Generator[bytes, bytes, None]
"""Yields what the client says and is sent what the broker responds; it ends when the client is satisfied."""


class LoginConnection(Protocol):
    """What a login needs of a connection to a broker."""

    address: Address

    def ask(self, message: Message, values: dict[str, Any]) -> Response:
        """Send one request and return its response."""
        ...


def log_in(broker: LoginConnection, sasl: Sasl) -> int:
    """Log in on a new connection and return how long (ms) the login is good for (KIP-368), 0: for ever.

    Raises AuthenticationError with the broker's own words.
    """
    shake = broker.ask(SASL_HANDSHAKE, {"mechanism": sasl.mechanism})
    # A listener without SASL answers with an error and no mechanism (ILLEGAL_SASL_STATE, KIP-43).
    if shake["error_code"] and not shake["mechanisms"]:
        raise AuthenticationError(
            f"{text(broker.address)} takes no login.", "security.protocol=PLAINTEXT or SSL goes without."
        )
    if shake["error_code"]:
        raise AuthenticationError(
            f"{text(broker.address)} does not take {sasl.mechanism}.",
            f"It takes {', '.join(shake['mechanisms'])}: choose one by sasl.mechanism.",
        )
    speech = dialogue(sasl)
    token = next(speech)
    while True:
        answer = broker.ask(SASL_AUTHENTICATE, {"auth_bytes": token})
        if answer["error_code"]:
            raise _refused(broker, sasl, answer["error_message"] or "no reason was given")
        try:
            # Also the last answer goes to the dialogue, which checks the broker's proof and ends.
            token = speech.send(answer["auth_bytes"])
        except StopIteration:
            lifetime: int = answer.get("session_lifetime_ms", 0)
            return lifetime
        # Also what base64 and int() refuse: an answer that is no SCRAM proves nothing.
        except ValueError:
            raise AuthenticationError(
                f"{text(broker.address)} cannot prove that it knows {sasl.username}: is it the right cluster?"
            ) from None


def _refused(broker: LoginConnection, sasl: Sasl, reason: str) -> AuthenticationError:
    who = f" {sasl.username}" if sasl.username else ""
    hint = "Are user and password those of sasl.jaas.config? `ktools context show` says where each setting came from."
    if _was_utf8(sasl.username) or _was_utf8(sasl.password):
        hint += (
            "\nThey look like UTF-8 in a properties file, which is ISO 8859-1 as for Java: write ü as \\u00fc there."
        )
    return AuthenticationError(
        f"{text(broker.address)} does not let{who or ' the client'} in with {sasl.mechanism}: {reason}", hint
    )


def _was_utf8(value: str) -> bool:
    """Say whether bytes of UTF-8 were taken for letters of ISO 8859-1: `Ã¼` for `ü`."""
    try:
        return value.encode("latin-1").decode() != value
    except UnicodeError:
        return False


def dialogue(sasl: Sasl) -> Dialogue:
    """Return the client's part of the mechanism's dialogue."""
    if sasl.mechanism in HASHES:
        return scram(HASHES[sasl.mechanism], sasl.username, sasl.password, secrets.token_urlsafe(24))
    if sasl.oauth is not None:
        return _bearer(sasl.oauth)
    return _plain(sasl)


def _plain(sasl: Sasl) -> Dialogue:
    # The first part, whom to act as, is empty: oneself. Kafka refuses everybody else (PlainSaslServer).
    yield f"\0{sasl.username}\0{sasl.password}".encode()


def _bearer(oauth: OAuth) -> Dialogue:
    from kafka_tools.wire.oauth import token

    extensions = "".join(f"\x01{name}={value}" for name, value in oauth.extensions)
    # n,, is GS2's head: no channel binding, nobody to act as. \x01 stands between and behind the pairs.
    answer = yield f"n,,\x01auth=Bearer {token(oauth)}{extensions}\x01\x01".encode()
    if answer:  # the broker says why it will refuse, and waits for this before it does
        yield b"\x01"


def scram(name: str, user: str, password: str, nonce: str) -> Dialogue:
    """Return SCRAM's dialogue with the hash function `name`. Raises ValueError where the broker's proof is wrong.

    Kafka takes names and passwords as they are (ScramFormatter.normalize 3.9.1), without SASLprep.
    """
    # In a name = and , would end the field: RFC 5802 has them written as =3D and =2C.
    bare = f"n={user.replace('=', '=3D').replace(',', '=2C')},r={nonce}"
    first = (yield f"n,,{bare}".encode()).decode()
    fields = _fields(first)
    salt, iterations = base64.b64decode(fields["s"]), int(fields["i"])
    if not fields["r"].startswith(nonce) or not LEAST_ITERATIONS <= iterations <= MOST_ITERATIONS:
        raise ValueError("another nonce, too few or too many iterations")
    # RFC 5802 in its letters: SaltedPassword, ClientKey, StoredKey (its hash), AuthMessage (`said`), ClientSignature;
    # the proof is ClientKey XOR ClientSignature, from which the broker gets ClientKey and compares its hash. The
    # password is never sent.
    salted = hashlib.pbkdf2_hmac(name, password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", name)
    # biws: base64 of `n,,`, which says that there is no channel binding (RFC 5802).
    final = f"c=biws,r={fields['r']}"
    said = f"{bare},{first},{final}".encode()
    signature = hmac.digest(hashlib.new(name, client_key).digest(), said, name)
    proof = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
    last = _fields((yield f"{final},p={base64.b64encode(proof).decode()}".encode()).decode())
    # The server proves in turn that it knows the password: without this look anybody could say "let in".
    expected = hmac.digest(hmac.digest(salted, b"Server Key", name), said, name)
    if not hmac.compare_digest(base64.b64decode(last["v"]), expected):
        raise ValueError("the proof is wrong")


def _fields(message: str) -> dict[str, str]:
    """Return `r=…,s=…,i=…` by letter; a letter that is not there is empty, and that is no number and no proof."""
    found = dict.fromkeys("rsiv", "")
    return found | {name: value for name, _, value in (part.partition("=") for part in message.split(","))}
