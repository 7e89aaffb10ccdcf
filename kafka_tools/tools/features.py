"""`ktools features`: kafka-features.sh (org.apache.kafka.tools.FeatureCommand, Kafka 3.9; what is newer as of 4.4)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import click

from kafka_tools.backends import open_features
from kafka_tools.cli import types
from kafka_tools.cli.argparse4j import BROKER, ArgparseCommand, ArgparseGroup, connection
from kafka_tools.cli.options import CHANGES, FILTERS, option
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.features import (
    METADATA,
    METADATA_VERSIONS,
    OLDEST,
    PRODUCTION,
    STEPS,
    Features,
    UpgradeType,
    default_levels,
    level_name,
    metadata_level,
    needs,
    read_level,
)
from kafka_tools.model.target import Brokers
from kafka_tools.report import Report
from kafka_tools.settings.context_policy import check_change

if TYPE_CHECKING:
    from kafka_tools.render.views import Table

Operation = Literal["upgrade", "downgrade", "disable"]

EXCLUSIVE = ("bootstrap_server", "bootstrap_controller")
RELEASE = types.words("VERSION", [name for level, name in METADATA_VERSIONS.items() if OLDEST <= level <= PRODUCTION])
LEVEL = types.words("FEATURE=LEVEL", [f"{name}=" for name in (METADATA, *STEPS)])
FEATURE = types.words("FEATURE", (METADATA, *STEPS))

COLUMNS = {
    "feature": "Feature",
    "supported_min": "From",
    "supported_max": "To",
    "finalized": "Level",
    "epoch": "Epoch",
}
VIEW_COLUMNS = {"feature": "Feature", "level": "Level", "supported": "Supported", "newer": "Can go to"}
CHANGE_COLUMNS = {"feature": "Feature", "level": "Level", "changed": "Changed", "error": "Why not"}
LEVEL_COLUMNS = {"feature": "Feature", "level": "Level", "version": "Version"}
NEED_COLUMNS = {"feature": "Feature", "level": "Level", "needs": "Needs"}


class DescribeFeatures(NamedTuple):
    """The features as one server knows them (None: whichever answers)."""

    target: Brokers
    server: int | None = None


class UpdateFeatures(NamedTuple):
    """New levels of features, by name; with `dry_run` they are validated and not set."""

    target: Brokers
    operation: Operation
    levels: Mapping[str, int]
    kind: UpgradeType
    dry_run: bool


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A feature: the levels that the server supports, and the one that the cluster has (0: none)."""

    feature: str
    supported_min: int
    supported_max: int
    finalized: int
    epoch: int | None


@dataclass(frozen=True, slots=True)
class FeatureChangeRow:
    """What became of one change; `changed` is false after a dry run, too."""

    feature: str
    level: int
    changed: bool
    error: str | None


@dataclass(frozen=True, slots=True)
class LevelRow:
    """The level of a feature in a release; `version` is the name that levels of metadata.version have."""

    feature: str
    level: int
    version: str | None


@dataclass(frozen=True, slots=True)
class NeedRow:
    """The levels that other features must have for this one."""

    feature: str
    level: int
    needs: Mapping[str, int]


UNSAFE = option(CHANGES, "--unsafe", help="Do it even where that may destroy metadata for good.")
DRY_RUN = option(CHANGES, "--dry-run", help="Have it validated by the controllers, and change nothing.")
YES = option(CHANGES, "--yes", help="Go on without a question: change a protected cluster.")
METADATA_OPTION = option(CHANGES, "--metadata", type=RELEASE, help="The metadata.version alone, such as 4.0-IV3.")
RELEASE_OPTION = option(
    CHANGES,
    "--release-version",
    type=RELEASE,
    help="The levels of all features as this release has them; `version-mapping` shows which these are.",
)
# `metadata.version=21`: levels are numbers; only --metadata and --release-version know versions by their names.
FEATURE_OPTION = option(
    CHANGES, "--feature", type=LEVEL, multiple=True, help="One feature and its new level; may be repeated."
)


@click.group("features", cls=ArgparseGroup, program="kafka-features")
def command() -> None:
    """Show and change the levels of features that a cluster without ZooKeeper has agreed on, as metadata.version is."""


