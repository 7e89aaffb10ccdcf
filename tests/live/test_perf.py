"""The tools that measure, on real brokers: what they count is really there, and a rate is kept."""

import json
import signal
import subprocess
from typing import Any

from confluent_kafka import Consumer, KafkaError, TopicPartition

from tests.support.clusters import Cluster
from tests.support.waiting import until


def produced(cluster: Cluster, topic: str, *options: str) -> dict[str, Any]:
    ran = cluster.run("producer-perf-test", "--topic", topic, "--output", "json", *options)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)[-1]
    return found


def values(cluster: Cluster, topic: str, partitions: int, **config: Any) -> list[bytes]:
    """Read a topic by another client: its values, partition by partition."""
    settings = {"bootstrap.servers": cluster.bootstrap, "group.id": "unused", "enable.partition.eof": True}
    reader = Consumer({**settings, **config})
    found: list[bytes] = []
    for number in range(partitions):
        reader.assign([TopicPartition(topic, number, 0)])
        while True:
            message = reader.poll(30)
            assert message is not None
            error = message.error()
            if error is not None:
                assert error.code() == KafkaError._PARTITION_EOF
                break
            found.append(message.value() or b"")
    reader.close()
    return found


def test_each_record_that_is_counted_is_there(kafka39: Cluster) -> None:
    topic = kafka39.topic(3)
    figures = produced(kafka39, topic, "--num-records", "20000", "--record-size", "100", "--throughput", "-1")
    there = values(kafka39, topic, 3)
    assert figures["records"] == len(there) == 20_000
    assert figures["bytes"] == sum(map(len, there)) == 2_000_000
    letters = b"".join(there)
    assert set(letters) == set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert len(set(there)) == 20_000  # records by chance, none of them twice
    assert 0 <= figures["p50_ms"] <= figures["p99_ms"] <= figures["maximum_ms"]


def test_a_rate_is_kept_and_ctrl_c_tells_what_was_measured_until_then(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    options = ("--num-records", "100000", "--payload-monotonic", "--throughput", "300", "--reporting-interval", "200")
    with kafka39.popen("producer-perf-test", "--topic", topic, *options, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        intervals = [next(running.stdout) for _ in range(6)]
        running.send_signal(signal.SIGINT)
        *more, last = running.stdout
    assert running.wait() == 130
    sums = [int(line.split()[0]) for line in (*intervals, *more)]
    total, rate = int(last.split()[0]), float(last.split()[3])
    assert 0.5 * 300 < rate < 1.1 * 300
    assert sum(sums) <= total
    # What was sent and not yet acknowledged may be there, too.
    there = values(kafka39, topic, 1)
    assert there == [b"%d" % number for number in range(len(there))]
    assert total == len(there)


def test_records_in_transactions_are_committed(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    options = (
        "--num-records",
        "400",
        "--record-size",
        "10",
        "--throughput",
        "1000",
        "--transaction-duration-ms",
        "100",
    )
    assert produced(kafka39, topic, *options)["records"] == 400
    assert len(values(kafka39, topic, 1, **{"isolation.level": "read_committed"})) == 400


def test_records_that_are_not_delivered_are_counted_and_told(kafka39: Cluster) -> None:
    topic = kafka39.topic(configs=("max.message.bytes=1000",))
    options = ("--num-records", "3", "--record-size", "2000", "--throughput", "-1")
    ran = kafka39.run("producer-perf-test", "--topic", topic, *options)
    assert ran.stdout.startswith(b"0 records sent, 0.000000 records/sec (0.00 MB/sec), NaN ms avg latency")
    assert ran.stderr.startswith(f"ktools: 3 of 3 records not delivered to topic '{topic}': ".encode())
    assert ran.returncode == 1


def test_a_dead_broker_is_told_in_one_line(kafka39: Cluster) -> None:
    options = ("--num-records", "1", "--record-size", "1", "--throughput", "-1")
    ran = kafka39.run("producer-perf-test", "--topic", "t", *options, "--bootstrap-server", "127.0.0.1:1")
    assert ran.stderr.splitlines()[0] == b"cannot reach 127.0.0.1:1 (connection refused)."
    assert (ran.returncode, ran.stdout) == (1, b"")


def test_each_record_is_counted_once_and_the_group_goes_on_behind_it(kafka39: Cluster) -> None:
    topic = kafka39.topic(2)
    produced(kafka39, topic, "--num-records", "3000", "--record-size", "10", "--throughput", "-1")
    counted = []
    for options in (("--messages", "1000"), ("--messages", "2000", "--timeout", "30000")):
        ran = kafka39.run("consumer-perf-test", "--topic", topic, "--group", topic, "--output", "json", *options)
        assert ran.returncode == 0, ran.stderr
        [row] = json.loads(ran.stdout)
        counted.append((row["records"], round(row["megabytes"] * 1024 * 1024 / 10, -1)))
    assert counted == [(1000, 1000), (2000, 2000)]
    reader = Consumer({"bootstrap.servers": kafka39.bootstrap, "group.id": topic})
    committed = reader.committed([TopicPartition(topic, number) for number in range(2)], timeout=10)
    # All records of a batch go to one partition: it may be that the other has none, and no offset (-1001).
    assert sum(max(each.offset, 0) for each in committed) == 3000
    reader.close()


def test_ctrl_c_tells_what_was_read_until_then(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produced(kafka39, topic, "--num-records", "500", "--record-size", "10", "--throughput", "-1")
    options = ("--messages", "1000000", "--group", topic, "--consumer-property", "auto.commit.interval.ms=50")
    reader = Consumer({"bootstrap.servers": kafka39.bootstrap, "group.id": topic})
    partition = TopicPartition(topic, 0)
    with kafka39.popen("consumer-perf-test", "--topic", topic, *options, stdout=subprocess.PIPE) as running:
        until(lambda: reader.committed([partition], timeout=10)[0].offset == 500)
        running.send_signal(signal.SIGINT)
        heading, line = running.communicate()[0].splitlines()
    reader.close()
    assert running.returncode == 130
    assert dict(zip(heading.split(b", "), line.split(b", "), strict=True))[b"data.consumed.in.nMsg"] == b"500"


def test_without_a_group_none_is_left(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produced(kafka39, topic, "--num-records", "5", "--record-size", "10", "--throughput", "-1")
    groups = set(kafka39.run("consumer-groups", "--list").stdout.split())
    ran = kafka39.run("consumer-perf-test", "--topic", topic, "--messages", "5", "--hide-header")
    assert ran.stdout.split(b", ")[4] == b"5"
    new = set(kafka39.run("consumer-groups", "--list").stdout.split()) - groups
    assert not any(name.startswith((b"perf-consumer", b"ktools")) for name in new)
