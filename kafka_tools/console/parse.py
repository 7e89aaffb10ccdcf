"""A line as a record: Apache's LineMessageReader (kafka.tools.ConsoleProducer, 3.9) on bytes, compiled once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count, repeat

from kafka_tools.errors import KafkaToolError

Record = tuple[bytes | None, bytes | None]
"""Key and value; None is null."""

Parser = Callable[[Iterable[bytes]], Iterator[Record]]

SHOWN_CHARACTERS = 1000
"""How much of a line an error shows."""


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How a line is taken apart.

    With `parse_key` the key ends at the first `key_separator`; a line without one is an error, or with `ignore_error` a
    value without key. A key or value equal to `null_marker` is null.
    """

    parse_key: bool = False
    key_separator: bytes = b"\t"
    ignore_error: bool = False
    null_marker: bytes | None = None


def compile_parser(line_format: LineFormat) -> Parser:
    """Return the function that turns lines into records; it is called once, as the lines are counted.

    It raises KafkaToolError, in Apache's words, at the line that has no key.
    """
    parse = _keyed(line_format) if line_format.parse_key else _values
    return _nulls(parse, line_format.null_marker) if line_format.null_marker is not None else parse


def _values(lines: Iterable[bytes]) -> Iterator[Record]:
    return zip(repeat(None), lines)


def _keyed(line_format: LineFormat) -> Parser:
    separator, ignore_error = line_format.key_separator, line_format.ignore_error
    numbers = count(1)

    def records(lines: Iterable[bytes]) -> Iterator[Record]:
        for line, number in zip(lines, numbers, strict=False):
            at = line.find(separator)
            if at >= 0:
                yield line[:at], line[at + len(separator) :]
            elif ignore_error:
                yield None, line
            else:
                raise KafkaToolError(f"No key separator found on line number {number}: '{_shown(line)}'")

    return records


def _shown(line: bytes) -> str:
    text = line.decode(errors="replace")
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _nulls(parse: Parser, marker: bytes) -> Parser:
    def records(lines: Iterable[bytes]) -> Iterator[Record]:
        for key, value in parse(lines):
            yield None if key == marker else key, None if value == marker else value

    return records
