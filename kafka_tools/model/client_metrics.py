"""Client metrics resources: which clients send which of their metrics to the brokers, and how often (KIP-714).

Source: org.apache.kafka.server.metrics.ClientMetricsConfigs and org.apache.kafka.tools.ClientMetricsCommand, Kafka 4.4.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from uuid import uuid4

from kafka_tools.errors import UsageError
from kafka_tools.model.units import plain

INTERVAL, MATCH, METRICS = NAMES = ("interval.ms", "match", "metrics")
"""The configs of such a resource: how often in ms, `selector=pattern,…` of clients, prefixes of metrics' names."""

SELECTORS = (
    "client_id",
    "client_instance_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
)
"""What of a client a pattern may be compared with."""

INT_MAX = 2**31 - 1


def generated_name() -> str:
    """Return a new name as org.apache.kafka.common.Uuid makes and writes it: no option's name begins like that."""
    while (name := urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return name


def interval(text: str) -> str:
    """Read an interval in ms or with a unit (`30s`); "" stands for the default. Raises UsageError in Kafka's words."""
    value = plain(INTERVAL, text.strip())
    # Ten digits at most: no int of Java's has more, and Python's int() would refuse thousands of them in other words.
    if value and not (re.fullmatch(r"[+-]?\d{1,10}", value, re.ASCII) and abs(int(value)) <= INT_MAX):
        raise UsageError("Invalid interval value. Enter an integer, or leave empty to reset.")
    return value


def joined(texts: Sequence[str]) -> str:
    """Return the values of a repeated option with commas, as joptsimple splits them: without empty ones between."""
    # A text of commas alone is kept as it is: it is the value that somebody gave.
    parts = [[word for word in text.split(",") if word] or [text] for text in texts]
    return ",".join(word for words in parts for word in words)


def listed(value: str | None) -> tuple[str, ...]:
    """Return the parts of a config that is a list."""
    return tuple(word.strip() for word in (value or "").split(",") if word.strip())
