"""Converts config values between Kafka's numbers and human units: `7d` for milliseconds, `1GiB` for bytes.

Times are ms, s, m (or min), h, d, w. kB, MB, GB and TB count in thousands, KiB, MiB, GiB and TiB in 1024s. Capital and
small letters mean the same in a size.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError


class Kind(NamedTuple):
    """The units of some configs: their own (`base`), those a user may write, those that are shown, and their names."""

    base: str
    accepted: Mapping[str, int]
    shown: Mapping[str, int]
    names: str


_DECIMAL = {"TB": 10**12, "GB": 10**9, "MB": 10**6, "kB": 10**3}
_BINARY = {"TiB": 1 << 40, "GiB": 1 << 30, "MiB": 1 << 20, "KiB": 1 << 10}
_SIZES = {**_BINARY, **_DECIMAL}
_TIMES = {"d": 86_400_000, "h": 3_600_000, "min": 60_000, "s": 1000}

_BYTES = Kind(
    "bytes",
    {"b": 1, **{name.lower(): size for name, size in _SIZES.items()}},
    _SIZES,
    "B, kB, MB, GB, TB, KiB, MiB, GiB, TiB",
)

KINDS = {
    ".ms": Kind("ms", {**_TIMES, "ms": 1, "m": 60_000, "w": 7 * 86_400_000}, _TIMES, "ms, s, m, h, d, w"),
    ".bytes": _BYTES,
    "_byte_rate": _BYTES,
}
"""The units of a config by the end of its name: `retention.ms` counts in ms, `segment.bytes` in bytes.

Quotas such as `producer_byte_rate` count in bytes a second."""

LARGEST_COUNT = 9999
"""The largest number that is shown with a unit: 86,400,001 ms are no easier to read as 1,440 min and a bit."""


def plain(name: str, value: str) -> str:
    """Return a config's value in the config's own unit (ms, bytes); a value without a known unit stays as it is.

    Raises KafkaToolError for an ambiguous unit, a unit of the wrong kind, and a result that is not a whole number.
    """
    kind = _kind(name)
    match = re.fullmatch(r"(\d{1,19})(?:\.(\d{1,19}))? ?([A-Za-z]{1,3})", value, re.ASCII)
    if match is None or kind is None:
        return value
    whole, fraction, unit = match[1], match[2] or "", match[3] if kind.base == "ms" else match[3].lower()
    if unit in kind.accepted:
        # In whole numbers: 0.1 has no exact float, and 2**63 bytes would lose their last digits.
        number, rest = divmod(int(whole + fraction) * kind.accepted[unit], 10 ** len(fraction))
        if rest:
            raise KafkaToolError(f"{name}={value} is no whole number of {kind.base}.")
        return str(number)
    # `1G` means 1000s to a disk and 1024s to a JVM: a wrong guess is 7 % off.
    if f"{unit}ib" in kind.accepted:
        digits, letter = value.rstrip(match[3]).rstrip(), unit.upper()
        raise KafkaToolError(f"{name}={value} is ambiguous: {digits}{letter}B (1000s) or {digits}{letter}iB (1024s)?")
    if any(match[3] in other.accepted or match[3].lower() in other.accepted for other in KINDS.values()):
        raise KafkaToolError(f"{name}={value}: '{match[3]}' is no unit of {name}.", f"Its units: {kind.names}")
    return value


def human(name: str, value: str) -> str:
    """Return a config's value with the unit that gives the shortest whole number (`7 d`, `1 GiB`), else as it is."""
    kind = _kind(name)
    if kind is None or not re.fullmatch(r"[1-9]\d{0,18}", value, re.ASCII):
        return value
    number = int(value)
    # Only units that divide the number: a value is never rounded, as a user may type it back.
    counts = [(number // size, unit) for unit, size in kind.shown.items() if number % size == 0]
    count, unit = min(counts, key=lambda each: each[0], default=(LARGEST_COUNT + 1, ""))
    return f"{count} {unit}" if count <= LARGEST_COUNT else value


def size(number: int) -> str:
    """Return bytes rounded to a unit that people read: `512 B`, `1.2 GiB`. For what is only looked at."""
    for unit, least in _BINARY.items():
        if abs(number) >= least:
            return f"{number / least:,.1f} {unit}"
    return f"{number} B"


def _kind(name: str) -> Kind | None:
    return next((kind for ending, kind in KINDS.items() if name.endswith(ending)), None)


def duration(seconds: float) -> str:
    """Return a span of time in its two largest units: `2 d 3 h`, `4 min 10 s`, `0.4 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    parts: list[str] = []
    left = round(seconds)
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        number, left = divmod(left, size)
        if number or parts:
            # A unit of 0 keeps its place: `2 d 0 h 5 min` is `2 d`, and not `2 d 5 min`.
            parts.append(f"{number} {unit}" if number else "")
    return " ".join(part for part in parts[:2] if part)


def count(number: int, word: str) -> str:
    """Return a number with a noun: `1 topic`, `1,200 topics`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"
