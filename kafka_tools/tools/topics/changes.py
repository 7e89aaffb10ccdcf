"""What the changes of topics share: several at once, the picture of a dry run, a controller that is missing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from kafka_tools.backends import TopicChanges, open_topics
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.assignment import Assignment
from kafka_tools.model.target import Target
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.render.views import View
from kafka_tools.report import Report
from kafka_tools.tools.topics.listing import COLUMNS
from kafka_tools.tools.topics.rows import PlannedPartition, TopicRow

PLANNED_COLUMNS = {"topic": "Topic", "partition": "Partition", "replicas": "Replicas"}
MAX_PARTITIONS = 100_000
"""More in one request fill a controller's memory: measured on 3.9, which died of 99,999,999."""

DRY_RUN = "Nothing was changed (--dry-run)."


class Step(NamedTuple):
    """What was done: Apache's lines of it, and the partitions that a dry run would make."""

    lines: tuple[str, ...] = ()
    partitions: tuple[PlannedPartition, ...] = ()


def planned(topic: str, first: int, count: int, replicas: Assignment | None) -> tuple[PlannedPartition, ...]:
    """Return partitions `first` to `count` - 1 of a topic, on `replicas` where these are known beforehand."""
    return tuple(
        PlannedPartition(topic, partition, None if replicas is None else replicas[partition - first])
        for partition in range(first, count)
    )


def changed(
    topics: Sequence[str], change: Callable[[str], Iterator[Step]], done: str, rehearsed_on: Target | None
) -> Report:
    """Change one topic after another, whatever becomes of the others, and return the report of all.

    What `change` yields before it fails was done and is shown. `rehearsed_on` is the cluster of a dry run, None where
    changes are made. The report's failure is the first KafkaToolError; the hint says how many topics were `done`
    ("altered") nevertheless.
    """
    dry_run = rehearsed_on is not None
    steps: list[Step] = []
    failures: dict[str, KafkaToolError] = {}
    for topic in topics:
        try:
            for step in change(topic):
                steps.append(step)  # noqa: PERF402  what was yielded before a failure stays
        except KafkaToolError as error:
            failures[topic] = error
    return Report(
        rows=_rows(steps) if dry_run else [TopicRow(topic) for topic in topics if topic not in failures],
        columns=PLANNED_COLUMNS if dry_run else COLUMNS,
        plain=[line for step in steps for line in _lines(step)],
        tables=_layouts(rehearsed_on, steps),
        names_only=not dry_run or not any(step.partitions for step in steps),
        notes=(DRY_RUN,) if dry_run else (),
        failure=_failure(failures, len(topics), done),
    )


def check_count(partitions: int | None, force: bool) -> None:
    """Raise KafkaToolError for a number of partitions that would bring the controller down, unless forced."""
    if partitions is not None and partitions > MAX_PARTITIONS and not force:
        raise KafkaToolError(
            f"{partitions:,} partitions could bring the controller down: nothing was sent.",
            f"--force sends a request for more than {MAX_PARTITIONS:,}.",
        )


def _rows(steps: Sequence[Step]) -> list[PlannedPartition]:
    return [partition for step in steps for partition in step.partitions]


def _lines(step: Step) -> Iterator[str]:
    yield from step.lines
    for each in step.partitions:
        if each.replicas is not None:
            yield f"\tTopic: {each.topic}\tPartition: {each.partition}\tReplicas: {','.join(map(str, each.replicas))}"


def _layouts(target: Target | None, steps: Sequence[Step]) -> Callable[[], Sequence[View]] | None:
    """Return how to draw where the replicas of a dry run would be; nothing where the cluster alone knows."""
    partitions = [each for step in steps for each in step.partitions if each.replicas is not None]
    if target is None or not partitions:
        return None

    def draw() -> Sequence[View]:
        from kafka_tools.model.layout import loads
        from kafka_tools.tools.layout.current import matrix

        with open_topics(target) as topics:
            brokers = topics.brokers()
        planned = [
            TopicDescription(name, None, tuple(_as_if_there(each) for each in group), {})
            for name, group in groupby(partitions, lambda each: each.topic)
        ]
        drawn = matrix(planned, loads(planned, brokers, {}), everything=True)
        return [replace(drawn, title="As it would be", facts=(), summary=None)]

    return draw


def _as_if_there(partition: PlannedPartition) -> Partition:
    replicas = partition.replicas or ()
    return Partition(partition.partition, replicas[0] if replicas else None, replicas, replicas)


def _failure(failures: dict[str, KafkaToolError], topics: int, done: str) -> KafkaToolError | None:
    if not failures:
        return None
    first = next(iter(failures.values()))
    if topics == 1:
        return first
    count = f"{topics - len(failures)} of {topics} topics were {done}, not {', '.join(failures)}."
    return KafkaToolError(first.message, " ".join(filter(None, (first.hint, count))), first.status)


def controller_notes(changes: TopicChanges) -> tuple[str, ...]:
    """Return what to say of a cluster that has no controller now: nobody acts on what was written to ZooKeeper."""
    if changes.has_controller():
        return ()
    return ("No controller is elected (the znode /controller is missing): brokers act on this when there is one.",)
