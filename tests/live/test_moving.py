"""`ktools log-dirs`, `leader-election` and `reassign-partitions`: brokers are killed, data flows, a person watches."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pexpect

from tests.support.clusters import KTOOLS, Cluster, ended
from tests.support.waiting import wait_until


def test_a_topic_grows_under_watch(kafka39: Cluster) -> None:
    topic = kafka39.topic(replication_factor=3)
    argv = [*KTOOLS[1:], "log-dirs", "--describe", "--topic-list", topic, "--watch", "0.5"]
    with pexpect.spawn(KTOOLS[0], argv, env=kafka39.env | {"TERM": "xterm"}, dimensions=(30, 120)) as watch:
        watch.expect_exact("Growth", timeout=20)
        sent = kafka39.run("console-producer", "--topic", topic, stdin=b"x" * 3000 + b"\n")
        assert sent.returncode == 0, sent.stderr
        watch.expect(r"\+\d+\.\d KiB", timeout=20)
        watch.sendintr()
        watch.expect(pexpect.EOF)


def partitions(cluster: Cluster, topic: str) -> dict[int, Any]:
    found = cluster.admin().list_topics(topic, timeout=20)
    return {number: each for number, each in found.topics[topic].partitions.items() if each.leader is not None}


def leaders(cluster: Cluster, topic: str) -> list[int]:
    return [each.leader for _, each in sorted(partitions(cluster, topic).items())]


def rows(cluster: Cluster, *argv: str, status: int = 0) -> list[dict[str, Any]]:
    ran = cluster.run(*argv, "--output", "json")
    assert ran.returncode == status, ran.stdout + ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


def test_leaders_go_and_come_back(mortal39: Cluster) -> None:
    topic = "orders"
    made = mortal39.run("topics", "--create", "--topic", topic, "--replica-assignment", "1:2,2:3")
    assert made.returncode == 0, made.stdout
    unclean = ("leader-election", "--election-type", "unclean", "--topic", topic, "--partition", "0")
    assert mortal39.run("sandbox", "kill", "2").returncode == 0
    wait_until(lambda: partitions(mortal39, topic)[0].isrs == [1], "broker 2 is out of the ISR")

    # What only broker 1 gets is lost when nobody else is in sync, and nobody waits for it.
    lines = "".join(f'{{"partition": 0, "value": "{number}"}}\n' for number in range(7))
    sent = mortal39.run("console-producer", "--topic", topic, "--input", "jsonl", stdin=lines.encode())
    assert sent.returncode == 0, sent.stderr
    assert mortal39.run("sandbox", "kill", "1").returncode == 0
    [seen] = rows(mortal39, *unclean, "--dry-run", status=1)
    assert (seen["leader"], seen["expected_leader"], seen["reason"]) == (None, None, "none of its replicas is alive")
    assert mortal39.run("sandbox", "start", "2").returncode == 0
    [seen] = rows(mortal39, *unclean, "--dry-run")
    assert (seen["expected_leader"], seen["unclean"], seen["isr"], seen["end_offset"]) == (2, True, [1], 0)
    assert {row["broker"] for row in rows(mortal39, "log-dirs", "--describe", "--topic-list", topic)} == {2, 3}
    elected = mortal39.run(*unclean)
    assert (elected.returncode, elected.stdout.decode()) == (
        0,
        f"Successfully completed leader election (UNCLEAN) for partitions {topic}-0\n",
    )
    wait_until(lambda: leaders(mortal39, topic) == [2, 3], "every broker has heard who leads")

    wait_until(lambda: sorted(partitions(mortal39, topic)[1].isrs) == [2, 3], "broker 2 is in sync")
    preferred = ("leader-election", "--election-type", "preferred", "--topic", topic, "--partition", "1")
    [would] = rows(mortal39, *preferred, "--dry-run")
    assert (would["leader"], would["expected_leader"]) == (3, 2)
    [done] = rows(mortal39, *preferred)
    assert (done["leader_before"], done["leader"], done["result"]) == (3, 2, "elected")
    wait_until(lambda: leaders(mortal39, topic) == [2, 2], "every broker has heard who leads")


def test_nothing_is_lost_while_a_partition_moves(kafka39: Cluster, tmp_path: Path) -> None:
    topic = kafka39.topic()
    [before] = [each.replicas for each in partitions(kafka39, topic).values()]
    [after] = [[broker] for broker in (1, 2, 3) if [broker] != before][:1]
    plan = tmp_path / "plan.json"
    wanted = {"topic": topic, "partition": 0, "replicas": after}
    plan.write_text(json.dumps({"version": 1, "partitions": [wanted]}))
    file = ("--reassignment-json-file", str(plan))
    with ended(kafka39.popen("console-producer", "--topic", topic, stdin=subprocess.PIPE)) as producer:
        assert producer.stdin is not None
        producer.stdin.write(lines_of(range(20_000)))
        ran = kafka39.run("reassign-partitions", "--execute", "--additional", "--throttle", "50000000", *file)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        producer.stdin.write(lines_of(range(20_000, 40_000)))
        producer.stdin.close()
        assert producer.wait(60) == 0
    wait_until(lambda: b"is completed" in kafka39.run("reassign-partitions", "--verify", *file).stdout, "it has moved")
    assert [each.replicas for each in partitions(kafka39, topic).values()] == [after]
    read = kafka39.run("console-consumer", "--topic", topic, "--from-beginning", "--max-messages", "40000")
    assert read.stdout == lines_of(range(40_000))
    own = kafka39.run("configs", "--describe", "--entity-type", "topics", "--entity-name", topic)
    assert b"throttled" not in own.stdout


def lines_of(numbers: range) -> bytes:
    return b"".join(b"%d\n" % number for number in numbers)
