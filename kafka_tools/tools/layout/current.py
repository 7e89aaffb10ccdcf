"""The layout as it is: for programs a row a broker, for scripts a line a replica and a broker, for people a matrix."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kafka_tools.model.assignment import BrokerRack, rack_words
from kafka_tools.model.health import Health, Role, health, led_by_preferred, problems, reassignment, role, total, words
from kafka_tools.model.layout import BrokerLoad, loads
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.model.units import count
from kafka_tools.render.views import Cell, Level, Mark, Matrix, MatrixColumn, MatrixRow, Tally, level
from kafka_tools.report import Report

MOST_PARTITIONS = 100
"""With more than these, only what is wrong is shown one by one; where even that is more, a row a topic."""

ROLE_WORDS = {
    Role.LEADER: "leader",
    Role.IN_SYNC: "in-sync",
    Role.OUT_OF_SYNC: "out-of-sync",
    Role.BROKER_DOWN: "offline",
}

COLUMNS = {
    "broker": "Broker",
    "rack": "Rack",
    "up": "Up",
    "leaders": "Leaders",
    "preferred": "Preferred",
    "replicas": "Replicas",
    "out_of_sync": "Out of sync",
    "leader_skew_percent": "Leader skew %",
}


@dataclass(frozen=True, slots=True)
class BrokerRow:
    """One broker: what it carries (see BrokerLoad), and its partitions by name (`orders-0`)."""

    broker: int
    rack: str | None
    up: bool
    leaders: int
    preferred: int
    replicas: int
    out_of_sync: int
    leader_skew_percent: float | None
    leader_of: tuple[str, ...]
    in_sync_follower_of: tuple[str, ...]
    out_of_sync_follower_of: tuple[str, ...]
    offline_replica_of: tuple[str, ...]


def layout(
    topics: Sequence[TopicDescription],
    brokers: Sequence[BrokerRack],
    racks_before: Mapping[int, str | None],
    everything: bool,
) -> Report:
    """Return the layout of these topics on the brokers that are up and those that were.

    `everything`: healthy partitions are shown one by one, however many there are.
    """
    # Brokers that are down are known from assignments only, and their racks from the rounds of --watch before.
    found = loads(topics, brokers, racks_before)
    live = {broker.broker for broker in brokers}
    return Report(
        rows=_rows(topics, found, live),
        columns=COLUMNS,
        plain=lines(topics, found, live),
        tables=lambda: [matrix(topics, found, everything)],
    )


def _rows(
    topics: Sequence[TopicDescription], found: Sequence[BrokerLoad], live: Collection[int]
) -> Iterator[BrokerRow]:
    of: dict[tuple[int, Role], list[str]] = {}
    for topic in topics:
        for partition in topic.partitions:
            for broker in partition.replicas:
                of.setdefault((broker, role(broker, partition, live)), []).append(
                    f"{topic.topic}-{partition.partition}"
                )
    for load in found:
        # In the order of Role, which is that of BrokerRow's last four fields.
        held = (tuple(of.get((load.broker, each), ())) for each in Role)
        yield BrokerRow(
            load.broker,
            load.rack,
            load.up,
            load.leaders,
            load.preferred,
            load.replicas,
            load.out_of_sync,
            load.leader_skew,
            *held,
        )


def lines(topics: Sequence[TopicDescription], found: Sequence[BrokerLoad], live: Collection[int]) -> Iterator[str]:
    """Yield a line for each replica and then one for each broker, their fields separated by tabs.

    `replica TOPIC PARTITION BROKER ROLE`: ROLE is leader, in-sync, out-of-sync or offline, replicas are in assignment
    order. `broker ID STATE LEADERS PREFERRED REPLICAS OUT_OF_SYNC SKEW RACK`: STATE is up or down, SKEW the leaders
    against the mean in percent; what is not known is `-`.
    """
    for topic in topics:
        for partition in topic.partitions:
            for broker in partition.replicas:
                word = ROLE_WORDS[role(broker, partition, live)]
                yield f"replica\t{topic.topic}\t{partition.partition}\t{broker}\t{word}"
    for load in found:
        counts = f"{load.leaders}\t{load.preferred}\t{load.replicas}\t{load.out_of_sync}"
        yield f"broker\t{load.broker}\t{'up' if load.up else 'down'}\t{counts}\t{_skew(load)}\t{load.rack or '-'}"


def _skew(load: BrokerLoad) -> str:
    # None for a broker that is down, or where nothing is led by anybody.
    return "-" if load.leader_skew is None else f"{round(load.leader_skew):+d}"


def matrix(topics: Sequence[TopicDescription], found: Sequence[BrokerLoad], everything: bool) -> Matrix:
    """Return what a person sees: partitions by brokers, or topics by brokers where that would be too much."""
    live = {load.broker for load in found if load.up}
    of_topics = [health(topic.partitions, live, topic.min_isr) for topic in topics]
    counts = total(of_topics)
    rows, note = _rows_and_note(topics, of_topics, [load.broker for load in found], live, everything)
    return Matrix(
        columns=[_column(load, found) for load in found],
        rows=rows,
        tallies=_tallies(found),
        title=_title(found),
        facts=_facts(topics, found, counts),
        summary=_summary(found, counts),
        notes=[Mark(note)] if note else (),
        flag="led by another than its preferred replica",
    )


def _rows_and_note(
    topics: Sequence[TopicDescription],
    of_topics: Sequence[Health],
    brokers: Sequence[int],
    live: Collection[int],
    everything: bool,
) -> tuple[list[MatrixRow], str]:
    counts = total(of_topics)
    whole = [each for each in of_topics if each.healthy == each.partitions]
    # Three sizes: every partition, every one that is wrong, every topic that is. A screen holds some 100 rows at most.
    if everything or counts.partitions <= MOST_PARTITIONS:
        return [_partition_row(topic, each, brokers, live) for topic in topics for each in topic.partitions], ""
    # Of a large cluster that is well this is a single line, and the matrix is its brokers' loads.
    if counts.partitions - counts.healthy <= MOST_PARTITIONS:
        wrong = [
            _partition_row(topic, each, brokers, live)
            for topic in topics
            for each in topic.partitions
            if problems(each, live, topic.min_isr)
        ]
        healthy = f"{counts.healthy:,} healthy partitions"
        return wrong, f"… and {healthy}, {count(len(whole), 'topic')} healthy as a whole (--all shows them)"
    troubled = [pair for pair in zip(topics, of_topics, strict=True) if pair[1].healthy < pair[1].partitions]
    # Stable: those that do not work first, the others in the order of their names.
    troubled.sort(key=lambda pair: pair[1].broken == 0)
    rows = [_topic_row(topic, each, brokers, live) for topic, each in troubled]
    sums = f"{count(len(whole), 'healthy topic')}, {count(total(whole).partitions, 'partition')}"
    return rows, f"… and {sums} (--all shows them)"


def _partition_row(
    topic: TopicDescription, partition: Partition, brokers: Sequence[int], live: Collection[int]
) -> MatrixRow:
    moved = not led_by_preferred(partition)
    cells = []
    for broker in brokers:
        # The flag stands at the leader, in the broker's column: an operator sees where an election would move it from.
        sign = role(broker, partition, live)
        held = broker in partition.replicas
        cells.append(Cell(sign, flagged=moved and sign is Role.LEADER) if held else None)
    return MatrixRow(topic.topic, str(partition.partition), cells, _remark(partition, live, topic.min_isr))


def _remark(partition: Partition, live: Collection[int], min_isr: int | None) -> Mark:
    """Return what the worst problem of a partition means, and where it moves; the symbols beside it tell the rest."""
    wrong = problems(partition, live, min_isr)
    if partition.leader is not None and not led_by_preferred(partition):
        # That the leader is not the preferred one is always told last, and the flag in the matrix says it already.
        wrong = wrong[:-1]
    facts = [wrong[0].words.partition(":")[0]] if wrong else []
    facts += [moving] if (moving := reassignment(partition)) else []
    return Mark("; ".join(facts), level(any(problem.broken for problem in wrong), bool(wrong)))


def _topic_row(topic: TopicDescription, counts: Health, brokers: Sequence[int], live: Collection[int]) -> MatrixRow:
    """Return a row with the worst role that each broker has in the topic, and how often."""
    cells = []
    for broker in brokers:
        roles = [role(broker, each, live) for each in topic.partitions if broker in each.replicas]
        # Who leads is left out here: a topic with many partitions is led by every broker.
        worst = next((each for each in (Role.BROKER_DOWN, Role.OUT_OF_SYNC) if each in roles), Role.IN_SYNC)
        often = None if worst is Role.IN_SYNC else roles.count(worst)
        cells.append(Cell(worst, often) if roles else None)
    worst_of_all = words(counts).partition(" · ")[0]
    remark = f"{worst_of_all} of {count(counts.partitions, 'partition')}"
    return MatrixRow(topic.topic, "", cells, Mark(remark, level(counts.broken > 0, True)))


def _column(load: BrokerLoad, found: Sequence[BrokerLoad]) -> MatrixColumn:
    # Where no broker has a rack (broker.rack is not set), there is no line for them at all.
    racks = any(each.rack for each in found)
    return MatrixColumn(
        str(load.broker), rack_words(load.rack) if racks else "", Level.QUIET if load.up else Level.BROKEN
    )


def _tallies(found: Sequence[BrokerLoad]) -> list[Tally]:
    return [
        Tally("leaders", [Mark(f"{load.leaders:,}") for load in found]),
        Tally("preferred", [Mark(f"{load.preferred:,}") for load in found]),
        Tally("replicas", [Mark(f"{load.replicas:,}") for load in found]),
        Tally("out of sync", [Mark(f"{load.out_of_sync:,}", level(False, load.out_of_sync > 0)) for load in found]),
        Tally("leader skew %", [Mark(_skew(load)) for load in found]),
    ]


def _title(found: Sequence[BrokerLoad]) -> str:
    up = sum(load.up for load in found)
    brokers = count(len(found), "broker")
    return brokers if up == len(found) else f"{up} of {brokers} up"


def _facts(topics: Sequence[TopicDescription], found: Sequence[BrokerLoad], counts: Health) -> list[str]:
    up = [load for load in found if load.up]
    # Over brokers that are up: one that is down leads nothing, and would make the others look overloaded.
    mean = sum(load.leaders for load in up) / len(up) if up else 0
    facts = [count(len(topics), "topic"), count(counts.partitions, "partition"), f"{mean:,.1f} leaders a broker"]
    unknown = sum(topic.min_isr is None for topic in topics)
    return [*facts, f"min ISR not known of {count(unknown, 'topic')}"] if unknown else facts


def _summary(found: Sequence[BrokerLoad], counts: Health) -> Mark:
    down = [str(load.broker) for load in found if not load.up]
    said = [f"broker{'' if len(down) == 1 else 's'} {', '.join(down)} down"] if down else []
    said.append(words(counts) if counts.partitions else "no partitions")
    return Mark(" · ".join(said), level(bool(down) or counts.broken > 0, counts.healthy < counts.partitions))
