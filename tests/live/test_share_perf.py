"""`ktools share-consumer-perf-test` on real brokers: each record is counted once, and acknowledged."""

import json
import signal
import subprocess
from typing import Any

from tests.support.clusters import Cluster, ended


def filled(cluster: Cluster, records: int) -> str:
    """Make a topic with so many records of 10 bytes, and a share group of its name that begins with the first."""
    topic = cluster.topic(2)
    options = ("--num-records", str(records), "--record-size", "10", "--throughput", "-1")
    assert cluster.run("producer-perf-test", "--topic", topic, *options).returncode == 0
    reset = ("--reset-offsets", "--group", topic, "--topic", topic, "--to-earliest", "--execute")
    assert cluster.run("share-groups", *reset).returncode == 0
    return topic


def rows(cluster: Cluster, topic: str, *options: str) -> list[dict[str, Any]]:
    ran = cluster.run(
        "share-consumer-perf-test", "--topic", topic, "--group", topic, "--output", "json", *options, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    found: list[dict[str, Any]] = json.loads(ran.stdout)
    return found


def test_members_share_the_records_and_each_is_read_once(kafka4: Cluster) -> None:
    topic = filled(kafka4, 3000)
    first = rows(kafka4, topic, "--num-records", "1000", "--threads", "2", "--show-consumer-stats")
    assert [row["consumer"] for row in first] == [1, 2, None]
    assert first[0]["records"] + first[1]["records"] == first[2]["records"] >= 1000
    left = 3000 - first[2]["records"]
    # A member that goes gives back what it had fetched: the next one waits for that, and not for ever.
    [rest] = rows(kafka4, topic, "--num-records", str(max(left, 1)), "--timeout", "30000" if left else "500")
    assert rest["records"] == left
    assert abs(rest["megabytes"] * (1 << 20) - 10 * left) < 100  # told with four digits


def test_ctrl_c_tells_what_was_read_until_then(kafka4: Cluster) -> None:
    topic = filled(kafka4, 500)
    options = ("--num-records", "1000000", "--group", topic, "--show-detailed-stats", "--reporting-interval", "1")
    command = ("share-consumer-perf-test", "--topic", topic, *options, "--timeout", "600000")
    with ended(kafka4.popen(*command, stdout=subprocess.PIPE)) as running:
        assert running.stdout is not None
        heading, *lines = next(running.stdout), next(running.stdout)
        running.send_signal(signal.SIGINT)
        lines += running.stdout
    assert running.returncode == 130
    assert heading.startswith(b"start.time, end.time, ")
    assert int(lines[-1].split(b", ")[5]) == int(lines[-2].split(b", ")[5]) > 0


def test_a_topic_that_is_not_there_is_told(kafka4: Cluster) -> None:
    ran = kafka4.run("share-consumer-perf-test", "--topic", "nobody-made-it", "--num-records", "1", "--hide-header")
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert b"nobody-made-it" in ran.stderr.splitlines()[0]
