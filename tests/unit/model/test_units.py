"""Human units of configs."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError
from kafka_tools.model import topic_config
from kafka_tools.model.units import duration, human, plain


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("retention.ms", "7d", "604800000"),
        ("retention.ms", "2w", "1209600000"),
        ("retention.ms", "1.5h", "5400000"),
        ("retention.ms", "30m", "1800000"),
        ("retention.ms", "30min", "1800000"),
        ("retention.ms", "90 s", "90000"),
        ("retention.ms", "5ms", "5"),
        ("segment.bytes", "1GiB", "1073741824"),
        ("segment.bytes", "1gib", "1073741824"),
        ("max.message.bytes", "2MB", "2000000"),
        ("max.message.bytes", "2kB", "2000"),
        ("max.message.bytes", "2KB", "2000"),
        ("max.message.bytes", "2KiB", "2048"),
        ("max.message.bytes", "0.5KiB", "512"),
        ("retention.bytes", "1TiB", "1099511627776"),
        ("retention.bytes", "7B", "7"),
        ("retention.ms", "-1", "-1"),
        ("retention.ms", " 7d", " 7d"),
        ("retention.ms", "604800000", "604800000"),
        ("retention.ms", "7x", "7x"),
        ("retention.ms", "1e3", "1e3"),
        ("retention.ms", "1.5", "1.5"),
        ("cleanup.policy", "7d", "7d"),
        ("flush.messages", "7kB", "7kB"),
    ],
)
def test_human_units_become_plain_numbers(name: str, value: str, expected: str) -> None:
    assert plain(name, value) == expected


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("segment.bytes", "1G", "segment.bytes=1G is ambiguous: 1GB (1000s) or 1GiB (1024s)?"),
        ("segment.bytes", "1.5 m", "segment.bytes=1.5 m is ambiguous: 1.5MB (1000s) or 1.5MiB (1024s)?"),
        ("segment.bytes", "10k", "segment.bytes=10k is ambiguous: 10KB (1000s) or 10KiB (1024s)?"),
        ("segment.bytes", "7d", "segment.bytes=7d: 'd' is no unit of segment.bytes."),
        ("retention.ms", "7GiB", "retention.ms=7GiB: 'GiB' is no unit of retention.ms."),
        ("retention.ms", "7M", "retention.ms=7M: 'M' is no unit of retention.ms."),
        ("retention.ms", "7D", "retention.ms=7D: 'D' is no unit of retention.ms."),
        ("retention.ms", "0.1ms", "retention.ms=0.1ms is no whole number of ms."),
        ("segment.bytes", "0.3B", "segment.bytes=0.3B is no whole number of bytes."),
    ],
)
def test_wrong_and_ambiguous_units_are_refused(name: str, value: str, message: str) -> None:
    with pytest.raises(KafkaToolError) as refused:
        plain(name, value)
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("retention.ms", "604800000", "7 d"),
        ("retention.ms", "86400000", "1 d"),
        ("retention.ms", "5400000", "90 min"),
        ("retention.ms", "1000", "1 s"),
        ("retention.ms", "1500", "1500"),
        ("retention.ms", "0", "0"),
        ("retention.ms", "-1", "-1"),
        ("retention.ms", "9223372036854775807", "9223372036854775807"),
        ("retention.ms", "9223372036854775000", "9223372036854775000"),
        ("retention.ms", "0604800000", "0604800000"),
        ("retention.ms", "soon", "soon"),
        ("segment.bytes", "1073741824", "1 GiB"),
        ("max.message.bytes", "1048588", "1048588"),
        ("max.message.bytes", "1000000", "1 MB"),
        ("max.message.bytes", "5000", "5 kB"),
        ("max.message.bytes", "1024000", "1000 KiB"),
        ("cleanup.policy", "1000", "1000"),
    ],
)
def test_plain_numbers_get_a_unit(name: str, value: str, expected: str) -> None:
    assert human(name, value) == expected


NAMES = st.sampled_from(sorted(topic_config.CHECKS))


@given(
    NAMES,
    st.integers(-(2**63), 2**63 - 1)
    | st.integers(0, 9999).flatmap(
        lambda count: st.sampled_from(
            [1000, 60_000, 3_600_000, 86_400_000, 1 << 10, 1 << 20, 1 << 30, 10**6, 10**9]
        ).map(lambda size: count * size)
    ),
)
def test_a_shown_value_can_be_typed_back(name: str, number: int) -> None:
    assert plain(name, human(name, str(number))) == str(number)


@given(NAMES, st.text() | st.from_regex(r"[0-9.]{1,30} ?[A-Za-z]{0,4}"))
def test_any_value_is_converted_or_refused(name: str, value: str) -> None:
    assert isinstance(human(name, value), str)
    with suppress(KafkaToolError):
        assert isinstance(plain(name, value), str)


def test_config_options_take_units() -> None:
    assert topic_config.parse(["retention.ms = 7d", "segment.bytes=1GiB", "cleanup.policy=compact"]) == {
        "retention.ms": "604800000",
        "segment.bytes": "1073741824",
        "cleanup.policy": "compact",
    }


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0.0 s"), (0.44, "0.4 s"), (59.6, "1 min"), (75, "1 min 15 s"), (3605, "1 h"), (90_000, "1 d 1 h")],
)
def test_durations_have_two_units(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown
