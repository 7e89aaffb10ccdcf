"""One kind of request: its number, its versions, and the tables of its fields and of the response's."""

from collections.abc import Mapping
from struct import Struct
from typing import Any, cast

from kafka_tools.model.codec import Decoder, Field, decode, encode, struct_decoder

MOST_BYTES = 12_000_000
"""The longest response that is taken for one, unless its kind says otherwise.

Metadata of 280,000 partitions with three replicas has 12 MB, which take 200 MiB when they are decoded."""

REQUEST_HEADER = Struct(">hhih")
"""API key, version, correlation id, the length of the client's id (never compact, KIP-511)."""

Response = dict[str, Any]
"""The fields of a response by name."""


def by_partition(*fields: Field, of: str = "topics", topic: str = "name") -> Field:
    """Return a field of topics with partitions that have `fields`, a form that many requests and responses share.

    `of` is its name, `topic` that of the topic's own name in it.
    """
    partitions = Field("partitions", "[]struct", (Field("partition_index", "int32"), *fields))
    return Field(of, "[]struct", (Field(topic, "string"), partitions))


class Message:
    """A kind of request and its response: the API's key and name, and the versions that are known here.

    From version `flexible` on, bodies have compact lengths and tagged fields. So have headers, except the response's
    where `flexible_response_header` is False: a broker answers ApiVersions before it knows the client (KIP-511). A
    response longer than `most_bytes` is not taken.
    """

    __slots__ = (
        "_decoders",
        "first",
        "flexible",
        "flexible_response_header",
        "key",
        "last",
        "most_bytes",
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
        flexible_response_header: bool = True,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.key = key
        self.name = name
        self.first = first
        self.last = last
        self.flexible = flexible
        self.request = request
        self.response = response
        self.flexible_response_header = flexible_response_header
        self.most_bytes = most_bytes
        self._decoders: dict[int, tuple[Decoder, ...]] = {}

    def since(self, first: int) -> "Message":
        """Return this kind of request without the versions before `first`, which lack what is to be asked."""
        return Message(
            self.key,
            self.name,
            first=first,
            last=self.last,
            flexible=self.flexible,
            request=self.request,
            response=self.response,
            flexible_response_header=self.flexible_response_header,
            most_bytes=self.most_bytes,
        )

    def encode(self, version: int, values: Mapping[str, Any], correlation: int, client: str) -> bytes:
        """Return a request: its header, then its body. A field that `values` leaves out holds its default.

        Raises KafkaToolError for a value that cannot be written.
        """
        flexible = version >= self.flexible
        raw = client.encode()
        # The client's id has a length of two bytes even in flexible versions (KIP-511), the tags behind it one byte:
        # none.
        header = REQUEST_HEADER.pack(self.key, version, correlation, len(raw)) + raw + (b"\0" if flexible else b"")
        return header + encode(self.request, version, flexible, values)

    def decode(self, version: int, response: bytes) -> Response:
        """Return the fields of a response by name; those that this version does not have hold their defaults.

        `response` is what follows the correlation id. Raises MalformedError where it is no such response.
        """
        # Put together once for a version, and kept: --watch and the lanes decode the same kind again and again.
        decoders = self._decoders.get(version)
        if decoders is None:
            flexible = version >= self.flexible
            header = struct_decoder((), version, flexible and self.flexible_response_header)
            decoders = self._decoders[version] = (header, struct_decoder(self.response, version, flexible))
        return cast("Response", decode(response, *decoders)[1])
