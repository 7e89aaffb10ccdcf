"""From what was asked to one Kafka."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.sandbox import versions
from kafka_tools.sandbox.versions import Choice

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
    assert versions.choose(mode, asked, nobody_asks) == choice


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
    assert versions.choose(mode, asked, published) == choice


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
        versions.choose(mode, asked, published)


def test_an_unpublished_line() -> None:
    with pytest.raises(KafkaToolError, match=r"No Kafka 3\.99"):
        versions.choose(None, "3.99", published)


@given(st.text(), st.sampled_from([None, "kraft", "zookeeper"]))
def test_any_words_give_a_version_or_an_error(asked: str, mode: str | None) -> None:
    try:
        choice = versions.choose(mode, asked, published)
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
def test_a_fresh_answer_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "_ask", lambda: PUBLISHED)
    assert tuple(versions.published()) == PUBLISHED
    monkeypatch.setattr(versions, "_ask", nobody_asks)
    assert tuple(versions.published()) == PUBLISHED


def test_offline_an_old_answer_serves(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered = cache / "versions.json"
    remembered.write_text(json.dumps(["4.0.0"]))
    long_ago = time.time() - 10 * versions.FRESH_SECONDS
    os.utime(remembered, (long_ago, long_ago))
    monkeypatch.setattr(versions, "_ask", tuple)
    assert tuple(versions.published()) == ("4.0.0",)


def test_offline_what_was_fetched_serves(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("4.0.0", "3.9.1-tools"):
        (cache / version).mkdir()
        (cache / version / "checksums.txt").touch()
    monkeypatch.setattr(versions, "_ask", tuple)
    assert tuple(versions.published()) == ("4.0.0",)


def test_a_damaged_memory_is_forgotten(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / "versions.json").write_text('["4.0')
    monkeypatch.setattr(versions, "_ask", lambda: PUBLISHED)
    assert tuple(versions.published()) == PUBLISHED


@pytest.mark.usefixtures("cache")
def test_with_nothing_to_ask_with_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kafka_tools.sandbox.jars.has_jgo", lambda: False)
    with pytest.raises(KafkaToolError, match=r"pip install 'kafka-ktools\[sandbox\]'"):
        versions.published()
