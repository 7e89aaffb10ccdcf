"""Questions to one server, written by hand: is it there, whom does it know, who leads.

Kafka's layouts: Metadata v7 (key 3; 2.8 to 4.x answer it), DescribeAcls v1 (key 29) and DescribeQuorum v0 (key 55;
KRaft) of the published message schemas. ZooKeeper's: the four letter words of its administrator's guide. Each function
raises OSError or ValueError when there is no such answer.
"""

import socket
import struct
from dataclasses import dataclass

from kafka_tools.sandbox.doors import TIMEOUT_SECONDS, Door, ask, authenticate, connected, header, opened
from kafka_tools.sandbox.state import HOST

METADATA, DESCRIBE_ACLS, DESCRIBE_QUORUM = 3, 29, 55
ALL_TOPICS = -1
ANY = 1


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a broker knows: the ids of the live brokers, and the controller's id (in KRaft mode any broker's)."""

    brokers: frozenset[int]
    controller: int


@dataclass(frozen=True, slots=True)
class Replicas:
    """The broker ids of one partition; `leader` is -1 while there is none."""

    leader: int
    replicas: tuple[int, ...]
    isr: tuple[int, ...]


def metadata(door: Door) -> Metadata:
    """Ask the broker behind `door` whom it knows; no topic is asked for, so none can be created."""
    return _brokers(_metadata(door, topics=0))


def partitions(door: Door) -> tuple[Replicas, ...]:
    """Ask the broker behind `door` for the partitions of all topics."""
    answer = _metadata(door, topics=ALL_TOPICS)
    _brokers(answer)
    found: list[Replicas] = []
    for _ in range(answer.number(">i")):
        answer.skip(2)  # error
        answer.skip_string()  # name
        answer.skip(1)  # internal or not
        found += [_replicas(answer) for _ in range(answer.number(">i"))]
    return tuple(found)


def _metadata(door: Door, topics: int) -> "_Reader":
    body = struct.pack(">i?", topics, False)
    answer = _Reader(_ask(door, header(METADATA, 7) + body))
    answer.skip(4 + 4)  # correlation id, throttle time
    return answer


def _brokers(answer: "_Reader") -> Metadata:
    brokers = frozenset(_broker_id(answer) for _ in range(answer.number(">i")))
    answer.skip_string()  # cluster id
    return Metadata(brokers, answer.number(">i"))


def _replicas(answer: "_Reader") -> Replicas:
    answer.skip(2 + 4)  # error, index
    leader = answer.number(">i")
    answer.skip(4)  # leader epoch
    replicas, isr = answer.numbers(), answer.numbers()
    answer.numbers()  # offline replicas
    return Replicas(leader, replicas, isr)


def quorum_leader(door: Door) -> int:
    """Ask the KRaft broker behind `door` for the id of the active controller; -1 while there is none."""
    topic = b"\x02" + _compact(b"__cluster_metadata") + b"\x02" + struct.pack(">i", 0) + b"\0" + b"\0"
    answer = _Reader(_ask(door, header(DESCRIBE_QUORUM, 0) + b"\0" + topic + b"\0"))
    answer.skip(4 + 1)  # correlation id, tagged fields
    error = answer.number(">h")
    if error:
        raise ValueError(f"DescribeQuorum answered error {error}")
    answer.skip(1)  # one topic
    answer.skip(answer.number(">B") - 1)  # its name
    answer.skip(1 + 4)  # one partition, its index
    error = answer.number(">h")
    if error:
        raise ValueError(f"DescribeQuorum answered error {error} for the partition")
    return answer.number(">i")


def acl_resources(door: Door) -> int:
    """Ask the broker behind `door` on how many resource patterns it knows ACLs."""
    anything = struct.pack(">bhbhhbb", ANY, -1, ANY, -1, -1, ANY, ANY)
    answer = _Reader(_ask(door, header(DESCRIBE_ACLS, 1) + anything))
    answer.skip(4 + 4)  # correlation id, throttle time
    error = answer.number(">h")
    if error:
        raise ValueError(f"DescribeAcls answered error {error}")
    answer.skip_string()  # error message
    return answer.number(">i")


def knows_scram_user(door: Door, mechanism: str, user: str) -> bool:
    """Say whether the broker behind `door` would let the user log in by SCRAM (RFC 5802): its first answer tells."""
    with connected(door) as connection:
        return authenticate(connection, mechanism, f"n,,n={user},r=ktools".encode()) == 0


def four_letter_word(port: int, word: str) -> str:
    """Return what the ZooKeeper server on `port` answers to `ruok`, `srvr`, `dump`, …"""
    with socket.create_connection((HOST, port), TIMEOUT_SECONDS) as connection:
        connection.sendall(word.encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode(errors="replace")


def zookeeper_mode(port: int) -> str | None:
    """Return "leader", "follower" or "standalone"; None while the ZooKeeper server on `port` has no quorum."""
    for line in four_letter_word(port, "srvr").splitlines():
        key, _, value = line.partition(": ")
        if key == "Mode":
            return value
    return None


class _Reader:
    """Reads a Kafka answer field by field."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._position = 0

    def number(self, layout: str) -> int:
        try:
            (value,) = struct.unpack_from(layout, self._answer, self._position)
        except struct.error as error:
            raise ValueError("the answer is too short") from error
        self._position += struct.calcsize(layout)
        return int(value)

    def numbers(self) -> tuple[int, ...]:
        return tuple(self.number(">i") for _ in range(self.number(">i")))

    def skip(self, size: int) -> None:
        self._position += size

    def skip_string(self) -> None:
        self.skip(max(0, self.number(">h")))


def _broker_id(answer: _Reader) -> int:
    found = answer.number(">i")
    answer.skip_string()  # host
    answer.skip(4)  # port
    answer.skip_string()  # rack
    return found


def _ask(door: Door, request: bytes) -> bytes:
    with opened(door) as connection:
        return ask(connection, request)


def _compact(value: bytes) -> bytes:
    """Encode a compact string shorter than 127 bytes, whose length takes one byte."""
    return bytes([len(value) + 1]) + value
