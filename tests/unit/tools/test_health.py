"""`ktools health`: what is asked, what people, scripts and monitoring get, how long it waits, and the status."""

import json
from collections.abc import Iterator

import pytest

from kafka_tools.brokers import health as by_brokers
from kafka_tools.errors import AuthenticationError, KafkaToolError, UnreachableError
from kafka_tools.main import run
from kafka_tools.model.snapshot import Ensemble, Snapshot
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.tools.health import looking
from kafka_tools.zookeeper import health as by_zookeeper

Seen = Snapshot | KafkaToolError
GONE = KafkaToolError("connection refused")


def snapshot(*isr: int, rates: bool = False) -> Snapshot:
    topics = (TopicDescription("orders", None, (Partition(0, 1, (1, 2, 3), isr),), {}, 2),)
    throttle = {"leader.replication.throttled.rate": "9"} if rates else {}
    return Snapshot(topics, frozenset({1, 2, 3}), controller=3, rates={1: throttle})


WELL, THIN, THROTTLED = snapshot(1, 2, 3), snapshot(1, 2), snapshot(1, 2, 3, rates=True)
ENSEMBLE = Ensemble({("z", 1): "leader", ("z", 2): "follower", ("z", 3): "follower"}, 3)


class Cluster:
    """A cluster that looks different each time: the last look stays."""

    def __init__(self) -> None:
        self.brokers: list[Seen] = [WELL]
        self.zookeeper: list[Seen] = [WELL._replace(by_zookeeper=True, ensemble=ENSEMBLE)]
        self.ensemble = ENSEMBLE
        self.looks = 0

    def seen(self, looks: list[Seen]) -> Snapshot:
        self.looks += 1
        found = looks.pop(0) if len(looks) > 1 else looks[0]
        if isinstance(found, KafkaToolError):
            raise found
        return found


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    fake = Cluster()
    monkeypatch.setattr(by_brokers, "look", lambda _: fake.seen(fake.brokers))
    monkeypatch.setattr(by_zookeeper, "look", lambda _: fake.seen(fake.zookeeper))
    monkeypatch.setattr(by_zookeeper, "look_at_ensemble", lambda _: fake.ensemble)
    monkeypatch.setattr(looking, "PAUSE_SECONDS", 0.001)
    return fake


@pytest.mark.usefixtures("cluster")
def test_settings_go_before_the_file_and_into_commands_but_for_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Brokers] = []
    monkeypatch.setattr(by_brokers, "look", lambda target: asked.append(target) or THIN)
    settings = "-X client.id=me -X sasl.mechanism=PLAIN -X sasl.username=u -X sasl.password=secret-1"
    assert ktools(f"{settings} -X security.protocol=SASL_PLAINTEXT") == 1
    assert (asked[0].config["client.id"], asked[0].config["sasl.password"]) == ("me", "secret-1")
    told = capsys.readouterr()
    assert "-X client.id=me -X sasl.mechanism=PLAIN -X sasl.username=u -X security.protocol" in told.out
    assert "secret-1" not in told.out + told.err


def ktools(argv: str, target: str = "--bootstrap-server b:9092") -> int:
    return run(["health", *argv.split(), *target.split()])


BOTH = "--bootstrap-server b:9092 --zookeeper z:1,z:2,z:3"


