"""Asks brokers for groups and their progress; what a broker does not tell becomes a note beside all the rest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.groups import (
    DEAD,
    Committed,
    ConsumerGroup,
    Progress,
    missing_notes,
    needed,
    parse_partitions,
    progress,
)
from kafka_tools.model.topics import TopicPartition

if TYPE_CHECKING:
    from kafka_tools.brokers.groups import BrokerGroups


MOST_NAMES = 5
"""How many partitions a sentence names."""


class Asked(NamedTuple):
    """Groups by name and their progress. A group that does not exist is DEAD; `notes` say what is not known."""

    groups: Sequence[ConsumerGroup]
    rows: Sequence[Progress]
    notes: Sequence[str]


def ask(
    groups: "BrokerGroups",
    named: Sequence[str] | None,
    topics: Sequence[str] | None = None,
    with_progress: bool = True,
    epochs: bool = False,
) -> Asked:
    """Return these groups (None: all), and how far they are in these topics (`orders:0,2`; None: in all).

    With topics only the groups that read one of them. Raises KafkaToolError where no broker answers.
    """
    notes: list[str] = []
    # A broker that is silent is a note here: what the others know is shown. Changes use `every`, which refuses that.
    if named is None:
        listed, failures = groups.listed()
        named = [each.group for each in listed]
        notes += missing_notes(failures)
    described = groups.described(sorted(set(named)), epochs)
    # By name, as the TreeMap of collectGroupsOffsets (3.9) has them. A group that is not there is DEAD, and stays in.
    found = [each for each in described.values() if isinstance(each, ConsumerGroup)]
    notes += [
        f"Consumer group '{name}' is not known: {each.message}"
        for name, each in described.items()
        if isinstance(each, KafkaToolError)
    ]
    if not with_progress:
        return Asked(found, (), notes)
    rows, more = _progress(groups, [each for each in found if each.state != DEAD], topics)
    # Named groups that do not read the topic vanish; one that does not exist stays, and is told.
    if topics is not None:
        readers = {row.group for row in rows}
        found = [each for each in found if each.group in readers or each.state == DEAD]
    return Asked(found, rows, [*notes, *more])


class Listed(Protocol):
    """A group in a list, of any type."""

    @property
    def group(self) -> str:
        """Its name."""
        ...


class Groups(Protocol):
    """The groups of a cluster, of one type or all."""

    def listed(self) -> tuple[Sequence[Listed], Sequence[str]]:
        """Return the groups, and what kept brokers from telling theirs."""
        ...


def every(groups: Groups, otherwise: str) -> list[str]:
    """Return the names of all groups. Raises KafkaToolError, ending with `otherwise`, where a broker is silent."""
    listed, failures = groups.listed()
    # The groups of a silent broker would be left out of a change that was asked for all: better none at all.
    if failures:
        raise KafkaToolError(f"Not all brokers answered, so groups may be missing: {failures[0]} {otherwise}")
    return [each.group for each in listed]


def _progress(
    groups: "BrokerGroups", found: Sequence[ConsumerGroup], topics: Sequence[str] | None
) -> tuple[list[Progress], list[str]]:
    """Return the progress of the groups in these topics (None: in all), and what could not be found out."""
    committed: dict[str, Mapping[TopicPartition, Committed]] = {}
    notes = []
    for name, result in groups.committed_with_epochs([each.group for each in found]).items():
        if isinstance(result, KafkaToolError):
            notes.append(f"What '{name}' has committed is not known: {result.message}")
        else:
            committed[name] = result
    # Of other topics nothing is asked: one without a leader would be a failure to those whom it does not concern.
    partitions = sorted(chosen(needed(found, committed), topics))
    logs, failed = groups.logs(partitions) if partitions else ({}, {})
    notes += _ends_not_known(failed)
    # Kafka 4's tools sort the rows by topic and partition, 3.9's print them as a HashMap has them.
    in_order = groups.are_of_kafka_4()
    rows = [row for each in found for row in progress(each, committed.get(each.group, {}), logs, in_order)]
    # `progress` yields all that a group has committed, also what `logs` was not asked for: that is left out again.
    return [row for row in rows if topics is None or row.topic_partition in partitions], notes


def _ends_not_known(failed: Mapping[TopicPartition, KafkaToolError]) -> Iterator[str]:
    """Yield a sentence for each cause of missing log ends: a broker that died may have led many partitions."""
    by_cause: dict[str, list[str]] = {}
    for each, error in failed.items():
        by_cause.setdefault(error.message, []).append(f"{each.topic}-{each.partition}")
    for cause, partitions in by_cause.items():
        ends, are = ("end", "is") if len(partitions) == 1 else ("ends", "are")
        yield f"The {ends} of {names(partitions)} {are} not known: {cause}"


def names(partitions: Sequence[str]) -> str:
    """Return the names of partitions for a sentence: at most MOST_NAMES, and how many more there are."""
    more = f" and {len(partitions) - MOST_NAMES} more" if len(partitions) > MOST_NAMES else ""
    return f"{', '.join(partitions[:MOST_NAMES])}{more}"


def chosen(partitions: Iterable[TopicPartition], topics: Sequence[str] | None) -> set[TopicPartition]:
    """Return the partitions that `topics` name (`orders:0,2`; None: all). Raises UsageError for a wrong text."""
    if topics is None:
        return set(partitions)
    wanted = dict(map(parse_partitions, topics))
    return {
        each
        for each in partitions
        # `numbers` None: all partitions of the topic. An empty tuple cannot come: parse_partitions refuses `orders:`.
        if each.topic in wanted and ((numbers := wanted[each.topic]) is None or each.partition in numbers)
    }
