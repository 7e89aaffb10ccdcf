"""Messages of Kafka's protocol as tables of their fields.

Source: the message definitions that Kafka publishes (common/message/*.json in kafka-clients 4.3).
"""

from collections.abc import Mapping
from struct import Struct
from typing import Any, cast

from kafka_tools.wire.codec import Reader, decode, encode, struct_reader

REQUEST_HEADER = Struct(">hhih")
"""API key, version, correlation id, the length of the client's id (never compact, KIP-511)."""

LATEST = 32767
"""A field without `until` is in all versions from `since` on."""

NEVER = LATEST + 1
"""A field without `nullable` is null in no version."""

ZEROES: Mapping[str, object] = {"string": "", "bytes": b"", "uuid": bytes(16), "bool": False, "float64": 0.0}
"""What a field holds where nothing else is said; arrays are empty, numbers 0, structs null."""


class Field:
    """One field of a struct.

    `kind` is the type in Kafka's spelling: `int32`, `[]string`, `struct`, `[]struct` with the inner `fields`. Versions
    `since` to `until` have the field; from version `nullable` on it may be None; with a `tag` it is a tagged field of
    flexible versions (KIP-482). `default` is what it holds in versions without it. Where neighbours often hold the
    same, as the configs of 2,000 topics do, `repeats` says so, and what equals the one before is decoded only once.
    """

    __slots__ = ("default", "fields", "kind", "name", "nullable", "repeats", "since", "tag", "until")

    def __init__(
        self,
        name: str,
        kind: str,
        fields: "tuple[Field, ...]" = (),
        *,
        since: int = 0,
        until: int = LATEST,
        nullable: int = NEVER,
        tag: int | None = None,
        default: object = ...,
        repeats: bool = False,
    ) -> None:
        self.name = name
        self.kind = kind
        self.fields = fields
        self.since = since
        self.until = until
        self.nullable = nullable
        self.tag = tag
        self.default = _zero(kind) if default is ... else default
        self.repeats = repeats


def _zero(kind: str) -> object:
    if kind.startswith("[]"):
        return ()
    return None if kind == "struct" else ZEROES.get(kind, 0)


class Message:
    """A kind of request and its answer: the API's key and name, and the versions that are known here.

    From version `flexible` on, bodies have compact lengths and tagged fields; so have headers, except the answer's
    where `flexible_answer_header` is False: a broker answers ApiVersions before it knows the client (KIP-511).
    """

    __slots__ = (
        "_readers",
        "first",
        "flexible",
        "flexible_answer_header",
        "key",
        "last",
        "name",
        "request",
        "response",
    )

    def __init__(
        self,
        key: int,
        name: str,
        *,
        first: int,
        last: int,
        flexible: int,
        request: tuple[Field, ...],
        response: tuple[Field, ...],
        flexible_answer_header: bool = True,
    ) -> None:
        self.key = key
        self.name = name
        self.first = first
        self.last = last
        self.flexible = flexible
        self.request = request
        self.response = response
        self.flexible_answer_header = flexible_answer_header
        self._readers: dict[int, tuple[Reader, ...]] = {}

    def encode(self, version: int, values: Mapping[str, Any], correlation: int, client: str) -> bytes:
        """Return a request: its header, then its body; a field that `values` leaves out holds its default."""
        flexible = version >= self.flexible
        raw = client.encode()
        header = REQUEST_HEADER.pack(self.key, version, correlation, len(raw)) + raw + (b"\0" if flexible else b"")
        return header + encode(self.request, version, flexible, values)

    def decode(self, version: int, answer: bytes) -> dict[str, Any]:
        """Return the fields of an answer by name, all of them, whatever its version.

        `answer` is what follows the correlation id. Raises MalformedError for what is no such answer.
        """
        readers = self._readers.get(version)
        if readers is None:
            flexible = version >= self.flexible
            header = struct_reader((), version, flexible and self.flexible_answer_header)
            readers = self._readers[version] = (header, struct_reader(self.response, version, flexible))
        return cast("dict[str, Any]", decode(answer, *readers)[1])
