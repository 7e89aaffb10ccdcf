"""The rows of `ktools configs`, for programs and for tables; the names of their fields are the keys of json."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SynonymRow:
    """One place where a config is set."""

    name: str
    value: str | None
    source: str


@dataclass(frozen=True, slots=True)
class ConfigRow:
    """One config of an entity; `client` is that of a user+client pair."""

    entity_type: str
    entity_name: str
    client: str | None
    name: str
    value: str | None
    source: str | None
    sensitive: bool
    read_only: bool
    synonyms: tuple[SynonymRow, ...]


@dataclass(frozen=True, slots=True)
class PlannedConfig:
    """One config that a change would set or delete; `before` and `after` are None where it is not set."""

    entity_type: str
    entity_name: str
    client: str | None
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One config whose values differ, and where each comes from; None where it is not set, or is a secret."""

    name: str
    left: str | None
    right: str | None
    left_source: str | None
    right_source: str | None
