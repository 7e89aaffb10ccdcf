"""What the znodes of topics tell, one by one and in bulk, and what is said of znodes that tell nothing."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kazoo.client import KazooClient
from kazoo.security import make_acl

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import BrokerRack
from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.topics import Partition
from kafka_tools.zookeeper import znodes
from kafka_tools.zookeeper.documents import TopicDocument, encode_configs, encode_topic
from kafka_tools.zookeeper.session import connected
from kafka_tools.zookeeper.topics import ZooKeeperTopics
from tests.support.clusters import Cluster
from tests.support.znodes import BROKERS, WITH_ID, name, walk


def test_topics_are_described_as_their_znodes_say(zookeeper: Any, chroot: str, kafka39: Cluster) -> None:
    zookeeper.create(f"{chroot}/admin/delete_topics/with-id", None, makepath=True)
    zookeeper.create(f"{chroot}/config/topics/with-id", b'{"version":1,"config":{"min.insync.replicas":"2"}}')
    state = b'{"controller_epoch":1,"leader":5,"version":1,"leader_epoch":0,"isr":[5]}'
    zookeeper.create(f"{chroot}/brokers/topics/with-id/partitions/1/state", state, makepath=True)
    with connected(ZooKeeper(kafka39.zookeeper + chroot)) as client:
        topics = ZooKeeperTopics(client)
        moving, gone, marked = (*topics.describe(["reassigned", "nope"]), None, *topics.describe(["with-id"]))
        assert gone is None
        assert moving.partitions == (
            Partition(0, None, (1, 2, 5), (), adding_replicas=(5,), removing_replicas=(1,)),
            Partition(1, None, (2, 5), ()),
        )
        assert (moving.configs, moving.min_isr, moving.marked_for_deletion) == ({"retention.ms": "7"}, None, False)
        assert marked.partitions == (Partition(0, None, (1, 2), ()), Partition(1, 5, (2, 5), (5,)))
        assert (marked.topic_id, marked.min_isr, marked.marked_for_deletion) == ("2L5lQ4NGSgSmP2GPsJ8TTw", 2, True)
        default = f"{chroot}/config/brokers/<default>"
        zookeeper.create(default, b'{"version":1,"config":{"min.insync.replicas":"3"}}', makepath=True)
        assert [topic.min_isr for topic in topics.describe(["reassigned", "with-id"])] == [3, 2]
        assert topics.name_of("2L5lQ4NGSgSmP2GPsJ8TTw") in ("reassigned", "with-id")
        assert topics.name_of("AAAAAAAAAAAAAAAAAAAAAA") is None
        assert topics.brokers() == tuple(BrokerRack(broker, None) for broker in BROKERS)


COUNT = 300
"""Topics: more znodes than are asked for one by one, and more than one request."""


@pytest.fixture(params=[("kafka39", True), ("kafka28", False)], ids=["zookeeper-3.8", "zookeeper-3.5"])
def large(request: pytest.FixtureRequest) -> Iterator[tuple[str, bool]]:
    """A chroot with many topics, on a ZooKeeper that knows multiRead and on one that does not."""
    cluster: Cluster = request.getfixturevalue(request.param[0])
    client, root = KazooClient(cluster.zookeeper), f"/{name()}"
    client.start()
    for path in ("brokers/topics", "config/topics"):
        client.ensure_path(f"{root}/{path}")
    for number in range(COUNT):
        topic = TopicDocument({0: (number,), 1: (number + 1, number)})
        client.create_async(f"{root}/brokers/topics/t{number:03}", encode_topic(topic))
        state = b'{"controller_epoch":1,"leader":%d,"version":1,"leader_epoch":0,"isr":[%d]}' % (number, number)
        client.create(f"{root}/brokers/topics/t{number:03}/partitions/0/state", state, makepath=True)
        if number % 3:
            config = encode_configs({"flush.ms": str(number)})
            last = client.create_async(f"{root}/config/topics/t{number:03}", config)
    last.get(timeout=30)
    try:
        yield cluster.zookeeper + root, request.param[1]
    finally:
        client.delete(root, recursive=True)
        client.stop()
        client.close()


def test_multi_read_gives_the_same_topics_as_single_reads(
    large: tuple[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect, knows_multi_read = large
    with connected(ZooKeeper(connect)) as client:
        topics = ZooKeeperTopics(client)
        described = topics.describe([*topics.names(), "nope"])
        assert topics._znodes._multi_read is knows_multi_read
        assert len(described) == COUNT
        for number, topic in enumerate(described):
            assert topic.topic == f"t{number:03}"
            assert topic.partitions == (
                Partition(0, number, (number,), (number,)),
                Partition(1, None, (number + 1, number), ()),
            )
            assert topic.configs == ({"flush.ms": str(number)} if number % 3 else {})
        monkeypatch.setattr(znodes, "FEW", 10**6)
        assert topics.describe(topics.names()) == described


def test_a_znode_without_read_permission(kafka39: Cluster, zookeeper: Any) -> None:
    root, everybody = f"/{name()}", make_acl("world", "anyone", all=True)
    for number in range(COUNT):
        zookeeper.create(f"{root}/brokers/topics/t{number}", WITH_ID, makepath=True)
    hidden = f"{root}/brokers/topics/t7"
    zookeeper.set_acls(hidden, [make_acl("world", "anyone", admin=True)])
    with connected(ZooKeeper(kafka39.zookeeper + root)) as client:
        names = ZooKeeperTopics(client).names()
    for asked in (["t7"], names):
        with (
            pytest.raises(KafkaToolError, match="does not allow this"),
            connected(ZooKeeper(kafka39.zookeeper + root)) as client,
        ):
            ZooKeeperTopics(client).describe(asked)
    zookeeper.set_acls(hidden, [everybody])
    zookeeper.delete(root, recursive=True)


def test_a_zookeeper_that_starts_meanwhile_is_waited_for(kafka39: Cluster) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        threading.Timer(1.5, _forward, (holder, kafka39.zookeeper)).start()
        with connected(ZooKeeper(f"127.0.0.1:{holder.getsockname()[1]}", wait_seconds=30)) as client:
            assert client.exists("/brokers/ids") is not None


def _forward(holder: socket.socket, server: str) -> None:
    """Listen at last, and forward the first connection to the server and back."""
    holder.listen()
    connection, _ = holder.accept()
    host, _, port = server.partition(":")
    with connection, socket.create_connection((host, int(port))) as behind:
        back = threading.Thread(target=_copy, args=(behind, connection), daemon=True)
        back.start()
        _copy(connection, behind)
        behind.shutdown(socket.SHUT_RDWR)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(1 << 16):
        target.sendall(data)


SECRETS = {
    "config/users/alice": b'{"version":1,"config":{"SCRAM-SHA-512":"salt=hush","producer_byte_rate":"7"}}',
    "config/brokers/1": b'{"version":1,"config":{"ssl.key.password":"hush","num.io.threads":"3"}}',
    "delegation_token/tokens/id": b'{"hmac":"hush"}',
}


def test_an_export_has_every_znode_and_no_secret(kafka39: Cluster, zookeeper: Any, chroot: str, tmp_path: Path) -> None:
    for path, data in SECRETS.items():
        zookeeper.create(f"{chroot}/{path}", data, makepath=True)
    zookeeper.create(f"{chroot}/hbase", b"not Kafka's")
    file, at = tmp_path / "znodes.json", kafka39.zookeeper + chroot
    ran = kafka39.run("zookeeper", "--export", str(file), "--zookeeper", at)
    assert ran.returncode == 0, ran.stderr
    text = file.read_text()
    found = {each["path"]: each for each in json.loads(text)["znodes"]}
    there = dict(walk(zookeeper, chroot))
    assert found.keys() == there.keys() - {"/hbase"}
    assert f"Wrote {len(found)} znodes to {file}, secrets of 3 znodes left out." in ran.stdout.decode()
    assert "hush" not in text
    assert found["/brokers/topics/with-id"]["data"] == json.loads(WITH_ID)
    assert found["/brokers/topics/with-id"]["version"] == there["/brokers/topics/with-id"][1]
    assert found["/config/users/alice"]["data"]["config"]["producer_byte_rate"] == "7"
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_export_is_written_whole_or_not_at_all(kafka39: Cluster, tmp_path: Path) -> None:
    file = tmp_path / "znodes.json"
    file.write_text("before")
    assert kafka39.run("zookeeper", "--export", str(file), "--zookeeper", f"{kafka39.zookeeper}/wrong").returncode == 1
    nowhere = kafka39.run("zookeeper", "--export", str(tmp_path / "x" / "y"), "--zookeeper", kafka39.zookeeper)
    assert (nowhere.returncode, b"cannot write" in nowhere.stderr) == (1, True)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["before"]
