"""What brokers tell of topics, beside what confluent-kafka alone tells, and what Kafka's protocol has beyond that."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from operator import eq
from typing import Any

import pytest
from confluent_kafka import Producer, TopicCollection
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from kafka_tools.backends import open_topics
from kafka_tools.errors import KafkaToolError, check_code
from kafka_tools.model.codec import Field
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.wire.schema import Message
from kafka_tools.wire.session import WireSession
from tests.support.clusters import Cluster

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


def test_eligible_leader_replicas(mortal4: Cluster) -> None:
    name = mortal4.topic(1, 3, ["min.insync.replicas=3"])
    [partition] = _described(mortal4.bootstrap, name)[0].partitions
    victim = next(broker for broker in partition.replicas if broker != partition.leader)
    try:
        assert mortal4.run("sandbox", "kill", str(victim), timeout=WAIT_SECONDS).returncode == 0
        _until(lambda: _described(mortal4.bootstrap, name)[0].partitions[0].elr == (victim,))
        [partition] = _described(mortal4.bootstrap, name)[0].partitions
        assert victim not in partition.isr
        assert victim in partition.replicas
        with open_topics(Brokers(mortal4.bootstrap)) as topics:
            assert victim not in [broker.broker for broker in topics.brokers()]
    finally:
        started = mortal4.run("sandbox", "start", str(victim), timeout=150)
    assert started.returncode == 0, started.stderr
    _until(lambda: len(_described(mortal4.bootstrap, name)[0].partitions[0].isr) == 3)
    assert _described(mortal4.bootstrap, name)[0].partitions[0].elr == ()


REASSIGN = Message(
    45,
    "AlterPartitionReassignments",
    first=0,
    last=0,
    flexible=0,
    request=(
        Field("timeout_ms", "int32", default=60_000),
        Field(
            "topics",
            "[]struct",
            (
                Field("name", "string"),
                Field(
                    "partitions",
                    "[]struct",
                    (Field("partition_index", "int32"), Field("replicas", "[]int32", nullable=0, default=None)),
                ),
            ),
        ),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0),
        Field(
            "responses",
            "[]struct",
            (
                Field("name", "string"),
                Field(
                    "partitions",
                    "[]struct",
                    (
                        Field("partition_index", "int32"),
                        Field("error_code", "int16"),
                        Field("error_message", "string", nullable=0),
                    ),
                ),
            ),
        ),
    ),
)


def _reassign(session: WireSession, topic: str, replicas: tuple[int, ...] | None) -> None:
    moved = {"name": topic, "partitions": [{"partition_index": 0, "replicas": replicas}]}
    answer = session.change(REASSIGN, {"topics": [moved]}, lambda answer: answer)
    check_code(answer["error_code"], answer["error_message"])
    [result] = answer["responses"][0]["partitions"]
    check_code(result["error_code"], result["error_message"])


@contextmanager
def _throttled(real: Cluster, topic: str) -> Iterator[None]:
    """Let replicas of the topic be copied at a byte a second, as soon as the block begins.

    The topic comes first: brokers take changes in their order, so those that have the rates have the topic's too.
    """
    rates = ("leader.replication.throttled.rate", "follower.replication.throttled.rate")
    lists = ("leader.replication.throttled.replicas", "follower.replication.throttled.replicas")

    admin = real.admin()

    def alter(operation: AlterConfigOpType) -> None:
        settings = [(ConfigResource.Type.TOPIC, topic, lists, "*")]
        settings += [(ConfigResource.Type.BROKER, str(broker), rates, "1") for broker in (1, 2, 3)]
        resources = [
            ConfigResource(
                kind,
                name,
                incremental_configs=[ConfigEntry(each, value, incremental_operation=operation) for each in configs],
            )
            for kind, name, configs, value in settings
        ]
        for resource in resources:  # a request for each: they go to different brokers
            admin.incremental_alter_configs([resource])[resource].result()

    def in_force(broker: int) -> bool:
        resource = ConfigResource(ConfigResource.Type.BROKER, str(broker))
        configs = admin.describe_configs([resource])[resource].result()
        return all(rate in configs and configs[rate].value == "1" for rate in rates)

    alter(AlterConfigOpType.SET)
    try:
        for broker in (1, 2, 3):
            _until(lambda of=broker: in_force(of))
        yield
    finally:
        alter(AlterConfigOpType.DELETE)


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
    with _throttled(real, name), WireSession(real.bootstrap) as session:
        _reassign(session, name, (kept, coming))
        try:
            for server in real.bootstrap.split(","):
                [partition] = _until(lambda at=server: _moving(at, name))
                assert set(partition.replicas) == {kept, leaving, coming}
                assert (partition.adding_replicas, partition.removing_replicas) == ((coming,), (leaving,))
                assert coming not in partition.isr
        finally:
            _reassign(session, name, None)
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
