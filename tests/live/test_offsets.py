"""`ktools get-offsets` and `delete-records` on real brokers: what a person sees, what is refused, what stays."""

import json
import re
import time
from pathlib import Path

import pexpect
import pytest

from tests.support.clusters import KTOOLS, Cluster


def filled(cluster: Cluster, counts: dict[int, int], *configs: str) -> str:
    """Return a topic with so many records in each of its partitions."""
    topic = cluster.topic(partitions=len(counts), configs=configs)
    lines = [json.dumps({"partition": number, "value": "v"}) for number, count in counts.items() for _ in range(count)]
    ran = cluster.run("console-producer", "--topic", topic, "--input", "jsonl", stdin="\n".join(lines).encode())
    assert ran.returncode == 0, ran.stderr
    return topic


def offsets(cluster: Cluster, topic: str, moment: str = "earliest") -> list[int]:
    ran = cluster.run("get-offsets", "--topic", topic, "--time", moment)
    assert ran.returncode == 0, ran.stderr
    return [int(line.rpartition(b":")[2]) for line in ran.stdout.splitlines()]


def test_a_table_shows_both_ends_and_what_is_between(kafka39: Cluster) -> None:
    topic = filled(kafka39, {0: 3, 1: 0})
    assert kafka39.run("delete-records", "--topic", topic, "--before-offset", "0").returncode == 0
    ran = kafka39.run("get-offsets", "--topic", topic, "--output", "table")
    heading, first, second = ran.stdout.decode().splitlines()
    assert heading.split() == ["Topic", "Partition", "Earliest", "Latest", "Records", "Newest"]
    assert re.fullmatch(rf"{topic} +0 +0 +3 +3 +{time.strftime('%Y')}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{{3}}", first)
    assert second.split() == [topic, "1", "0", "0", "0", "-"]


def test_programs_get_numbers(kafka39: Cluster) -> None:
    topic = filled(kafka39, {0: 2})
    ran = kafka39.run("get-offsets", "--topic", topic, "--time", "max-timestamp", "--output", "json")
    [row] = json.loads(ran.stdout)
    assert row | {"timestamp": 0} == {"topic": topic, "partition": 0, "offset": row["offset"], "timestamp": 0}
    assert abs(row["timestamp"] - 1000 * time.time()) < 600_000


def test_brokers_of_2_8_are_too_old_for_some_words(kafka28: Cluster) -> None:
    topic = filled(kafka28, {0: 1})
    for word in ("earliest-local", "max-timestamp"):
        ran = kafka28.run("get-offsets", "--topic", topic, "--time", word)
        assert (ran.returncode, ran.stdout) == (1, b"")
        assert f"topic-partition {topic}-0 due to error: ".encode() in ran.stderr
        assert b"UnsupportedVersionException" in ran.stderr
    assert offsets(kafka28, topic, "latest") == [1]


def test_records_before_an_offset_a_time_and_all_of_them_go(kafka39: Cluster) -> None:
    topic = filled(kafka39, {0: 5, 1: 2})
    assert kafka39.run("delete-records", "--topic", topic, "--before-offset", "2").returncode == 0
    assert offsets(kafka39, topic) == [2, 2]
    assert kafka39.run("delete-records", "--topic", topic, "--before-time", "-1h").returncode == 0
    assert offsets(kafka39, topic) == [2, 2]
    before = str(int(1000 * time.time()) + 1)
    assert filled_again(kafka39, topic, later_than=int(before)).returncode == 0
    assert kafka39.run("delete-records", "--topic", topic, "--before-time", before).returncode == 0
    assert offsets(kafka39, topic) == [5, 2]
    assert offsets(kafka39, topic, "latest") == [6, 2]
    assert kafka39.run("delete-records", "--topic", topic, "--all").returncode == 0
    assert offsets(kafka39, topic) == [6, 2]


def filled_again(cluster: Cluster, topic: str, later_than: int) -> "object":
    while 1000 * time.time() <= later_than:
        time.sleep(0.001)
    line = json.dumps({"partition": 0, "value": "new"}).encode()
    return cluster.run("console-producer", "--topic", topic, "--input", "jsonl", stdin=line)


def test_a_dry_run_deletes_nothing(kafka39: Cluster) -> None:
    topic = filled(kafka39, {0: 3, 1: 0})
    ran = kafka39.run("delete-records", "--topic", topic, "--all", "--dry-run")
    assert ran.stdout.decode().splitlines() == [
        f"Would delete 3 records of {topic}-0: offsets 0 to 2.",
        f"Would delete nothing of {topic}-1, which begins at offset 0.",
    ]
    assert offsets(kafka39, topic) == [0, 0]


def test_on_a_terminal_a_question_comes_first(kafka39: Cluster) -> None:
    topic = filled(kafka39, {0: 3})
    for answer, status, left in (("n", 1, [0]), ("y", 0, [3])):
        argv = [*KTOOLS[1:], "delete-records", "--topic", topic, "--all"]
        terminal = pexpect.spawn(KTOOLS[0], argv, env=kafka39.env, timeout=60)
        terminal.expect_exact("Delete 3 records of 1 partition, for good? [y/N]")
        terminal.sendline(answer)
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert terminal.exitstatus == status
        assert offsets(kafka39, topic) == left


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--topic", "t"], "--topic needs exactly one of"),
        (["--topic", "t", "--all", "--before-offset", "1"], "--topic needs exactly one of"),
        (["--all"], "--all needs --topic"),
        (["--topic", "t", "--all", "--offset-json-file", "f"], "--topic cannot be used with --offset-json-file"),
        (["--topic", "t", "--before-offset", "-1"], "--before-offset cannot be -1"),
        (["--topic", "t", "--before-time", "soon"], "--before-time: 'soon' is no time"),
        (["--topic", "no-such-topic", "--all"], "Topic 'no-such-topic' does not exist as expected"),
        (["--topic", "a\x1b[31m", "--all"], "Topic 'a\\x1b[31m' does not exist as expected"),
        (["--offset-json-file", "/dev/zero"], "Unable to read file /dev/zero"),
    ],
)
def test_what_is_refused(argv: list[str], message: str, kafka39: Cluster) -> None:
    ran = kafka39.run("delete-records", *argv)
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ran.stderr.decode().startswith(message)


def test_a_read_only_context_keeps_its_records(kafka39: Cluster, tmp_path: Path) -> None:
    topic = filled(kafka39, {0: 2})
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    added = kafka39.run("context", "add", "prod", "--bootstrap-server", kafka39.bootstrap, "--read-only", env=env)
    assert added.returncode == 0, added.stderr
    ran = kafka39.run("delete-records", "--topic", topic, "--all", "--yes", env=env)
    assert (ran.returncode, ran.stderr) == (1, b"context prod is read-only: nothing was changed\n")
    assert offsets(kafka39, topic) == [0]
