"""console-consumer and console-producer on real brokers: every byte, every record, every status."""

import os
import pty
import re
import signal
import statistics
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from confluent_kafka import Producer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.clusters import KTOOLS, Cluster, ended
from tests.support.console import (
    committed,
    consume,
    consuming,
    numbers,
    processed,
    produce,
    read_some,
    rest,
    stored,
    wait_for_exit,
)

FROM_START = ("--partition", "0", "--offset", "earliest")


def test_group_goes_on_where_it_stopped(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=3, replication_factor=3)
    produce(kafka39, topic, numbers(1, 100_000))
    group = ("--group", f"g-{topic}")
    first = consume(kafka39, topic, *group, "--from-beginning", "--max-messages", "40000")
    second = consume(kafka39, topic, *group, "--max-messages", "60000")
    assert (first.count(b"\n"), second.count(b"\n")) == (40_000, 60_000)
    assert sorted(map(int, (first + second).split())) == list(range(1, 100_001))


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.binary(max_size=50).filter(lambda line: b"\n" not in line), min_size=1, max_size=300), st.booleans())
def test_bytes_out_are_bytes_in(kafka39: Cluster, lines: list[bytes], ends_with_newline: bool) -> None:
    topic = kafka39.topic()
    content = b"\n".join([*lines, b"x"]) + (b"\n" if ends_with_newline else b"")
    produce(kafka39, topic, content)
    assert stored(kafka39, topic) == [*lines, b"x"]
    assert consume(kafka39, topic, *FROM_START, "--max-messages", str(len(lines) + 1)) == b"\n".join(
        [*lines, b"x", b""]
    )


