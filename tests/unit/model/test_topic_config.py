"""Topic configs: names, values and messages as LogConfig of Kafka 3.9.1 has them (recorded from its jar)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topic_config import CHECKS, check, parse, words_of


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cleanup.policy", ""),
        ("cleanup.policy", "compact,delete"),
        ("cleanup.policy", "compact , delete"),
        ("retention.ms", "-1"),
        ("retention.ms", " 5 "),
        ("retention.ms", "+5"),
        ("retention.bytes", "-9223372036854775808"),
        ("unclean.leader.election.enable", "TRUE"),
        ("leader.replication.throttled.replicas", "*"),
        ("leader.replication.throttled.replicas", "0:1,1:2"),
        ("min.cleanable.dirty.ratio", "1e-1"),
        ("message.format.version", "2.8-IV1"),
        ("compression.gzip.level", "-1"),
        ("compression.type", "producer"),
    ],
)
def test_valid_values_are_accepted(name: str, value: str) -> None:
    check({name: value})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("nope", "1", "Unknown topic config name: nope"),
        ("retention.ms", "abc", "Invalid value abc for configuration retention.ms: Not a number of type LONG"),
        ("retention.ms", "1e3", "Invalid value 1e3 for configuration retention.ms: Not a number of type LONG"),
        ("retention.ms", "-2", "Invalid value -2 for configuration retention.ms: Value must be at least -1"),
        ("segment.bytes", "0", "Invalid value 0 for configuration segment.bytes: Value must be at least 14"),
        (
            "segment.bytes",
            "99999999999",
            "Invalid value 99999999999 for configuration segment.bytes: Not a number of type INT",
        ),
        (
            "cleanup.policy",
            "compact, foo",
            "Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete",
        ),
        (
            "compression.type",
            "x",
            "Invalid value x for configuration compression.type: "
            "String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer",
        ),
        (
            "min.cleanable.dirty.ratio",
            "2",
            "Invalid value 2.0 for configuration min.cleanable.dirty.ratio: Value must be no more than 1",
        ),
        (
            "min.cleanable.dirty.ratio",
            "x",
            "Invalid value x for configuration min.cleanable.dirty.ratio: Not a number of type DOUBLE",
        ),
        (
            "preallocate",
            "maybe",
            "Invalid value maybe for configuration preallocate: Expected value to be either true or false",
        ),
        (
            "message.format.version",
            "9.9",
            "Invalid value 9.9 for configuration message.format.version: Version 9.9 is not a valid version",
        ),
        (
            "leader.replication.throttled.replicas",
            "1",
            "Invalid value [1] for configuration leader.replication.throttled.replicas: "
            "leader.replication.throttled.replicas must be the literal '*' or a list of replicas in the following "
            "format: [partitionId]:[brokerId],[partitionId]:[brokerId],...",
        ),
        (
            "compression.gzip.level",
            "0",
            "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
        ),
        (
            "compression.lz4.level",
            "99",
            "Invalid value 99 for configuration compression.lz4.level: Value must be no more than 17",
        ),
    ],
)
def test_invalid_values_are_refused_in_kafkas_words(name: str, value: str, message: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        check({name: value})
    assert refused.value.message == message


def test_two_configs_that_contradict_each_other() -> None:
    with pytest.raises(KafkaToolError) as refused:
        check({"min.compaction.lag.ms": "10", "max.compaction.lag.ms": "5"})
    assert refused.value.message == (
        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)"
    )


@given(st.sampled_from(sorted(CHECKS)), st.text(max_size=12))
def test_any_value_is_accepted_or_refused(name: str, value: str) -> None:
    with suppress(KafkaToolError):
        check({name: value})


def test_the_last_config_of_a_name_counts() -> None:
    assert parse(["retention.ms=1", "cleanup.policy = compact", "retention.ms=2"]) == {
        "retention.ms": "2",
        "cleanup.policy": "compact",
    }


@pytest.mark.parametrize("setting", ["foo", "retention.ms=", "retention.ms=1=2", ""])
def test_invalid_config_options_are_refused(setting: str) -> None:
    with pytest.raises(KafkaToolError, match='must be in the format "key=val"'):
        parse([setting])


@pytest.mark.parametrize("name", CHECKS)
def test_the_words_offered_for_a_config_are_accepted(name: str) -> None:
    for word in words_of(name):
        check({name: word})
    assert (words_of(name) != ()) is (name in WITH_WORDS)


WITH_WORDS = {
    "cleanup.policy",
    "compression.type",
    "message.downconversion.enable",
    "message.timestamp.type",
    "preallocate",
    "remote.log.copy.disable",
    "remote.log.delete.on.disable",
    "remote.storage.enable",
    "unclean.leader.election.enable",
}
