"""The orders Java's hash tables give to names: Apache's text follows them, so byte equality needs them."""

from collections.abc import Iterable

PROPERTIES_CAPACITY = 16
"""How many buckets java.util.Properties starts with."""


def hash_order(names: Iterable[str], capacity: int) -> list[str]:
    """Return `names` as a java.util.HashMap iterates them that was filled in this order and grew from `capacity`
    buckets.

    A table doubles when it is more than three quarters full (java.util.HashMap, ConcurrentHashMap; JDK 8 and later).
    """
    ordered = list(names)
    while len(ordered) > capacity * 3 // 4:
        capacity *= 2
    return sorted(ordered, key=lambda name: _spread(name) & (capacity - 1))


def _spread(text: str) -> int:
    value = _string_hash(text)
    return value ^ (value >> 16)


def _string_hash(text: str) -> int:
    """Return java.lang.String.hashCode as an unsigned number of 32 bits."""
    value = 0
    for unit in memoryview(text.encode("utf-16-le")).cast("H"):
        value = (31 * value + unit) & 0xFFFFFFFF
    return value
