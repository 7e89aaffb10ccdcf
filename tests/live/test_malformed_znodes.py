"""Znodes that Kafka did not write, through every command that reads ZooKeeper: each is named, none hides the others."""

from collections.abc import Sequence
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kafka_tools.main import cli
from tests.support.clusters import Cluster

TOPIC = "brokers/topics/with-id"
STATE = f"{TOPIC}/partitions/1/state"
CONFIG, BROKER, DEFAULTS = "config/topics/with-id", "brokers/ids/2", "config/brokers/<default>"

OF_A_TOPIC = [
    (TOPIC, b"no json"),
    (TOPIC, b""),
    (TOPIC, b"[]"),
    (TOPIC, b"[" * 100_000),
    (TOPIC, b"\xff\xfe"),
    (TOPIC, b'{"partitions":{"0":[]}}'),
    (TOPIC, b'{"partitions":{"x":[1]}}'),
    (TOPIC, b'{"partitions":{"0":["a"]}}'),
    (TOPIC, b'{"partitions":{"0":[1]},"topic_id":"\\ud800"}'),
    (TOPIC, b'{"partitions":{"0":[99999999999999999999]}}'),
    (CONFIG, b'{"config":7}'),
    (CONFIG, b'{"config":{"retention.ms":null}}'),
    (CONFIG, b'{"config":{"retention.ms":["1"]}}'),
    (STATE, b'{"leader":"x","isr":[]}'),
    (STATE, b'{"leader":1,"isr":"12"}'),
    (STATE, b'{"isr":[1]}'),
]
OF_A_BROKER = [
    (BROKER, b"\xff"),
    (BROKER, b"{}"),
    (BROKER, b'{"host":"a b","port":9092,"endpoints":[]}'),
    (BROKER, b'{"host":null,"port":-1,"endpoints":[7],"rack":[]}'),
    ("brokers/ids/x1", b"{}"),
]
OF_DOCTOR = [
    ("controller", b'{"brokerid":"x"}'),
    ("controller", b"7"),
    ("cluster/id", b'{"id":{}}'),
    ("cluster/id", b"\0"),
    ("brokers/topics/__consumer_offsets/partitions/0/state", b"null"),
]


@pytest.fixture
def run(zookeeper: Any, chroot: str, kafka39: Cluster) -> Any:
    """Write a znode, run a command, and check that no command ends in anything but its own words."""

    def run(path: str, data: bytes, argv: Sequence[str]) -> Result:
        zookeeper.ensure_path(f"{chroot}/{path}")
        zookeeper.set(f"{chroot}/{path}", data)
        result = CliRunner().invoke(cli, [*argv, "--zookeeper", kafka39.zookeeper + chroot])
        assert result.exit_code in (0, 1), result.output
        assert "Traceback" not in result.output
        return result

    return run


NAMED = "The znode /{} is not as Kafka writes it: "
DESCRIBE, LAYOUT = ("topics", "--describe"), ("layout",)
NEW = ("--partitions", "1", "--replication-factor", "1")


@pytest.mark.parametrize(("path", "data"), OF_A_TOPIC)
def test_a_topic_hides_no_other(run: Any, path: str, data: bytes) -> None:
    for argv in (DESCRIBE, (*DESCRIBE, "--output", "json"), LAYOUT, (*LAYOUT, "--without-broker", "5")):
        result = run(path, data, argv)
        assert (result.exit_code, "reassigned" in result.stdout, "with-id" in result.stdout) == (1, True, False)
        assert NAMED.format(path) in result.stderr
        assert "topic with-id is left out" in result.stderr
    assert run(path, data, ("topics", "--list")).stdout.split() == ["__consumer_offsets", "reassigned", "with-id"]
    assert NAMED.format(path) in " ".join(run(path, data, ("topics", "--list", "--output", "table")).stdout.split())
    alone = run(path, data, (*DESCRIBE, "--topic", "with-id"))
    assert (alone.exit_code, NAMED.format(path) in alone.stderr) == (1, True)
    altered = run(path, data, ("topics", "--alter", "--topic", ".*", "--partitions", "9"))
    assert (altered.exit_code, NAMED.format(path) in altered.stdout) == (1, True)
    assert run(path, data, ("topics", "--create", "--topic", "another", *NEW)).exit_code == 0
    assert run(path, data, ("topics", "--delete", "--topic", "with-id")).exit_code == 0


