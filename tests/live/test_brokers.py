"""What brokers tell of topics, beside what confluent-kafka alone tells, and what Kafka's protocol has beyond that."""

import time
from collections.abc import Callable
from operator import eq
from typing import Any

import pytest
from confluent_kafka import Producer, TopicCollection
from confluent_kafka.admin import ConfigResource

from kafka_tools.backends import open_topics
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.wire.session import WireSession
from tests.support.clusters import Cluster
from tests.support.reassignment import alone, begin, begin_slowly, unthrottle

WAIT_SECONDS = 60
CLUSTERS = ["kafka28", "kafka39", "kafka4"]


@pytest.fixture
def real(request: pytest.FixtureRequest) -> Cluster:
    """The cluster whose fixture the test is given by name."""
    found: Cluster = request.getfixturevalue(request.param)
    return found


def _until(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WAIT_SECONDS
    while not (result := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
    return result


def _described(bootstrap: str, *names: str, **options: Any) -> tuple[TopicDescription, ...]:
    with open_topics(Brokers(bootstrap), **options) as topics:
        return topics.describe(names)


def _names(bootstrap: str) -> tuple[str, ...]:
    with open_topics(Brokers(bootstrap)) as topics:
        return topics.names()


def _by_confluent_kafka(real: Cluster, name: str) -> TopicDescription:
    admin = real.admin()
    topic = admin.describe_topics(TopicCollection([name]))[name].result()
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    configs = admin.describe_configs([resource])[resource].result()
    return TopicDescription(
        topic=name,
        topic_id=str(topic.topic_id).rstrip("=").replace("+", "-").replace("/", "_"),
        partitions=tuple(
            Partition(
                partition.id,
                partition.leader.id,
                tuple(broker.id for broker in partition.replicas),
                tuple(broker.id for broker in partition.isr),
            )
            for partition in sorted(topic.partitions, key=lambda each: each.id)
        ),
        configs={entry.name: entry.value for entry in configs.values() if not entry.is_default},
        min_isr=int(configs["min.insync.replicas"].value),
    )


def _without_elr(topic: TopicDescription) -> TopicDescription:
    return topic._replace(partitions=tuple(p._replace(elr=None, last_known_elr=None) for p in topic.partitions))


@pytest.mark.parametrize("real", CLUSTERS, indirect=True)
def test_a_topic_is_what_confluent_kafka_says(real: Cluster) -> None:
    brokers = len(real.bootstrap.split(","))
    plain = real.topic(5, brokers)
    own = real.topic(2, 1, ["min.insync.replicas=1", "retention.ms=5000", "cleanup.policy=compact,delete"])

    def both() -> tuple[list[TopicDescription], list[TopicDescription]]:
        ours = [_without_elr(topic) for topic in _described(real.bootstrap, own, plain)]
        return ours, [_by_confluent_kafka(real, name) for name in (own, plain)]

    _until(lambda: eq(*both()))  # brokers hear of a new topic one after the other
    described = _described(real.bootstrap, own, plain)
    assert described[0].configs == {
        "min.insync.replicas": "1",
        "retention.ms": "5000",
        "cleanup.policy": "compact,delete",
    }
    elr = {partition.elr for topic in described for partition in topic.partitions}
    assert elr == ({()} if real.zookeeper == "" else {None})


@pytest.mark.parametrize("real", CLUSTERS, indirect=True)
def test_names_and_brokers_are_those_of_the_cluster(real: Cluster) -> None:
    topic = real.topic()
    with open_topics(Brokers(real.bootstrap)) as topics:
        admin = real.admin()
        assert topic in topics.names()
        _until(lambda: _names(real.bootstrap) == tuple(sorted(admin.list_topics(timeout=30).topics)))
        known = admin.list_topics(timeout=30)
        assert [broker.broker for broker in topics.brokers()] == sorted(known.brokers)
        [described] = topics.describe([topic])
        assert described.topic_id is not None
        assert topics.name_of(described.topic_id) == topic


@pytest.mark.parametrize("real", CLUSTERS, indirect=True)
def test_reading_creates_nothing(real: Cluster) -> None:
    assert _described(real.bootstrap, "t-never-created") == ()
    assert "t-never-created" not in real.admin().list_topics(timeout=30).topics


@pytest.mark.parametrize("real", ["kafka39", "kafka4"], indirect=True)
def test_every_broker_gives_the_same_answer(real: Cluster) -> None:
    name = real.topic(4, 3)
    servers = real.bootstrap.split(",")
    first = _until(lambda: _described(servers[0], name))
    assert len(first[0].partitions) == 4
    for server in servers[1:]:
        _until(lambda at=server: _described(at, name) == first)


def test_pages_of_any_size_give_the_same_topics(kafka4: Cluster) -> None:
    names = [kafka4.topic(partitions) for partitions in (1, 7, 3)]
    whole = _until(lambda: [t for t in [_described(kafka4.bootstrap, *names)] if len(t) == len(names)])[0]
    assert [len(topic.partitions) for topic in whole] == [1, 7, 3]
    for size in (1, 2, 7, 8):
        assert _described(kafka4.bootstrap, *names, partition_size_limit=size) == whole


@pytest.mark.parametrize("real", ["kafka39", "kafka4"], indirect=True)
def test_a_reassignment_that_runs(real: Cluster) -> None:
    name = real.topic(1, 2)
    producer = Producer({"bootstrap.servers": real.bootstrap, "acks": "all"})
    for _ in range(40):
        producer.produce(name, bytes(100_000))
    assert producer.flush(WAIT_SECONDS) == 0
    [before] = _described(real.bootstrap, name)[0].partitions
    kept, leaving = before.replicas
    [coming] = {1, 2, 3} - set(before.replicas)
    admin = real.admin()
    with alone(real):
        try:
            begin_slowly(real, admin, name, [(kept, coming)])
            for server in real.bootstrap.split(","):
                [partition] = _until(lambda at=server: _moving(at, name))
                assert set(partition.replicas) == {kept, leaving, coming}
                assert (partition.adding_replicas, partition.removing_replicas) == ((coming,), (leaving,))
                assert coming not in partition.isr
        finally:
            begin(real, name, [None])
            unthrottle(admin)
    _until(lambda: _as_before(before, *_described(real.bootstrap, name)[0].partitions))


def _as_before(before: Partition, now: Partition) -> bool:
    """Say whether the move is over and undone: two brokers tell of it, the controller a moment sooner than another."""
    return (now.replicas, now.adding_replicas, now.removing_replicas) == (before.replicas, (), ())


def _moving(server: str, topic: str) -> list[Partition]:
    return [p for p in _described(server, topic)[0].partitions if p.adding_replicas and len(p.replicas) > 2]


def test_a_zookeeper_is_no_broker(kafka39: Cluster) -> None:
    with (
        pytest.raises(KafkaToolError, match="is this a Kafka listener, and a plaintext one"),
        WireSession(kafka39.zookeeper),
    ):
        pass
