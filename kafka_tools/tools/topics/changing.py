"""Creates, alters and deletes topics: `ktools topics --create | --alter | --delete`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import NamedTuple

from kafka_tools.backends import (
    TopicChanges,
    TopicConfigChanges,
    open_topic_changes,
    open_topic_config_changes,
    open_topics,
)
from kafka_tools.errors import KafkaToolError
from kafka_tools.model import assignment, topic_config
from kafka_tools.model.assignment import Assignment
from kafka_tools.model.target import Target, ZooKeeper
from kafka_tools.model.topic_names import has_collision_chars, named, spared
from kafka_tools.model.topics import (
    NewPartitions,
    NewTopic,
    Partition,
    TopicDescription,
    TopicExistsError,
    TopicMarkedForDeletionError,
)
from kafka_tools.render.questions import confirmed
from kafka_tools.render.views import View
from kafka_tools.report import Report
from kafka_tools.tools.topics.output import NAME_COLUMNS, TopicRow

COLLISION_WARNING = (
    "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could collide. "
    "To avoid issues it is best to use either, but not both."
)
CONFIG_WARNING = (
    "WARNING: Altering topic configuration from this script has been deprecated and may be removed in future releases.",
    "         Going forward, please use kafka-configs.sh for this functionality",
)
KEY_WARNING = (
    "WARNING: If partitions are increased for a topic that has a key, the partition logic or ordering of the messages "
    "will be affected"
)
MAX_PARTITIONS = 100_000
"""More in one request fill a controller's memory: measured on 3.9, which died of 99,999,999."""

DRY_RUN = "Nothing was changed (--dry-run)."

PLANNED_COLUMNS = {"topic": "Topic", "partition": "Partition", "replicas": "Replicas"}


@dataclass(frozen=True, slots=True)
class PlannedPartition:
    """One partition that a dry run would make; `replicas` by broker id, None where only the cluster would choose."""

    topic: str
    partition: int
    replicas: tuple[int, ...] | None


class Step(NamedTuple):
    """What was done: Apache's lines of it, and the partitions that a dry run would make."""

    lines: tuple[str, ...] = ()
    partitions: tuple[PlannedPartition, ...] = ()


class CreateTopic(NamedTuple):
    """Creates one topic; with `dry_run` all is checked and nothing created."""

    target: Target
    topic: NewTopic
    if_not_exists: bool = False
    force: bool = False
    dry_run: bool = False


class AlterTopics(NamedTuple):
    """Gives the topics that match more partitions, and on ZooKeeper other configs.

    `assignment` has the replicas of all partitions, those that are there and the new ones. With `dry_run` all is
    checked and nothing changed.
    """

    target: Target
    topic: str
    partitions: int | None = None
    assignment: Assignment | None = None
    configs: Mapping[str, str] = {}
    delete_configs: tuple[str, ...] = ()
    rack_aware: bool = True
    if_exists: bool = False
    force: bool = False
    dry_run: bool = False


class DeleteTopics(NamedTuple):
    """Deletes the topics that match; several at once only with `yes`, or after a question on a terminal."""

    target: Target
    topic: str
    if_exists: bool = False
    yes: bool = False
    dry_run: bool = False


def new_topic(
    topic: str,
    partitions: int | None,
    replication_factor: int | None,
    replicas: Assignment | None,
    configs: Sequence[str],
    rack_aware: bool,
) -> NewTopic:
    """Return the topic that the options describe. Raises KafkaToolError for a config that is no `NAME=VALUE`."""
    return NewTopic(topic, partitions, replication_factor, replicas, topic_config.parse(configs), rack_aware)


def config_changes(configs: Sequence[str], removed: Sequence[str]) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """Return the configs to set and the names of those to remove. Raises KafkaToolError in Kafka's words."""
    changes, names = topic_config.parse(configs), tuple(name.strip() for name in removed)
    topic_config.check(changes)
    topic_config.check_names(names)
    return changes, names


