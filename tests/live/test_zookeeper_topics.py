"""Topics changed in a real ZooKeeper: znodes as Kafka 2.8.2 writes them, refusals in its words, brokers that act."""

import json
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from confluent_kafka.admin import ConfigResource

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.topics import NewPartitions, NewTopic, TopicExistsError, TopicMarkedForDeletionError
from kafka_tools.zookeeper.session import connected
from kafka_tools.zookeeper.topic_changes import ZooKeeperTopicChanges
from kafka_tools.zookeeper.topics import ZooKeeperTopics
from tests.support.clusters import Cluster
from tests.support.java import java_tool
from tests.support.znodes import BROKERS, WITH_ID, a_cluster_of_znodes, document, name, walk

CONFIGS = {
    "segment.ms": "100000",
    "retention.ms": "5",
    "cleanup.policy": "compact,delete",
    "flush.ms": "9",
    "flush.messages": "5",
    "max.message.bytes": "1000",
    "min.compaction.lag.ms": "10",
    "preallocate": "true",
    "index.interval.bytes": "5",
    "segment.jitter.ms": "7",
    "segment.index.bytes": "1000",
}


Change = Callable[[ZooKeeperTopicChanges], object]


def lists(count: int) -> tuple[tuple[int, ...], ...]:
    return tuple((BROKERS[partition % 3], BROKERS[(partition + 1) % 3]) for partition in range(count))


def text(count: int) -> str:
    return ",".join(":".join(map(str, replicas)) for replicas in lists(count))


SETTINGS = [f"--config={config}={value}" for config, value in CONFIGS.items()]
STEPS: list[tuple[list[str], Change]] = [
    (
        ["--create", "--topic", "few", "--replica-assignment", text(3), *SETTINGS[:3]],
        lambda to: to.create(NewTopic("few", assignment=lists(3), configs=dict(list(CONFIGS.items())[:3]))),
    ),
    (
        ["--create", "--topic", "many", "--replica-assignment", text(24), *SETTINGS],
        lambda to: to.create(NewTopic("many", assignment=lists(24), configs=CONFIGS)),
    ),
    (
        ["--alter", "--topic", "few", "--partitions", "12"],
        lambda to: to.add_partitions(NewPartitions("few", 12)),
    ),
    (
        ["--alter", "--topic", "many", "--partitions", "111", "--replica-assignment", text(111)],
        lambda to: to.add_partitions(NewPartitions("many", 111, lists(111)[24:])),
    ),
    (
        ["--alter", "--topic", "with-id", "--partitions", "4", "--config", "flush.ms=3"],
        lambda to: (
            to.alter_configs("with-id", {"flush.ms": "3"}, []),
            to.add_partitions(NewPartitions("with-id", 4)),
        ),
    ),
    (
        ["--alter", "--topic", "few", "--delete-config", "retention.ms", "--config", "flush.ms=8"],
        lambda to: to.alter_configs("few", {"flush.ms": "8"}, ["retention.ms"]),
    ),
    (
        ["--alter", "--topic", "reassigned", "--delete-config", "retention.ms", "--config", "retention.ms=8"],
        lambda to: to.alter_configs("reassigned", {"retention.ms": "8"}, ["retention.ms"]),
    ),
    (["--delete", "--topic", "many"], lambda to: to.delete("many")),
]
"""Kafka 2.8's options and the same change of ours."""


def test_znodes_are_those_of_kafka_2_8(kafka39: Cluster, zookeeper: Any) -> None:
    with (
        a_cluster_of_znodes(zookeeper) as theirs,
        a_cluster_of_znodes(zookeeper) as ours,
        connected(ZooKeeper(kafka39.zookeeper + ours)) as client,
    ):
        for argv, change in STEPS:
            change(ZooKeeperTopicChanges(client))
            there = ("--zookeeper", kafka39.zookeeper + theirs)
            java_tool("2.8.2", (), "kafka.admin.TopicCommand", *there, *argv).check_returncode()
            assert dict(walk(zookeeper, ours)) == dict(walk(zookeeper, theirs)), argv


