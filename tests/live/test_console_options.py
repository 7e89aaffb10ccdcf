"""What console-consumer and console-producer can do beyond one plain topic, on real brokers."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import NewPartitions

from tests.support.clusters import Cluster, ended
from tests.support.waiting import until

CONSUME = """
import json, sys
from kafka_tools.console.consume.loop import consume
from kafka_tools.console.consume import EARLIEST, ConsumeRequest, Membership, Source, Window
from kafka_tools.model.target import Brokers
servers, source, count, group = json.loads(sys.argv[1])
window = Window(EARLIEST, reset=EARLIEST, max_messages=count)
sys.exit(consume(ConsumeRequest(Source(Brokers(servers), **source), window, group and Membership(group))))
"""
SERIALIZATION = "org.apache.kafka.common.serialization."
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
"""The lowest three bits of a batch's attributes (org.apache.kafka.common.record.CompressionType)."""
KEPT = ("retention.ms=-1",)
"""For records that are older than the seven days after which Kafka deletes them."""


def consume(cluster: Cluster, *options: str) -> subprocess.CompletedProcess[bytes]:
    ran = cluster.run("console-consumer", *options)
    assert ran.returncode == 0, ran.stderr
    return ran


def produce(cluster: Cluster, topic: str, content: bytes, *options: str) -> None:
    sent = cluster.run("console-producer", "--topic", topic, *options, stdin=content)
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, b"", b"")


def send(cluster: Cluster, topic: str, *records: dict[str, Any], **config: Any) -> None:
    producer = Producer({"bootstrap.servers": cluster.bootstrap, **config})
    failures: list[Any] = []
    for record in records:
        producer.produce(topic, **record, on_delivery=lambda error, _: failures.append(error) if error else None)
    assert producer.flush(30) == 0
    assert failures == []


def line(value: str, partition: int) -> bytes:
    return b'{"value": "%s", "partition": %d}\n' % (value.encode(), partition)


def committed(cluster: Cluster, group: str, topic: str) -> int:
    reader = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group})
    offset = reader.committed([TopicPartition(topic, 0)], timeout=10)[0].offset
    reader.close()
    return offset


def everything(cluster: Cluster, topic: str, partitions: int) -> list[tuple[Any, ...]]:
    """Return what another client reads: partition, time, key, value, headers of each record."""
    reader = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "oracle", "enable.auto.commit": False})
    found: list[tuple[Any, ...]] = []
    for partition in range(partitions):
        position = TopicPartition(topic, partition, 0)
        end = reader.get_watermark_offsets(position, timeout=10)[1]
        reader.assign([position])
        for _ in range(end):
            message = reader.poll(10)
            assert message is not None
            found.append(_parts(message))
    reader.close()
    return found


def _parts(message: Message) -> tuple[Any, ...]:
    assert message.error() is None
    return message.partition(), message.timestamp(), message.key(), message.value(), message.headers()


