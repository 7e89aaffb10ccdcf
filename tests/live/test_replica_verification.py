"""`ktools replica-verification` on real brokers: what was damaged on a disk is found, and who is wrong is named."""

import json
import signal
import subprocess
from typing import Any

import pytest
from confluent_kafka import Producer

from tests.support.clusters import Cluster, ended
from tests.support.log_files import damage
from tests.support.waiting import until


def filled(cluster: Cluster, configs: tuple[str, ...] = ()) -> str:
    """Make a topic with three replicas, two batches, and return its name."""
    topic = cluster.topic(1, 3, configs)
    producer = Producer({"bootstrap.servers": cluster.bootstrap, "acks": "all"})
    for values in (range(5), range(5, 400)):
        for value in values:
            producer.produce(topic, f"value-{value}" * 20, f"key-{value % 50}")
        producer.flush(30)
    return topic


def verified(cluster: Cluster, topic: str, *options: str) -> tuple[int, dict[str, Any]]:
    ran = cluster.run("replica-verification", "--once", "--topics-include", topic, "--output", "json", *options)
    [row] = json.loads(ran.stdout)
    return ran.returncode, row


@pytest.mark.parametrize(("how", "verdict"), [("rotten", "damaged"), ("other", "different"), ("longer", "different")])
def test_a_replica_that_was_changed_on_its_disk_is_named(kafka39: Cluster, how: str, verdict: str) -> None:
    topic = filled(kafka39)
    damage(kafka39.home, "2", topic, how)
    status, row = verified(kafka39, topic)
    assert (status, row["verdict"], row["suspects"]) == (1, verdict, [2])
    assert (row["differences"], row["verified"]) == (1, 0 if how == "longer" else 400)
    assert verified(kafka39, topic, "--time", "-1") == (0, row | {"start": 400, "verified": 400} | EQUAL)


EQUAL = {"differences": 0, "suspects": [], "verdict": "equal", "lag": 0}


def test_one_batch_at_a_time_is_enough(kafka4: Cluster) -> None:
    topic = filled(kafka4, ("compression.type=lz4",))
    status, row = verified(kafka4, topic, "--fetch-size", "1")
    assert (status, row["verdict"], row["verified"], row["log_ends"]) == (0, "equal", 400, [400, 400, 400])


def test_until_ctrl_c_new_records_are_compared(kafka39: Cluster) -> None:
    topic = filled(kafka39)
    options = ("--topics-include", topic, "--report-interval-ms", "50", "--max-wait-ms", "50")
    process = kafka39.popen("replica-verification", *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with ended(process) as running:
        assert running.stdout is not None
        assert next(running.stdout).endswith(b": verification process is started\n")
        producer = Producer({"bootstrap.servers": kafka39.bootstrap})
        producer.produce(topic, "one more")
        producer.flush(30)
        expected = f": max lag is 0 for partition {topic}-0 at offset 401 among 1 partitions\n".encode()
        lines = running.stdout
        until(lambda: next(lines).endswith(expected))
        running.send_signal(signal.SIGINT)
        said = running.communicate()[1]
    assert (running.returncode, said) == (130, b"")


def test_who_may_not_read_a_topic_is_told(kafka39_secured: Cluster) -> None:
    topic = kafka39_secured.topic()
    reader = str(kafka39_secured.logins()["reader"])
    ran = kafka39_secured.run("replica-verification", "--once", "--topics-include", topic, "--command-config", reader)
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert ran.stderr.startswith(f"No topics found. --topics-include {topic} matches none.\n".encode())