def test_a_line_for_each_finding_and_the_worst_is_the_status(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ktools("") == 0
    assert {line.split("\t")[0] for line in capsys.readouterr().out.splitlines()} == {"ok"}
    cluster.brokers = [THIN]
    assert ktools("") == 1
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert {len(line) for line in lines} == {6}
    assert lines[1][:4] == [
        "warning",
        "in-sync replicas",
        "broker 3",
        "is missing from the ISR of 1 partition: orders-0",
    ]
    look = "ktools topics --describe --topic orders --under-replicated-partitions --bootstrap-server b:9092"
    assert lines[1][5] == look
    cluster.brokers = [snapshot(1)]
    assert ktools("") == 2


def test_json(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.brokers = [THIN]
    assert ktools("--output json") == 1
    worst = json.loads(capsys.readouterr().out)[0]
    assert worst.keys() >= {"severity", "check", "subject", "found", "advice", "command", "partitions"}
    assert (worst["severity"], worst["partitions"]) == ("warning", ["orders-0"])


def test_nagios(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--nagios") == 0
    line = capsys.readouterr().out
    assert line.startswith("KAFKA OK - 1 partition with a leader each; ")
    assert " | 'brokers'=3;;;0 'partitions'=1;;;0 'offline'=0;;;0 " in line
    cluster.brokers = [snapshot(1)]
    assert ktools("--nagios") == 2
    assert capsys.readouterr().out.startswith("KAFKA CRITICAL - partitions: 1 partition below min ISR")
    cluster.brokers = [AuthenticationError("wrong password")]
    assert ktools("--nagios") == 3
    assert capsys.readouterr().out == "KAFKA UNKNOWN - wrong password\n"
    assert ktools("") == 2
    assert ktools("--nagios --prometheus") == 1


def test_prometheus(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    cluster.brokers = [THIN]
    assert ktools("--prometheus") == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "# HELP kafka_health_status The verdict: 0 ok, 1 warning, 2 critical.",
        "# TYPE kafka_health_status gauge",
        "kafka_health_status 1",
    ]
    assert 'kafka_health_findings{severity="warning"} 2' in lines
    assert 'kafka_health_finding{severity="warning",check="in-sync replicas",subject="broker 3"} 1' in lines
    assert 'kafka_health_count{of="at_min_isr"} 1' in lines


def test_a_person_sees_what_to_type_in_one_piece(
    cluster: Cluster, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.brokers = [THROTTLED]
    monkeypatch.setenv("COLUMNS", "80")
    assert ktools("--output table") == 1
    text = capsys.readouterr().out
    assert text.startswith("b:9092   3 brokers · 1 topic · 1 partition\nwarning: 1 warning\n")
    assert "  1 warning  broker 1  a throttle is left over" in text
    command = "1: ktools configs --alter --entity-type brokers --entity-name 1 --delete-config"
    assert f"{command} leader.replication.throttled.rate --bootstrap-server b:9092\n" in text
    assert "\nok: 1 partition with a leader each · no partition below min ISR" in text


def test_brokers_that_are_away_are_a_finding_and_zookeeper_tells_the_rest(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.brokers = [UnreachableError("cannot reach b:9092 (connection refused).", "Is it up?")]
    assert ktools("") == 2
    [line] = capsys.readouterr().out.splitlines()
    assert line.split("\t")[:5] == [
        "critical",
        "brokers",
        "cluster",
        "no broker answers: cannot reach b:9092 (connection refused)",
        "Is it up?",
    ]
    assert ktools("", BOTH) == 2
    found = capsys.readouterr().out
    assert "\tcannot reach" not in found
    assert "ktools doctor --bootstrap-server b:9092 --zookeeper z:1,z:2,z:3\n" in found
    assert "ok\tZooKeeper\tZooKeeper quorum\t3 of 3 servers serve" in found
    assert "ok\tleaders\t" in found


def test_both_roads_and_zookeeper_alone(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("", BOTH) == 0
    assert "ok\tZooKeeper\tZooKeeper quorum\t" in capsys.readouterr().out
    cluster.ensemble = ENSEMBLE._replace(servers={**ENSEMBLE.servers, ("z", 3): GONE})
    assert ktools("", BOTH) == 1
    found = capsys.readouterr().out
    assert "warning\tZooKeeper\tZooKeeper z:3\tdoes not serve (connection refused)" in found
    cluster.zookeeper = [THIN._replace(by_zookeeper=True, ensemble=ENSEMBLE)]
    assert ktools("", "--zookeeper z:1") == 1
    assert "--under-replicated-partitions --zookeeper z:1\n" in capsys.readouterr().out


def test_waiting_ends_as_soon_as_all_is_well(cluster: Cluster) -> None:
    cluster.brokers = [UnreachableError("starting"), THIN, THIN, WELL, THIN]
    assert ktools("--wait 60") == 0
    assert cluster.looks == 4
    # A throttle that was left over goes by itself in no time.
    cluster.brokers, cluster.looks = [THROTTLED], 0
    assert ktools("--wait 60") == 1
    assert cluster.looks == 1
    cluster.brokers = [THIN]
    assert ktools("--wait 0.01") == 1


def test_before_a_restart(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--before-restart 2") == 0
    assert capsys.readouterr().out.startswith("ok\trestart\tbroker 2\tmay go down: ")
    cluster.brokers = [THIN]
    assert ktools("--before-restart 2") == 2
    assert "ktools layout --without-broker 2 --bootstrap-server b:9092" in capsys.readouterr().out
    cluster.brokers, cluster.looks = [THIN, THIN, WELL], 0
    assert ktools("--before-restart 2 --wait 60") == 0
    assert cluster.looks == 3
    assert ktools("--before-restart z:2", BOTH) == 0
    assert "ok\trestart\tZooKeeper z:2\tmay go down" in capsys.readouterr().out
    assert ktools("--before-restart z:2 --nagios") == 1
    assert "asks for a ZooKeeper server" in capsys.readouterr().err
    assert ktools("--before-restart z::2", BOTH) == 1
    assert "no HOST[:PORT]" in capsys.readouterr().err
