"""The features of a cluster without ZooKeeper, whose levels decide what its servers may write (KIP-584, KIP-1022).

Source: org.apache.kafka.server.common.MetadataVersion and Feature, Kafka 4.4; versions before 3.3-IV3, which 4.x
does not know, of 3.9.
"""

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError

METADATA = "metadata.version"

OLDEST, PRODUCTION, NEWEST = 7, 33, 34
"""Levels of metadata.version: the oldest that Kafka 4 knows, the newest that is released, and the one under way."""

# 3.0-IV0 has no level: those of KRaft begin with IV1.
RELEASES: Mapping[str, tuple[int, ...]] = {
    "3.0": (1,),
    "3.1": (0,),
    "3.2": (0,),
    "3.3": (0, 1, 2, 3),
    "3.4": (0,),
    "3.5": (0, 1, 2),
    "3.6": (0, 1, 2),
    "3.7": (0, 1, 2, 3, 4),
    "3.8": (0,),
    "3.9": (0,),
    "4.0": (0, 1, 2, 3),
    "4.1": (0, 1),
    "4.2": (0, 1),
    "4.3": (0,),
    "4.4": (0, 1, 2),
    "4.5": (0,),
}
"""Release -> the numbers of its metadata versions (`4.0-IV3`), which follow one another through all of them."""

METADATA_VERSIONS: Mapping[int, str] = dict(
    enumerate((f"{release}-IV{number}" for release, numbers in RELEASES.items() for number in numbers), start=1)
)
"""Level of metadata.version -> its name."""

# Levels by their names: 21 is 3.9-IV0, 22 4.0-IV0, 24 4.0-IV2, 26 4.1-IV0, 28 4.2-IV0, 29 4.2-IV1, 31 4.4-IV0.
STEPS: Mapping[str, Mapping[int, int]] = {
    "kraft.version": {21: 1},
    "transaction.version": {24: 2},
    "group.version": {22: 1},
    "eligible.leader.replicas.version": {26: 1},
    "share.version": {28: 1, 31: 2},
    "streams.version": {29: 1},
}
"""Feature -> the level that it has by default from which level of metadata.version on; below the first 0."""

NEEDS: Mapping[tuple[str, int], Mapping[str, int]] = {("eligible.leader.replicas.version", 1): {METADATA: 23}}
"""Feature and level -> the levels that other features must have at least."""


class UpgradeType(IntEnum):
    """How a level may change (org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType)."""

    UPGRADE = 1
    SAFE_DOWNGRADE = 2
    UNSAFE_DOWNGRADE = 3


class Features(NamedTuple):
    """What one server says: the levels that it supports of each feature (least and most), and those that the cluster
    has agreed on. `epoch` says which change of them it has heard of (None: of none)."""

    supported: Mapping[str, tuple[int, int]]
    finalized: Mapping[str, int]
    epoch: int | None


def level_name(feature: str, level: int) -> str:
    """Return what a level is called: of metadata.version its version, of all others the number."""
    return METADATA_VERSIONS.get(level, f"UNKNOWN {level}") if feature == METADATA else str(level)


def metadata_level(version: str) -> int:
    """Return the level of a metadata version such as `4.0-IV3`, or `4.0`: the newest of that release.

    Raises KafkaToolError in Kafka's words for any other text (MetadataVersion.fromVersionString).
    """
    # As Kafka cuts it: of `4.0.1` the first two parts, while `4.0-IV3` has no third.
    key = ".".join(version.split(".")[:2])
    known = {name: level for level, name in METADATA_VERSIONS.items() if level >= OLDEST}
    released = {name.partition("-")[0]: level for name, level in known.items() if level <= PRODUCTION}
    level = known.get(key, released.get(key))
    if level is None:
        raise KafkaToolError(
            f"Unknown metadata.version '{version}'. Supported metadata.version are: {', '.join(known)}"
        )
    return level


def default_levels(metadata: int) -> dict[str, int]:
    """Return the levels that the other features have by default where metadata.version has this level."""
    return {
        feature: max((level for since, level in steps.items() if since <= metadata), default=0)
        for feature, steps in STEPS.items()
    }


def read_level(text: str) -> tuple[str, int]:
    """Read `feature=level`. Raises KafkaToolError in Kafka's words (FeatureCommand.parseNameAndLevel, 4.3)."""
    name, equals, level = (part.strip() for part in text.partition("="))
    if not equals:
        raise KafkaToolError(f"Can't parse feature=level string {text}: equals sign not found.")
    # More digits are no short, either: 1 << 15 stands for whatever is out of range.
    number = int(level) if re.fullmatch(r"[+-]?[0-9]{1,5}", level) else 1 << 15
    if not -(1 << 15) <= number < 1 << 15:
        raise KafkaToolError(f"Can't parse feature=level string {text}: unable to parse {level} as a short.")
    return name, number


def needs(feature: str, level: int) -> Mapping[str, int]:
    """Return the levels that other features must have for this one. Raises KafkaToolError where it is not known."""
    if feature == METADATA:
        if not OLDEST <= level <= NEWEST:
            raise KafkaToolError(f"Unknown metadata.version {level}")
    elif feature not in STEPS:
        raise KafkaToolError(f"Unknown feature: {feature}")
    elif not 0 <= level <= max(STEPS[feature].values()):
        raise KafkaToolError(f"No feature:{feature} with feature level {level}")
    return NEEDS.get((feature, level), {})
