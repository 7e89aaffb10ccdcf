"""Orders names as Java's hash tables do.

Apache's tools print configs in the order in which a java.util.Properties or HashMap iterates them, which depends on the
hash of each name and the number of buckets. Text that is equal byte by byte needs the same order.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from kafka_tools.model.topics import TopicPartition

Key = TypeVar("Key")

MOST_OF_SMALL_SETS = 4
"""So many elements an immutable Set of Scala has before it becomes a HashSet, which is also what it prints."""

PROPERTIES_CAPACITY = 16
"""How many buckets java.util.Properties starts with."""


def hash_order(names: Iterable[str], capacity: int) -> list[str]:
    """Return `names` in the order in which a java.util.HashMap iterates them.

    The map had `capacity` buckets (a power of two) when it was empty, and was filled in the given order. A map doubles
    its buckets when it is more than three quarters full (HashMap, ConcurrentHashMap; JDK 8 and later).
    """
    return keys_in_hash_order(names, capacity, string_hash)


def partition_order(partitions: Iterable[TopicPartition]) -> list[TopicPartition]:
    """Return partitions in the order of a HashMap with keys of org.apache.kafka.common.TopicPartition (16 buckets)."""
    return keys_in_hash_order(partitions, 16, _partition_hash)


def keys_in_hash_order(keys: Iterable[Key], capacity: int, hashed: Callable[[Key], int]) -> list[Key]:
    """Return keys in the order of a HashMap, as `hash_order`; `hashed` gives their hashCode, unsigned."""
    ordered = list(keys)
    while len(ordered) > capacity * 3 // 4:
        capacity *= 2
    # Keys in one bucket stay in the order of their insertion, as sorted() is stable. (A bucket with 8 keys or more
    # becomes a tree in Java, from 64 buckets on. Names of configs do not get there.)
    return sorted(ordered, key=lambda key: _spread(hashed(key)) & (capacity - 1))


def properties_order(names: Iterable[str]) -> list[str]:
    """Return names in the order in which a java.util.Properties, or Scala 2.13's mutable.HashMap and HashSet, has them.

    Their 16 buckets double when three quarters are full, those of a HashMap when it is fuller than that.
    """
    ordered, buckets = list(names), PROPERTIES_CAPACITY
    while len(ordered) >= buckets * 3 // 4:
        buckets *= 2
    return hash_order(ordered, buckets)


def capacity_for(size: int) -> int:
    """Return how many buckets `new java.util.HashMap(size)` starts with (HashMap.tableSizeFor)."""
    return 1 << max(size - 1, 0).bit_length()


def scala_partition_order(partitions: Iterable[TopicPartition]) -> list[TopicPartition]:
    """Return partitions in the order of an immutable Set of Scala 2.13."""
    return scala_order(partitions, _partition_hash)


def scala_order(keys: Iterable[Key], hashed: Callable[[Key], int]) -> list[Key]:
    """Return keys in the order of an immutable Set of Scala 2.13; `hashed` gives their hashCode, unsigned.

    Up to four elements stand in the order of their insertion. More are a HashSet: a trie of 32 branches a node, by five
    bits of an improved hash code (scala.collection.Hashing), whose elements come before those of the nodes below.
    """
    ordered = list(dict.fromkeys(keys))
    if len(ordered) <= MOST_OF_SMALL_SETS:
        return ordered
    return _trie_order([(_improved(hashed(each)), each) for each in ordered])


def _trie_order(hashed: list[tuple[int, Key]], shift: int = 0) -> list[Key]:
    if shift > 30:  # all bits are the same
        return [each for _, each in hashed]
    branches: dict[int, list[tuple[int, Key]]] = {}
    for code, each in hashed:
        branches.setdefault(code >> shift & 31, []).append((code, each))
    in_order = [branches[bits] for bits in sorted(branches)]
    # A node of Scala's trie iterates its own elements before its children.
    alone = [branch[0][1] for branch in in_order if len(branch) == 1]
    return alone + [each for branch in in_order if len(branch) > 1 for each in _trie_order(branch, shift + 5)]


def _improved(code: int) -> int:
    code = (code + ~(code << 9)) & 0xFFFFFFFF
    code ^= code >> 14
    code = (code + (code << 4)) & 0xFFFFFFFF
    return code ^ code >> 10


def copied_capacity(size: int) -> int:
    """Return how many buckets a java.util.HashSet has that is made of a collection of so many."""
    return capacity_for(max(size * 4 // 3 + 1, 16))


def _partition_hash(each: TopicPartition) -> int:
    return (31 * (31 + each.partition) + string_hash(each.topic)) & 0xFFFFFFFF


def _spread(value: int) -> int:
    """Return java.util.HashMap.hash: the upper 16 bits have a say in the bucket, too."""
    return value ^ (value >> 16)


def string_hash(text: str) -> int:
    """Return java.lang.String.hashCode, which counts in UTF-16 code units, as an unsigned number of 32 bits."""
    value = 0
    for unit in memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H"):
        value = (31 * value + unit) & 0xFFFFFFFF
    return value