def test_long_lines_and_long_keys(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    key, value = b"k" * 100_000, bytes(range(256)).replace(b"\n", b"").replace(b"\t", b"") * 3500
    lines = [b"short\t1", key + b"\t" + value, b"\t", b"last\t" + b"y" * 1_000_000]
    produce(kafka39, topic, b"\n".join(lines), "--property", "parse.key=true")
    options = ("--max-messages", "4", "--property", "print.key=true")
    assert consume(kafka39, topic, *FROM_START, *options) == b"\n".join(lines) + b"\n"


def test_null_is_not_empty(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, b"k\tNIL\nNIL\t\n", "--property", "parse.key=true", "--property", "null.marker=NIL")
    options = ("--max-messages", "2", "--property", "print.key=true", "--property", "null.literal=-")
    assert consume(kafka39, topic, *FROM_START, *options) == b"k\t-\n-\t\n"


def test_a_line_without_a_key_ends_it_after_what_came_before(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    options = ("--property", "parse.key=true", "--property", "key.separator=:")
    sent = kafka39.run("console-producer", "--topic", topic, *options, stdin=b"a:1\nb:2\nnone\nc:3\n")
    assert (sent.returncode, sent.stdout) == (1, b"")
    assert sent.stderr.endswith(b"No key separator found on line number 3: 'none'\n")
    assert stored(kafka39, topic) == [b"1", b"2"]


def test_a_record_the_broker_refuses_is_counted(kafka39: Cluster) -> None:
    topic = kafka39.topic(configs=("max.message.bytes=2000",))
    lines = [b"%d" % number for number in range(5000)]
    lines[1000:1000] = [b"x" * 3000, b"y" * 500_000]
    sent = kafka39.run("console-producer", "--topic", topic, stdin=b"\n".join(lines))
    words = f"ktools: 2 of 5002 records not delivered to topic '{topic}': Message size too large: "
    sizes = "key and value of the largest have 500000 bytes, max.message.bytes=2000\n"
    assert (sent.returncode, sent.stderr.decode()) == (1, words + sizes)
    assert stored(kafka39, topic) == [line for line in lines if len(line) < 2000]


def test_sync_stops_at_the_first_failure(kafka39: Cluster) -> None:
    topic = kafka39.topic(configs=("max.message.bytes=2000",))
    sent = kafka39.run("console-producer", "--topic", topic, "--sync", stdin=b"a\n" + b"x" * 3000 + b"\nb\n")
    assert sent.returncode == 1
    assert stored(kafka39, topic) == [b"a"]


def test_a_lone_record_appears_at_once(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=3)
    options = ("--topic", topic, "--from-beginning")  # whatever it takes to be there, nothing is missed
    with ended(kafka39.popen("console-consumer", *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE)) as reader:
        with ended(kafka39.popen("console-producer", "--topic", topic, stdin=subprocess.PIPE, bufsize=0)) as writer:
            assert writer.stdin is not None
            waits = []
            for number in range(6):
                word = b"%d\n" % number
                started = time.monotonic()
                writer.stdin.write(word)
                assert read_some(reader, len(word)) == word
                waits.append(time.monotonic() - started)
                time.sleep(0.5)
        assert statistics.median(waits[1:]) < 0.3
        reader.send_signal(signal.SIGINT)
        assert wait_for_exit(reader) == 130


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("blocked", [False, True])
def test_a_stop_loses_nothing_and_repeats_nothing(
    kafka39: Cluster, number: signal.Signals, status: int, blocked: bool
) -> None:
    topic = kafka39.topic(partitions=3)
    lines = numbers(100_000, 299_999)
    produce(kafka39, topic, lines)
    options = ("--topic", topic, "--group", f"g-{topic}", "--from-beginning")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with ended(kafka39.popen("console-consumer", *options, **pipes)) as reader:
        seen = read_some(reader, 200_000)
        if blocked:
            time.sleep(1)
        reader.send_signal(number)
        if blocked:
            time.sleep(1)
        seen += rest(reader)
        assert wait_for_exit(reader) == status
        assert reader.stderr is not None
        assert processed(reader.stderr.read()) == seen.count(b"\n") < 200_000
    assert seen.endswith(b"\n")
    again = consume(kafka39, topic, "--group", f"g-{topic}", "--max-messages", str(200_000 - seen.count(b"\n")))
    assert sorted((seen + again).split()) == lines.split()


def test_a_record_that_nobody_reads_is_not_committed(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    lines = numbers(100_000, 199_999)
    produce(kafka39, topic, lines)
    options = ("--topic", topic, "--group", f"g-{topic}", "--from-beginning")
    with ended(kafka39.popen("console-consumer", *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE)) as reader:
        seen = read_some(reader, 1)
        time.sleep(2)
        reader.send_signal(signal.SIGTERM)
        assert wait_for_exit(reader) == 143
        seen += rest(reader)
    whole, half = seen[: seen.rfind(b"\n") + 1], seen[seen.rfind(b"\n") + 1 :]
    again = consume(kafka39, topic, "--group", f"g-{topic}", "--max-messages", str(100_000 - whole.count(b"\n")))
    assert whole + again == lines
    assert again.startswith(half)


def test_kill_9_with_a_slow_reader_loses_nothing(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=3)
    lines = numbers(100_000, 299_999)
    produce(kafka39, topic, lines)
    impatient = {"session.timeout.ms": "6000"}  # how long the broker keeps the place of a killed member
    with consuming(kafka39, topic, impatient, group=f"g-{topic}") as reader:
        seen = b""
        while max(committed(kafka39, f"g-{topic}", topic, 3)) <= 0:  # a commit comes every 5 s
            for _ in range(10):
                seen += read_some(reader, 1, 4096)
                time.sleep(0.05)
        reader.kill()
        seen += rest(reader)
    assert len(seen) < len(lines)
    seen = seen[: seen.rfind(b"\n") + 1]
    with consuming(kafka39, topic, impatient, group=f"g-{topic}") as reader:
        while len(set(seen[: seen.rfind(b"\n") + 1].split())) < 200_000:
            seen += read_some(reader, 1)
    assert set(lines.split()) == set(seen[: seen.rfind(b"\n") + 1].split())


def test_a_reader_that_sleeps_longer_than_the_poll_interval_keeps_its_group(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=2)
    lines = numbers(100_000, 199_999)
    produce(kafka39, topic, lines)
    config = {"max.poll.interval.ms": "6000", "session.timeout.ms": "6000"}
    with consuming(kafka39, topic, config, group=f"g-{topic}", max_messages=100_000) as reader:
        seen = read_some(reader, 65_536)
        time.sleep(8)
        seen += rest(reader)
        assert wait_for_exit(reader) == 0
    assert sorted(seen.split()) == lines.split()


def test_the_end_of_the_pipe_is_silent(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, numbers(100_000, 199_999))
    options = ("--topic", topic, "--group", f"g-{topic}", "--from-beginning")
    with ended(kafka39.popen("console-consumer", *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE)) as reader:
        seen = read_some(reader, 7)
        assert reader.stdout is not None
        reader.stdout.close()
        assert wait_for_exit(reader) == 0
        assert reader.stderr is not None
        count = processed(reader.stderr.read())
    assert 0 < count < 100_000
    assert 0 <= committed(kafka39, f"g-{topic}", topic, 1)[0] <= seen.count(b"\n")


def test_head_ends_the_consumer(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, numbers(1, 50_000))
    line = f'"{sys.executable}" -m kafka_tools console-consumer --topic {topic} --from-beginning | head -1'
    shell = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], env=kafka39.env, capture_output=True, timeout=30, check=False
    )
    assert (shell.returncode, shell.stdout) == (0, b"1\n")
    assert processed(shell.stderr) > 0


@pytest.mark.parametrize("count", [0, 1, 1999, 2001])
def test_exactly_as_many_as_asked_for(kafka39: Cluster, count: int) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, numbers(1, 5000))
    group = f"g-{topic}"
    options = ("--group", group, "--from-beginning", "--max-messages", str(count))
    assert consume(kafka39, topic, *options) == numbers(1, count)
    assert committed(kafka39, group, topic, 1) == [count if count else -1001]


