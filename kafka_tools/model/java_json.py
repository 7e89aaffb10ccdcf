"""Reads JSON as Kafka's own reader does, and refuses what does not fit in its words.

Source: org.apache.kafka.server.util.Json and org.apache.kafka.server.util.json.DecodeJson, Kafka 3.9.
"""

import json
from collections.abc import Mapping
from typing import Any

from kafka_tools.errors import KafkaToolError

LIMITS = {"Integer": 2**31, "Long": 2**63}

ESCAPES = str.maketrans(
    {chr(code): f"\\u{code:04X}" for code in range(32)}
    | {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
)
"""What Jackson escapes in a text, and how: nothing beyond ASCII, and digits of control characters in capitals."""


def parsed(text: str) -> Any:
    """Return the document in a text. Raises ValueError where it is none, or is nested thousands deep."""
    try:
        # Python also takes NaN and Infinity, which Jackson refuses; `typed` lets no such number through.
        return json.loads(text)
    except RecursionError:
        raise ValueError("too many brackets within brackets") from None


def field(entry: Mapping[str, Any], name: str) -> Any:
    """Return the value of a field. Raises KafkaToolError where there is none."""
    if name not in entry:
        raise KafkaToolError(f"No such field exists: `{name}`")
    return entry[name]


def typed(value: Any, kind: type, java: str) -> Any:
    """Return a value that is of this kind, and within the limits of Java's Integer or Long. Raises KafkaToolError."""
    # To Python true is an int; to Jackson it is not.
    fits = isinstance(value, kind) and not isinstance(value, bool)
    if fits and isinstance(value, int):
        fits = -LIMITS[java] <= value < LIMITS[java]
    if not fits:
        what = java if java.startswith("JSON") else f"`{java}` value"
        raise KafkaToolError(f"Expected {what}, received {shown(value)}")
    return value


def shown(value: Any) -> str:
    """Return a value as Jackson writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def quoted(text: str) -> str:
    """Return a text as Jackson writes it, in quotation marks."""
    return f'"{text.translate(ESCAPES)}"'
