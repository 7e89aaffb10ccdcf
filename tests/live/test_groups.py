"""`ktools consumer-groups` on real brokers: what is read after a reset, what is refused, what a person sees."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import confluent_kafka as kafka
import pexpect
import pytest
from confluent_kafka import Consumer

from kafka_tools.model.topics import TopicPartition
from tests.support import oracle
from tests.support.clusters import KTOOLS, Cluster, ended
from tests.support.waiting import wait_until

TIMES = (1_700_000_000_000, 1_700_000_100_000, 1_700_000_200_000)


@pytest.fixture
def topic(kafka39: Cluster) -> str:
    """A topic with ten records of three times in partition 0 and none in partition 1."""
    name = kafka39.topic(partitions=2, configs=("retention.ms=-1",))
    lines = [
        json.dumps({"partition": 0, "value": f"v{number}", "timestamp": TIMES[number // 4]}) for number in range(10)
    ]
    ran = kafka39.run("console-producer", "--topic", name, "--input", "jsonl", stdin="\n".join(lines).encode())
    assert ran.returncode == 0, ran.stderr
    return name


def read(cluster: Cluster, topic: str, count: int) -> list[str]:
    """Return the next records of the group that is called as the topic; they are committed."""
    options = ("--group", topic, "--from-beginning", "--max-messages", str(count))
    ran = cluster.run("console-consumer", "--topic", topic, *options)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.decode().split()


def reset(cluster: Cluster, topic: str, *argv: str) -> list[dict[str, object]]:
    ran = cluster.run("consumer-groups", "--reset-offsets", "--group", topic, *argv, "--output", "json")
    assert ran.returncode == 0, ran.stderr
    rows: list[dict[str, object]] = json.loads(ran.stdout)
    return rows


@pytest.mark.parametrize(
    ("goal", "following"),
    [
        (("--to-earliest",), 0),
        (("--to-offset", "7"), 7),
        (("--to-current",), 6),
        (("--shift-by", "-4"), 2),
        (("--shift-by", "2"), 8),
        (("--to-datetime", "2023-11-14T22:15:00.000"), 4),
        (("--to-datetime", "2023-11-14T23:16:40.000+01:00"), 8),
        (("--from-file", "/dev/stdin"), 3),
    ],
)
def test_after_a_reset_the_right_record_is_read_next(
    goal: tuple[str, ...], following: int, topic: str, kafka39: Cluster
) -> None:
    assert read(kafka39, topic, 6) == [f"v{number}" for number in range(6)]
    scope = () if "--from-file" in goal else ("--topic", f"{topic}:0")
    argv = ("consumer-groups", "--reset-offsets", "--group", topic, *scope, *goal)
    ran = kafka39.run(*argv, "--dry-run", stdin=f"{topic},0,3\n".encode())
    assert ran.stdout.decode().splitlines()[-1].split() == [topic, topic, "0", str(following)]
    assert kafka39.run(*argv, "--execute", stdin=f"{topic},0,3\n".encode()).returncode == 0
    assert read(kafka39, topic, 1) == [f"v{following}"]


def test_a_reset_to_the_end_reads_what_comes_then(topic: str, kafka39: Cluster) -> None:
    assert read(kafka39, topic, 2) == ["v0", "v1"]
    [first, second] = reset(kafka39, topic, "--all-topics", "--to-latest", "--execute")
    assert {first["partition"]: first["skipped"], second["partition"]: second["skipped"]} == {0: 8, 1: 0}
    line = json.dumps({"partition": 0, "value": "new"}).encode()
    assert kafka39.run("console-producer", "--topic", topic, "--input", "jsonl", stdin=line).returncode == 0
    assert read(kafka39, topic, 1) == ["new"]


def test_what_is_not_carried_out_changes_nothing(topic: str, kafka39: Cluster) -> None:
    assert read(kafka39, topic, 2) == ["v0", "v1"]
    reset(kafka39, topic, "--topic", topic, "--to-latest")
    reset(kafka39, topic, "--topic", topic, "--to-latest", "--dry-run")
    ran = kafka39.run("consumer-groups", "--delete", "--group", topic, "--dry-run")
    assert (ran.returncode, ran.stdout.decode()) == (0, f"Would delete group {topic}.\n")
    ran = kafka39.run("consumer-groups", "--delete-offsets", "--group", topic, "--topic", f"{topic}:0", "--dry-run")
    assert ran.stdout.decode() == f"Would delete offset 2 of group {topic} in {topic}-0.\n"
    assert read(kafka39, topic, 1) == ["v2"]


def test_a_group_with_a_member_is_left_alone(topic: str, kafka39: Cluster) -> None:
    consumer = Consumer({"bootstrap.servers": kafka39.bootstrap, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    try:
        wait_until(lambda: consumer.poll(0.1) is not None, "a record")
        consumer.commit(asynchronous=False)
        before = offsets(kafka39, topic)
        for argv in (
            ("--reset-offsets", "--topic", topic, "--to-latest", "--execute"),
            ("--delete",),
            ("--delete-offsets", "--topic", topic),
        ):
            ran = kafka39.run("consumer-groups", "--group", topic, *argv)
            assert ran.returncode == 1
            assert b"Error: " in ran.stdout
        assert offsets(kafka39, topic) == before
    finally:
        consumer.close()


def test_a_static_member_that_is_removed_is_gone(topic: str, kafka39: Cluster) -> None:
    """A static member stays in its group for its session's time when its consumer ends: only LeaveGroup removes it."""
    settings = {"bootstrap.servers": kafka39.bootstrap, "group.id": topic, "group.instance.id": "one"}
    consumer = Consumer({**settings, "session.timeout.ms": 1_800_000, "max.poll.interval.ms": 1_800_000})
    consumer.subscribe([topic])
    wait_until(lambda: consumer.poll(0.1) is not None or consumer.assignment(), "a member with partitions")
    consumer.close()
    admin = kafka39.admin()
    assert len(admin.describe_consumer_groups([topic])[topic].result().members) == 1
    argv = ("--application-id", topic, "--input-topics", topic)
    refused = kafka39.run("streams-application-reset", *argv)
    assert (refused.returncode, b"is still active" in refused.stderr) == (1, True)
    assert kafka39.run("streams-application-reset", *argv, "--force").returncode == 0
    assert not admin.describe_consumer_groups([topic])[topic].result().members
    assert oracle.committed(kafka39, topic, topic, 2) == [0, 0]