@command.command("describe", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@connection()
@option(FILTERS, "--node-id", type=BROKER, help="The server that is asked, by its id. Default: whichever answers.")
def show_features(*, target: Brokers, node_id: int | None) -> Report:
    """Show the levels that a server supports, and those that the cluster has."""
    # Refused before anybody is asked, in the words of 4.4.
    if node_id is not None and node_id < 0:
        raise KafkaToolError(f"Invalid node id {node_id}: must be non-negative.")
    return describe(DescribeFeatures(target, node_id))


@command.command("upgrade", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@connection()
@METADATA_OPTION
@RELEASE_OPTION
@FEATURE_OPTION
@DRY_RUN
@YES
def upgrade(
    *,
    target: Brokers,
    metadata: str | None,
    release_version: str | None,
    feature: tuple[str, ...],
    dry_run: bool,
    yes: bool,
) -> Report:
    """Give features higher levels."""
    levels = _levels(metadata, release_version, feature)
    if release_version is not None:
        # No request is sent to upgrade a feature to 0 (FeatureCommand.handleUpgradeOrDowngrade, 4.3).
        levels = {name: level for name, level in levels.items() if level > 0}
    return _update(target, "upgrade", levels, UpgradeType.UPGRADE, dry_run, yes)


@command.command("downgrade", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@connection()
@METADATA_OPTION
@RELEASE_OPTION
@FEATURE_OPTION
@UNSAFE
@DRY_RUN
@YES
def downgrade(
    *,
    target: Brokers,
    metadata: str | None,
    release_version: str | None,
    feature: tuple[str, ...],
    unsafe: bool,
    dry_run: bool,
    yes: bool,
) -> Report:
    """Give features lower levels."""
    return _update(target, "downgrade", _levels(metadata, release_version, feature), _downgrade(unsafe), dry_run, yes)


@command.command("disable", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@connection()
@option(CHANGES, "--feature", type=FEATURE, multiple=True, help="A feature; may be repeated.")
@UNSAFE
@DRY_RUN
@YES
def disable(*, target: Brokers, feature: tuple[str, ...], unsafe: bool, dry_run: bool, yes: bool) -> Report:
    """Give features the level 0."""
    return _update(target, "disable", _distinct((name, 0) for name in feature), _downgrade(unsafe), dry_run, yes)


@command.command("version-mapping", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@connection(is_asked=False)
@option(
    FILTERS,
    "--release-version",
    type=RELEASE,
    help=f"The release, from {METADATA_VERSIONS[OLDEST]} on; default: {METADATA_VERSIONS[PRODUCTION]}.",
)
def show_mapping(*, release_version: str | None) -> Report:
    """Show the levels of all features in a release. No cluster is asked."""
    return version_mapping(METADATA_VERSIONS[PRODUCTION] if release_version is None else release_version)


@command.command("feature-dependencies", cls=ArgparseCommand, exclusive=EXCLUSIVE)
@connection(is_asked=False)
@option(
    FILTERS, "--feature", type=LEVEL, multiple=True, required=True, help="A feature and its level; may be repeated."
)
def show_dependencies(*, feature: tuple[str, ...]) -> Report:
    """Show which levels of other features one needs. No cluster is asked."""
    return dependencies(feature)


def _levels(metadata: str | None, release: str | None, features: Iterable[str]) -> dict[str, int]:
    """Return the wanted levels by feature. Raises KafkaToolError in Kafka's words for what makes no sense."""
    if release is not None:
        # A release names the levels of all features: a second level of one of them would contradict it.
        if metadata is not None or features:
            raise KafkaToolError("Can not specify `release-version` with other feature flags.")
        level = metadata_level(release)
        # metadata.version first: others may need it (`feature-dependencies`).
        return {METADATA: level} | default_levels(level)
    named = [] if metadata is None else [(METADATA, metadata_level(metadata))]
    return _distinct((*named, *map(read_level, features)))


def _distinct(levels: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, level in levels:
        # Refused, and not the last taken: two levels of one feature are a slip that cannot always be taken back.
        if name in found:
            raise KafkaToolError(f"Feature {name} was specified more than once.")
        found[name] = level
    return found


def _downgrade(unsafe: bool) -> UpgradeType:
    return UpgradeType.UNSAFE_DOWNGRADE if unsafe else UpgradeType.SAFE_DOWNGRADE


def _update(
    target: Brokers, operation: Operation, levels: Mapping[str, int], kind: UpgradeType, dry_run: bool, yes: bool
) -> Report:
    if not levels:
        raise KafkaToolError(f"You must specify at least one feature to {operation}")
    # What makes no sense is told before a protected cluster's name is asked for.
    target = target if dry_run else check_change(target, yes)
    return update(UpdateFeatures(target, operation, levels, kind, dry_run))


def describe(request: DescribeFeatures) -> Report:
    """Ask a server for the features. Raises KafkaToolError."""
    with open_features(request.target) as features:
        found = features.describe(request.server)
    rows = [
        # A feature that the cluster has not agreed on is not among the finalized ones: it has the level 0.
        FeatureRow(name, least, most, found.finalized.get(name, 0), found.epoch)
        for name, (least, most) in sorted(found.supported.items())
    ]
    # With ZooKeeper there are none, and Apache's tool prints nothing.
    notes = () if rows else ("The cluster has no features: it has ZooKeeper, or is older than Kafka 3.0.",)
    return Report(rows, COLUMNS, map(_described, rows), lambda: [_table(rows, found)], notes=notes)


def update(request: UpdateFeatures) -> Report:
    """Change levels, or validate that; status 1 where one could not be changed. Raises KafkaToolError."""
    with open_features(request.target) as features:
        found = features.update(request.levels, request.kind, request.dry_run)
    rows = [
        FeatureChangeRow(
            name, request.levels[name], error is None and not request.dry_run, error.message if error else None
        )
        # Apache's tool has them in a TreeMap.
        for name, error in sorted(found.items())
    ]
    failed = sum(row.error is not None for row in rows)
    failure = KafkaToolError(f"{failed} out of {len(rows)} operation(s) failed.") if failed else None
    lines = [_change_line(row, request) for row in rows]
    return Report(rows, CHANGE_COLUMNS, lines, names_only=True, failure=failure, status=1 if failed else 0)


def version_mapping(release: str) -> Report:
    """Return the levels of all features in a release. Raises KafkaToolError for one that is not known."""
    level = metadata_level(release)
    rows = [
        LevelRow(METADATA, level, METADATA_VERSIONS[level]),
        *(LevelRow(*each, None) for each in default_levels(level).items()),
    ]
    first = f"{METADATA}={level} ({release})"
    return Report(rows, LEVEL_COLUMNS, [first, *(f"{row.feature}={row.level}" for row in rows[1:])])


def dependencies(features: Sequence[str]) -> Report:
    """Return what these features, each with its level, need. Raises KafkaToolError for one that is not known."""
    rows = [NeedRow(name, level, needs(name, level)) for name, level in map(read_level, features)]
    return Report(rows, NEED_COLUMNS, _needed(rows))


def _described(row: FeatureRow) -> str:
    levels = (level_name(row.feature, each) for each in (row.supported_min, row.supported_max, row.finalized))
    words = zip(("SupportedMinVersion", "SupportedMaxVersion", "FinalizedVersionLevel"), levels, strict=True)
    epoch = "-" if row.epoch is None else row.epoch
    return "\t".join((f"Feature: {row.feature}", *(f"{name}: {each}" for name, each in words), f"Epoch: {epoch}"))


def _change_line(row: FeatureChangeRow, request: UpdateFeatures) -> str:
    """Return the line of one change (FeatureCommand.update, 3.9)."""
    operation, dry_run = request.operation, request.dry_run
    if row.error is not None:
        level = "" if operation == "disable" else f" to {row.level}"
        return f"{'Can' if dry_run else 'Could'} not {operation} {row.feature}{level}. {row.error}"
    # `upgraded`, `downgraded`.
    done = "disabled" if operation == "disable" else f"{operation}d to {row.level}"
    return f"{row.feature} {'can be' if dry_run else 'was'} {done}."


def _needed(rows: Iterable[NeedRow]) -> Iterator[str]:
    for row in rows:
        named = f"{row.feature}={row.level}"
        if row.feature == METADATA:
            named += f" ({METADATA_VERSIONS[row.level]})"
        yield f"{named} requires:" if row.needs else f"{named} has no dependencies."
        for name, level in row.needs.items():
            yield f"    {name}={level}" + (f" ({METADATA_VERSIONS[level]})" if name == METADATA else "")


@dataclass(frozen=True, slots=True)
class FeatureView:
    """One feature for a person."""

    feature: str
    level: str
    supported: str
    newer: str


def _table(rows: Sequence[FeatureRow], features: Features) -> "Table":
    from kafka_tools.render.views import Mark, Table

    views = [
        FeatureView(
            row.feature,
            level_name(row.feature, row.finalized),
            " to ".join(level_name(row.feature, each) for each in (row.supported_min, row.supported_max)),
            level_name(row.feature, row.supported_max) if row.finalized < row.supported_max else "-",
        )
        for row in rows
    ]
    # metadata.version alone: a release's levels of the others go with it. A dry run is proposed first, as not every
    # level can be gone back from.
    behind = next((row for row in rows if row.feature == METADATA and row.finalized < row.supported_max), None)
    notes = []
    if behind is not None:
        release = level_name(METADATA, behind.supported_max)
        notes = [Mark(f"Once all servers are upgraded: ktools features upgrade --release-version {release} --dry-run")]
    facts = [] if features.epoch is None else [f"epoch {features.epoch}"]
    return Table(views, VIEW_COLUMNS, "Features", facts, notes=notes)
