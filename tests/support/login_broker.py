"""A hand-made broker that logs clients in by SASL, as Kafka does it."""

import base64
import hashlib
import hmac
from typing import Any

from kafka_tools.wire.messages import SASL_AUTHENTICATE, SASL_HANDSHAKE
from tests.support.one_broker import OneBroker

USER, PASSWORD = "u", "wr0ng"
HASHES = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}
SALT, ITERATIONS = b"salt of a test", 4096


class LoginBroker(OneBroker):
    """Knows one user, by PLAIN and by one kind of SCRAM (RFC 5802)."""

    def __init__(self, mechanism: str, *topics: dict[str, Any]) -> None:
        self._hash = HASHES.get(mechanism, "sha256")
        self._begun: dict[str, str] = {}
        handshake = {"error_code": 0, "mechanisms": [mechanism]}
        more = {SASL_HANDSHAKE: lambda _: handshake, SASL_AUTHENTICATE: self._login}
        super().__init__(*topics, more=more)

    def _login(self, values: dict[str, Any]) -> dict[str, Any]:
        said = values["auth_bytes"].decode()
        if said == f"\0{USER}\0{PASSWORD}":
            return self._says("")
        if said.startswith("n,,"):
            return self._says(self._first(said[3:]))
        if said.startswith("c=biws,"):
            return self._says(self._last(said))
        return {"error_code": 58, "error_message": "Authentication failed", "auth_bytes": b""}

    def _says(self, text: str) -> dict[str, Any]:
        return {"error_message": None, "auth_bytes": text.encode()}

    def _first(self, bare: str) -> str:
        nonce = f"{bare.partition('r=')[2]}more"
        first = f"r={nonce},s={base64.b64encode(SALT).decode()},i={ITERATIONS}"
        self._begun[nonce] = f"{bare},{first}"
        return first

    def _last(self, final: str) -> str:
        without_proof = final.partition(",p=")[0]
        said = f"{self._begun[without_proof.partition('r=')[2]]},{without_proof}".encode()
        salted = hashlib.pbkdf2_hmac(self._hash, PASSWORD.encode(), SALT, ITERATIONS)
        proof = hmac.digest(hmac.digest(salted, b"Server Key", self._hash), said, self._hash)
        return f"v={base64.b64encode(proof).decode()}"
