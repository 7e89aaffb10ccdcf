"""Checks the configs of topics as a broker does (org.apache.kafka.storage.internals.log.LogConfig, Kafka 3.9).

Through ZooKeeper no broker checks a config before it is written, so the client has to.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.java_numbers import parse_double
from kafka_tools.model.text import is_sendable
from kafka_tools.model.units import plain

SHORT, INT, LONG = 16, 32, 64
BITS = {SHORT: "SHORT", INT: "INT", LONG: "LONG"}


class Number(NamedTuple):
    """A number between two bounds: a whole number of `bits` bits, or a double where `bits` is None.

    `or_else` is one more value that is allowed outside the bounds.
    """

    bits: int | None
    least: int | None = None
    most: int | None = None
    or_else: int | None = None

    def check(self, name: str, value: str) -> None:
        """Check the value of a config. Raises KafkaToolError in the words of Kafka's ConfigDef."""
        number = self._parse(name, value.strip())
        # compression.gzip.level alone has a value outside its range (-1, the library's default), and words for that.
        if self.or_else is not None:
            if number != self.or_else and not (self.least or 0) <= number <= (self.most or 0):
                raise _invalid(
                    name, number, f"Value must be between {self.least} and {self.most} or equal to {self.or_else}"
                )
            return
        if self.least is not None and number < self.least:
            raise _invalid(name, number, f"Value must be at least {self.least}")
        if self.most is not None and number > self.most:
            raise _invalid(name, number, f"Value must be no more than {self.most}")

    def _parse(self, name: str, value: str) -> int | float:
        if self.bits is None:
            if (found := parse_double(value)) is not None:
                return found
            raise _invalid(name, value, "Not a number of type DOUBLE")
        # Java's parseInt and parseLong: a sign and digits. Python's int() takes blanks, `_` and other scripts, too.
        limit = 1 << (self.bits - 1)
        if re.fullmatch(r"[+-]?\d+", value, re.ASCII) and -limit <= int(value) < limit:
            return int(value)
        raise _invalid(name, value, f"Not a number of type {BITS[self.bits]}")


class Words(NamedTuple):
    """One of a few words, or with `a_list` a list of them separated by commas."""

    allowed: tuple[str, ...]
    a_list: bool = False

    def check(self, name: str, value: str) -> None:
        """Check that every word is allowed. Raises KafkaToolError in the words of Kafka's ConfigDef."""
        # An empty list is valid (ConfigDef.ValidList, 3.9).
        for word in re.split(r"\s*,\s*", value.strip()) if self.a_list else [value]:
            if word not in self.allowed and not (self.a_list and not value.strip()):
                raise _invalid(name, word, f"String must be one of: {', '.join(self.allowed)}")


def boolean(name: str, value: str) -> None:
    """Check that a value is true or false. Raises KafkaToolError in the words of Kafka's ConfigDef."""
    if value.strip().lower() not in ("true", "false"):
        raise _invalid(name, value, "Expected value to be either true or false")


def _throttled_replicas(name: str, value: str) -> None:
    if value.strip() not in ("", "*") and not re.fullmatch(r"\d+:\d+(\s*,\s*\d+:\d+)*", value.strip(), re.ASCII):
        entries = ", ".join(re.split(r"\s*,\s*", value.strip()))
        raise _invalid(
            name,
            f"[{entries}]",
            f"{name} must be the literal '*' or a list of replicas in the following format: "
            "[partitionId]:[brokerId],[partitionId]:[brokerId],...",
        )


def _message_format_version(name: str, value: str) -> None:
    if not re.fullmatch(r"(0\.(8|9|10|11)|[1-4])(\.\d+){0,2}(-IV\d+)?", value, re.ASCII):
        raise _invalid(name, value, f"Version {value} is not a valid version")


def _invalid(name: str, value: object, reason: str) -> KafkaToolError:
    return KafkaToolError(f"Invalid value {value} for configuration {name}: {reason}")


