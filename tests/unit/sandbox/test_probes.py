"""The small requests, against a stand-in server that answers with prepared bytes."""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafka_tools.sandbox import probes
from kafka_tools.sandbox.doors import Door


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Answer one connection; yields the port and the list that takes what was asked."""
    asked: list[bytes] = []

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            asked.append(connection.recv(65536))
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], asked
        thread.join()


def framed(body: bytes) -> bytes:
    return struct.pack(">i", len(body)) + body


def string(text: bytes | None) -> bytes:
    return struct.pack(">h", -1) if text is None else struct.pack(">h", len(text)) + text


def test_metadata() -> None:
    brokers = b"".join(
        struct.pack(">i", id_) + string(b"127.0.0.1") + struct.pack(">i", 9092) + string(rack)
        for id_, rack in ((1, None), (7, b"r"))
    )
    body = struct.pack(">iii", 1, 0, 2) + brokers + string(b"cluster") + struct.pack(">ii", 7, 0)
    with answering(framed(body)) as (port, asked):
        assert probes.metadata(Door(port)) == probes.Metadata(frozenset({1, 7}), 7)
    assert asked[0][4:8] == struct.pack(">hh", 3, 7)
    assert asked[0].endswith(struct.pack(">i?", 0, False)), "no topic, nothing to create"


def test_partitions() -> None:
    def ids(*brokers: int) -> bytes:
        return struct.pack(f">i{len(brokers)}i", len(brokers), *brokers)

    partitions = b"".join(
        struct.pack(">hiii", 0, index, leader, 5) + ids(1, 2) + ids(*isr) + ids()
        for index, (leader, isr) in enumerate([(1, (1, 2)), (-1, (2,))])
    )
    topic = struct.pack(">h", 0) + string(b"t") + struct.pack(">?i", False, 2) + partitions
    body = struct.pack(">iii", 1, 0, 0) + string(b"cluster") + struct.pack(">ii", 7, 1) + topic
    with answering(framed(body)) as (port, asked):
        assert probes.partitions(Door(port)) == (probes.Replicas(1, (1, 2), (1, 2)), probes.Replicas(-1, (1, 2), (2,)))
    assert asked[0].endswith(struct.pack(">i?", -1, False)), "all topics, none created"


def test_quorum_leader() -> None:
    name = b"__cluster_metadata"
    body = struct.pack(">ibhbb", 1, 0, 0, 2, len(name) + 1) + name + struct.pack(">bihii", 2, 0, 0, 3, 5)
    with answering(framed(body)) as (port, asked):
        assert probes.quorum_leader(Door(port)) == 3
    assert asked[0][4:8] == struct.pack(">hh", 55, 0)


def test_acl_resources() -> None:
    with answering(framed(struct.pack(">iihhi", 1, 0, 0, -1, 3))) as (port, asked):
        assert probes.acl_resources(Door(port)) == 3
    assert asked[0][4:8] == struct.pack(">hh", 29, 1)
    with answering(framed(struct.pack(">iih", 1, 0, 54))) as (port, _), pytest.raises(ValueError, match="error 54"):
        probes.acl_resources(Door(port))


def test_a_refused_quorum_question() -> None:
    with answering(framed(struct.pack(">ibh", 1, 0, 35))) as (port, _), pytest.raises(ValueError, match="error 35"):
        probes.quorum_leader(Door(port))


@pytest.mark.parametrize(
    ("answer", "mode"),
    [
        (b"Zookeeper version: 3.8.4\nLatency min/avg/max: 0/0.0/0\nMode: follower\nNode count: 5\n", "follower"),
        (b"This ZooKeeper instance is not currently serving requests\n", None),
        (b"", None),
    ],
)
def test_zookeeper_mode(answer: bytes, mode: str | None) -> None:
    with answering(answer) as (port, asked):
        assert probes.zookeeper_mode(port) == mode
    assert asked == [b"srvr"]


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for question in (probes.metadata, probes.quorum_leader, probes.acl_resources):
        with pytest.raises(OSError, match="refused"):
            question(Door(port))
    with pytest.raises(OSError, match="refused"):
        probes.zookeeper_mode(port)


@settings(max_examples=40, deadline=None)
@given(
    st.binary(max_size=60),
    st.sampled_from([probes.metadata, probes.partitions, probes.quorum_leader, probes.acl_resources]),
    st.booleans(),
)
def test_any_answer_is_read_or_refused(answer: bytes, question: Callable[[Door], object], whole: bool) -> None:
    with answering(framed(answer) if whole else answer[:3]) as (port, _):
        try:
            question(Door(port))
        except (OSError, ValueError):
            return
