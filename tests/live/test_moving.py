"""`ktools log-dirs`, `leader-election` and `reassign-partitions`: brokers are killed, data flows, a person watches."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pexpect

from tests.support.clusters import KTOOLS, Cluster, ended
from tests.support.reassignment import throttles
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


def test_nothing_is_lost_while_a_partition_moves(mortal39: Cluster, tmp_path: Path) -> None:
    made = mortal39.run("topics", "--create", "--topic", "moving", "--replica-assignment", "1:2")
    assert made.returncode == 0, made.stdout
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"partitions": [{"topic": "moving", "partition": 0, "replicas": [3, 2]}]}))
    file = ("--reassignment-json-file", str(plan))
    consume = ("console-consumer", "--topic", "moving", "--from-beginning", "--max-messages", "60000")
    produce = ("console-producer", "--topic", "moving")
    with (
        ended(mortal39.popen(*consume, stdout=subprocess.PIPE)) as consumer,
        ended(mortal39.popen(*produce, stdin=subprocess.PIPE)) as producer,
    ):
        assert producer.stdin is not None
        producer.stdin.write(lines_of(range(40_000)))
        ran = mortal39.run("reassign-partitions", "--execute", "--throttle", "1000000", *file)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        throttled = mortal39.run("configs", "--describe", "--entity-type", "topics", "--entity-name", "moving")
        assert b"follower.replication.throttled.replicas=0:3" in throttled.stdout
        producer.stdin.write(lines_of(range(40_000, 60_000)))
        producer.stdin.close()
        assert producer.wait(60) == 0
        assert consumer.communicate(timeout=60)[0] == lines_of(range(60_000))
    wait_until(lambda: b"is completed" in mortal39.run("reassign-partitions", "--verify", *file).stdout, "it has moved")
    assert [each.replicas for each in partitions(mortal39, "moving").values()] == [[3, 2]]
    admin = mortal39.admin()
    assert list(throttles(admin, "moving")) == ["topic moving 3:2\n"]
    read = mortal39.run(*consume)
    assert read.stdout == lines_of(range(60_000))


def lines_of(numbers: range) -> bytes:
    return b"".join(b"%090d\n" % number for number in numbers)


def test_a_broker_dies_while_it_gets_a_replica_and_has_two_directories_later(mortal39: Cluster, tmp_path: Path) -> None:
    made = mortal39.run("topics", "--create", "--topic", "dirs", "--replica-assignment", "1:2")
    assert made.returncode == 0, made.stdout
    sent = mortal39.run("console-producer", "--topic", "dirs", stdin=lines_of(range(30_000)))
    assert sent.returncode == 0, sent.stderr
    first, second = (str(mortal39.home / "broker-3" / name) for name in ("data", "data-2"))
    admin = mortal39.admin()

    def moved(action: str, log_dir: str, *argv: str) -> tuple[int, str, str]:
        file = tmp_path / "plan.json"
        wanted = {"topic": "dirs", "partition": 0, "replicas": [3, 2], "log_dirs": [log_dir, "any"]}
        file.write_text(json.dumps({"partitions": [wanted]}))
        ran = mortal39.run("reassign-partitions", action, "--reassignment-json-file", str(file), *argv)
        return ran.returncode, ran.stdout.decode(), ran.stderr.decode()

    def is_done(log_dir: str) -> bool:
        out = moved("--verify", log_dir)[1]
        # The replica may be in its directory before the old ones have left the partition.
        done = "Reassignment of replica dirs-0-3 completed successfully."
        return done in out and "is still in progress" not in out

    assert moved("--execute", "any", "--throttle", "1000")[0] == 0
    assert mortal39.run("sandbox", "kill", "3").returncode == 0
    assert "is still in progress" in moved("--verify", "any")[1]
    status, out, said = moved("--cancel", "any")
    assert (status, out.splitlines()[0]) == (1, "Successfully cancelled partition reassignment for: dirs-0")
    assert said == "The throttles of broker 3 stay: --verify takes them away when it answers.\n"
    wait_until(lambda: list(throttles(admin, "dirs")) == ["topic dirs 2:1\n"], "brokers 1 and 2 have no throttle")

    with (mortal39.home / "broker-3" / "server.properties").open("a") as settings:
        settings.write(f"log.dirs={first},{second}\n")
    assert mortal39.run("sandbox", "start", "3").returncode == 0
    assert moved("--verify", "any")[0] == 1  # the replica is not there
    assert list(throttles(admin, "dirs")) == ["topic dirs 2:1\n"]
    for log_dir in (second, first):
        status, out, said = moved("--execute", log_dir, "--replica-alter-log-dirs-throttle", "2000000")
        assert (status, said) == (0, ""), out
        assert f"Successfully started moving log directory to {log_dir} for replica dirs-0 with broker 3" in out
        sent = mortal39.run("console-producer", "--topic", "dirs", stdin=lines_of(range(30_000, 35_000)))
        assert sent.returncode == 0, sent.stderr
        wait_until(lambda at=log_dir: is_done(at), f"the replica is in {log_dir}")
        found = rows(mortal39, "log-dirs", "--describe", "--topic-list", "dirs", "--broker-list", "3")
        assert [(row["log_dir"], row["is_future"]) for row in found if row["topic"]] == [(log_dir, False)]
    assert list(throttles(admin, "dirs")) == ["topic dirs 3:2\n"]
    read = mortal39.run("console-consumer", "--topic", "dirs", "--from-beginning", "--max-messages", "40000")
    assert read.stdout == lines_of(range(35_000)) + lines_of(range(30_000, 35_000))


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