REFUSED: list[tuple[Change, str]] = [
    (lambda to: to.create(NewTopic("with-id", 1, 1)), "Topic 'with-id' already exists."),
    (lambda to: to.create(NewTopic("with.id_", 1, 4)), "Replication factor: 4 larger than available brokers: 3."),
    (lambda to: to.create(NewTopic("__consumer.offsets", 1, 1)), "collides with existing topics: __consumer_offsets"),
    (lambda to: to.create(NewTopic("gone", 1, 1)), "Topic 'gone' is still being deleted."),
    (lambda to: to.create(NewTopic("new", 1, 1, configs={"nope": "1"})), "Unknown topic config name: nope"),
    (
        lambda to: to.add_partitions(NewPartitions("with-id", 2)),
        "The number of partitions for a topic can only be increased. Topic with-id currently has 2 partitions, "
        "2 would not be an increase.",
    ),
    (
        lambda to: to.add_partitions(NewPartitions("with-id", 0)),
        "Topic with-id currently has 2 partitions, 0 would not be an increase.",
    ),
    (
        lambda to: to.add_partitions(NewPartitions("__consumer_offsets", 9)),
        "The number of partitions for the internal topic __consumer_offsets cannot be changed.",
    ),
    (lambda to: to.add_partitions(NewPartitions("nope", 9)), "Topic 'nope' does not exist as expected"),
    (
        lambda to: to.add_partitions(NewPartitions("reassigned", 9)),
        "A partition reassignment is in progress for the topic 'reassigned'.",
    ),
    (
        lambda to: to.add_partitions(NewPartitions("to-reassign", 9)),
        "A partition reassignment is in progress for the topic 'to-reassign'.",
    ),
    (lambda to: to.add_partitions(NewPartitions("marked", 9)), "Topic 'marked' is marked for deletion"),
    (lambda to: to.add_partitions(NewPartitions("holes", 9)), "partition id 1 is missing."),
    (
        lambda to: to.add_partitions(NewPartitions("with-id", 4, ((1, 2),))),
        "Increasing the number of partitions by 2 but 1 assignments provided.",
    ),
    (
        lambda to: to.add_partitions(NewPartitions("with-id", 3, ((1, 9),))),
        "Some brokers specified for partition id 2 are not available. Specified brokers: 1, 9, available brokers: "
        "1, 2, 5.",
    ),
    (
        lambda to: to.add_partitions(NewPartitions("with-id", 4, ((1, 2), (5,)))),
        "Inconsistent replication factor between partitions, partition 0 has 2 while partitions [3] have replication "
        "factors [1], respectively.",
    ),
    (lambda to: to.alter_configs("nope", {"flush.ms": "1"}, []), "Topic 'nope' does not exist as expected"),
    (lambda to: to.alter_configs("with-id", {"nope": "1"}, []), "Unknown topic config name: nope"),
    (lambda to: to.alter_configs("with-id", {}, ["nope"]), "Unknown topic config name: nope"),
    (
        lambda to: to.alter_configs("with-id", {"retention.ms": "x"}, []),
        "Invalid value x for configuration retention.ms: Not a number of type LONG",
    ),
    (
        lambda to: to.alter_configs("with-lag", {"max.compaction.lag.ms": "5"}, []),
        "conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)",
    ),
    (lambda to: to.delete("nope"), "Topic 'nope' does not exist as expected"),
    (
        lambda to: to.delete("__consumer_offsets"),
        "Topic __consumer_offsets is a kafka internal topic and is not allowed to be marked for deletion.",
    ),
    (lambda to: to.delete("marked"), "Topic marked is already marked for deletion."),
]


def test_refused_changes_change_nothing(zookeeper: Any, chroot: str, changes: ZooKeeperTopicChanges) -> None:
    for topic in ("to-reassign", "marked", "with-lag"):
        zookeeper.create(f"{chroot}/brokers/topics/{topic}", WITH_ID)
    zookeeper.create(f"{chroot}/brokers/topics/holes", b'{"version":1,"partitions":{"0":[1],"2":[1]}}')
    zookeeper.create(
        f"{chroot}/config/topics/with-lag", b'{"version":1,"config":{"min.compaction.lag.ms":"10","from.kafka.9":"x"}}'
    )
    for topic in ("marked", "gone"):
        zookeeper.create(f"{chroot}/admin/delete_topics/{topic}", None, makepath=True)
    moving = b'{"version":1,"partitions":[{"topic":"to-reassign","partition":0,"replicas":[2,1]}]}'
    zookeeper.create(f"{chroot}/admin/reassign_partitions", moving)
    zookeeper.ensure_path(f"{chroot}/config/changes")
    before = dict(walk(zookeeper, chroot))
    for change, message in REFUSED:
        with pytest.raises(KafkaToolError) as refused:
            change(changes)
        assert message in refused.value.message
    assert dict(walk(zookeeper, chroot)) == before


def test_existing_topics_and_repeated_deletions_have_their_own_errors(changes: Any) -> None:
    with pytest.raises(TopicExistsError):
        changes.create(NewTopic("with-id", 1, 1))
    changes.delete("with-id")
    with pytest.raises(TopicMarkedForDeletionError):
        changes.delete("with-id")
    assert ZooKeeperTopics(changes._client).marked_for_deletion() == {"with-id"}


