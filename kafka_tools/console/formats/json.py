"""A record as a JSON object, and back, so that a topic can be copied or looked into with other programs.

    {"topic": "t", "partition": 0, "offset": 7, "timestamp": "2026-11-23T00:00:00.123Z", "timestamp_ms": 1795392000123,
     "timestamp_type": "CreateTime", "key": "k", "value": "v", "headers": [{"key": "h", "value": "1"}]}

Bytes that are UTF-8 are text, others are `{"base64": "…"}`; null is null. `timestamp_ms` decides where both are there.
"""

import base64
import binascii
import codecs
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from kafka_tools.console.formats import TIMESTAMP_TYPES, Batch, Formatter
from kafka_tools.console.lines import FullRecord, Parser, shown
from kafka_tools.errors import KafkaToolError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TYPE_NAMES = {number: name.decode() for number, name in TIMESTAMP_TYPES.items()}


def compile_lines() -> Formatter:
    """Return the function that writes one object a line."""
    # json.dumps would make an encoder for each record, as these options are not its defaults.
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return lambda batch: "".join([f"{encode(_object(message))}\n" for message in batch]).encode()


def compile_array() -> Formatter:
    """Return the function that writes one JSON array over all its calls, whose last line is still missing."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    opened = False

    def written(batch: Batch) -> bytes:
        nonlocal opened
        text = "".join([f",\n{encode(_object(message))}" for message in batch]).encode()
        if opened or not text:
            return text
        # The comma before the first record becomes the bracket: afterwards all batches are alike.
        opened = True
        return b"[" + text[1:]

    return written


def array_end(count: int) -> bytes:
    """Return what follows `count` records of an array."""
    return b"\n]\n" if count else b"[]\n"


def _object(message: Any) -> dict[str, Any]:
    kind, milliseconds = message.timestamp()
    return {
        "topic": message.topic(),
        "partition": message.partition(),
        "offset": message.offset(),
        "timestamp": _iso(milliseconds) if kind in TYPE_NAMES else None,
        "timestamp_ms": milliseconds if kind in TYPE_NAMES else None,
        "timestamp_type": TYPE_NAMES.get(kind),
        "key": _text(message.key()),
        "value": _text(message.value()),
        "headers": [{"key": key, "value": _text(value)} for key, value in message.headers() or ()],
    }


def _iso(milliseconds: int) -> str | None:
    try:
        time = EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    return f"{time.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _text(content: bytes | None) -> Any:
    if content is None:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}


OWN, KCAT, KAFKACTL = "jsonl", "kcat", "kafkactl"
VALUES = {OWN: "value", KCAT: "payload", KAFKACTL: "Value"}
"""The field that an object of each form must have, by which it is recognised: without it the value would be null, which
deletes a key of a compacted topic."""

COMMON = frozenset(["topic", "partition", "offset", "headers", "key"])
FIELDS = {
    OWN: COMMON | {"timestamp", "timestamp_ms", "timestamp_type", "value"},
    KCAT: COMMON | {"tstype", "ts", "broker", "payload"},
    KAFKACTL: frozenset(["Partition", "Offset", "Headers", "Key", "Value", "Timestamp"]),
}
"""The fields of each form. Not taken are those of decoded Avro (key_schema_id and the like): the bytes are not there.

