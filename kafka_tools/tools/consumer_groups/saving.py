"""Saves the committed offsets of groups to a file: `ktools consumer-groups --save`."""

from collections.abc import Sequence
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import write_file
from kafka_tools.model.groups import DEAD, ConsumerGroup
from kafka_tools.model.target import Brokers
from kafka_tools.model.units import count
from kafka_tools.report import Report
from kafka_tools.tools.consumer_groups import asking
from kafka_tools.tools.consumer_groups.resetting import csv_lines


class SaveOffsets(NamedTuple):
    """Saves what these groups (None: all) have committed in these topics (`orders:0,2`; None: in all) in a file."""

    target: Brokers
    groups: Sequence[str] | None
    topics: Sequence[str] | None
    path: str
    seconds: float


class SavedRow(NamedTuple):
    """An offset that was saved."""

    group: str
    topic: str
    partition: int
    offset: int


COLUMNS = {"group": "Group", "topic": "Topic", "partition": "Partition", "offset": "Offset"}


def save(request: SaveOffsets) -> Report:
    """Save the offsets as csv, `group,topic,partition,offset`: all of them, or no file is written.

    Raises KafkaToolError where a group is not there or not known: a copy with holes would be taken for a whole one.
    """
    from kafka_tools.brokers.groups import open_groups

    with open_groups(request.target, request.seconds) as groups:
        named = asking.every(groups, "Nothing was saved.") if request.groups is None else request.groups
        for name, group in groups.described(named).items():
            # One whose coordinator did not answer is not refused here but below, where its offsets are not known.
            if isinstance(group, ConsumerGroup) and group.state == DEAD:
                raise KafkaToolError(f"Consumer group '{name}' does not exist. Nothing was saved.")
        found = groups.committed(named)
    rows = []
    for name, committed in sorted(found.items()):
        if isinstance(committed, KafkaToolError):
            raise KafkaToolError(f"What '{name}' has committed is not known: {committed.message} Nothing was saved.")
        chosen = asking.chosen(committed, request.topics)
        rows += [SavedRow(name, *each, committed[each]) for each in sorted(chosen)]
    # Written when all is read, so that --restore never meets half of it; readable by all, as offsets are no secret.
    write_file(request.path, "".join(f"{line}\n" for line in csv_lines(rows)), mode=0o644)
    groups_saved = len({row.group for row in rows})
    words = f"Saved {count(len(rows), 'offset')} of {count(groups_saved, 'group')} in {request.path}."
    return Report(rows=rows, columns=COLUMNS, plain=[words], notes=[], told=[words])
