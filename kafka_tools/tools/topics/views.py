"""What `ktools topics` shows a person: a table for each topic, or one of all topics.

Imported only where a table is drawn: a script that reads Apache's lines does not wait for it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kafka_tools.model.health import (
    Health,
    Problem,
    Replica,
    health,
    problems,
    reassignment,
    replicas,
    words,
)
from kafka_tools.model.topics import Partition, TopicDescription, missing, under_replicated
from kafka_tools.model.units import count, human
from kafka_tools.render.views import Level, Mark, Table, level
from kafka_tools.tools.topics.output import Wanted

MIN_ISR = "min.insync.replicas"


@dataclass(frozen=True, slots=True)
class PartitionView:
    """One partition for a person."""

    partition: int
    leader: int | None
    replicas: tuple[Replica, ...]
    missing: tuple[int, ...]
    state: Mark


@dataclass(frozen=True, slots=True)
class TopicDetails:
    """One topic in a table of many."""

    topic: str
    partitions: int
    replication_factor: int
    under_replicated: int
    configs: Mapping[str, str]


VIEW_COLUMNS = {
    "partition": "Partition",
    "leader": "Leader",
    "replicas": "Replicas",
    "missing": "Missing",
    "state": "State",
}
DETAIL_COLUMNS = {
    "topic": "Topic",
    "partitions": "Partitions",
    "replication_factor": "RF",
    "under_replicated": "Under-replicated",
    "configs": "Configs",
}


def topic_tables(
    described: Iterable[TopicDescription], live: Collection[int], wanted: Wanted = lambda *_: True
) -> Iterator[Table]:
    """Yield a table for each topic: its facts, the health of all its partitions, those of them that are wanted.

    `live` are the brokers that are up. A topic of which nothing is wanted is left out.
    """
    for topic in described:
        shown = [partition for partition in topic.partitions if wanted(topic, partition)]
        if shown or not topic.partitions:
            yield _topic_table(topic, shown, live)


def details(described: Iterable[TopicDescription]) -> Table:
    """Return one table with a row for each topic, its configs in units that people read."""
    rows = [
        TopicDetails(
            topic.topic,
            len(topic.partitions),
            topic.replication_factor,
            sum(map(under_replicated, topic.partitions)),
            {name: human(name, value) for name, value in topic.configs.items()},
        )
        for topic in described
    ]
    return Table(rows, DETAIL_COLUMNS, spare=("configs",))


def _topic_table(topic: TopicDescription, shown: Sequence[Partition], live: Collection[int]) -> Table:
    return Table(
        rows=[_view(partition, live, topic.min_isr) for partition in shown],
        columns=VIEW_COLUMNS,
        title=topic.topic,
        facts=_facts(topic),
        spare=("missing",),
        summary=_summary(topic, health(topic.partitions, live, topic.min_isr)),
    )


def _view(partition: Partition, live: Collection[int], min_isr: int | None) -> PartitionView:
    return PartitionView(
        partition=partition.partition,
        leader=partition.leader,
        replicas=replicas(partition, live),
        missing=missing(partition),
        state=_state(partition, problems(partition, live, min_isr)),
    )


def _state(partition: Partition, wrong: Sequence[Problem]) -> Mark:
    said = [problem.words for problem in wrong]
    said += [f"reassignment: {moving}"] if (moving := reassignment(partition)) else []
    said += [f"eligible leader (ELR): {', '.join(map(str, partition.elr))}"] if partition.elr else []
    return Mark("; ".join(said), level(any(problem.broken for problem in wrong), bool(wrong)))


def _summary(topic: TopicDescription, counts: Health) -> Mark:
    # Above the health: what is about to go need not be healthy.
    if topic.marked_for_deletion:
        return Mark(f"marked for deletion · {words(counts)}", Level.RISK)
    return Mark(words(counts), level(counts.broken > 0, counts.healthy < counts.partitions))


def _facts(topic: TopicDescription) -> list[str]:
    facts = [count(len(topic.partitions), "partition"), f"RF {_factors(topic)}"]
    # It stands here whether it was set for the topic or not, so that it is left out of the configs behind.
    facts.append("min ISR not known" if topic.min_isr is None else f"min ISR {topic.min_isr}")
    shown = sorted(topic.configs if topic.min_isr is None else topic.configs.keys() - {MIN_ISR})
    facts += [f"{name}={human(name, topic.configs[name])}" for name in shown]
    return [*facts, f"id {topic.topic_id}"] if topic.topic_id else facts


def _factors(topic: TopicDescription) -> str:
    """Return the replication factor, both ends where the partitions differ; replicas being added do not count."""
    # While partitions move, `replicas` holds the old ones and the new ones together.
    counts = {len(partition.replicas) - len(partition.adding_replicas) for partition in topic.partitions} or {0}
    return str(min(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"