Source: kcat 1.7 (json.c, fmt_msg_output_json) and kafkactl 5 (internal/consume/MessagePrinter.go).
"""


def compile_reader(topic: str, form: str = OWN) -> Parser:
    """Return the function that turns lines into records of this topic, whatever topic they name.

    `form` is kcat or kafkactl for what `kcat -J` and `kafkactl consume -o json` write; jsonl takes all of them, each
    line for itself. The function is called again and again, as the lines are counted, and leaves out empty lines. It
    raises KafkaToolError for a line that is no such object.
    """
    numbers = count(1)
    forms = VALUES if form == OWN else {form: VALUES[form]}

    def records(lines: Iterable[bytes]) -> Iterator[FullRecord]:
        for line, number in zip(lines, numbers, strict=False):
            # One line is one document: what is wrong in it is told with its number, and what came before is sent.
            if not line.strip():
                continue
            try:
                yield _record(json.loads(line), topic, forms)
            except (ValueError, TypeError, RecursionError) as error:
                raise KafkaToolError(f"line {number} is no record ({error}): '{shown(line)}'") from error

    return records


def _record(content: Any, topic: str, forms: Mapping[str, str]) -> FullRecord:
    if not isinstance(content, dict):
        raise ValueError("an object is needed")
    form = next((form for form, value in forms.items() if value in content), None)
    if form is None:
        raise ValueError(f"the field {' or '.join(forms.values())} is missing; null stands as null")
    unknown = content.keys() - FIELDS[form]
    if unknown:
        raise ValueError(f"unknown field {min(unknown)}")
    if form != OWN:
        content = _of_kcat(content) if form == KCAT else _of_kafkactl(content)
    headers = content.get("headers") or []
    if not isinstance(headers, list):
        raise ValueError("headers is no list")
    return FullRecord(
        topic,
        _bytes(content["value"], "value"),
        _bytes(content.get("key"), "key"),
        _number(content.get("partition"), "partition", -1, 1 << 31),
        timestamp=_timestamp(content),
        headers=[_header(header) for header in headers],
    )


def _of_kcat(content: dict[str, Any]) -> dict[str, Any]:
    """Return an object of kcat's in our own form; its headers are `["name", "value", "name", null]`."""
    headers = content.get("headers") or []
    if not isinstance(headers, list) or len(headers) % 2:
        raise ValueError("headers is no list of names and values")
    return {
        **content,
        "value": content["payload"],
        "timestamp_ms": None if content.get("tstype") == "unknown" else content.get("ts"),
        "headers": [{"key": name, "value": value} for name, value in zip(headers[::2], headers[1::2], strict=True)],
    }


def _of_kafkactl(content: dict[str, Any]) -> dict[str, Any]:
    """Return an object of kafkactl's in our own form; its headers are an object, which has a name only once."""
    own: dict[str, Any] = {name.lower(): value for name, value in content.items()}
    if not isinstance(own.get("headers", {}), dict):
        raise ValueError("Headers is no object")
    return own | {"headers": [{"key": name, "value": value} for name, value in own.get("headers", {}).items()]}


def _header(header: Any) -> tuple[str, bytes | None]:
    if not isinstance(header, dict) or not isinstance(header.get("key"), str):
        raise ValueError("a header needs a key")
    name: str = header["key"]
    name.encode()  # `"\ud800"` is valid JSON and no text: a ValueError here, which names the line
    return name, _bytes(header.get("value"), "a header's value")


def _bytes(value: Any, name: str) -> bytes | None:
    if isinstance(value, str):
        return value.encode()
    if value is None:
        return None
    if isinstance(value, dict) and value.keys() == {"base64"} and isinstance(value["base64"], str):
        try:
            return base64.b64decode(value["base64"], validate=True)
        except binascii.Error as error:
            raise ValueError(f"{name}: {error}") from error
    raise ValueError(f'{name} is neither text, null nor {{"base64": "…"}}')


def _number(value: Any, name: str, default: int, limit: int) -> int:
    if value is None:
        return default
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < limit:
        return value
    raise ValueError(f"{name} is no such number")


def _timestamp(content: dict[str, Any]) -> int:
    if content.get("timestamp_ms") is not None:
        return _number(content["timestamp_ms"], "timestamp_ms", 0, 1 << 63)
    text = content.get("timestamp")
    if text is None:
        return 0
    if not isinstance(text, str):
        return _number(text, "timestamp", 0, 1 << 63)
    time = datetime.fromisoformat(text)
    # Floor division, which is exact; timestamp() would be a float, and a millisecond off now and then.
    return (time.replace(tzinfo=time.tzinfo or UTC) - EPOCH) // timedelta(milliseconds=1)


def in_utf_8(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Return the blocks in UTF-8 without a byte order mark, where the first one begins with such a mark.

    PowerShell writes files in UTF-16. Raises KafkaToolError for what is not text in the encoding of its mark.
    """
    decode: Callable[[bytes, bool], str] | None = None
    for number, block in enumerate(blocks):
        if number == 0 and block.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            name = "utf-8-sig" if block.startswith(codecs.BOM_UTF8) else "utf-16"
            # It keeps half of a character until the next block brings the rest.
            decode = codecs.getincrementaldecoder(name)().decode
        if decode is None:
            yield block
            continue
        try:
            content = decode(block, not block).encode()
        except UnicodeError as error:
            raise KafkaToolError(f"stdin is not text in the encoding of its byte order mark: {error}") from error
        # Nothing where half of a character was all there was: an empty block would be the end of the input.
        if content or not block:
            yield content
