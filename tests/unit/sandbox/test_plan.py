"""The plan of a new sandbox: one version of Kafka, servers, and free ports."""

import base64
import json
import os
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.sandbox import plan
from kafka_tools.sandbox.plan import Choice, Wish
from kafka_tools.sandbox.state_file import Sandbox

PUBLISHED = ("2.8.0", "2.8.2", "3.7.0", "3.7.10", "3.7.2", "3.9.1", "3.9.2", "4.0.0", "4.1.0-rc1", "4.10.0", "4.9.0")


def published() -> Sequence[str]:
    return PUBLISHED


def nobody_asks() -> Sequence[str]:
    pytest.fail("asked Maven Central without need")


@pytest.mark.parametrize(
    ("mode", "asked", "choice"),
    [
        (None, None, Choice("3.9.1", "zookeeper")),
        ("zookeeper", None, Choice("3.9.1", "zookeeper")),
        (None, "2.8", Choice("2.8.2", "zookeeper")),
        (None, "3.9", Choice("3.9.1", "zookeeper")),
        (None, "3.9.0", Choice("3.9.0", "zookeeper")),
        ("kraft", "3.9", Choice("3.9.1", "kraft")),
        (None, "4.1.0", Choice("4.1.0", "kraft")),
    ],
)
def test_without_the_network(mode: str | None, asked: str | None, choice: Choice) -> None:
    assert plan.choose(mode, asked, nobody_asks) == choice


@pytest.mark.parametrize(
    ("mode", "asked", "choice"),
    [
        ("kraft", None, Choice("4.10.0", "kraft")),
        (None, "4", Choice("4.10.0", "kraft")),
        (None, "3.7", Choice("3.7.10", "zookeeper")),
        (None, "3", Choice("3.9.2", "zookeeper")),
        (None, "2", Choice("2.8.2", "zookeeper")),
    ],
)
def test_the_newest_published(mode: str | None, asked: str | None, choice: Choice) -> None:
    assert plan.choose(mode, asked, published) == choice


@pytest.mark.parametrize(
    ("mode", "asked", "words"),
    [
        ("zookeeper", "4", "has no ZooKeeper mode"),
        ("kraft", "2.8", "has no KRaft mode"),
        ("kraft", "3.2.3", "has no KRaft mode"),
        (None, "2.7", "runs Kafka 2.8 to 4"),
        (None, "5", "runs Kafka 2.8 to 4"),
        (None, "1", "runs Kafka 2.8 to 4"),
        (None, "newest", "cannot be 'newest'"),
        (None, "3.9.1.1", "cannot be '3.9.1.1'"),
        (None, "", "cannot be ''"),
        (None, "3.9\n", "cannot be"),
        (None, "../3.9", "cannot be"),
    ],
)
def test_contradictions(mode: str | None, asked: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        plan.choose(mode, asked, published)


def test_an_unpublished_line() -> None:
    with pytest.raises(KafkaToolError, match=r"No Kafka 3\.99"):
        plan.choose(None, "3.99", published)


@given(st.text(), st.sampled_from([None, "kraft", "zookeeper"]))
def test_any_words_give_a_version_or_an_error(asked: str, mode: str | None) -> None:
    try:
        choice = plan.choose(mode, asked, published)
    except KafkaToolError:
        return
    assert choice.version.count(".") == 2


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no mvn."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("kafka_tools.sandbox.jars.cache_folder", lambda: tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("cache")
def test_a_fresh_answer_is_remembered() -> None:
    assert tuple(plan.published(published)) == PUBLISHED
    assert tuple(plan.published(nobody_asks)) == PUBLISHED


def test_offline_an_old_answer_serves(cache: Path) -> None:
    remembered = cache / "versions.json"
    remembered.write_text(json.dumps(["4.0.0"]))
    long_ago = time.time() - 10 * plan.FRESH_SECONDS
    os.utime(remembered, (long_ago, long_ago))
    assert tuple(plan.published(tuple)) == ("4.0.0",)


def test_offline_what_was_fetched_serves(cache: Path) -> None:
    for version in ("4.0.0", "3.9.1-tools"):
        (cache / version).mkdir()
        (cache / version / "checksums.txt").touch()
    assert tuple(plan.published(tuple)) == ("4.0.0",)


def test_a_damaged_memory_is_forgotten(cache: Path) -> None:
    (cache / "versions.json").write_text('["4.0')
    assert tuple(plan.published(published)) == PUBLISHED


@pytest.mark.usefixtures("cache")
def test_with_nothing_to_ask_with_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kafka_tools.sandbox.jars.has_jgo", lambda: False)
    with pytest.raises(KafkaToolError, match=r"pip install 'kafka-ktools\[sandbox\]'"):
        plan.published()


PORTS = range(20000, 20016)


def test_the_usual_sandbox() -> None:
    sandbox = plan.new_sandbox(Wish(), PORTS)
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
    found = all_ports(plan.new_sandbox(wish, PORTS))
    assert len(found) == len(set(found)) == number


def test_racks_in_turn() -> None:
    sandbox = plan.new_sandbox(Wish(brokers=5, racks=2), PORTS)
    assert [broker.rack for broker in sandbox.brokers] == ["rack-1", "rack-2", "rack-1", "rack-2", "rack-1"]
    assert all(server.rack is None for server in sandbox.zookeepers)


def test_kraft_takes_no_zookeepers() -> None:
    with pytest.raises(UsageError, match="--zookeepers"):
        plan.new_sandbox(Wish(zookeepers=1, kafka_version="4.1.0"), PORTS)


def test_cluster_ids_are_kafka_uuids() -> None:
    for _ in range(200):
        text = plan.new_cluster_id()
        assert not text.startswith("-")
        assert len(base64.urlsafe_b64decode(f"{text}==")) == 16


def test_a_block_of_ports_is_free() -> None:
    with plan.free_block() as block:
        assert len(block) == plan.BLOCK - 1
        assert block.stop <= plan.HIGHEST_PORT + plan.BLOCK
        with socket.create_server(("127.0.0.1", block[5])):
            assert not plan.all_free(block)
        assert plan.all_free(block)


def test_two_sandboxes_that_start_at_once_get_other_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    with plan.free_block() as block:
        monkeypatch.setattr(plan, "LOWEST_PORT", block.start)
        monkeypatch.setattr(plan, "HIGHEST_PORT", block.start + 1)
        with pytest.raises(KafkaToolError, match="No 20 neighbouring free ports"), plan.free_block():
            pass
    with plan.free_block() as again:
        assert again == block
