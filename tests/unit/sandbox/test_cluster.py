"""The plan of a new sandbox, and what of a log is shown."""

import base64
import socket

import pytest

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.sandbox import cluster, ports, ready
from kafka_tools.sandbox.cluster import Wish
from kafka_tools.sandbox.record import Sandbox

PORTS = range(20000, 20016)


def test_the_usual_sandbox() -> None:
    sandbox = cluster.plan(Wish(), PORTS)
    assert (sandbox.kafka_version, sandbox.mode, sandbox.complete) == ("3.9.1", "zookeeper", False)
    assert [server.name for server in sandbox.servers] == ["zookeeper-1", "broker-1", "broker-2", "broker-3"]
    assert [server.port for server in sandbox.servers] == [20000, 20001, 20002, 20003]
    assert all(server.process is None for server in sandbox.servers)


def all_ports(sandbox: Sandbox) -> list[int]:
    return [port for server in sandbox.servers for port in (server.port, *server.peer_ports)]


@pytest.mark.parametrize(
    ("wish", "number"),
    [
        (Wish(brokers=5, zookeepers=3), 14),
        (Wish(brokers=5, kafka_version="4.1.0"), 10),
        (Wish(brokers=1, zookeepers=1), 4),
    ],
)
def test_ports_are_never_shared(wish: Wish, number: int) -> None:
    found = all_ports(cluster.plan(wish, PORTS))
    assert len(found) == len(set(found)) == number


def test_racks_in_turn() -> None:
    sandbox = cluster.plan(Wish(brokers=5, racks=2), PORTS)
    assert [broker.rack for broker in sandbox.brokers] == ["rack-1", "rack-2", "rack-1", "rack-2", "rack-1"]
    assert all(server.rack is None for server in sandbox.zookeepers)


def test_kraft_takes_no_zookeepers() -> None:
    with pytest.raises(UsageError, match="--zookeepers"):
        cluster.plan(Wish(zookeepers=1, kafka_version="4.1.0"), PORTS)


def test_cluster_ids_are_kafka_uuids() -> None:
    for _ in range(200):
        text = cluster.new_cluster_id()
        assert not text.startswith("-")
        assert len(base64.urlsafe_b64decode(f"{text}==")) == 16


def test_a_block_of_ports_is_free() -> None:
    with ports.free_block() as block:
        assert len(block) == ports.BLOCK - 1
        assert block.stop <= ports.HIGHEST + ports.BLOCK
        with socket.create_server(("127.0.0.1", block[5])):
            assert not ports.all_free(block)
        assert ports.all_free(block)


def test_two_sandboxes_that_start_at_once_get_other_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    with ports.free_block() as block:
        monkeypatch.setattr(ports, "LOWEST", block.start)
        monkeypatch.setattr(ports, "HIGHEST", block.start + 1)
        with pytest.raises(KafkaToolError, match="No 20 neighbouring free ports"), ports.free_block():
            pass
    with ports.free_block() as again:
        assert again == block


def test_the_cause_in_a_log_is_found() -> None:
    log = "\n".join(
        [
            "[2026-01-01] INFO starting (kafka.Kafka)",
            "[2026-01-01] ERROR Exiting Kafka due to fatal exception (kafka.Kafka$)",
            "org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:1",
            "\tat kafka.network.Acceptor.openServerSocket(SocketServer.scala:1)",
            "Caused by: java.net.BindException: Address already in use",
            "\tat java.base/sun.nio.ch.Net.bind0(Native Method)",
            "[2026-01-01] INFO shut down completed (kafka.server.KafkaServer)",
        ]
    )
    assert ready.telling_lines(log)[-1] == "Caused by: java.net.BindException: Address already in use"
    assert not [line for line in ready.telling_lines(log) if line.startswith("\tat")]


def test_a_log_without_a_cause_shows_its_end() -> None:
    assert ready.telling_lines("one\n\ntwo\n") == ("one", "two")
    assert ready.telling_lines("") == ()
