"""What a console producer is asked for: where the lines of stdin go, and how they are read."""

import re
from typing import NamedTuple

from kafka_tools.errors import UsageError
from kafka_tools.model.target import Brokers


class LineFormat(NamedTuple):
    """How a line is taken apart: headers up to `headers_delimiter`, the key up to `key_separator`, the value.

    `headers_separator` is a regular expression. A line without its separators is an error, or with `ignore_error` a
    record without what is missing. A key, value or header's value equal to `null_marker` is null.
    """

    parse_key: bool = False
    parse_headers: bool = False
    key_separator: bytes = b"\t"
    headers_delimiter: bytes = b"\t"
    headers_separator: bytes = b","
    headers_key_separator: bytes = b":"
    ignore_error: bool = False
    null_marker: bytes | None = None

    def check(self) -> None:
        """Raise UsageError, in Apache's words, for two separators that are equal and for a broken pattern."""
        delimiter, separator, key_separator = (
            ("headers.delimiter", self.headers_delimiter),
            ("headers.separator", self.headers_separator),
            ("headers.key.separator", self.headers_key_separator),
        )
        marker = ("null.marker", self.null_marker)
        pairs: list[tuple[tuple[str, bytes | None], tuple[str, bytes]]]
        pairs = [(delimiter, separator), (delimiter, key_separator), (separator, key_separator)]
        pairs += [
            (marker, other) for other in (("key.separator", self.key_separator), separator, delimiter, key_separator)
        ]
        for (name, text), (other, other_text) in pairs:
            if text == other_text:
                raise UsageError(f"{name} and {other} may not be equal")
        try:
            re.compile(self.headers_separator)
        except re.error as error:
            raise UsageError(f"headers.separator is not a regular expression: {error}") from error


class ProduceRequest(NamedTuple):
    """Where the lines of stdin go.

    With `json_lines` each line is a whole record as console-consumer --output jsonl writes it, else `line_format` says
    how it is taken apart. `sync` waits for each record's delivery before the next is sent.
    """

    brokers: Brokers
    topic: str
    line_format: LineFormat = LineFormat()
    json_lines: bool = False
    sync: bool = False