@pytest.mark.parametrize(("path", "data"), OF_A_BROKER)
def test_a_broker_hides_no_topic(run: Any, path: str, data: bytes) -> None:
    for argv in (DESCRIBE, LAYOUT):
        result = run(path, data, argv)
        assert (result.exit_code, "with-id" in result.stdout, NAMED.format(path) in result.stderr) == (1, True, True)
    # The replicas of a new topic stay where they are put: nothing is made on brokers that are known by halves.
    created = run(path, data, ("topics", "--create", "--topic", "another", *NEW))
    assert (created.exit_code, NAMED.format(path) in created.stdout) == (1, True)
    assert NAMED.format(path)[4:-2] in run(path, data, ("doctor",)).stdout


@pytest.mark.parametrize(("path", "data"), [*OF_A_TOPIC[:1], *OF_DOCTOR])
def test_doctor_names_each_and_goes_on(run: Any, path: str, data: bytes) -> None:
    result = run(path, data, ("doctor",))
    assert (result.exit_code, NAMED.format(path)[4:-2] in result.stdout) == (1, True)
    assert "broker 5\t" in result.stdout


def test_the_default_of_all_brokers(run: Any) -> None:
    result = run(DEFAULTS, b"7", DESCRIBE)
    assert (result.exit_code, "with-id" in result.stdout, NAMED.format(DEFAULTS) in result.stderr) == (1, True, True)


def test_a_reassignment(run: Any) -> None:
    argv = ("topics", "--alter", "--topic", "with-id", "--partitions", "3")
    result = run("admin/reassign_partitions", b'{"partitions":[{}]}', argv)
    assert (result.exit_code, NAMED.format("admin/reassign_partitions") in result.stdout) == (1, True)


def test_registrations_of_kafka_0_8_are_read(run: Any) -> None:
    of_0_8 = b'{"jmx_port":-1,"timestamp":"1","host":"127.0.0.1","version":1,"port":9}'
    assert "broker 2\tfailed\t127.0.0.1:9\t" in run(BROKER, of_0_8, ("doctor",)).stdout
    assert run(BROKER, of_0_8, DESCRIBE).exit_code == 0


def test_numbers_where_kafka_writes_texts_are_taken(run: Any) -> None:
    result = run(CONFIG, b'{"version":1,"config":{"retention.ms":86400000}}', DESCRIBE)
    assert (result.exit_code, "retention.ms=86400000" in result.stdout) == (0, True)


def test_doctor_counts_the_replicas_of_a_broker_that_is_not_there(run: Any, zookeeper: Any, chroot: str) -> None:
    zookeeper.delete(f"{chroot}/brokers/ids/5")
    found = run("cluster/id", b'{"id":"c"}', ("doctor",))
    assert found.exit_code == 1
    assert "broker 5\tfailed\t-\t-\tit is not there, and has 3 replicas\n" in found.stdout
    assert "__consumer_offsets\tfailed\t-\t-\t1 of 1 partitions have no leader\n" in found.stdout


@pytest.mark.parametrize("argv", [("topics", "--list"), DESCRIBE, (*DESCRIBE, "--topic", "orders"), LAYOUT])
def test_a_wrong_chroot_is_told(kafka39: Cluster, argv: Sequence[str]) -> None:
    result = CliRunner().invoke(cli, [*argv, "--zookeeper", f"{kafka39.zookeeper}/wrong"])
    assert result.exit_code == 1
    assert "No Kafka cluster keeps its topics here: /brokers/topics does not exist." in result.output
    assert "Is the chroot right?" in result.output
