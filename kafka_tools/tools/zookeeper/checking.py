"""`ktools zookeeper --check`: compares ZooKeeper with what each broker answers."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic, sleep, time
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model import addresses
from kafka_tools.model.agreement import Answers, Difference, Kept, Kind, Watch, compare
from kafka_tools.model.agreement_advice import advice
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.model.units import count
from kafka_tools.render.views import Level, Mark, Table
from kafka_tools.report import Report

PAUSES = (0.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0)
"""How long to wait before each look, in s: four where the same differs in all of them, more while that changes."""

MOST_SECONDS = 120.0
"""How long all looks may take: each of a large cluster takes a second or two."""

COLUMNS = {
    "state": "State",
    "kind": "What",
    "subject": "Of",
    "zookeeper": "ZooKeeper",
    "brokers": "Brokers answer",
    "who": "Which brokers",
    "advice": "What to do",
    "command": "Command",
}
SHOWN = ("kind", "subject", "zookeeper", "brokers", "who")
# The first words of the lines for scripts, and the values of `state` in json.
LASTS, CHANGING, HEALED = "differs", "changing", "healed"
ALL = "all"


class CheckAgreement(NamedTuple):
    """Asks whether the ensemble has what the brokers answer (None: those that are registered there, in plaintext)."""

    ensemble: ZooKeeper
    brokers: Brokers | None


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """A difference; the names of the fields are the keys of json.

    `state` is `differs`, `healed` while it was looked at, or `changing`: too young to be judged. `who` are the brokers
    that answer so.
    """

    state: str
    kind: str
    subject: str
    zookeeper: str | None
    brokers: str | None
    who: tuple[int, ...]
    advice: str
    command: str


class DifferenceView(NamedTuple):
    """A difference for a person."""

    kind: Mark
    subject: str
    zookeeper: str
    brokers: str
    who: str


class Seen(NamedTuple):
    """What all looks found, and what the last one saw."""

    watch: Watch
    kept: Kept
    answers: Answers
    seconds: float


def check(request: CheckAgreement) -> Report:
    """Return what differs, and look again before that is judged; status 1 where anything differs for good.

    Raises KafkaToolError where brokers and ZooKeeper are of two clusters, or one of the sides is not reached.
    """
    from kafka_tools.zookeeper.ensemble import survey

    # Before the survey: the time that a report tells has the wait for a session in it.
    began = monotonic()
    servers, seen = survey(request.ensemble, lambda target: _looks(target, request.brokers, began), MOST_SECONDS)
    # A server that does not answer is told at once: there is nothing to be looked at again.
    of_servers = tuple(
        Difference(Kind.SERVER, addresses.text(address), found.message, "")
        for address, found in servers.items()
        if isinstance(found, KafkaToolError)
    )
    connect = request.ensemble.connect
    if isinstance(seen, KafkaToolError):
        # Without a session nothing is compared, but servers that are away may be the reason:
        # they are rows above the failure.
        rows = list(_rows(LASTS, of_servers, 0, connect))
        return Report(rows, COLUMNS, map(line, rows), lambda: [_table(rows, connect, [], Level.BROKEN)], failure=seen)
    return _report(seen, of_servers, connect)


def _looks(target: ZooKeeper, brokers: Brokers | None, began: float) -> Seen:
    from kafka_tools.brokers.answers import ask_every_broker
    from kafka_tools.brokers.session import open_session
    from kafka_tools.zookeeper.kept import KeptReader
    from kafka_tools.zookeeper.session import connected

    watch = Watch()
    # Both sessions stay open for all looks. The order matters: where no broker is named, ZooKeeper names them.
    with ExitStack() as sessions:
        client = sessions.enter_context(connected(target))
        session = sessions.enter_context(open_session(brokers or _registered(target, client)))
        for pause in PAUSES:
            sleep(pause)
            # ZooKeeper first, then the brokers: what the controller wrote before is known to them a moment later. A
            # change in between differs in this look only, and heals.
            kept = KeptReader(client).read()
            # Every broker is asked, as each has its own copy of the metadata (UpdateMetadata):
            # one may be behind all others.
            answers = ask_every_broker(session, kept.brokers, kept.topics, bool(kept.broker_configs))
            # In each look: a broker of another cluster may be started on the address of one of this.
            _check_one_cluster(kept, answers)
            # Ages of znodes are counted on the wall clock, which their times are of; how long a difference
            # lasts, on one that nobody sets.
            watch.look(compare(kept, answers, int(time() * 1000)), monotonic())
            # The last pause may end with differences that still change: these are `changing`, and no failure.
            if watch.is_settled:
                break
    return Seen(watch, kept, answers, monotonic() - began)


def _registered(target: ZooKeeper, client: object) -> Brokers:
    """Return the brokers that ZooKeeper names, in plaintext: nobody's credentials go to whom it names."""
    from kafka_tools.zookeeper.cluster import broker_addresses

    found = broker_addresses(client)
    if not found:
        raise KafkaToolError(f"ZooKeeper at {target.connect} knows no broker: there is nothing to compare it with.")
    return Brokers(",".join(found))