def create(request: CreateTopic) -> Report:
    """Create the topic, wholly or not at all. Raises KafkaToolError in the cluster's words."""
    topic = request.topic
    warning = (COLLISION_WARNING,) if has_collision_chars(topic.topic) else ()
    # Before any connection: a controller that is asked for too many dies before it can refuse (MAX_PARTITIONS).
    check_count(topic.partitions, request.force)
    with open_topic_changes(request.target) as changes:
        _check_brokers(request, changes)

        def make(name: str) -> Iterator[Step]:
            # Before the attempt, in which the topic may be refused: the warning stands there with Apache's tool, too.
            yield Step(warning)
            replicas = changes.create(topic, validate_only=request.dry_run)
            if not request.dry_run:
                yield Step((f"Created topic {name}.",))
                return
            count = topic.partitions if topic.assignment is None else len(topic.assignment)
            yield Step((f"Would create topic {name}.",), planned(name, 0, count or 0, replicas))

        report = changed([topic.topic], make, "created", request.target if request.dry_run else None)
        # The topic is tried, not looked up first: another client could make it in between.
        if isinstance(report.failure, TopicExistsError) and request.if_not_exists:
            return report._replace(failure=None)
        return report._replace(notes=(*report.notes, *controller_notes(changes, report)))


def _check_brokers(request: CreateTopic, changes: TopicChanges) -> None:
    """Refuse a replica on a broker that is not there: ZooKeeper mode takes it, and the topic never works."""
    if request.topic.assignment is None or request.force:
        return
    live = frozenset(broker.broker for broker in changes.topics.brokers())
    assignment.check_brokers(request.topic.assignment, live)


def alter(request: AlterTopics) -> Report:
    """Alter the topics that match. Raises KafkaToolError where there is none."""
    check_count(request.partitions, request.force)
    if isinstance(request.target, ZooKeeper):
        return _on_zookeeper(request, request.target)
    with open_topic_changes(request.target) as changes:
        described = _to_alter(request, changes)
        if not described:
            return changed((), lambda _: iter(()), "altered", None)
        # All topics in one request: one by one, 500 of them took 19 s.
        results = changes.create_partitions([_more(request, each) for each in described.values()], request.dry_run)
        return changed(
            tuple(described),
            lambda name: _grown(request, results[name], described[name]),
            "altered",
            request.target if request.dry_run else None,
        )


def _to_alter(request: AlterTopics, changes: TopicChanges) -> dict[str, TopicDescription]:
    """Return the topics that match. Raises KafkaToolError where there is none, and that matters."""
    names = named(changes.topics.names(), request.topic, may_lack=request.if_exists)
    # Without configs (False), which need another right and are not asked about here.
    described = {topic.topic: topic for topic in changes.topics.describe(names, False)}
    # Whoever alters ten topics by a pattern should not have to find out later that one of them was left as it was.
    malformed = changes.topics.malformed()
    if malformed:
        raise KafkaToolError(malformed[0], "Nothing was altered.")
    return described


def _on_zookeeper(request: AlterTopics, target: ZooKeeper) -> Report:
    """Alter configs first, then partitions (ZookeeperTopicService.alterTopic, Kafka 2.8)."""
    with open_topic_config_changes(target) as changes:
        described = _to_alter(request, changes)
        if not described:
            return changed((), lambda _: iter(()), "altered", None)

        def change(name: str) -> Iterator[Step]:
            if request.configs or request.delete_configs:
                yield from _configured(request, changes, name)
            if request.partitions is not None:
                # The lines of 2.8; through brokers an --alter that succeeds prints nothing.
                yield Step(() if request.dry_run else (KEY_WARNING,))
                results = changes.create_partitions([_more(request, described[name])], request.dry_run)
                yield from _grown(request, results[name], described[name])
                yield Step(() if request.dry_run else ("Adding partitions succeeded!",))

        report = changed(tuple(described), change, "altered", target if request.dry_run else None)
        return report._replace(notes=(*report.notes, *controller_notes(changes, report)))


def _configured(request: AlterTopics, changes: TopicConfigChanges, topic: str) -> Iterator[Step]:
    yield Step(() if request.dry_run else CONFIG_WARNING)
    # The line above is out already where this fails, as with 2.8.
    changes.alter_configs(topic, request.configs, request.delete_configs, request.dry_run)
    if not request.dry_run:
        yield Step((f"Updated config for topic {topic}.",))
        return
    wishes = [f"set {name}={value}" for name, value in request.configs.items()]
    wishes += [f"delete {name}" for name in request.delete_configs]
    yield Step((f"Would {' and '.join(wishes)} of topic {topic}.",))


def _more(request: AlterTopics, topic: TopicDescription) -> NewPartitions:
    # The lists of --replica-assignment are of all partitions, those that are there among them (TopicCommand 3.9).
    by_hand = None if request.assignment is None else request.assignment[len(topic.partitions) :]
    return NewPartitions(topic.topic, request.partitions or 0, by_hand, request.rack_aware)


