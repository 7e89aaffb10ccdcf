"""Which Kafka: from `--kafka-version` and `--mode` to one full version."""

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.sandbox import jars, mvn
from kafka_tools.sandbox.coordinates import kafka

ZOOKEEPER_DEFAULT = "3.9.1"
PINNED = {"2.8": "2.8.2", "3.9": ZOOKEEPER_DEFAULT}
LOWEST, FIRST_KRAFT, FIRST_SCRAM_IN_KRAFT, FIRST_WITHOUT_ZOOKEEPER, BEYOND = (2, 8), (3, 3), (3, 5), (4, 0), (5, 0)
FRESH_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Choice:
    """A full Kafka version and how it is to run: "zookeeper" or "kraft"."""

    version: str
    mode: str


def choose(mode: str | None, asked: str | None, published: Callable[[], Sequence[str]]) -> Choice:
    """Return the Kafka to run; `asked` is "3.9.1", "3.9" or "4", `published` is asked only where that leaves a choice.

    Raises UsageError if it is no version, or one that has not that mode, and KafkaToolError if none is published.
    """
    if asked is None:
        asked = "4" if mode == "kraft" else ZOOKEEPER_DEFAULT
    if not re.fullmatch(r"\d+(\.\d+){0,2}", asked):
        raise UsageError(f"--kafka-version cannot be '{asked}': a version such as 3.9, 2.8.2 or 4 is needed")
    version = complete(asked, published)
    mode = mode or ("kraft" if _numbers(version) >= FIRST_WITHOUT_ZOOKEEPER else "zookeeper")
    _check(version, mode)
    return Choice(version, mode)


def complete(asked: str, published: Callable[[], Sequence[str]]) -> str:
    """Return the full version meant by "3.9" (pinned) or "3.7" (the newest published). Raises KafkaToolError."""
    if not LOWEST <= _numbers(asked if "." in asked else f"{asked}.99") < BEYOND:
        raise UsageError(f"--kafka-version cannot be {asked}: the sandbox runs Kafka 2.8 to 4")
    if asked.count(".") == 2:
        return asked
    if asked in PINNED:
        return PINNED[asked]
    released = [each for each in published() if re.fullmatch(r"[\d.]+", each) and each.startswith(f"{asked}.")]
    if not released:
        raise KafkaToolError(f"No Kafka {asked} is known here, and Maven Central names none.", "Is the network there?")
    return max(released, key=_numbers)


def published() -> Sequence[str]:
    """Return the versions at Maven Central, as known for less than a day; offline what was known or fetched ever.

    Raises KafkaToolError if nothing is known and nothing installed can ask.
    """
    cache = jars.cache_folder() / "versions.json"
    known, age = _remembered(cache)
    if known and 0 <= age < FRESH_SECONDS:
        return known
    there = known or jars.versions_in_cache()
    if not there:
        jars.check_fetching()
    found = _ask()
    if found:
        draft = cache.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(found), encoding="utf-8")
        draft.replace(cache)
    return found or there


def _ask() -> Sequence[str]:
    """Ask Maven Central: jgo needs one request for what takes Maven several seconds."""
    with tempfile.TemporaryDirectory() as folder:
        if not jars.has_jgo():
            return mvn.versions(Path(folder), kafka("[4.0,5.0)")) if mvn.installed() else ()
        from kafka_tools.sandbox import jgo_resolver

        return jgo_resolver.versions(Path(folder), kafka("4.0.0"))


def _remembered(cache: Path) -> tuple[Sequence[str], float]:
    """Return the versions remembered and how many seconds ago they were asked for."""
    try:
        return tuple(json.loads(cache.read_bytes())), time.time() - cache.stat().st_mtime
    except (OSError, ValueError):
        return (), 0.0


def _check(version: str, mode: str) -> None:
    if mode == "zookeeper" and _numbers(version) >= FIRST_WITHOUT_ZOOKEEPER:
        raise UsageError(f"Kafka {version} has no ZooKeeper mode: --mode kraft, or --kafka-version 3.9")
    if mode == "kraft" and _numbers(version) < FIRST_KRAFT:
        raise UsageError(
            f"Kafka {version} has no KRaft mode to rely on: --mode zookeeper, or --kafka-version 3.3 or newer"
        )


def check_secured(choice: Choice, sasl: bool) -> None:
    """Raise UsageError where that Kafka cannot keep SCRAM's users (KIP-900: KRaft can since 3.5)."""
    if sasl and choice.mode == "kraft" and _numbers(choice.version) < FIRST_SCRAM_IN_KRAFT:
        raise UsageError(f"--security: Kafka {choice.version} has no SCRAM in KRaft mode: --kafka-version 3.5 or newer")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
