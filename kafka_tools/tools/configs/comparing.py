"""Compares the configs of two entities: `ktools configs --diff A B`."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.backends import open_configs
from kafka_tools.model.configs import ConfigEntry, EntityFilter
from kafka_tools.model.target import Target
from kafka_tools.report import Report
from kafka_tools.tools.configs.output import DifferenceRow

if TYPE_CHECKING:
    from kafka_tools.render.views import View

COLUMNS = {"name": "Config", "left": "Left", "right": "Right"}


class Side(NamedTuple):
    """One of two entities that are compared, and what it is called in the result."""

    target: Target
    wanted: EntityFilter
    label: str


class CompareConfigs(NamedTuple):
    """Two entities of the same type, of one cluster or of two; all configs that are in force count."""

    left: Side
    right: Side


def compare(request: CompareConfigs) -> Report:
    """Compare what is in force for both; status 1 where they differ. Raises KafkaToolError in the cluster's words."""
    # By name: each side is one entity, so that no config is there twice.
    left, right = (dict(_entries(side)) for side in request)
    rows = [
        DifferenceRow(
            name,
            *(_value(side.get(name)) for side in (left, right)),
            *(_source(side.get(name)) for side in (left, right)),
        )
        for name in sorted(left.keys() | right.keys())
        if _value(left.get(name)) != _value(right.get(name))
    ]
    return Report(
        rows=rows,
        columns=COLUMNS,
        plain=_lines(request, rows),
        tables=lambda: _tables(request, rows),
        status=1 if rows else 0,
    )


def _entries(side: Side) -> Iterator[tuple[str, ConfigEntry]]:
    with open_configs(side.target) as configs:
        for each in configs.describe(side.wanted, True):
            # Half of a comparison would tell differences that are none.
            if each.error is not None:
                raise each.error
            yield from ((entry.name, entry) for entry in each.entries)


def _value(entry: ConfigEntry | None) -> str | None:
    # Brokers tell no secrets; those in ZooKeeper are not shown either.
    return None if entry is None or entry.sensitive else entry.value


def _source(entry: ConfigEntry | None) -> str | None:
    return None if entry is None else entry.source


def _lines(request: CompareConfigs, rows: list[DifferenceRow]) -> Iterator[str]:
    """Yield lines as diff(1) has them."""
    if rows:
        yield f"--- {request.left.label}"
        yield f"+++ {request.right.label}"
    for row in rows:
        if row.left is not None:
            yield f"-{row.name}={row.left}"
        if row.right is not None:
            yield f"+{row.name}={row.right}"


def _tables(request: CompareConfigs, rows: list[DifferenceRow]) -> "Iterable[View]":
    from kafka_tools.tools.configs.views import differences

    return differences(rows, request.left.label, request.right.label)
