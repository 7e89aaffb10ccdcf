"""Which offset of a partition a time stands for, and which partitions are meant."""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topic_names import matching
from kafka_tools.model.topics import TopicPartition

LATEST, EARLIEST, MAX_TIMESTAMP, EARLIEST_LOCAL, LATEST_TIERED, EARLIEST_PENDING_UPLOAD = range(-1, -7, -1)
TIMES: Mapping[str, int] = {
    "latest": LATEST,
    "earliest": EARLIEST,
    "max-timestamp": MAX_TIMESTAMP,
    "earliest-local": EARLIEST_LOCAL,
    "latest-tiered": LATEST_TIERED,
    "earliest-pending-upload": EARLIEST_PENDING_UPLOAD,
}
"""Words for offsets that no timestamp names, and the numbers that stand for them in a ListOffsets request
(org.apache.kafka.common.requests.ListOffsetsRequest 4.3; KIP-405, KIP-734, KIP-1005, KIP-1023)."""

# `TOPIC`, `TOPIC:5`, `TOPIC:2-5`, `TOPIC:2-`, `TOPIC:-5`, `:5`: the topic is a pattern, nothing means any.
RULE = re.compile(r"([^:,]*)(?::(?:([0-9]*)|(?:([0-9]*)-([0-9]*))))?")
"""One rule of --topic-partitions (GetOffsetShell 3.9)."""

ALL_PARTITIONS = range(2**31)
LONG_LIMIT = 2**63


class Offset(NamedTuple):
    """An offset in a partition, and the timestamp (ms) of its record where a response names it.

    `offset` is None where no record fits what was asked for: an empty partition has no newest timestamp.
    """

    offset: int | None
    timestamp: int | None


class PartitionRule(NamedTuple):
    """Partitions whose topic the pattern matches as a whole (None: any) and whose number is in `numbers`."""

    pattern: str | None
    numbers: Collection[int]


def parse_time(text: str) -> int:
    """Return the timestamp in ms, or the negative number that stands for a word. Raises KafkaToolError as 3.9 does."""
    word = TIMES.get(text)
    if word is not None:
        return word
    # A long of Java's; other negative numbers than those of TIMES are sent, too, and answered by the broker.
    if re.fullmatch(r"[+-]?[0-9]{1,19}", text) and -LONG_LIMIT <= int(text) < LONG_LIMIT:
        return int(text)
    raise KafkaToolError(
        f"Malformed time argument {text}. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / "
        "-4 or earliest-local / -5 or latest-tiered, or a specified long format timestamp"
    )


def parse_partitions(text: str) -> frozenset[int]:
    """Return the partitions in a list `0,2,5`. Raises KafkaToolError in Apache's words."""
    words = text.split(",")
    if not all(re.fullmatch(r"[+-]?[0-9]{1,10}", word) for word in words):
        raise KafkaToolError(
            f"--partitions expects a comma separated list of numeric partition ids, but received: {text}"
        )
    return frozenset(map(int, words))


def parse_rules(text: str) -> tuple[PartitionRule, ...]:
    """Return the rules in `orders:0-3,pay.*:5-,:7`: ranges end before their upper number, what is left out is all.

    Raises KafkaToolError for anything else.
    """
    return tuple(map(_rule, text.split(",")))


def parse_offset_file(text: str) -> dict[TopicPartition, int]:
    """Return the offset of each partition in the JSON of kafka-delete-records.sh.

    `{"partitions": [{"topic": "t", "partition": 0, "offset": 5}], "version": 1}`; the version may be left out. Raises
    KafkaToolError in the words of DeleteRecordsCommand (3.9) and of its reader of JSON.
    """
    from kafka_tools.model.java_json import field, parsed, shown, typed

    try:
        document = parsed(text) if text.strip() else None
    except ValueError:
        raise KafkaToolError("The input string is not a valid JSON") from None
    if not isinstance(document, dict):
        raise KafkaToolError(f"Expected JSON object, received {shown(document) if text.strip() else ''}")
    version = typed(document.get("version", 1), int, "Integer")
    if version != 1:
        raise KafkaToolError(f"Not supported version field value {version}")
    if "partitions" not in document:
        raise KafkaToolError("Missing partitions field")
    found: dict[TopicPartition, int] = {}
    twice = []
    for each in typed(document["partitions"], list, "JSON array"):
        entry = typed(each, dict, "JSON object")
        topic, partition, offset = (
            typed(field(entry, name), kind, java)
            for name, kind, java in (("topic", str, "String"), ("partition", int, "Integer"), ("offset", int, "Long"))
        )
        key = TopicPartition(topic, partition)
        # Duplicates are told when all is read: a field of a wrong type comes first, as in Apache's tool.
        if key in found:
            twice.append(f"{topic}-{partition}")
        found[key] = offset
    if twice:
        raise KafkaToolError(f"Offset json file contains duplicate topic partitions: {','.join(dict.fromkeys(twice))}")
    return found


def chosen(
    found: Mapping[str, Collection[int]], rules: Collection[PartitionRule], exclude_internal: bool
) -> list[TopicPartition]:
    """Return the partitions that a rule takes, sorted. `found` are the partitions of each topic.

    Raises KafkaToolError for a pattern that is none.
    """
    names = sorted(found)
    # A set: several rules may take the same partition, which is asked for once.
    kept: set[TopicPartition] = set()
    for rule in rules:
        for topic in matching(names, rule.pattern, exclude_internal):
            kept.update(TopicPartition(topic, number) for number in found[topic] if number in rule.numbers)
    return sorted(kept)


def _rule(text: str) -> PartitionRule:
    parts = RULE.fullmatch(text)
    if parts is None:
        raise KafkaToolError(f"Invalid rule specification: {text}")
    topic, single, lower, upper = parts.groups()
    # "" is no number of a partition: `orders:` means all of them.
    if single:
        return PartitionRule(topic or None, (int(single),))
    return PartitionRule(topic or None, range(int(lower or 0), int(upper or ALL_PARTITIONS.stop)))
