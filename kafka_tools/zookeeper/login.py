"""Logs in to a ZooKeeper server by SASL DIGEST-MD5 (RFC 2831). kazoo's own login needs the library pure-sasl.

Source: org.apache.zookeeper.client.ZooKeeperSaslClient and util.SecurityUtils 3.8.
"""

import hashlib
import hmac
import re
import secrets
from typing import Any, NamedTuple

from kafka_tools.errors import KafkaToolError

URI = "zookeeper/zk-sasl-md5"
PAIR = re.compile(r'[,\s]*+([A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*+)"\s*+|([^",]*+))(?:,|\Z)', re.DOTALL)
MOST_CHALLENGE_BYTES = 2048
"""The longest challenge (RFC 2831 section 2.1.1)."""

LOGIN_SECONDS = 3.0


class Answer(NamedTuple):
    """The client's answer to a challenge (`text`), and what only a server that knows the password can reply to it."""

    text: bytes
    reply: bytes


def log_in(client: Any, connect: str, username: str, password: str) -> None:
    """Log in on a session (kazoo) that was just opened.

    Raises KafkaToolError where the server refuses user or password, has no logins, or cannot prove that it knows the
    password itself.
    """
    from kazoo.exceptions import AuthFailedError, ConnectionLoss

    challenge = _asked(client, b"")
    if not challenge:
        raise KafkaToolError(
            f"ZooKeeper at {connect} takes no login: it has no SASL.", "-X zookeeper.sasl.client=false goes without."
        )
    try:
        if len(challenge) > MOST_CHALLENGE_BYTES:
            raise ValueError(f"a challenge of {len(challenge):,} bytes")
        answer = answered(challenge.decode(), username, password, secrets.token_urlsafe(24))
        reply = _asked(client, answer.text)
    except (AuthFailedError, ConnectionLoss) as error:  # ZooKeeper 3.5 only hangs up
        raise KafkaToolError(
            f"ZooKeeper at {connect} does not let {username} in with DIGEST-MD5: wrong user or password.",
            "Are they those of the section Client of the JAAS file, or of zookeeper.sasl.username and .password?",
        ) from error
    except ValueError as error:
        raise KafkaToolError(f"ZooKeeper at {connect} asks for a login that is not DIGEST-MD5.") from error
    # Mutual authentication: a server that only pretends to be ZooKeeper could not compute this.
    if not hmac.compare_digest(reply, answer.reply):
        raise KafkaToolError(f"ZooKeeper at {connect} cannot prove that it knows {username}: is it the right one?")


def _asked(client: Any, token: bytes) -> bytes:
    """Send one token and return the server's."""
    from kazoo.protocol.serialization import SASL

    answer = client.handler.async_result()
    # kazoo has the request but no public way to send it before its own SASL client does.
    client._call(SASL(token), answer)
    said: bytes | None = answer.get(timeout=LOGIN_SECONDS)[0]
    return said or b""


def answered(challenge: str, username: str, password: str, nonce: str, uri: str = URI) -> Answer:
    """Return the answer to a challenge, with the client's own `nonce`. Raises ValueError where it is no challenge."""
    said = _pairs(challenge)
    if "nonce" not in said or "auth" not in said.get("qop", "auth").replace(" ", "").split(","):
        raise ValueError("no DIGEST-MD5 challenge with the quality auth")
    realm, count, quality = said.get("realm", ""), "00000001", "auth"
    # RFC 2831 section 2.1.2.1: A1 begins with the 16 raw bytes of H(user:realm:password), all else is in hex.
    user = hashlib.md5(b":".join(map(_encoded, (username, realm, password))), usedforsecurity=False).digest()
    session = _digest(user + f":{said['nonce']}:{nonce}".encode())

    def proof(method: str) -> str:
        middle = f"{said['nonce']}:{count}:{nonce}:{quality}"
        return _digest(f"{session}:{middle}:{_digest(f'{method}:{uri}'.encode())}".encode())

    pairs = {"username": username, "realm": realm, "nonce": said["nonce"], "cnonce": nonce, "digest-uri": uri}
    text = ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs.items())
    text = f"charset=utf-8,{text},nc={count},qop={quality},response={proof('AUTHENTICATE')}"
    return Answer(text.encode(), f"rspauth={proof('')}".encode())


def _pairs(challenge: str) -> dict[str, str]:
    """Read `name=value,name="value"`. Raises ValueError for any other text.

    One pair is read behind the other, so that the time grows with the length: a search would begin anew at each letter.
    """
    # realm="zk-sasl-md5",nonce="OA6MG9tEQGm2hh",charset=utf-8,algorithm=md5-sess,qop="auth"
    said: dict[str, str] = {}
    end = 0
    while end < len(challenge):
        pair = PAIR.match(challenge, end)
        if pair is None:
            raise ValueError("no DIGEST-MD5 challenge")
        name, quoted, bare = pair.groups()
        # The first of two values counts.
        said.setdefault(name.lower(), bare.rstrip() if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        end = pair.end()
    return said


def _digest(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _encoded(text: str) -> bytes:
    """Encode as ISO 8859-1 where that is possible, else as UTF-8, as RFC 2831 asks."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)