def test_timeout_ends_with_success(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, numbers(1, 3))
    assert consume(kafka39, topic, "--from-beginning", "--timeout-ms", "5000") == numbers(1, 3)
    assert consume(kafka39, topic, "--timeout-ms", "500") == b""


def test_offsets(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, numbers(1, 9))
    options = ("--partition", "0")
    assert consume(kafka39, topic, *options, "--until-end", "--offset", "7") == numbers(8, 9)
    assert consume(kafka39, topic, *options, "--timeout-ms", "1500", "--offset", "latest") == b""
    assert consume(kafka39, topic, *options, "--until-end", "--from-beginning") == numbers(1, 9)


def test_a_group_remembers_where_it_began(kafka39: Cluster) -> None:
    """A group that saw nothing goes on at the place where it waited, not at the end of the next day."""
    topic = kafka39.topic(partitions=3)
    produce(kafka39, topic, numbers(1, 30))
    group = ("--group", f"g-{topic}")
    assert consume(kafka39, topic, *group, "--timeout-ms", "10000") == b""
    produce(kafka39, topic, numbers(31, 60))
    seen = consume(kafka39, topic, *group, "--until-end")
    assert sorted(map(int, seen.split())) == list(range(31, 61))


def test_without_a_group_nothing_is_left(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=3)
    produce(kafka39, topic, numbers(1, 100))
    before = groups(kafka39)
    consume(kafka39, topic, "--from-beginning", "--max-messages", "100")
    # A broker may forget an empty one meanwhile, and other tests make theirs, which begin so.
    assert [each for each in groups(kafka39) - before if not each.startswith(("g-", "kg-", "kt-"))] == []


def groups(cluster: Cluster) -> set[str]:
    admin = cluster.admin()
    return {group.group_id for group in admin.list_consumer_groups().result().valid}


@pytest.mark.parametrize("tool", ["console-consumer", "console-producer"])
def test_a_missing_topic_is_said_and_not_made(kafka39: Cluster, tool: str) -> None:
    started = time.monotonic()
    ran = kafka39.run(tool, "--topic", "no-such-topic", stdin=b"a\nb\n")
    assert time.monotonic() - started < 5
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ran.stderr.splitlines()[0] == b"ktools: topic 'no-such-topic' does not exist"
    assert "no-such-topic" not in kafka39.admin().list_topics(timeout=10).topics