def _check_one_cluster(kept: Kept, answers: Answers) -> None:
    """Raise KafkaToolError where the two sides are of two clusters, and everything would differ."""
    for broker, answer in answers.brokers.items():
        # Neither side may tell: /cluster/id may be refused to this user, and a broker before 0.10.1 has no cluster id.
        if kept.cluster_id and answer.cluster_id and kept.cluster_id != answer.cluster_id:
            raise KafkaToolError(
                f"ZooKeeper keeps cluster {kept.cluster_id}, and broker {broker} is of cluster {answer.cluster_id}.",
                "Do --zookeeper and --bootstrap-server, or the context, name one cluster?",
            )


def _report(seen: Seen, of_servers: Sequence[Difference], connect: str) -> Report:
    brokers = len(seen.answers.brokers)
    lasting = [*of_servers, *seen.watch.lasting]
    rows = [
        *_rows(LASTS, lasting, brokers, connect),
        *_rows(CHANGING, seen.watch.changing, brokers, connect),
        *_rows(HEALED, seen.watch.healed, brokers, connect),
    ]
    # A topic that brokers hide from this user (no DESCRIBE) looks as if it were not there.
    compared = [topic for name, topic in seen.kept.topics.items() if name not in seen.answers.hidden]
    partitions = sum(len(topic.partitions) for topic in compared)
    facts = [
        count(brokers, "broker"),
        count(len(compared), "topic"),
        count(partitions, "partition"),
        f"{count(seen.watch.looks, 'look')} in {seen.seconds:.1f} s",
    ]
    agrees = [] if rows else [f"ZooKeeper has what the brokers answer: {', '.join(facts)}"]
    return Report(
        rows=rows,
        columns=COLUMNS,
        plain=[*map(line, rows), *agrees],
        tables=lambda: [_table(rows, connect, facts, Level.BROKEN if lasting else Level.QUIET, brokers)],
        notes=_notes(seen),
        # What heals, or is too young, is no reason to wake somebody.
        status=int(bool(lasting)),
    )


def _notes(seen: Seen) -> list[str]:
    notes = [f"Not compared: {path}, which this user may not read." for path in seen.kept.refused]
    if seen.answers.hidden:
        notes.append(f"Not compared: {count(len(seen.answers.hidden), 'topic')} that this user may not see (DESCRIBE).")
    return notes


def _rows(state: str, found: Sequence[Difference], brokers: int, connect: str) -> Iterator[DifferenceRow]:
    for each in found:
        # Nobody should act on what goes away by itself.
        words, command = advice(each, brokers, connect) if state == LASTS else ("", "")
        kept, answered = each.zookeeper or None, each.brokers or None
        yield DifferenceRow(state, each.kind.value, each.subject, kept, answered, each.who, words, command)


def line(row: DifferenceRow) -> str:
    """Return `STATE WHAT OF ZOOKEEPER BROKERS WHO`, separated by tabs; `-` where there is nothing."""
    who = ",".join(map(str, row.who))
    return "\t".join(each or "-" for each in (row.state, row.kind, row.subject, row.zookeeper, row.brokers, who))


def _table(rows: Sequence[DifferenceRow], connect: str, facts: Sequence[str], loud: Level, brokers: int = 0) -> Table:
    states = [row.state for row in rows]
    tally = {LASTS: "differ", CHANGING: "are changing, and too young to be judged", HEALED: "healed meanwhile"}
    words = [f"{states.count(state)} {verb}" for state, verb in tally.items() if state in states]
    # Counted in the summary, but no row: a person looks for what is wrong now.
    views = [_view(row, brokers) for row in rows if row.state != HEALED]
    # Where all brokers say the same, there is no need to name them.
    shown = [name for name in SHOWN if name != "who" or any(view.who not in ("", ALL) for view in views)]
    return Table(
        rows=views,
        columns={name: COLUMNS[name] for name in shown},
        title=f"ZooKeeper {connect}",
        facts=facts,
        least=("who",),
        breakable=("zookeeper", "brokers"),
        summary=Mark(" · ".join(words) if words else "ZooKeeper has what the brokers answer", loud),
        notes=[Mark(note) for note in _advices(rows)],
    )


def _view(row: DifferenceRow, brokers: int) -> DifferenceView:
    level = Level.BROKEN if row.state == LASTS else Level.RISK
    kind = row.kind if row.state == LASTS else f"{row.kind} ({row.state})"
    # Where every broker disagrees with ZooKeeper, it is the znode that is suspect; where one does, the broker.
    who = ALL if len(row.who) == brokers else ", ".join(map(str, row.who))
    return DifferenceView(Mark(kind, level), row.subject, row.zookeeper or "", row.brokers or "", who)


def _advices(rows: Sequence[DifferenceRow]) -> Iterator[str]:
    """Yield each advice once, with what it is for and the first command that goes with it."""
    kinds: dict[str, dict[str, str]] = {}
    for row in rows:
        if row.advice:
            kinds.setdefault(row.advice, {}).setdefault(row.kind, row.command)
    for words, commands in kinds.items():
        command = next(iter(commands.values()))
        yield f"{', '.join(commands)}: {words}{f' {command}' if command else ''}"
