"""`ktools consumer-groups` on real brokers: what is read after a reset, what is refused, what a person sees."""

import json
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from kafka_tools.model.topics import TopicPartition
from tests.support.clusters import Cluster
from tests.support.waiting import wait_until

TIMES = (1_700_000_000_000, 1_700_000_100_000, 1_700_000_200_000)


@pytest.fixture
def topic(kafka39: Cluster) -> str:
    """A topic with ten records of three times in partition 0 and none in partition 1."""
    name = kafka39.topic(partitions=2)
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
