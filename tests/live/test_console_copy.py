"""A topic is copied through a pipe of JSON lines: every record, byte by byte, as another client reads both."""

import shlex
import subprocess
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Message, Producer

from tests.support import oracle
from tests.support.clusters import KTOOLS, Cluster

RECORDS = 30_000
PARTITIONS = 3
CODECS = {"gzip": 1, "snappy": 2, "zstd": 4}
"""Their numbers in the attributes of a batch (Kafka's record format)."""
START_MS = 1_700_000_000_000
KEPT = ("retention.ms=-1",)
"""Records of that time are older than the seven days after which Kafka deletes them."""
HEADERS: list[tuple[str, str | bytes | None]] = [
    ("h", b"\xff\0\n"),
    ("h", None),
    ("ключ", "значение".encode()),
    ("", b""),
]
VALUES = (None, b"", b"null", b'{"base64": "AA=="}', "значение\r\n\t".encode(), bytes(range(256)), b"\0", b"x" * 3000)


def key(number: int) -> bytes | None:
    return (None, b"", b"k%d" % number, b"\xff\xfe" + number.to_bytes(4, "big"))[number % 4]


def produce(cluster: Cluster, topic: str, codec: str, numbers: range) -> None:
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "compression.type": codec, "linger.ms": 50})
    for number in numbers:
        value = VALUES[number % 7 if number % 100 else 7]
        headers, time = HEADERS[: number % 5], START_MS + number * 7
        producer.produce(topic, value, key(number), number % PARTITIONS, timestamp=time, headers=headers)
        producer.poll(0)
    assert producer.flush(60) == 0


def codecs(cluster: Cluster, topic: str) -> set[int]:
    """Return which codecs the batches on disk have."""
    return {
        codec for path in cluster.home.glob(f"broker-*/data/{topic}-*/*.log") for codec in batches(path.read_bytes())
    }


def batches(segment: bytes) -> Iterator[int]:
    start = 0
    while start < len(segment):
        yield int.from_bytes(segment[start + 21 : start + 23]) & 7
        start += 12 + int.from_bytes(segment[start + 8 : start + 12])


def parts(message: Message) -> tuple[Any, ...]:
    return message.timestamp(), message.key(), message.value(), message.headers()


def test_a_copy_is_identical(kafka39: Cluster) -> None:
    old, new = (kafka39.topic(partitions=PARTITIONS, configs=KEPT) for _ in range(2))
    for at, codec in enumerate(CODECS):
        produce(kafka39, old, codec, range(RECORDS * at // 3, RECORDS * (at + 1) // 3))
    assert codecs(kafka39, old) >= set(CODECS.values())
    read = shlex.join((*KTOOLS, "console-consumer", "--topic", old, "--from-beginning", "--until-end"))
    write = shlex.join((*KTOOLS, "console-producer", "--topic", new))
    shell = ("bash", "-o", "pipefail", "-c", f"{read} --output jsonl | {write} --input jsonl")
    copying = subprocess.run(shell, env=kafka39.env, capture_output=True, timeout=120, check=False)
    said = f"Processed a total of {RECORDS} messages\n".encode()
    assert (copying.returncode, copying.stdout, copying.stderr) == (0, b"", said)
    originals, copies = oracle.stored(kafka39, old), oracle.stored(kafka39, new)
    assert sum(map(len, copies)) == RECORDS
    for partition, (original, copy) in enumerate(zip(originals, copies, strict=True)):
        assert len(original) == len(copy), partition
        assert all(parts(one) == parts(other) for one, other in zip(original, copy, strict=True)), partition
