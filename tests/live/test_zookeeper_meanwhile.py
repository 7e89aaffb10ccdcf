"""Several who change one topic in ZooKeeper, and a connection that breaks: nothing is overwritten, nothing claimed."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.topics import NewPartitions, NewTopic, TopicExistsError
from kafka_tools.zookeeper.session import connected
from kafka_tools.zookeeper.topic_changes import ZooKeeperTopicChanges
from tests.support.clusters import Cluster
from tests.support.znodes import WITH_ID, document, walk


class Meanwhile:
    """A session in which somebody else is quicker: acts before the first `times` transactions."""

    def __init__(self, client: Any, act: Callable[[], object], times: int = 1) -> None:
        self._client, self._act, self._times = client, act, times

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._client, attribute)

    def transaction(self) -> Any:
        self._times -= 1
        if self._times >= 0:
            self._act()
        return self._client.transaction()


Change = Callable[[ZooKeeperTopicChanges], object]
Quicker = Callable[..., ZooKeeperTopicChanges]


@pytest.fixture
def quicker(kafka39: Cluster, chroot: str) -> Iterator[Quicker]:
    with connected(ZooKeeper(kafka39.zookeeper + chroot)) as client:
        yield lambda *act: ZooKeeperTopicChanges(Meanwhile(client, *act))


TOPIC, CONFIG = "/brokers/topics/with-id", "/config/topics/with-id"


def test_partitions_of_a_topic_that_changed_meanwhile(zookeeper: Any, chroot: str, quicker: Quicker) -> None:
    moved = json.loads(WITH_ID) | {"topic_id": "another", "partitions": {"0": [2, 1], "1": [5, 2]}}
    changed = json.dumps(moved).encode()
    added = quicker(lambda: zookeeper.set(chroot + TOPIC, changed)).add_partitions(NewPartitions("with-id", 3))
    now = document(zookeeper, chroot + TOPIC)
    assert now["topic_id"] == "another"
    assert now["partitions"] == {"0": [2, 1], "1": [5, 2], "2": list(added[0])}


def test_partitions_that_somebody_else_added_meanwhile(
    zookeeper: Any, chroot: str, quicker: Quicker, changes: ZooKeeperTopicChanges
) -> None:
    late = quicker(lambda: changes.add_partitions(NewPartitions("with-id", 5)))
    with pytest.raises(KafkaToolError, match="Topic with-id currently has 5 partitions, 3 would not be an increase"):
        late.add_partitions(NewPartitions("with-id", 3))
    assert len(document(zookeeper, chroot + TOPIC)["partitions"]) == 5


def test_configs_that_somebody_else_set_meanwhile(
    zookeeper: Any, chroot: str, quicker: Quicker, changes: ZooKeeperTopicChanges
) -> None:
    late = quicker(lambda: changes.alter_configs("with-id", {"flush.ms": "1", "retention.ms": "1"}, []))
    late.alter_configs("with-id", {"flush.ms": "2"}, [])
    assert document(zookeeper, chroot + CONFIG)["config"] == {"flush.ms": "2", "retention.ms": "1"}
    assert len(zookeeper.get_children(f"{chroot}/config/changes")) == 2


def test_a_topic_that_somebody_else_created_meanwhile(
    zookeeper: Any, chroot: str, quicker: Quicker, changes: ZooKeeperTopicChanges
) -> None:
    late = quicker(lambda: changes.create(NewTopic("new", assignment=((1,),), configs={"flush.ms": "1"})))
    with pytest.raises(TopicExistsError):
        late.create(NewTopic("new", assignment=((2,),)))
    assert document(zookeeper, f"{chroot}/brokers/topics/new")["partitions"] == {"0": [1]}
    assert document(zookeeper, f"{chroot}/config/topics/new")["config"] == {"flush.ms": "1"}


def test_a_left_over_config_is_replaced_also_if_it_changes_meanwhile(
    zookeeper: Any, chroot: str, quicker: Quicker
) -> None:
    path = f"{chroot}/config/topics/new"
    zookeeper.create(path, b'{"version":1,"config":{"retention.ms":"1"}}')
    quicker(lambda: zookeeper.set(path, b'{"version":1,"config":{"retention.ms":"2"}}')).create(
        NewTopic("new", assignment=((1,),), configs={"flush.ms": "9"})
    )
    assert document(zookeeper, path)["config"] == {"flush.ms": "9"}


@pytest.mark.parametrize(
    "change",
    [
        lambda to: to.add_partitions(NewPartitions("with-id", 3)),
        lambda to: to.alter_configs("with-id", {"flush.ms": "2"}, []),
        lambda to: to.delete("with-id"),
    ],
)
def test_a_topic_that_was_deleted_meanwhile_stays_deleted(
    zookeeper: Any, chroot: str, quicker: Quicker, change: Change
) -> None:
    with pytest.raises(KafkaToolError, match="Topic 'with-id' does not exist as expected"):
        change(quicker(lambda: zookeeper.delete(chroot + TOPIC)))
    traces = [path for path, _ in walk(zookeeper, chroot) if "with-id" in path]
    assert traces == []
    assert not zookeeper.exists(f"{chroot}/config/changes") or not zookeeper.get_children(f"{chroot}/config/changes")


def test_a_topic_that_others_change_at_every_try(zookeeper: Any, chroot: str, quicker: Quicker) -> None:
    restless = quicker(lambda: zookeeper.set(chroot + TOPIC, WITH_ID), 99)
    with pytest.raises(KafkaToolError, match="was not altered: others changed it each time it was tried"):
        restless.add_partitions(NewPartitions("with-id", 3))
    assert zookeeper.get(chroot + TOPIC)[0] == WITH_ID


MULTI = 14
"""ZooKeeper's operation for a transaction."""