def test_validating_changes_nothing(zookeeper: Any, chroot: str, changes: ZooKeeperTopicChanges) -> None:
    before = dict(walk(zookeeper, chroot))
    assert changes.create(NewTopic("new", assignment=((1, 2),)), validate_only=True) == ((1, 2),)
    assert changes.add_partitions(NewPartitions("with-id", 4), validate_only=True) == ((5, 1), (1, 5))
    changes.alter_configs("with-id", {"flush.ms": "3"}, ["retention.ms"], validate_only=True)
    assert dict(walk(zookeeper, chroot)) == before


def test_configs_of_a_newer_kafka_stay(zookeeper: Any, chroot: str, changes: ZooKeeperTopicChanges) -> None:
    path = f"{chroot}/config/topics/reassigned"
    zookeeper.set(path, b'{"version":1,"config":{"from.kafka.9":"x","another":"y"}}')
    changes.alter_configs("reassigned", {"flush.ms": "3"}, ["another"])
    assert document(zookeeper, path)["config"] == {"from.kafka.9": "x", "flush.ms": "3"}


@pytest.mark.parametrize(("kafka", "knows"), [("kafka28", False), ("kafka39", True)])
def test_configs_that_an_old_cluster_does_not_know_are_refused(
    request: pytest.FixtureRequest, kafka: str, knows: bool
) -> None:
    cluster: Cluster = request.getfixturevalue(kafka)
    topic, configs = cluster.topic(), {"compression.zstd.level": "3"}
    with connected(ZooKeeper(cluster.zookeeper)) as client:
        changes = ZooKeeperTopicChanges(client)
        for change in (
            lambda: changes.alter_configs(topic, configs, []),
            lambda: changes.create(NewTopic(name(), 1, 1, configs=configs), validate_only=True),
        ):
            with nullcontext() if knows else pytest.raises(KafkaToolError, match="Unknown topic config name: comp"):
                change()


def test_a_broker_without_a_rack_among_others_with_one(
    zookeeper: Any, chroot: str, changes: ZooKeeperTopicChanges
) -> None:
    registration = document(zookeeper, f"{chroot}/brokers/ids/1")
    zookeeper.set(f"{chroot}/brokers/ids/1", json.dumps(registration | {"rack": "x"}).encode())
    with pytest.raises(KafkaToolError, match="Add --disable-rack-aware in command line"):
        changes.add_partitions(NewPartitions("with-id", 3))
    assert changes.add_partitions(NewPartitions("with-id", 3, rack_aware=False)) == ((5, 1),)


def test_a_controller_that_is_missing(zookeeper: Any, changes: ZooKeeperTopicChanges) -> None:
    assert not changes.has_controller()
    assert ZooKeeperTopicChanges(zookeeper).has_controller()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_brokers_act_on_every_change(kafka39: Cluster, zookeeper: Any) -> None:
    topic, admin = name(), kafka39.admin()
    changes, topics = ZooKeeperTopicChanges(zookeeper), ZooKeeperTopics(zookeeper)

    def served() -> list[tuple[int, ...]]:
        known = admin.list_topics(timeout=10).topics.get(topic)
        partitions = known.partitions.values() if known else ()
        return [tuple(partition.replicas) for partition in partitions if len(partition.isrs) == 2]

    replicas = changes.create(NewTopic(topic, 2, 2))
    wait_for(lambda: sorted(served()) == sorted(replicas))
    (described,) = topics.describe([topic])
    more = changes.add_partitions(NewPartitions(topic, 5))
    wait_for(lambda: sorted(served()) == sorted(replicas + more))
    (grown,) = topics.describe([topic])
    assert described.topic_id == grown.topic_id is not None
    assert grown.partitions[:2] == described.partitions
    changes.alter_configs(topic, {"max.message.bytes": "2000", "retention.ms": "60000"}, [])
    changes.alter_configs(topic, {}, ["retention.ms"])
    wait_for(lambda: overrides(admin, topic) == {"max.message.bytes": "2000"})
    changes.delete(topic)
    wait_for(lambda: topic not in admin.list_topics(timeout=10).topics)
    wait_for(lambda: topic not in topics.marked_for_deletion())
    assert not zookeeper.exists(f"/config/topics/{topic}")


def overrides(admin: Any, topic: str) -> dict[str, str]:
    (answer,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
    return {entry.name: entry.value for entry in answer.result(10).values() if not entry.is_default}
