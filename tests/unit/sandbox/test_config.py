"""The servers' configuration texts."""

from dataclasses import replace
from pathlib import Path

import pytest

from kafka_tools.sandbox import config
from kafka_tools.sandbox.state_file import Sandbox, Server

ZOOKEEPERS = tuple(
    Server("zookeeper", number, 20000 + number, (21000 + number, 22000 + number)) for number in (1, 2, 3)
)
BROKERS = tuple(Server("broker", number, 23000 + number) for number in (1, 2, 3))
NODES = tuple(Server("broker", number, 23000 + number, (24000 + number,)) for number in (1, 2, 3))
WITH_ZOOKEEPER = Sandbox("3.9.1", "zookeeper", "ID", (*ZOOKEEPERS[:1], *BROKERS))
ENSEMBLE = Sandbox("3.9.1", "zookeeper", "ID", (*ZOOKEEPERS, *BROKERS))
KRAFT = Sandbox("4.1.0", "kraft", "ID", NODES)
HOME = Path("/state")


def settings(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def test_a_lone_zookeeper_is_no_ensemble() -> None:
    found = settings(config.zookeeper_properties(ZOOKEEPERS[0], WITH_ZOOKEEPER, HOME))
    assert found["clientPort"] == "20001"
    assert found["dataDir"] == "/state/zookeeper-1/data"
    assert not [name for name in found if name.startswith("server.")]


def test_three_zookeepers_name_each_others_quorum_and_election_ports() -> None:
    found = settings(config.zookeeper_properties(ZOOKEEPERS[1], ENSEMBLE, HOME))
    assert found["server.1"] == "127.0.0.1:21001:22001"
    assert found["server.3"] == "127.0.0.1:21003:22003"


def test_zookeeper_listens_on_loopback_and_has_no_admin_server() -> None:
    found = settings(config.zookeeper_properties(ZOOKEEPERS[0], ENSEMBLE, HOME))
    assert found["clientPortAddress"] == "127.0.0.1"
    assert found["quorumListenOnAllIPs"] == "false"
    assert found["admin.enableServer"] == "false"


def test_a_broker_with_zookeeper() -> None:
    found = settings(config.broker_properties(BROKERS[1], ENSEMBLE, HOME))
    assert found["broker.id"] == "2"
    assert found["listeners"] == "PLAINTEXT://127.0.0.1:23002"
    assert found["zookeeper.connect"] == "127.0.0.1:20001,127.0.0.1:20002,127.0.0.1:20003"
    assert found["auto.create.topics.enable"] == "false"
    assert "broker.rack" not in found


def test_a_kraft_node_votes_and_serves() -> None:
    found = settings(config.broker_properties(NODES[2], KRAFT, HOME))
    assert found["process.roles"] == "broker,controller"
    assert found["listeners"] == "PLAINTEXT://127.0.0.1:23003,CONTROLLER://127.0.0.1:24003"
    assert found["advertised.listeners"] == "PLAINTEXT://127.0.0.1:23003"
    assert found["controller.quorum.voters"] == "1@127.0.0.1:24001,2@127.0.0.1:24002,3@127.0.0.1:24003"
    assert "zookeeper.connect" not in found


@pytest.mark.parametrize(
    ("brokers", "replicas", "in_sync"), [(1, "1", "1"), (2, "2", "2"), (3, "3", "2"), (5, "3", "2")]
)
def test_internal_topics_fit_the_number_of_brokers(brokers: int, replicas: str, in_sync: str) -> None:
    sandbox = replace(WITH_ZOOKEEPER, servers=tuple(Server("broker", number, 1) for number in range(1, brokers + 1)))
    found = settings(config.broker_properties(sandbox.brokers[0], sandbox, HOME))
    assert found["offsets.topic.replication.factor"] == replicas
    assert found["transaction.state.log.replication.factor"] == replicas
    assert found["transaction.state.log.min.isr"] == in_sync


def test_a_rack_is_passed_on() -> None:
    found = settings(config.broker_properties(replace(BROKERS[0], rack="rack-1"), WITH_ZOOKEEPER, HOME))
    assert found["broker.rack"] == "rack-1"


def test_only_kafka_4_hears_of_share_groups() -> None:
    assert "share.coordinator" in config.broker_properties(NODES[0], KRAFT, HOME)
    assert "share.coordinator" not in config.broker_properties(BROKERS[0], WITH_ZOOKEEPER, HOME)


def test_brokers_of_4_4_keep_the_topologies_of_applications() -> None:
    plugin = "group.streams.topology.description.plugin.class"
    assert plugin in settings(config.broker_properties(NODES[0], replace(KRAFT, kafka_version="4.4.0"), HOME))
    assert plugin not in settings(config.broker_properties(NODES[0], KRAFT, HOME))  # it could not load the class


def test_paths_are_escaped_as_java_reads_properties() -> None:
    text = config.broker_properties(BROKERS[0], WITH_ZOOKEEPER, Path("/höme/a\\b/😀"))
    assert "log.dirs=/h\\u00f6me/a\\\\b/\\ud83d\\ude00/broker-1/data\n" in text


def test_logs_go_to_stdout() -> None:
    assert "log4j.rootLogger=INFO, stdout\n" in config.LOG4J
    assert "rootLogger.appenderRef.stdout.ref=stdout\n" in config.LOG4J2
