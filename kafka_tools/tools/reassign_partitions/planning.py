"""Plans where replicas go, shows what that means, and writes it as the file that --execute takes: `--plan`."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from kafka_tools.cli import types
from kafka_tools.cli.options import ACTION, CHANGES, FILTERS, option
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.assignment import BrokerRack, rack_words
from kafka_tools.model.folders import replace_file
from kafka_tools.model.plan_effects import Change, Stored, copies, effects, seconds, stored
from kafka_tools.model.plans import Goal, plan
from kafka_tools.model.reassignments import Placement, Replicas, as_json
from kafka_tools.model.target import Brokers
from kafka_tools.model.topic_names import named
from kafka_tools.model.units import count, duration, size
from kafka_tools.report import Report
from kafka_tools.tools.reassign_partitions.reading import PROPOSED
from kafka_tools.tools.reassign_partitions.told import ids

if TYPE_CHECKING:
    from kafka_tools.render.views import Matrix, MatrixRow, Table, View

GOALS = ("set_replication_factor", "remove_broker", "add_broker", "replace_broker", "rebalance", "balance_log_dirs")
WITH_REBALANCE = ({"set_replication_factor", "rebalance"}, {"remove_broker", "rebalance"})
"""Two goals that one plan can reach: what must move moves, and the rest is evened out."""

MOST_ROWS = 60
"""How many partitions the matrix draws at most; with more it has only the brokers' figures."""

F = TypeVar("F", bound=Callable[..., Any])


class PlanOptions(NamedTuple):
    """What the command line says that a plan is to reach."""

    set_replication_factor: int | None
    remove_broker: tuple[int, ...] | None
    add_broker: tuple[int, ...] | None
    replace_broker: tuple[int, int] | None
    rebalance: bool
    balance_log_dirs: int | None

    @property
    def goal(self) -> Goal:
        """What the plan is to reach."""
        leaving = {*(self.remove_broker or ()), *(self.replace_broker or ())[:1]}
        return Goal(
            self.set_replication_factor,
            frozenset(leaving),
            frozenset(self.add_broker or ()),
            self.replace_broker,
            self.rebalance,
        )


class MakePlan(NamedTuple):
    """Plans for the topics that match; the plan is written to a file, if one is named. `rate` limits the copies."""

    target: Brokers
    goal: Goal
    topic: str | None
    exclude_internal: bool
    rack_aware: bool
    file: str | None
    rate: int | None


class PlanRow(NamedTuple):
    """A partition that changes: its replicas now and then, to which brokers it is copied, and how many bytes that is.

    `bytes` is None where no broker tells its size.
    """

    topic: str
    partition: int
    current: Replicas
    planned: Replicas
    copied_to: Replicas
    bytes: int | None


COLUMNS = {
    "topic": "Topic",
    "partition": "Partition",
    "current": "Replicas now",
    "planned": "Replicas then",
    "copied_to": "Copied to",
    "bytes": "Bytes",
}


def _pair(name: str, text: str) -> tuple[int, int]:
    # `3:7`; isdecimal and isascii, as int() takes `+3`, `3_0` and digits of other scripts.
    old, colon, new = (word.strip() for word in text.partition(":"))
    if not (colon and all(word.isdecimal() and word.isascii() and len(word) < types.MAX_DIGITS for word in (old, new))):
        raise UsageError(f"--{name}: '{text}' is no pair of broker ids", "3:7 gives broker 7 what broker 3 has.")
    if int(old) == int(new):
        raise UsageError(f"--{name}: {text} names one broker twice")
    return int(old), int(new)


def plan_options(function: F) -> F:
    """Declare the options of plans, each a parameter of its name."""
    declared = (
        option(ACTION, "--plan", help="Plan where replicas go, and show what that means; nothing is moved."),
        option(ACTION, "--undo", type=types.FILE, help="Go back to where this file says that partitions were."),
        option(
            CHANGES,
            "--set-replication-factor",
            type=types.INTEGER,
            help="With --plan: so many replicas for each partition.",
        ),
        option(CHANGES, "--remove-broker", type=types.BROKER_IDS, help="With --plan: empty these brokers."),
        option(
            CHANGES,
            "--add-broker",
            type=types.BROKER_IDS,
            help="With --plan: fill these brokers from the others, until all hold the same.",
        ),
        option(
            CHANGES,
            "--replace-broker",
            type=types.Parsed("OLD:NEW", _pair, "brokers"),
            help="With --plan: give one broker what another one has.",
        ),
        option(
            CHANGES,
            "--rebalance",
            help="With --plan: even out replicas and leaders; also beside --remove-broker or --set-replication-factor, "
            "which else move only what must move.",
        ),
        option(
            CHANGES,
            "--balance-log-dirs",
            type=types.WholeNumber(32, "BROKER"),
            help="With --plan: even out the directories of this broker.",
        ),
        option(FILTERS, "--topic", type=types.TOPIC, help="With --plan: only topics that match this pattern."),
        option(FILTERS, "--exclude-internal", help="With --plan: leave out internal topics."),
        option(CHANGES, "--dry-run", help="With --plan: write no file, only show the plan."),
        option(
            CHANGES,
            "--batch-size",
            type=types.INTEGER,
            help="With --execute: move so many partitions at once, wait for them, and go on to the end. With --undo "
            "10, if not given.",
        ),
    )
    # Decorators apply from the inside out: reversed, --help has them in this order.
    for declare in reversed(declared):
        function = declare(function)
    return function


