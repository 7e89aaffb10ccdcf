"""Delegation tokens: short-lived credentials that log in to brokers as their owner (KIP-48).

Source: org.apache.kafka.common.security.token.delegation.TokenInformation and DelegationToken, Kafka 3.9 and 4.x.
"""

import re
from base64 import b64decode, b64encode
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.text import is_sendable

NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


class Principal(NamedTuple):
    """Who a client is to the brokers: the type, nearly always `User`, and the name."""

    type: str
    name: str

    def __str__(self) -> str:
        return f"{self.type}:{self.name}"


class DelegationToken(NamedTuple):
    """One token: whom it logs in (`owner`), who asked for it, who may renew it beside the owner, and until when.

    `hmac` is its secret: with it as password and `token_id` as user name a client logs in by SCRAM. Times are in ms
    since 1970; no renewal goes beyond `max_timestamp`.
    """

    token_id: str
    hmac: bytes
    owner: Principal
    requester: Principal
    renewers: tuple[Principal, ...]
    issue_timestamp: int
    expiry_timestamp: int
    max_timestamp: int

    def __repr__(self) -> str:
        return f"DelegationToken(token_id={self.token_id!r}, owner={str(self.owner)!r})"

    @property
    def hmac_as_base64(self) -> str:
        """The secret as people and clients' settings write it."""
        return b64encode(self.hmac).decode()


def parse_principal(text: str) -> Principal:
    """Read `User:alice`. Raises KafkaToolError in Kafka's words (SecurityUtils.parseKafkaPrincipal, 3.9)."""
    kind, colon, name = text.strip().partition(":")
    if not colon:
        raise KafkaToolError(f"expected a string in format principalType:principalName but got {text.strip()}")
    if not is_sendable(text):
        raise KafkaToolError(f"The principal '{text.strip()}' is not UTF-8 text.")
    return Principal(kind, name)


def parse_hmac(text: str) -> bytes:
    """Read a secret in base64, with or without `=` at its end, as java.util.Base64's basic decoder does (Java 17).

    Raises KafkaToolError in that decoder's words, which do not repeat the secret.
    """
    # Java's decoder gets bytes of ISO 8859-1, where every other letter is a `?`, which is no base64 either.
    raw = text.encode("latin-1", "replace")
    # The checks and their order are java.util.Base64.Decoder's, as scripts see its words.
    if len(raw) == 1:
        raise KafkaToolError("Input byte[] should at least have 2 bytes for base64 bytes")
    other = NOT_BASE64.search(raw)
    digits, ending = (raw, b"") if other is None else (raw[: other.start()], raw[other.start() :])
    if ending and not ending.startswith(b"="):
        signed = int.from_bytes(ending[:1], signed=True)  # a byte of Java's has a sign
        raise KafkaToolError(f"Illegal base64 character {signed:x}")
    left = len(digits) % 4
    if left == 1:
        raise KafkaToolError("Last unit does not have enough valid bits")
    if ending:
        padding = b"==" if left == 2 else b"="
        if left == 0 or not ending.startswith(padding):
            raise KafkaToolError("Input byte array has wrong 4-byte ending unit")
        if len(ending) > len(padding):
            raise KafkaToolError(f"Input byte array has incorrect ending byte at {len(digits) + len(padding)}")
    return b64decode(digits + b"=" * (-left % 4))
