"""console-consumer and console-producer run on a cluster, and what they wrote, committed and counted."""

import os
import re
import select
import signal
import subprocess
from contextlib import AbstractContextManager

from confluent_kafka import Consumer, TopicPartition

from tests.support.clusters import Cluster, ended


def numbers(first: int, last: int) -> bytes:
    return b"".join(b"%d\n" % number for number in range(first, last + 1))


def produce(cluster: Cluster, topic: str, content: bytes, *options: str) -> None:
    sent = cluster.run("console-producer", "--topic", topic, *options, stdin=content)
    assert (sent.returncode, sent.stdout, sent.stderr) == (0, b"", b"")


def consume(cluster: Cluster, topic: str, *options: str) -> bytes:
    """Return what the consumer wrote; it must end well and count right."""
    ran = cluster.run("console-consumer", "--topic", topic, *options)
    assert ran.returncode == 0, ran.stderr
    assert processed(ran.stderr) >= ran.stdout.count(b"\n") or b"\n" in ran.stdout
    return ran.stdout


def consuming(
    cluster: Cluster, topic: str, config: dict[str, str], group: str, max_messages: int | None = None
) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """Start a consumer with these settings."""
    settings = [word for name, value in config.items() for word in ("-X", f"{name}={value}")]
    count = [] if max_messages is None else ["--max-messages", str(max_messages)]
    options = ("--topic", topic, "--group", group, "--from-beginning", *settings, *count)
    return ended(cluster.popen("console-consumer", *options, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))


def processed(stderr: bytes) -> int:
    found = re.fullmatch(rb"Processed a total of (\d+) messages\n", stderr)
    assert found, stderr
    return int(found[1])


def stored(cluster: Cluster, topic: str, partitions: int = 1) -> list[bytes]:
    """Return the values that the brokers have, partition by partition, read by another client."""
    values: list[bytes] = []
    reader = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": "oracle", "enable.auto.commit": False})
    for partition in range(partitions):
        position = TopicPartition(topic, partition, 0)
        end = reader.get_watermark_offsets(position)[1]
        reader.assign([position])
        read: list[bytes] = []
        while len(read) < end:
            message = reader.poll(10)
            assert message is not None
            assert message.error() is None
            read.append(message.value() or b"")
        values += read
    reader.close()
    return values


def committed(cluster: Cluster, group: str, topic: str, partitions: int) -> list[int]:
    reader = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": group, "enable.auto.commit": False})
    found = reader.committed([TopicPartition(topic, partition) for partition in range(partitions)], timeout=10)
    reader.close()
    return [partition.offset for partition in found]


def wait_for_exit(process: subprocess.Popen[bytes], seconds: float = 20) -> int:
    return process.wait(timeout=seconds)


def read_some(process: subprocess.Popen[bytes], size: int, block_size: int = 65_536) -> bytes:
    """Read at least `size` bytes of stdout, if they come within 20 s."""
    assert process.stdout is not None
    content = b""
    while len(content) < size:
        assert select.select([process.stdout], [], [], 20)[0], content
        block = os.read(process.stdout.fileno(), block_size)
        if not block:
            break
        content += block
    return content


def rest(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.read()


def stopped(reader: subprocess.Popen[bytes]) -> bytes:
    reader.send_signal(signal.SIGTERM)
    content = rest(reader)
    assert wait_for_exit(reader) in (143, -signal.SIGTERM)
    assert reader.stdout is not None
    reader.stdout.close()
    return content
