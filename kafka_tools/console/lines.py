"""What a console producer is asked for, and lines as records: Apache's LineMessageReader (kafka.tools.ConsoleProducer,
3.9).

Nothing is decoded, only a newline ends a line; how a line is taken apart is compiled once into one function.
"""

import os
import re
import select
from collections.abc import Callable, Iterable, Iterator
from itertools import count, repeat
from typing import Any, NamedTuple

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.target import Brokers
from kafka_tools.model.text import limited


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

    `form` is lines, which `line_format` takes apart, or says in which JSON each line holds a whole record: jsonl, kcat
    or kafkactl. With `keeps_cr` a CR before the LF is part of the line. `sync` waits for each record's delivery before
    the next is sent.
    """

    brokers: Brokers
    topic: str
    line_format: LineFormat = LineFormat()
    form: str = "lines"
    keeps_cr: bool = False
    sync: bool = False


BLOCK_BYTES = 1 << 18
IDLE_SECONDS = 0.005
"""How long nothing comes before what came is dealt with as if it were all for now."""

TICK_SECONDS = 0.2
"""How often a loop that waits for stdin looks at what else happened."""

Headers = list[tuple[str, bytes | None]]

Record = tuple[Any, ...]
"""What confluent_kafka.Producer.produce takes, in its order: topic, value and key (None is null), or a FullRecord."""

Parser = Callable[[Iterable[bytes]], Iterator[Record]]

SHOWN_CHARACTERS = 1000
"""How much of a line an error shows."""


def blocks(stdin: int, on_tick: Callable[[], bool], on_idle: Callable[[], None] = lambda: None) -> Iterator[bytes]:
    """Yield what comes in on the file descriptor `stdin`, at once, until its end.

    `on_tick` is called before each block and every TICK_SECONDS while nothing comes; reading ends when it returns
    False. `on_idle` is called when nothing came for IDLE_SECONDS. Raises OSError.
    """
    while on_tick():
        # Two waits: after the short one what came is sent at once, and while a file or a fast pipe flows neither waits.
        if not select.select([stdin], [], [], IDLE_SECONDS)[0]:
            on_idle()
            if not select.select([stdin], [], [], TICK_SECONDS)[0]:
                continue
        # Whoever shares stdin may have made it non-blocking, and may have been quicker to read what was there.
        try:
            block = os.read(stdin, BLOCK_BYTES)
        except BlockingIOError:
            continue
        if not block:  # the end of the input, as against the end of the loop: a last line without a newline counts
            yield b""
            return
        yield block


def lines(incoming: Iterable[bytes], keeps_cr: bool = False) -> Iterator[list[bytes]]:
    """Yield the lines that each block completes, without their ends; the empty block is the end of the input.

    LF and CR LF end a line, with `keeps_cr` only LF. A last line without an end counts at the end of the input. Where
    the blocks stop without the empty one, what follows the last LF is dropped: nobody knows whether it is whole.
    """
    open_line: list[bytes] = []
    has_cr = False
    for block in incoming:
        # A look for CR costs a fortieth of the split: lines without one, the rule, are not looked at one by one.
        has_cr = has_cr or (not keeps_cr and b"\r" in block)
        if block:
            first, *others = block.split(b"\n")
            open_line.append(first)
            if not others:
                continue
            last = others.pop()
            complete = [b"".join(open_line), *others]
            open_line = [last]
        else:
            complete = [b"".join(open_line)] if any(open_line) else []
        if has_cr:
            complete = [line.removesuffix(b"\r") for line in complete]
            has_cr = b"\r" in open_line[0] if open_line else False
        if complete:
            yield complete
        if not block:
            return


class FullRecord(NamedTuple):
    """A record with all its parts; `partition` -1 and `timestamp` (ms) 0 leave the choice to the client."""

    topic: str
    value: bytes | None
    key: bytes | None
    partition: int = -1
    callback: None = None
    on_delivery: None = None
    timestamp: int = 0
    headers: Headers | None = None


def compile_parser(line_format: LineFormat, topic: str) -> Parser:
    """Return the function that turns lines into records; it is called again and again, as lines are counted.

    It raises KafkaToolError, in Apache's words, at the line that has no key or no headers.
    """
    if line_format.parse_headers:
        return _full(line_format, topic)
    parse = _keyed(line_format, topic) if line_format.parse_key else _values(topic)
    return _nulls(parse, line_format.null_marker) if line_format.null_marker is not None else parse


def _values(topic: str) -> Parser:
    # The rule, and the fastest: the tuples are made in C, without a Python function for each line.
    return lambda lines: zip(repeat(topic), lines, strict=False)


def _keyed(line_format: LineFormat, topic: str) -> Parser:
    separator, ignore_error = line_format.key_separator, line_format.ignore_error
    # One count for all batches. `zip` asks the lines first, so that no number is taken when a batch is at its end.
    numbers = count(1)

    def records(lines: Iterable[bytes]) -> Iterator[Record]:
        for line, number in zip(lines, numbers, strict=False):
            key, found, value = line.partition(separator)
            if found:
                yield topic, value, key
            elif ignore_error:
                yield topic, line
            else:
                raise _missing("key separator", number, line)

    def with_empty_keys(lines: Iterable[bytes]) -> Iterator[Record]:
        return zip(repeat(topic), lines, repeat(b""), strict=False)

    return records if separator else with_empty_keys


def _nulls(parse: Parser, marker: bytes) -> Parser:
    def records(lines: Iterable[bytes]) -> Iterator[Record]:
        for topic, *content in parse(lines):
            yield topic, *(None if part == marker else part for part in content)

    return records


def _full(line_format: LineFormat, topic: str) -> Parser:
    """Return the function that turns lines with headers into FullRecords."""
    delimiter, separator, marker = line_format.headers_delimiter, line_format.key_separator, line_format.null_marker
    ignore_error, parse_headers = line_format.ignore_error, _headers(line_format)
    numbers = count(1)

    # The order of LineMessageReader.readMessage (3.9): headers, key, value; a part that is missing under ignore.error
    # leaves the rest of the line to the next one.
    def record(line: bytes, number: int) -> FullRecord:
        headers: Headers = []
        key, place = None, 0
        at = line.find(delimiter)
        if at >= 0:
            headers = parse_headers(line[:at], number) if line[:at] != marker else []
            place = at + len(delimiter)
        elif not ignore_error:
            raise _missing("headers delimiter", number, line)
        at = line.find(separator, place) if line_format.parse_key else -1
        if at >= 0:
            key, place = line[place:at], at + len(separator)
        elif line_format.parse_key and not ignore_error:
            raise _missing("key separator", number, line)
        value = line[place:]
        parts = None if value == marker else value, None if key == marker else key
        return FullRecord(topic, *parts, headers=headers)

    return lambda lines: (record(line, number) for line, number in zip(lines, numbers, strict=False))


def _headers(line_format: LineFormat) -> Callable[[bytes, int], Headers]:
    """Return the function that takes the headers of one line apart; it raises KafkaToolError in Apache's words."""
    separator, marker = line_format.headers_key_separator, line_format.null_marker
    pattern = re.compile(line_format.headers_separator)
    shown_pattern = shown(line_format.headers_separator)

    def header(pair: bytes, number: int) -> tuple[str, bytes | None]:
        at = pair.find(separator)
        if at < 0 and not line_format.ignore_error:
            raise KafkaToolError(f"No header key separator found in pair '{shown(pair)}' on line number {number}")
        if at < 0:
            return pair.decode(errors="replace"), None
        key, value = pair[:at], pair[at + len(separator) :]
        if key == marker:  # Apache's tool refuses this even with ignore.error
            raise KafkaToolError(
                f"Header keys should not be equal to the null marker '{shown(key)}' as they can't be null"
            )
        return key.decode(errors="replace"), None if value == marker else value

    def parse(headers: bytes, number: int) -> Headers:
        with limited(shown_pattern):
            pairs = _split(pattern, headers)
        return [header(pair, number) for pair in pairs]

    return parse


def _split(pattern: re.Pattern[bytes], text: bytes) -> list[bytes]:
    """Split as java.util.regex.Pattern.split does: without empty parts at the end."""
    # re.split would keep empty parts at the end, and give those of groups in the pattern, too.
    parts: list[bytes] = []
    start = 0
    for found in pattern.finditer(text):
        if found.end() == 0:  # nothing was matched at the beginning: Java (since 8) makes no empty part of that
            continue
        parts.append(text[start : found.start()])
        start = found.end()
    if not parts:
        return [text]
    parts.append(text[start:])
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _missing(what: str, number: int, line: bytes) -> KafkaToolError:
    return KafkaToolError(f"No {what} found on line number {number}: '{shown(line)}'")


def shown(line: bytes) -> str:
    """Return a line as an error shows it."""
    text = line.decode(errors="replace")
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