def test_a_group_catches_up_under_watch(topic: str, kafka39: Cluster) -> None:
    read(kafka39, topic, 2)
    argv = [*KTOOLS[1:], "consumer-groups", "--describe", "--group", topic, "--watch", "0.5"]
    with pexpect.spawn(KTOOLS[0], argv, env=kafka39.env | {"TERM": "xterm"}, dimensions=(30, 120)) as watch:
        watch.expect_exact("lag 8", timeout=60)
        read(kafka39, topic, 8)
        watch.expect_exact("lag 0", timeout=60)
        watch.expect(r"Read/s.*0\.\d", timeout=60)
        watch.sendintr()
        watch.expect(pexpect.EOF, timeout=60)
        watch.wait()
    assert watch.exitstatus == 130


def offsets(cluster: Cluster, group: str) -> dict[TopicPartition, int]:
    ran = cluster.run("consumer-groups", "--describe", "--group", group, "--output", "json")
    assert ran.returncode == 0, ran.stderr
    return {TopicPartition(row["topic"], row["partition"]): row["current_offset"] for row in json.loads(ran.stdout)}


def test_a_person_sees_a_table_with_the_lag_of_all(topic: str, kafka39: Cluster) -> None:
    read(kafka39, topic, 6)
    ran = kafka39.run("consumer-groups", "--describe", "--group", topic, "--output", "table", env={"COLUMNS": "160"})
    title, heading, *rows = [line for line in ran.stdout.decode().splitlines() if line.strip()]
    assert title.split("   ")[0] == topic
    assert "Empty · 0 members" in title
    assert title.endswith("lag 4")
    assert heading.split() == ["Topic", "Partition", "Current", "End", "Lag", "Consumer", "Host", "Client"]
    assert sorted(row.split()[:5] for row in rows)[0] == [topic, "0", "6", "10", "4"]


def test_a_missing_group_is_an_empty_document_and_a_status(kafka39: Cluster) -> None:
    ran = kafka39.run("consumer-groups", "--describe", "--group", "no-such\x1b[31m", "--output", "json")
    assert (ran.returncode, ran.stdout) == (1, b"[]\n")
    assert ran.stderr == b"Consumer group 'no-such\\x1b[31m' does not exist.\n"