@pytest.mark.parametrize("tool", ["console-consumer", "console-producer"])
def test_an_unreachable_cluster_is_said_in_five_seconds(kafka39: Cluster, tool: str) -> None:
    started = time.monotonic()
    ran = kafka39.run(tool, "--topic", "t", "--bootstrap-server", "127.0.0.1:1", stdin=b"a\n")
    assert time.monotonic() - started < 7
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ran.stderr.splitlines()[0] == b"ktools: cannot reach 127.0.0.1:1 (connection refused)."


def test_a_partition_that_is_not_there(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=2)
    ran = kafka39.run("console-consumer", "--topic", topic, "--partition", "2")
    assert ran.returncode == 1
    assert ran.stderr.decode().splitlines()[0] == f"ktools: topic '{topic}' has no partition 2"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_producer_delivers_what_it_read(kafka39: Cluster, number: signal.Signals, status: int) -> None:
    topic = kafka39.topic()
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    with ended(kafka39.popen("console-producer", "--topic", topic, **pipes)) as writer:
        assert writer.stdin is not None
        assert writer.stderr is not None
        writer.stdin.write(numbers(1, 20_000) + b"half a li")
        writer.stdin.flush()
        time.sleep(2)
        writer.send_signal(number)
        assert wait_for_exit(writer) == status
        assert writer.stderr.read().decode() == f"ktools: stopped after 20000 records delivered to topic '{topic}'\n"
    assert stored(kafka39, topic) == numbers(1, 20_000).split()


def test_a_file_shows_how_far_it_is_on_a_terminal(kafka39: Cluster, tmp_path: Path) -> None:
    topic = kafka39.topic(partitions=3)
    lines = tmp_path / "lines"
    lines.write_bytes(b"x\n" * 1_500_000)
    command, env = [*KTOOLS, "console-producer", "--topic", topic], kafka39.env | {"TERM": "xterm"}
    screen, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (24, 120))  # 80 columns have no room for the words beside a million records a second
    with (
        lines.open("rb") as stdin,
        ended(subprocess.Popen(command, env=env, stdin=stdin, stderr=terminal)) as writer,
    ):
        os.close(terminal)
        shown = b"".join(iter(lambda: _of_terminal(screen), b"")).decode()
        assert wait_for_exit(writer) == 0
    os.close(screen)
    drawn = re.sub(r"\x1b\[[?\d;]*[A-Za-z]", "", shown)
    pictures = [picture.strip() for picture in drawn.split("\r") if picture.strip()]
    assert all(picture.startswith(f"producing to {topic}") for picture in pictures)
    assert pictures[0].endswith(" left")
    assert re.search(r"  1,500,000 records  100 %  [\d,]+/s  in 0:00:\d\d$", pictures[-1])


def _of_terminal(screen: int) -> bytes:
    try:
        return os.read(screen, 65_536)
    except OSError:  # nobody writes to it any more
        return b""


def test_a_slow_reader_bounds_memory(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=2)
    send_directly(kafka39, topic, [b"%09d" % number + b"x" * 99_991 for number in range(2000)])
    with ended(
        kafka39.popen("console-consumer", "--topic", topic, "--from-beginning", stdout=subprocess.PIPE)
    ) as reader:
        assert read_some(reader, 1)
        time.sleep(4)
        peak = peak_kilobytes(reader.pid)
        reader.send_signal(signal.SIGTERM)
        wait_for_exit(reader)
    assert peak < 250_000


def send_directly(cluster: Cluster, topic: str, values: Sequence[bytes]) -> None:
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "queue.buffering.max.kbytes": 1_000_000})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(60) == 0


def peak_kilobytes(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1])


def test_a_full_disk_is_an_error(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, numbers(1, 10))
    options = ("--topic", topic, "--from-beginning")
    with (
        Path("/dev/full").open("wb") as full,
        ended(kafka39.popen("console-consumer", *options, stdout=full, stderr=subprocess.PIPE)) as reader,
    ):
        assert wait_for_exit(reader) == 1
        assert reader.stderr is not None
        assert b"No space left on device" in reader.stderr.read()