def check_goal(given: frozenset[str]) -> None:
    """Raise UsageError where a plan has no goal, or several."""
    goals = set(GOALS) & given
    if len(goals) != 1 and goals not in WITH_REBALANCE:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in GOALS)
        raise UsageError(
            f"--plan takes exactly one of: {names}",
            "--rebalance also beside --remove-broker or --set-replication-factor",
        )


def make_plan(request: MakePlan) -> Report:
    """Plan, and return what the plan means. Raises KafkaToolError where the goal cannot be reached."""
    from kafka_tools.brokers.reassignments import open_reassignments

    with open_reassignments(request.target) as reassignments:
        brokers = reassignments.brokers()
        # All partitions, also of topics that were not chosen: how full each broker is depends on them.
        before = {name: each.replicas for name, each in reassignments.partitions().items()}
        chosen = set(named({name.topic for name in before}, request.topic, request.exclude_internal))
        _check(request.goal, brokers, before)
        moving = sorted(name for name in reassignments.ongoing() if name.topic in chosen)
        # Not of the whole cluster: moves of other topics do not change where these replicas are.
        if moving:
            name = f"{moving[0].topic}-{moving[0].partition}"
            raise KafkaToolError(
                f"{count(len(moving), 'partition')} of these topics are being moved: {name}{', …' * (len(moving) > 1)}",
                "--list shows them. A plan needs to know where replicas stay.",
            )
        # Without racks all brokers are alike to the planner.
        racks = brokers if request.rack_aware else [each._replace(rack=None) for each in brokers]
        changed = plan({name: before[name] for name in before if name.topic in chosen}, racks, request.goal)
        # Last, and only for the figures: a broker that does not tell its directories keeps nobody from a plan.
        store = stored(reassignments.log_dirs([each.broker for each in brokers]))
    # Written even where nothing has to move: an old plan of that name must not be carried out instead.
    if request.file is not None:
        replace_file(request.file, f"{as_json(changed)}\n".encode(), 0o644)
    return plan_report(request, brokers, before, changed, store)


def _check(goal: Goal, brokers: Sequence[BrokerRack], before: Placement) -> None:
    """Raise KafkaToolError for a broker to be emptied that is not there and holds nothing."""
    known = {each.broker for each in brokers} | {broker for replicas in before.values() for broker in replicas}
    unknown = sorted(goal.leaving - known)
    if unknown:
        there = ", ".join(map(str, sorted(known)))
        raise KafkaToolError(f"Broker {unknown[0]} is no broker of this cluster (brokers: {there}).")


def plan_report(
    request: MakePlan, brokers: Sequence[BrokerRack], before: Placement, changed: Placement, store: Stored
) -> Report:
    """Return a plan: for programs a row a partition, for scripts Apache's documents, for people figures and moves."""
    targets = copies(before, changed)
    rows = []
    for name in sorted(changed):
        bytes_ = store.size(name, before[name])
        copied = targets[name]
        # A partition that is only reordered copies nothing, whether its size is known or not.
        total = None if bytes_ is None and copied else (bytes_ or 0) * len(copied)
        rows.append(PlanRow(*name, before[name], changed[name], copied, total))
    now = {name: before[name] for name in changed}
    written = "" if request.file is None else f"The plan is in {request.file}."
    return Report(
        rows=rows,
        columns=COLUMNS,
        plain=["Current partition replica assignment", as_json(now), "", PROPOSED, as_json(changed)],
        tables=lambda: _views(request, rows, brokers, before, changed, store),
        notes=[written] if written else (),
        # In a pipe the last line is the document itself, as that of --generate; on a terminal it is nowhere.
        told=() if written or not changed else ["--reassignment-json-file FILE keeps this plan, for --execute."],
    )


def _views(
    request: MakePlan,
    rows: Sequence[PlanRow],
    brokers: Sequence[BrokerRack],
    before: Placement,
    changed: Placement,
    store: Stored,
) -> "Sequence[View]":
    picture = _matrix(request, rows, brokers, before, changed, store)
    return [picture, _table(rows)] if rows else [picture]