def _grown(
    request: AlterTopics, replicas: Assignment | KafkaToolError | None, topic: TopicDescription
) -> Iterator[Step]:
    if isinstance(replicas, KafkaToolError):
        raise replicas
    # `replicas` are of the new partitions alone, None where the cluster chooses.
    have, count = len(topic.partitions), request.partitions or 0
    if request.dry_run:
        words = f"Would add {count - have} to the {have} partitions of topic {topic.topic}."
        yield Step((words,), planned(topic.topic, have, count, replicas))


def delete(request: DeleteTopics) -> Report:
    """Delete the topics that match. Raises KafkaToolError where there is none, or where the user says no."""
    with open_topic_changes(request.target) as changes:
        matching = named(changes.topics.names(), request.topic, may_lack=request.if_exists)
        # Apache's tool deletes __consumer_offsets by '.*', and with it what every group has committed.
        left = spared(matching, request.topic)
        names = [name for name in matching if name not in left]
        notes = [f"{', '.join(left)} stays: an internal topic is deleted only where it is named."] if left else []
        if left and not names:
            raise KafkaToolError("Nothing was deleted.", notes[0])
        if request.dry_run:
            report = changed(names, _rehearsed, "checked", request.target)
            return report._replace(notes=(*notes, *report.notes))
        if len(names) > 1 and not request.yes and not confirmed(f"Delete {len(names)} topics: {', '.join(names)}?"):
            raise KafkaToolError("Nothing was deleted.", "--yes deletes several topics without a question.")
        if not names:
            return changed((), _rehearsed, "deleted", None)
        on_zookeeper = isinstance(request.target, ZooKeeper)
        # One request and one wait for all: one by one, 500 topics took 19 s.
        failures = changes.delete_topics(names)
        report = changed(names, lambda name: _deleted(name, failures[name], on_zookeeper), "deleted", None)
        done = [name for name in names if failures[name] is None]
        # In a pipe nobody is asked, and through brokers Apache's tool says nothing: so stderr says what is gone.
        notes += [f"Deleted {len(done)} topics: {', '.join(done)}."] if len(names) > 1 and not on_zookeeper else []
        return report._replace(notes=(*notes, *controller_notes(changes, report)))


def _deleted(topic: str, error: KafkaToolError | None, on_zookeeper: bool) -> Iterator[Step]:
    if isinstance(error, TopicMarkedForDeletionError):  # 2.8 says so and goes on
        yield Step((error.message,))
    elif error is not None:
        raise error
    else:
        yield Step(_zookeeper_lines(topic) if on_zookeeper else ())


def _rehearsed(topic: str) -> Iterator[Step]:
    yield Step((f"Would delete topic {topic}.",))


def _zookeeper_lines(topic: str) -> tuple[str, ...]:
    """Return Kafka 2.8's lines (kafka.admin.TopicCommand.ZookeeperTopicService.deleteTopic)."""
    return (
        f"Topic {topic} is marked for deletion.",
        "Note: This will have no impact if delete.topic.enable is not set to true.",
    )


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
        columns=PLANNED_COLUMNS if dry_run else NAME_COLUMNS,
        plain=[line for step in steps for line in _lines(step)],
        tables=_layouts(rehearsed_on, steps),
        # What was done is Apache's lines on a terminal, too; only partitions that are planned make a table.
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
            # Steps come topic by topic, so that each topic is one group.
            for name, group in groupby(partitions, lambda each: each.topic)
        ]
        drawn = matrix(planned, loads(planned, brokers, {}), everything=True)
        return [replace(drawn, title="As it would be", facts=(), summary=None)]

    return draw


def _as_if_there(partition: PlannedPartition) -> Partition:
    replicas = partition.replicas or ()
    # A new partition is led by its first replica, and all of them are in sync.
    return Partition(partition.partition, replicas[0] if replicas else None, replicas, replicas)


def _failure(failures: dict[str, KafkaToolError], topics: int, done: str) -> KafkaToolError | None:
    if not failures:
        return None
    first = next(iter(failures.values()))
    # Of one topic Apache's words say all.
    if topics == 1:
        return first
    count = f"{topics - len(failures)} of {topics} topics were {done}, not {', '.join(failures)}."
    return KafkaToolError(first.message, " ".join(filter(None, (first.hint, count))), first.status)


def controller_notes(changes: TopicChanges, report: Report) -> tuple[str, ...]:
    """Return what to say of a cluster that has no controller now: nobody acts on what was written to ZooKeeper."""
    # After a failure the session may be broken: asking would hide the failure behind another one.
    if report.failure is not None or changes.has_controller():
        return ()
    return ("No controller is elected (the znode /controller is missing): brokers act on this when there is one.",)