@contextmanager
def consuming(
    cluster: Cluster, count: int, group: str | None = None, **source: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a consumer of `count` records that looks for new partitions twice a second, and end it."""
    request = [cluster.bootstrap, source | {"discovery_seconds": 0.5}, count, group]
    command = [sys.executable, "-c", CONSUME, json.dumps(request)]
    with ended(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)) as reader:
        yield reader


def read_line(reader: subprocess.Popen[bytes]) -> bytes:
    assert reader.stdout is not None
    return reader.stdout.readline()


def test_new_partitions_are_read_without_a_group(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, b"old\n")
    with consuming(kafka39, 3, topic=topic) as reader:
        assert read_line(reader) == b"old\n"
        admin = kafka39.admin()
        admin.create_partitions([NewPartitions(topic, 3)])[topic].result()
        produce(kafka39, topic, line("one", 1) + line("two", 2), "--input", "jsonl")
        assert {read_line(reader), read_line(reader)} == {b"one\n", b"two\n"}
        assert reader.wait(20) == 0


@pytest.mark.parametrize("in_group", [False, True])
def test_new_topics_of_a_pattern_are_read(kafka39: Cluster, in_group: bool) -> None:
    old = kafka39.topic()
    produce(kafka39, old, b"old\n")
    group = f"g-{old}" if in_group else None
    with consuming(kafka39, 2, group, include=f"{old}(-new)?") as reader:
        assert read_line(reader) == b"old\n"
        new = f"{old}-new"
        counts = ("--partitions", "1", "--replication-factor", "1")
        assert kafka39.run("topics", "--create", "--topic", new, *counts).returncode == 0
        produce(kafka39, new, b"new\n")
        assert read_line(reader) == b"new\n"
        assert reader.wait(20) == 0


def test_an_offset_out_of_range_is_told(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, b"a\nb\nc\nd\n")
    options = ("--topic", topic, "--group", f"g-{topic}", "--from-beginning", "--max-messages", "1")
    assert consume(kafka39, *options).stdout == b"a\n"
    admin = kafka39.admin()
    admin.delete_records([TopicPartition(topic, 0, 3)])[TopicPartition(topic, 0)].result()
    ran = consume(kafka39, *options)
    assert ran.stdout == b"d\n"
    told = f"ktools: {topic}-0 has no offset 1 (it begins at 3 and ends before 4): reading goes on at 3"
    assert ran.stderr.decode().splitlines()[0] == told
    assert committed(kafka39, f"g-{topic}", topic) == 4


def test_no_place_to_start_may_be_an_error(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    options = ("--topic", topic, "--group", f"g-{topic}", "--consumer-property", "auto.offset.reset=none")
    ran = kafka39.run("console-consumer", *options)
    assert ran.returncode == 1
    assert f"the group has no offset of {topic}-0 (auto.offset.reset=none)" in ran.stderr.decode()


def test_until_the_end(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=3)
    assert consume(kafka39, "--topic", topic, "--from-beginning", "--until-end").stdout == b""
    send(kafka39, topic, *({"value": b"%d" % number, "partition": number % 2} for number in range(1000)))
    ran = consume(kafka39, "--topic", topic, "--from-beginning", "--until-end")
    assert sorted(map(int, ran.stdout.split())) == list(range(1000))
    group = ("--group", f"g-{topic}", "--from-beginning", "--until-end")
    assert len(consume(kafka39, "--topic", topic, *group).stdout.split()) == 1000
    assert consume(kafka39, "--topic", topic, *group).stdout == b""
    assert consume(kafka39, "--topic", topic, "--until-end").stdout == b""


def test_until_the_end_of_what_is_committed(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    send(kafka39, topic, {"value": b"a"})
    producer = Producer({"bootstrap.servers": kafka39.bootstrap, "transactional.id": topic})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"gone")
    producer.flush(10)
    options = ("--topic", topic, "--from-beginning", "--until-end", "--isolation-level", "read_committed")
    assert consume(kafka39, *options).stdout == b"a\n"  # the transaction is still open
    producer.abort_transaction(30)
    assert consume(kafka39, *options).stdout == b"a\n"
    assert consume(kafka39, *options[:4]).stdout == b"a\ngone\n"


def test_windows(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=2, configs=KEPT)
    start = 1_700_000_000_000
    records = ({"value": b"%d" % n, "partition": n % 2, "timestamp": start + 1000 * n} for n in range(20))
    send(kafka39, topic, *records)

    def values(*options: str) -> list[int]:
        return sorted(map(int, consume(kafka39, "--topic", topic, "--until-end", *options).stdout.split()))

    assert values("--last", "2") == [16, 17, 18, 19]
    assert values("--partition", "1", "--offset", "-3") == [15, 17, 19]
    assert values("--from-time", str(start + 15_000)) == [15, 16, 17, 18, 19]
    assert values("--from-beginning", "--to-time", str(start + 3000)) == [0, 1, 2]
    assert values("--from-time", "2023-11-14T22:13:25Z", "--to-time", "2023-11-14T22:13:28Z") == [5, 6, 7]
    assert values("--from-time", "now") == []
    assert values("--partitions", "1", "--last", "1") == [19]


@pytest.mark.parametrize(
    ("count", "level", "expected"),
    [
        (2, "read_uncommitted", b"r4 r5"),
        (3, "read_uncommitted", b"r3 r4 r5"),
        (2, "read_committed", b"r2 r5"),
        (9, "read_committed", b"r0 r1 r2 r5"),
    ],
)
def test_the_last_records_of_transactions_are_counted(
    kafka39: Cluster, count: int, level: str, expected: bytes
) -> None:
    topic = kafka39.topic(partitions=2)
    writer = Producer({"bootstrap.servers": kafka39.bootstrap, "transactional.id": topic})
    writer.init_transactions()
    for number in range(6):
        writer.begin_transaction()
        writer.produce(topic, b"r%d" % number, partition=1)
        writer.flush()
        (writer.abort_transaction if number in (3, 4) else writer.commit_transaction)()
    options = ("--topic", topic, "--isolation-level", level, "--until-end")
    assert consume(kafka39, *options, "--last", str(count)).stdout.split() == expected.split()
    by_offset = ("--topic", topic, "--isolation-level", level, "--until-end", "--partition", "1")
    assert consume(kafka39, *by_offset, "--offset", f"-{count}").stdout.split() == expected.split()


def test_a_key_that_is_missing_on_a_compacted_topic_is_told(kafka39: Cluster) -> None:
    topic = kafka39.topic(configs=("cleanup.policy=compact",))
    sent = kafka39.run("console-producer", "--topic", topic, stdin=b"a\n")
    assert sent.returncode == 1
    assert "the topic is compacted (cleanup.policy), and takes only records with a key" in sent.stderr.decode()


def test_what_kcat_wrote_is_restored(kafka39: Cluster) -> None:
    topic = kafka39.topic(configs=("cleanup.policy=compact",))
    produce(
        kafka39,
        topic,
        b'{"key":"u1","payload":"restored","headers":["h","1"],"ts":5,"tstype":"create"}\n',
        "--input",
        "jsonl",
    )
    [written] = consume(
        kafka39, "--topic", topic, "--from-beginning", "--until-end", "--output", "jsonl"
    ).stdout.splitlines()
    found = json.loads(written)
    assert (found["key"], found["value"], found["timestamp_ms"]) == ("u1", "restored", 5)
    assert found["headers"] == [{"key": "h", "value": "1"}]
    bad = kafka39.run("console-producer", "--topic", topic, "--input", "jsonl", stdin=b'{"key":"u1","data":"x"}\n')
    assert bad.returncode == 1
    assert b"line 1 is no record (the field value or payload or Value is missing" in bad.stderr


@pytest.mark.parametrize("tool", ["console-consumer", "console-producer"])
def test_arguments_that_are_not_utf_8_are_refused(kafka39: Cluster, tool: str) -> None:
    stranger, topic = b"caf\xe9".decode(errors="surrogateescape"), kafka39.topic()
    ran = kafka39.run(tool, "--topic", stranger)
    assert (ran.returncode, ran.stderr.splitlines()[0]) == (1, rb"ktools: --topic: 'caf\udce9' is not UTF-8 text.")
    ran = kafka39.run(tool, "--topic", topic, "-X", f"client.id={stranger}")
    assert (ran.returncode, ran.stderr) == (1, b"ktools: client.id: its value is not UTF-8 text, or has a NUL in it\n")


def test_a_group_that_does_not_commit(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, b"a\n")
    options = ("--topic", topic, "--group", f"g-{topic}", "--from-beginning", "--max-messages", "1")
    assert consume(kafka39, *options, "--consumer-property", "enable.auto.commit=false").stdout == b"a\n"
    assert committed(kafka39, f"g-{topic}", topic) == -1001


def test_a_record_that_cannot_be_read_is_not_committed(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    send(kafka39, topic, {"value": bytes(8)}, {"value": b"no long"}, {"value": bytes(7) + b"\2"})
    deserializer = ("--value-deserializer", f"{SERIALIZATION}LongDeserializer")
    options = ("--topic", topic, "--group", f"g-{topic}", "--from-beginning", *deserializer)
    ran = kafka39.run("console-consumer", *options)
    assert (ran.returncode, ran.stdout) == (1, b"0\n")
    words = f"ktools: {topic}-0 at offset 1: Size of data received by LongDeserializer is not 8"
    assert ran.stderr.decode().splitlines()[:2] == ["Processed a total of 2 messages", words]
    assert committed(kafka39, f"g-{topic}", topic) == 1
    ran = consume(kafka39, *options, "--skip-message-on-error", "--max-messages", "2")
    assert ran.stdout == b"2\n"
    assert committed(kafka39, f"g-{topic}", topic) == 3


@pytest.mark.parametrize("codec", CODECS)
def test_compression(kafka39: Cluster, codec: str) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, b"x" * 1000 + b"\n", "--compression-codec", codec)
    (segment,) = kafka39.home.glob(f"broker-*/data/{topic}-0/*.log")
    attributes = segment.read_bytes()[21:23]  # behind base offset, length, epoch, magic and checksum of the first batch
    assert int.from_bytes(attributes, "big") & 7 == CODECS[codec]


def test_a_topic_is_copied_with_all_that_is_in_it(kafka39: Cluster) -> None:
    old, new = (kafka39.topic(partitions=3, configs=KEPT) for _ in range(2))
    start = 1_700_000_000_000
    for batch, codec in enumerate(("none", "gzip", "lz4")):
        records = []
        for number in range(batch * 400, batch * 400 + 400):
            key = None if number % 5 == 0 else number.to_bytes(3, "big")
            value = None if number % 7 == 0 else bytes(range(256)) if number % 3 else "значение\n".encode()
            headers = [("h", b"\xff\0"), ("h", None), ("ключ", b"")][: number % 4]
            records.append(
                {"key": key, "value": value, "headers": headers, "partition": number % 3, "timestamp": start + number}
            )
        send(kafka39, old, *records, **{"compression.type": codec})
    ran = consume(kafka39, "--topic", old, "--from-beginning", "--until-end", "--output", "jsonl")
    produce(kafka39, new, ran.stdout, "--input", "jsonl")
    assert everything(kafka39, new, 3) == everything(kafka39, old, 3)


def test_a_line_that_is_no_record_ends_it_after_what_came_before(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    sent = kafka39.run(
        "console-producer", "--topic", topic, "--input", "jsonl", stdin=b'{"value": "a"}\n{"value": 1}\n'
    )
    assert sent.returncode == 1
    assert sent.stderr.decode().startswith("ktools: line 2 is no record (value is neither text, null nor")
    assert [parts[3] for parts in everything(kafka39, topic, 1)] == [b"a"]


def test_a_partition_that_is_not_there_is_told(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    sent = kafka39.run(
        "console-producer", "--topic", topic, "--input", "jsonl", stdin=line("a", 0) + line("b", 7) + line("c", 0)
    )
    assert sent.returncode == 1
    told = f"ktools: 1 of 2 records not delivered to topic '{topic}': Unknown partition\n"
    assert sent.stderr.decode() == f"{told}ktools: cannot go on: Unknown partition\n"
    assert [parts[2:4] for parts in everything(kafka39, topic, 1)] == [(None, b"a")]


def test_a_partition_that_came_meanwhile_is_taken(kafka39: Cluster) -> None:
    topic, admin = kafka39.topic(), kafka39.admin()
    argv = ("console-producer", "--topic", topic, "--input", "jsonl")
    with ended(kafka39.popen(*argv, stdin=subprocess.PIPE, stderr=subprocess.PIPE)) as producer:
        assert producer.stdin
        producer.stdin.write(line("one", 0))
        producer.stdin.flush()
        assert until(lambda: everything(kafka39, topic, 1) != []), "it has its view of the topic"
        admin.create_partitions([NewPartitions(topic, 2)])[topic].result()
        _, told = producer.communicate(line("two", 1), timeout=30)
    assert (producer.returncode, told) == (0, b"")
    ran = consume(kafka39, "--topic", topic, "--partitions", "0,1", "--from-beginning", "--until-end")
    assert sorted(ran.stdout.splitlines()) == [b"one", b"two"]


def test_the_end_is_said_on_stdout(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, b"a\n")
    options = ("--topic", topic, "--from-beginning", "--until-end")
    assert consume(kafka39, *options, "--enable-systest-events").stdout == b"a\nshutdown_complete\n"
    assert json.loads(consume(kafka39, *options, "--output", "json").stdout)[0]["value"] == "a"


def test_settings_that_librdkafka_refuses_are_told_at_once(kafka39: Cluster) -> None:
    started = time.monotonic()
    ran = kafka39.run("console-consumer", "--topic", "t", "--isolation-level", "nosuch")
    assert time.monotonic() - started < 10
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ran.stderr == b'ktools: invalid value "nosuch" for configuration property "isolation.level"\n'


def test_internal_topics_are_decoded(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, b"a\n")
    consume(kafka39, "--topic", topic, "--group", f"g-{topic}", "--from-beginning", "--max-messages", "1")
    formatter = "org.apache.kafka.tools.consumer.OffsetsMessageFormatter"
    options = ("--topic", "__consumer_offsets", "--from-beginning", "--until-end", "--formatter", formatter)
    text = consume(kafka39, *options).stdout.decode()
    found = [json.loads(each) for each in text.replace("}{", "}\n{").splitlines()]
    offsets = [each["value"]["data"]["offset"] for each in found if each["key"]["data"]["group"] == f"g-{topic}"]
    assert offsets[-1] == 1