def _matrix(
    request: MakePlan,
    rows: Sequence[PlanRow],
    brokers: Sequence[BrokerRack],
    before: Placement,
    changed: Placement,
    store: Stored,
) -> "Matrix":
    from kafka_tools.render.views import Level, Mark, Matrix, MatrixColumn, Tally

    found = effects(before, changed, brokers, store)
    up = {each.broker for each in brokers}
    # A line of racks only where some broker has one.
    has_racks = any(each.rack for each in found)
    tallies = [
        Tally("leaders", [Mark(_pair_of(*each.leaders)) for each in found]),
        Tally("replicas", [Mark(_pair_of(*each.replicas)) for each in found]),
        Tally("bytes", [Mark("?" if each.bytes is None else before_and_after(*each.bytes)) for each in found]),
    ]
    if any(each.free for each in found):
        tallies.append(
            Tally(
                "free",
                [
                    Mark("?") if each.free is None
                    else Mark(before_and_after(*each.free), Level.BROKEN if each.free[1] < 0 else Level.QUIET)
                    for each in found
                ],
            )
        )  # fmt: skip
    copied = sum(len(row.copied_to) for row in rows)
    total = sum(row.bytes or 0 for row in rows)
    unknown = sum(row.bytes is None for row in rows)
    # The preferred ones, which lead once the plan is carried out: --execute --batch-size elects them.
    leaders = sum(row.current[0] != row.planned[0] for row in rows)
    facts = [f"{count(copied, 'replica')} to copy", f"{size(total)}{' and what is not known' if unknown else ''}"]
    if request.rate and copied:
        facts.append(f"about {duration(seconds(found, request.rate))} at {size(request.rate)}/s")
    facts.append(f"{count(leaders, 'leader')} change{'s' if leaders == 1 else ''}")
    return Matrix(
        columns=[
            MatrixColumn(
                str(each.broker),
                rack_words(each.rack) if has_racks else "",
                Level.QUIET if each.broker in up else Level.BROKEN,
            )
            for each in found
        ],
        # The table below names every partition, however many there are.
        rows=[_matrix_row(row, [each.broker for each in found]) for row in rows] if len(rows) <= MOST_ROWS else [],
        tallies=tallies,
        title=f"{count(len(rows), 'partition')} change{'s' if len(rows) == 1 else ''}",
        facts=facts if rows else (),
        summary=None if rows else Mark("nothing has to move"),
        notes=[Mark(note) for note in _uneven(request.goal, found)],
        flag="leads then, and did not before",
    )


def _pair_of(before: int, after: int) -> str:
    return f"{before:,}" if before == after else f"{before:,} → {after:,}"


def before_and_after(before: int, after: int) -> str:
    """Return two sizes in bytes, one where they look the same."""
    first, second = size(before), size(after)
    if first == second:
        return first
    # `1.2 → 3.4 GiB` where the unit is the same, `900 MiB → 1.1 GiB` where it is not.
    number, _, unit = first.partition(" ")
    return f"{number if second.endswith(f' {unit}') else first} → {second}"


def _matrix_row(row: PlanRow, brokers: Iterable[int]) -> "MatrixRow":
    from kafka_tools.render.views import Cell, MatrixRow

    cells = []
    for broker in brokers:
        if broker not in row.planned:
            cells.append(Cell(Change.GOES) if broker in row.current else None)
            continue
        leads = broker == row.planned[0]
        # That it is copied says more than that it leads; the flag tells that.
        sign = Change.COMES if broker in row.copied_to else Change.LEADS if leads else Change.STAYS
        cells.append(Cell(sign, flagged=leads and broker != row.current[0]))
    return MatrixRow(row.topic, str(row.partition), cells)


def _uneven(goal: Goal, found: Sequence[Any]) -> list[str]:
    """Return a note where replicas stay uneven, as without --rebalance only what must move does."""
    after = [each.replicas[1] for each in found if each.broker not in goal.leaving]
    if goal.is_even or not after or max(after) - min(after) <= 1:
        return []
    return [f"Replicas stay uneven, {min(after):,} to {max(after):,} a broker: only what must move does (--rebalance)."]


def _table(rows: Sequence[PlanRow]) -> "Table":
    from kafka_tools.render.views import Mark, Table

    class Shown(NamedTuple):
        topic: str
        partition: int
        current: str
        planned: str
        copied_to: str
        bytes: Mark

    shown = [
        Shown(
            row.topic,
            row.partition,
            ids(row.current),
            ids(row.planned),
            ids(row.copied_to),
            Mark("?" if row.bytes is None else size(row.bytes) if row.copied_to else ""),
        )
        for row in rows
    ]
    return Table(shown, COLUMNS)