CHECKS: Mapping[str, Callable[[str, str], None]] = {
    "cleanup.policy": Words(("compact", "delete"), a_list=True).check,
    "compression.gzip.level": Number(INT, 1, 9, or_else=-1).check,
    "compression.lz4.level": Number(INT, 1, 17).check,
    "compression.type": Words(("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")).check,
    "compression.zstd.level": Number(INT, -131072, 22).check,
    "delete.retention.ms": Number(LONG, 0).check,
    "file.delete.delay.ms": Number(LONG, 0).check,
    "flush.messages": Number(LONG, 1).check,
    "flush.ms": Number(LONG, 0).check,
    "follower.replication.throttled.replicas": _throttled_replicas,
    "index.interval.bytes": Number(INT, 0).check,
    "leader.replication.throttled.replicas": _throttled_replicas,
    "local.retention.bytes": Number(LONG, -2).check,
    "local.retention.ms": Number(LONG, -2).check,
    "max.compaction.lag.ms": Number(LONG, 1).check,
    "max.message.bytes": Number(INT, 0).check,
    "message.downconversion.enable": boolean,
    "message.format.version": _message_format_version,
    "message.timestamp.after.max.ms": Number(LONG, 0).check,
    "message.timestamp.before.max.ms": Number(LONG, 0).check,
    "message.timestamp.difference.max.ms": Number(LONG, 0).check,
    "message.timestamp.type": Words(("CreateTime", "LogAppendTime")).check,
    "min.cleanable.dirty.ratio": Number(None, 0, 1).check,
    "min.compaction.lag.ms": Number(LONG, 0).check,
    "min.insync.replicas": Number(INT, 1).check,
    "preallocate": boolean,
    "remote.log.copy.disable": boolean,
    "remote.log.delete.on.disable": boolean,
    "remote.storage.enable": boolean,
    "retention.bytes": Number(LONG).check,
    "retention.ms": Number(LONG, -1).check,
    "segment.bytes": Number(INT, 14).check,
    "segment.index.bytes": Number(INT, 4).check,
    "segment.jitter.ms": Number(LONG, 0).check,
    "segment.ms": Number(LONG, 1).check,
    "unclean.leader.election.enable": boolean,
}
"""The check of each config, called with its name and value. Source: LogConfig.configDefCopy, Kafka 3.9.1."""


def words_of(name: str) -> tuple[str, ...]:
    """Return the words that a config's value may be, for completion; no words for a number or a free text."""
    check = CHECKS.get(name)
    kind = getattr(check, "__self__", None)
    if isinstance(kind, Words):
        return kind.allowed
    return ("true", "false") if check is boolean else ()


SINCE_3_6 = frozenset(
    {
        "compression.gzip.level",
        "compression.lz4.level",
        "compression.zstd.level",
        "message.timestamp.after.max.ms",
        "message.timestamp.before.max.ms",
        "remote.log.copy.disable",
        "remote.log.delete.on.disable",
    }
)
"""Configs that came with Kafka 3.6 (KIP-937), 3.8 (KIP-390) and 3.9 (KIP-950)."""

MAX_COMPACTION_LAG_MS = (1 << 63) - 1
"""The default of max.compaction.lag.ms."""


def check(configs: Mapping[str, str]) -> None:
    """Check that every config exists and accepts its value.

    Raises KafkaToolError in Kafka's words. Source: LogConfig.validate.
    """
    check_names(configs)
    # Sorted, so that of two wrong values the same one is told each time. Kafka's order is that of a hash table.
    for name in sorted(configs):
        CHECKS[name](name, configs[name])
    # The only check that looks at two configs (LogConfig.validateValues). Both are known to be numbers here.
    lag = int(configs.get("min.compaction.lag.ms", 0))
    longest = int(configs.get("max.compaction.lag.ms", MAX_COMPACTION_LAG_MS))
    if lag > longest:
        raise KafkaToolError(
            f"conflict topic config setting min.compaction.lag.ms ({lag}) > max.compaction.lag.ms ({longest})"
        )


def check_names(names: Iterable[str]) -> None:
    """Check that every config exists. Raises KafkaToolError in Kafka's words. Source: LogConfig.validateNames."""
    for name in names:
        if name not in CHECKS:
            raise KafkaToolError(f"Unknown topic config name: {name}")


def parse(settings: Iterable[str]) -> dict[str, str]:
    """Parse the values of --config options; where a name comes twice, the last one counts.

    Values may have human units (`retention.ms=7d`); the result has plain numbers. Raises KafkaToolError in Kafka's
    words. Source: TopicCommand.parseTopicConfigsToBeAdded.
    """
    configs: dict[str, str] = {}
    for setting in settings:
        if not is_sendable(setting):  # confluent-kafka 2.16 dies of a name that is none (SIGSEGV)
            raise KafkaToolError(f"--config: '{setting}' is not UTF-8 text.")
        parts = re.split(r"\s*=\s*", setting)
        # `a=b=c` is refused, as Kafka's tool refuses it.
        if len(parts) != 2 or not parts[1]:
            # "requirement failed" is how Scala's require() begins its message.
            raise KafkaToolError(
                'requirement failed: Invalid topic config: all configs to be added must be in the format "key=val".'
            )
        name = parts[0].strip()
        configs[name] = plain(name, parts[1].strip())
    return configs