@pytest.mark.parametrize("group", ["", " ", "caf\udce9"])
def test_names_that_no_group_has(group: str, kafka39: Cluster) -> None:
    for argv in (("--describe",), ("--describe", "--state"), ("--delete",)):
        ran = kafka39.run("consumer-groups", *argv, "--group", group)
        assert ran.returncode == 1, argv
        assert b"ktools: this is a bug" not in ran.stderr


def test_a_read_only_context_guards_its_groups(topic: str, kafka39: Cluster, tmp_path: Path) -> None:
    read(kafka39, topic, 2)
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    added = kafka39.run("context", "add", "prod", "--bootstrap-server", kafka39.bootstrap, "--read-only", env=env)
    assert added.returncode == 0, added.stderr
    for argv in (
        ("--reset-offsets", "--group", topic, "--topic", topic, "--to-latest", "--execute"),
        ("--delete", "--group", topic),
        ("--delete-offsets", "--group", topic, "--topic", topic),
    ):
        assert (
            b"context prod is read-only: nothing was changed" in kafka39.run("consumer-groups", *argv, env=env).stdout
        )
    shown = kafka39.run(
        "consumer-groups", "--reset-offsets", "--group", topic, "--topic", topic, "--to-latest", env=env
    )
    assert shown.returncode == 0
    assert read(kafka39, topic, 1) == ["v2"]


def timed(cluster: Cluster, partitions: int = 1) -> str:
    """Return a topic whose first partition has 200 records, one each 100 ms."""
    # These times are long past: without the config brokers would delete the records.
    name = cluster.topic(partitions=partitions, configs=("retention.ms=-1",))
    lines = [json.dumps({"partition": 0, "value": "v", "timestamp": TIMES[0] + 100 * number}) for number in range(200)]
    ran = cluster.run("console-producer", "--topic", name, "--input", "jsonl", stdin="\n".join(lines).encode())
    assert ran.returncode == 0, ran.stderr
    return name


def commit(cluster: Cluster, group: str, topic: str, *offsets: int) -> None:
    """Commit an offset in each of the first partitions, as the group."""
    places = [kafka.TopicPartition(topic, number, offset) for number, offset in enumerate(offsets)]
    admin = cluster.admin()
    [done] = admin.alter_consumer_group_offsets([kafka.ConsumerGroupTopicPartitions(group, places)]).values()
    assert not any(each.error for each in done.result(30).topic_partitions)


@pytest.mark.parametrize("kind", ["kafka39", "kafka28", "kafka4"])
def test_the_lag_in_time_is_that_of_a_producer_of_known_rate(kind: str, request: pytest.FixtureRequest) -> None:
    cluster: Cluster = request.getfixturevalue(kind)
    topic = timed(cluster)
    for group, offset in ((f"{topic}-near", 190), (f"{topic}-far", 50), (f"{topic}-done", 200)):
        commit(cluster, group, topic, offset)
    ran = cluster.run("consumer-groups", "--lag-seconds", ">10s", "--topic", topic, "--output", "json")
    assert (ran.returncode, ran.stderr) == (2, b"")
    [row] = json.loads(ran.stdout)
    assert row == {
        "group": f"{topic}-far",
        "topic": topic,
        "partitions": 1,
        "lag": 150,
        "unknown": 0,
        "lag_seconds": pytest.approx(14.9, abs=0.001),
    }
    ran = cluster.run("consumer-groups", "--lag-seconds", "--topic", topic)
    lags = {line.split()[0]: float(line.split()[4]) for line in ran.stdout.decode().splitlines()[1:]}
    assert lags == {f"{topic}-near": 0.9, f"{topic}-far": 14.9, f"{topic}-done": 0.0}


def test_a_topic_alone_shows_who_reads_it_and_what_is_gone(kafka39: Cluster) -> None:
    topic = timed(kafka39)
    commit(kafka39, topic, topic, 20)
    assert kafka39.run("delete-records", "--topic", topic, "--before-offset", "50").returncode == 0
    ran = kafka39.run("consumer-groups", "--topic", topic, "--output", "json")
    [row] = json.loads(ran.stdout)
    assert [row[name] for name in ("group", "current_offset", "log_start_offset", "gone")] == [topic, 20, 50, 30]
    assert (ran.returncode, row["lag"]) == (0, 180)