def forward_until_a_transaction(listener: socket.socket, server: tuple[str, int]) -> None:
    """Stand between one client and the server; when the server has carried out a transaction, hang up on both."""
    client, _ = listener.accept()
    with client, socket.create_connection(server) as upstream:
        hello = frame(client)
        upstream.sendall(hello)
        client.sendall(frame(upstream))
        while True:
            request = frame(client)
            upstream.sendall(request)
            answer = frame(upstream)
            if int.from_bytes(request[8:12], "big") == MULTI:
                return
            client.sendall(answer)


def frame(connection: socket.socket) -> bytes:
    """Return the next message of ZooKeeper's protocol."""
    with connection.makefile("rb", buffering=0) as stream:
        length = exactly(stream, 4)
        return length + exactly(stream, int.from_bytes(length, "big"))


def exactly(stream: Any, count: int) -> bytes:
    found = b""
    while len(found) < count:
        found += stream.read(count - len(found)) or pytest.fail("the connection ended")
    return found


def test_a_write_whose_answer_is_lost_says_that_nobody_knows(kafka39: Cluster, zookeeper: Any, chroot: str) -> None:
    host, port = kafka39.zookeeper.split(":")
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.settimeout(30)
        between = threading.Thread(target=forward_until_a_transaction, args=(listener, (host, int(port))), daemon=True)
        between.start()
        with (
            pytest.raises(KafkaToolError) as lost,
            connected(ZooKeeper(f"127.0.0.1:{listener.getsockname()[1]}{chroot}")) as c,
        ):
            ZooKeeperTopicChanges(c).create(NewTopic("new", assignment=((1,),)))
        between.join(30)
    assert "broke while topic 'new' was being created: whether that was done is not known" in lost.value.message
    assert "`ktools topics --describe --topic new` tells" in lost.value.hint
    assert zookeeper.exists(f"{chroot}/brokers/topics/new")
    assert zookeeper.exists(f"{chroot}/config/topics/new")


def test_two_add_partitions_at_the_same_time(zookeeper: Any, chroot: str, kafka39: Cluster) -> None:
    def grow(count: int) -> str:
        with connected(ZooKeeper(kafka39.zookeeper + chroot)) as client:
            try:
                ZooKeeperTopicChanges(client).add_partitions(NewPartitions("with-id", count))
            except KafkaToolError as error:
                return error.message
        return ""

    with ThreadPoolExecutor(2) as pool:
        smaller, larger = pool.map(grow, (40, 60))
    partitions = document(zookeeper, chroot + TOPIC)["partitions"]
    assert (larger, len(partitions)) == ("", 60)
    assert smaller == "" or "can only be increased. Topic with-id currently has 60 partitions, 40" in smaller
    assert (partitions["0"], partitions["1"]) == ([1, 2], [2, 5])