def test_saved_offsets_go_to_another_group(topic: str, kafka39: Cluster, tmp_path: Path) -> None:
    read(kafka39, topic, 6)
    file = tmp_path / "offsets.csv"
    assert kafka39.run("consumer-groups", "--save", str(file), "--group", topic).returncode == 0
    assert f"{topic},{topic},0,6\n" in file.read_text()
    reset(kafka39, topic, "--all-topics", "--to-latest", "--execute")
    for group in (topic, f"{topic}-copy"):
        ran = kafka39.run("consumer-groups", "--restore", str(file), "--group", group, "--execute")
        assert (ran.returncode, offsets(kafka39, group)[TopicPartition(topic, 0)]) == (0, 6), ran.stderr
    assert read(kafka39, topic, 1) == ["v6"]


def test_offsets_without_a_record_are_no_hurdle(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    producer = kafka.Producer({"bootstrap.servers": kafka39.bootstrap, "transactional.id": topic})
    producer.init_transactions(30)
    # Two records, a marker (2), two aborted records (3, 4), a marker (5), two records more (6, 7) with theirs (8).
    for number, ending in enumerate(
        (producer.commit_transaction, producer.abort_transaction, producer.commit_transaction)
    ):
        producer.begin_transaction()
        for value in (2 * number, 2 * number + 1):
            producer.produce(topic, str(value).encode())
        producer.flush(30)
        ending(30)
    for goal, following in ((("--to-offset", "2"), "2"), (("--to-offset", "5"), "4"), (("--shift-by", "-7"), "0")):
        reset(kafka39, topic, "--topic", topic, *goal, "--execute")
        assert read(kafka39, topic, 1) == [following], goal
    commit(kafka39, topic, topic, 8)
    ran = kafka39.run("consumer-groups", "--lag-seconds", "--group", topic, "--output", "json")
    [row] = json.loads(ran.stdout)
    assert (ran.returncode, row["lag"], row["lag_seconds"]) == (0, 1, 0.0)


def test_killed_while_it_resets_a_group_is_moved_or_not(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=50)
    old, new = [3] * 50, [0] * 50
    argv = ("consumer-groups", "--reset-offsets", "--group", topic, "--topic", topic, "--to-earliest", "--execute")
    seen = set()
    for number in range(8):
        commit(kafka39, topic, topic, *old)
        with ended(kafka39.popen(*argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)) as running:
            time.sleep(0.12 + 0.04 * number)
            running.kill()
        found = oracle.committed(kafka39, topic, topic, 50)
        assert found in (old, new)
        seen.add(found == new)
    assert kafka39.run(*argv).returncode == 0
    assert oracle.committed(kafka39, topic, topic, 50) == new
    assert False in seen, "nothing was interrupted"


def test_old_consumers_are_shown_as_zookeeper_knows_them(kafka39: Cluster, zookeeper: Any) -> None:
    topic = timed(kafka39, partitions=2)
    folder, reader = f"/consumers/{topic}", f"{topic}_host-1700000000000-1a2b3c4d"
    subscription = json.dumps({"version": 1, "subscription": {topic: 1}, "pattern": "static", "timestamp": "1"})
    try:
        zookeeper.create(f"{folder}/ids/{reader}", subscription.encode(), makepath=True)
        zookeeper.create(f"{folder}/owners/{topic}/0", f"{reader}-0".encode(), makepath=True)
        zookeeper.create(f"{folder}/offsets/{topic}/0", b"150", makepath=True)
        argv = ("consumer-groups", "--zookeeper", kafka39.zookeeper)
        assert topic in kafka39.run(*argv, "--list").stdout.decode().split()
        ran = kafka39.run(*argv, "--describe", "--group", topic, "--output", "json")
        assert ran.returncode == 0, ran.stderr
        rows = [
            [row[name] for name in ("partition", "current_offset", "log_end_offset", "lag", "consumer_id")]
            for row in json.loads(ran.stdout)
        ]
        assert rows == [[0, 150, 200, 50, reader], [1, None, 0, None, None]]
        zookeeper.set(f"{folder}/offsets/{topic}/0", b"many")
        ran = kafka39.run(*argv, "--describe", "--group", topic)
        assert ran.returncode == 1
        assert f"The znode {folder}/offsets/{topic}/0 is not as Kafka writes it".encode() in ran.stderr
        assert kafka39.run(*argv, "--describe", "--group", "no-such").returncode == 1
    finally:
        zookeeper.delete(folder, recursive=True)
