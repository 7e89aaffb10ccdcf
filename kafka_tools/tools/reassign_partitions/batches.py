"""Carries a plan out to its end, so many partitions at once: `--execute --batch-size` and `--undo`.

What must outlive this process stands in two files beside the plan: the way back (a plan itself), written before the
first move, and the state: the throttles that were set, and which replicas lagged before. How far the moves are is asked
of the cluster, so that a run that was killed goes on where it ended, and whoever else moves the same is noticed.
"""

import hashlib
import json
import signal
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.configs import BROKERS, TOPICS
from kafka_tools.model.folders import read_text, replace_file
from kafka_tools.model.plan_effects import copies, stored
from kafka_tools.model.reassignments import (
    PartitionReassignment,
    Placement,
    Replicas,
    as_json,
    check_wanted,
    moves,
    moving_brokers,
    parse_wanted,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import Partition, TopicPartition
from kafka_tools.model.units import count, duration, size
from kafka_tools.report import Report, Stages
from kafka_tools.tools.reassign_partitions.throttles import Rates, clear_throttles, set_throttles
from kafka_tools.tools.reassign_partitions.told import COLUMNS, MoveRow

if TYPE_CHECKING:
    from kafka_tools.brokers.reassignments import BrokerReassignments

BATCH = 10
"""So many partitions move at once where nobody says how many."""

ROUND_SECONDS, SIZES_SECONDS = 0.5, 2.0
"""How often it is looked how far the moves are, and how many bytes are there."""

PATIENCE_SECONDS = 300.0
"""How long a cluster that does not answer is waited for."""

CLEARING_SECONDS = 30.0
"""How long moves that were ended are waited for."""

MOST_TOLD = 3


class CarryOut(NamedTuple):
    """Carries out the plan in a file with this text, `batch` partitions at once.

    `rates` limit how many bytes/s each broker sends and gets.
    """

    target: Brokers
    file: str
    document: str
    batch: int
    rates: Rates


class State(NamedTuple):
    """What a run leaves for the one that goes on: throttled topics and brokers, and the replicas that lagged before.

    `way_back` is the file with the replicas before.
    """

    plan: str
    way_back: str
    topics: tuple[str, ...] = ()
    brokers: tuple[int, ...] = ()
    lagging: frozenset[tuple[str, int, int]] = frozenset()


class Look(NamedTuple):
    """The cluster at one moment: all its partitions, the moves that are under way, and the brokers that are up."""

    partitions: Mapping[TopicPartition, Partition]
    ongoing: Mapping[TopicPartition, PartitionReassignment]
    live: frozenset[int]

    def is_moving(self, name: TopicPartition, replicas: Replicas) -> bool:
        """Tell whether a partition is on its way to these replicas."""
        moving = self.ongoing.get(name)
        return moving is not None and {*moving.replicas} - {*moving.removing} == {*replicas}

    def lagging(self) -> frozenset[tuple[str, int, int]]:
        """Return the replicas that are out of sync, without those of partitions that move."""
        return frozenset(
            (*name, broker)
            for name, each in self.partitions.items()
            if name not in self.ongoing
            for broker in set(each.replicas) - set(each.isr)
        )


def carry_out(request: CarryOut) -> Report:
    """Move everything to where the plan says, and return what was done.

    Ctrl-C ends the moves that are under way, takes throttles away, and goes up. Raises KafkaToolError where it cannot
    begin, or cannot go on; the same command goes on later.
    """
    run = _Run(request)
    with _as_ctrl_c(signal.SIGTERM, signal.SIGHUP):
        try:
            with _stages() as stages:
                _persist(run, stages)
        except (KeyboardInterrupt, KafkaToolError):
            _break_off(run)
            raise
    return _report(run)


@contextmanager
def _as_ctrl_c(*signals: signal.Signals) -> Iterator[None]:
    """Let signals that end a process end it as Ctrl-C does: a lost terminal leaves no throttle."""
    before = [signal.signal(each, signal.default_int_handler) for each in signals]
    try:
        yield
    finally:
        for each, handler in zip(signals, before, strict=True):
            signal.signal(each, handler)


@contextmanager
def _stages() -> Iterator[Stages]:
    from kafka_tools.render.progress import stages

    with stages() as shown:
        yield shown


class _Run:
    """One run of a plan: what is wanted, what is known of it, and what went wrong."""

    def __init__(self, request: CarryOut) -> None:
        self.request = request
        plan = Path(request.file)
        self.state_file = str(plan.with_name(f"{plan.stem}.state.json"))
        wanted = parse_wanted(request.document)
        if wanted.log_dirs:
            raise KafkaToolError(
                "A plan that names directories cannot be carried out in batches.",
                "--execute without --batch-size does.",
            )
        self.wanted = check_wanted(wanted)
        self.digest = hashlib.sha256(as_json(self.wanted).encode()).hexdigest()
        self.state: State | None = None
        self.before: Placement = {}
        self.failed: dict[TopicPartition, str] = {}
        self.notes: list[str] = []
        self.moved: Set[TopicPartition] = frozenset()
        self.sizes: dict[TopicPartition, int] = {}
        self.samples: list[tuple[float, int]] = []
        self.why = self.told = ""

    def save(self, state: State) -> None:
        """Keep what a later run has to know. Raises OSError."""
        self.state = state
        document = {"version": 1, **state._asdict(), "lagging": sorted(state.lagging)}
        replace_file(self.state_file, f"{json.dumps(document)}\n".encode(), 0o644)


def _persist(run: _Run, stages: Stages) -> None:
    """Carry the plan out, however often the cluster is lost meanwhile, if it comes back in time."""
    from kafka_tools.brokers.reassignments import open_reassignments

    deadline = monotonic()  # the first time nobody waits: the address may be wrong
    while True:
        try:
            with open_reassignments(run.request.target) as cluster:
                if run.state is None:
                    _begin(run, cluster)
                while _goes_on(run, cluster, stages):
                    deadline = monotonic() + PATIENCE_SECONDS
                    sleep(ROUND_SECONDS)
                stages.stage("Electing preferred leaders")
                _lead(run)
                _unthrottle(run, cluster)
                return
        except UnreachableError as error:
            if monotonic() > deadline:
                raise
            stages.stage(f"Waiting for the cluster: {error.message}")
            sleep(ROUND_SECONDS)


def _look(cluster: "BrokerReassignments") -> Look:
    # What moves is asked first: what ends between the two questions is then taken to move still, and looked at again.
    ongoing = cluster.ongoing()
    return Look(cluster.partitions(), ongoing, frozenset(each.broker for each in cluster.brokers()))


def _begin(run: _Run, cluster: "BrokerReassignments") -> None:
    """Check the plan, write the way back and the state, and set throttles; or go on with what a run before left."""
    look = _look(cluster)
    for name, replicas in run.wanted.items():
        if name not in look.partitions:
            raise KafkaToolError(f"Unable to find partition: {name.topic}-{name.partition}")
        unknown = set(replicas) - look.live - set(look.partitions[name].replicas)
        if unknown:
            raise KafkaToolError(f"Unknown broker id {min(unknown)}")
    run.before = {name: look.partitions[name].replicas for name in run.wanted}
    state = _left_state(run)
    others = [name for name in look.ongoing if name not in run.wanted]
    if others:
        raise KafkaToolError(
            f"{count(len(others), 'partition')} that the plan does not name are being moved.", "--list shows them."
        )
    if state is None:
        before = {name: _without_adding(look, name) for name in run.wanted}
        way_back = _write_way_back(run, {name: each for name, each in before.items() if each != run.wanted[name]})
        state = State(run.digest, way_back, lagging=look.lagging())
    run.before = {name: _without_adding(look, name) for name in run.wanted}
    run.save(state)
    store = stored(cluster.log_dirs(look.live))
    run.sizes = {name: store.size(name, each) or 0 for name, each in run.before.items()}
    if run.request.rates.limits:
        _throttle(run, cluster, look.live)


def _without_adding(look: Look, name: TopicPartition) -> Replicas:
    """Return the replicas of a partition without those that are only being added."""
    moving = look.ongoing.get(name)
    replicas = look.partitions[name].replicas
    return replicas if moving is None else tuple(each for each in replicas if each not in moving.adding)


def _left_state(run: _Run) -> State | None:
    """Return what a run of the same plan left. Raises KafkaToolError where it is another plan's, or no state."""
    try:
        text = read_text(run.state_file)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise KafkaToolError(f"Unable to read file {run.state_file}", f"{error}.") from error
    try:
        found: dict[str, Any] = json.loads(text)
        lagging = frozenset((str(topic), int(number), int(broker)) for topic, number, broker in found["lagging"])
        state = State(
            str(found["plan"]),
            str(found["way_back"]),
            tuple(map(str, found["topics"])),
            tuple(map(int, found["brokers"])),
            lagging,
        )
    except (ValueError, TypeError, KeyError) as error:
        raise KafkaToolError(
            f"{run.state_file} is no state of a plan.", "Is it another's file? Move it away."
        ) from error
    if state.plan != run.digest:
        raise KafkaToolError(
            f"{run.state_file} is of another plan than {run.request.file}: that one was not carried out to its end.",
            f"{state.way_back} has the way back from there. Move the state away to begin anew.",
        )
    return state


def _write_way_back(run: _Run, before: Placement) -> str:
    """Write the replicas before to a file of a name that is free, and return its name."""
    plan = Path(run.request.file)
    path, number = plan.with_name(f"{plan.stem}.undo.json"), 1
    while path.exists() or path.is_symlink():
        number += 1
        path = plan.with_name(f"{plan.stem}.undo-{number}.json")
    if before:
        replace_file(str(path), f"{as_json(before)}\n".encode(), 0o644)
    return str(path)


def _throttle(run: _Run, cluster: "BrokerReassignments", live: Collection[int]) -> None:
    """Limit the copies of all that is left; what is to be limited is written down before.

    A broker that is down sends nothing, and takes no config: it must not keep a plan from emptying it.
    """
    assert run.state is not None
    left = {name: replicas for name, replicas in run.wanted.items() if replicas != run.before[name]}
    found = {
        name: move._replace(sources=move.sources.intersection(live))
        for name, move in moves({}, left, run.before).items()
    }
    brokers = moving_brokers(found)
    run.save(
        run.state._replace(
            topics=tuple(sorted({*run.state.topics, *(name.topic for name in left)})),
            brokers=tuple(sorted({*run.state.brokers, *brokers})),
        )
    )
    for _ in set_throttles(cluster, run.request.rates, found):
        pass


def _goes_on(run: _Run, cluster: "BrokerReassignments", stages: Stages) -> bool:
    """Look how far the moves are, begin more of them where nothing is against it, and tell whether any are left."""
    assert run.state is not None
    look = _look(cluster)
    gone = [name for name in run.wanted if name not in look.partitions]
    run.failed |= dict.fromkeys(gone, "The partition is gone.")
    open_ = {name: replicas for name, replicas in run.wanted.items() if name not in run.failed}
    moving = [name for name, replicas in open_.items() if look.is_moving(name, replicas)]
    left = [
        name
        for name, replicas in open_.items()
        if name not in moving and (name in look.ongoing or look.partitions[name].replicas != replicas)
    ]
    run.moved = open_.keys() - {*moving, *left}
    why = _against(run, look, left)
    room = 0 if why else run.request.batch - len(moving)
    next_ = {name: run.wanted[name] for name in left[: max(0, room)]}
    if next_:
        errors = cluster.reassign(next_)
        # A broker that went down meanwhile is waited for; anything else does not become better by waiting.
        live = {each.broker for each in cluster.brokers()} if errors else set()
        run.failed |= {name: each.message for name, each in errors.items() if set(run.wanted[name]) <= live}
    _show(run, cluster, stages, [*moving, *next_], why)
    return bool(moving or left)


def _against(run: _Run, look: Look, left: Sequence[TopicPartition]) -> str:
    """Return why nothing more should be begun now: somebody is down, or something lags that did not before."""
    assert run.state is not None
    down = sorted({broker for name in left for broker in set(run.wanted[name]) - set(run.before[name])} - look.live)
    if down:
        return f"broker {', '.join(map(str, down))} is down"
    trouble = sorted(look.lagging() - run.state.lagging)
    names = [f"{topic}-{number} on broker {broker}" for topic, number, broker in trouble]
    if not names:
        return ""
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return f"out of sync: {', '.join(names[:MOST_TOLD])}{more}"


def _show(
    run: _Run, cluster: "BrokerReassignments", stages: Stages, moving: Sequence[TopicPartition], why: str
) -> None:
    """Tell how far it is: partitions, bytes, how fast, and how long yet."""
    total = sum(run.sizes[name] * len(copied) for name, copied in copies(run.before, run.wanted).items())
    # A broker that hears late of the end of a move makes it look out of sync: what is so once is not told yet.
    words = f"Paused ({why})" if why and why == run.why else f"Moving {count(len(run.wanted), 'partition')}"
    run.why = why
    if words != run.told:
        run.told = words
        stages.stage(words)
    now = monotonic()
    if not run.samples or now - run.samples[-1][0] >= SIZES_SECONDS:
        run.samples = [*run.samples[-9:], (now, _copied(run, cluster, moving))]
    (then, had), (at, has) = run.samples[0], run.samples[-1]
    words = f"{size(has)} of {size(total)}"
    if at > then and has > had:
        rate = (has - had) / (at - then)
        words += f" · {size(round(rate))}/s · {duration((total - has) / rate)} left"
    stages.detail(words, len(run.moved), len(run.wanted))


def _copied(run: _Run, cluster: "BrokerReassignments", moving: Sequence[TopicPartition]) -> int:
    """Return how many bytes are where they should be: all of the moves that are done, and what is there of others."""
    targets = copies(run.before, run.wanted)
    store = stored(cluster.log_dirs({broker for name in moving for broker in targets[name]}))
    done = sum(run.sizes[name] * len(targets[name]) for name in run.moved)
    there = (store.sizes.get((name, broker), 0) for name in moving for broker in targets[name])
    most = (run.sizes[name] for name in moving for _ in targets[name])
    return done + sum(map(min, there, most))


def _lead(run: _Run) -> None:
    """Have the preferred replicas lead what has moved: only then leaders are where the plan wants them."""
    from kafka_tools.brokers.elections import open_elections

    with open_elections(run.request.target) as elections:
        there = elections.partitions(run.wanted)
        wanted = {
            name: each
            for name, each in there.items()
            if name not in run.failed and each.replicas and each.leader != each.replicas[0] in each.isr
        }
        if wanted:
            elections.elect("PREFERRED", list(wanted))
            elections.leaders("PREFERRED", wanted)


def _unthrottle(run: _Run, cluster: "BrokerReassignments") -> None:
    """Take the throttles away that were set; where one stays the state stays, too, and a note tells it."""
    if run.state is None:
        return
    # Topics first: without their lists of replicas the rate of a broker limits nothing, also of one that is down.
    kept = clear_throttles(cluster, (), run.state.topics)
    kept |= clear_throttles(cluster, run.state.brokers, ())
    run.notes += [f"The throttles of {each.type[:-1]} {each.name} stay: {kept[each].message}" for each in kept]
    state = run.state._replace(
        topics=tuple(each.name for each in kept if each.type == TOPICS and each.name),
        brokers=tuple(int(each.name) for each in kept if each.type == BROKERS and each.name),
    )
    if len(run.moved) + len(run.failed) < len(run.wanted) or kept:
        run.save(state)
    else:
        Path(run.state_file).unlink(missing_ok=True)


def _break_off(run: _Run) -> None:
    """End what is under way and take throttles away, whatever else comes; what is done stays done."""
    from kafka_tools.brokers.reassignments import open_reassignments

    if run.state is None:
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C would leave half of it
    try:
        with open_reassignments(run.request.target) as cluster:
            _end_moves(run, cluster)
            _unthrottle(run, cluster)
    except KafkaToolError as error:
        run.notes.append(f"Moves and throttles may be left: {error.message}")
    finally:
        signal.signal(signal.SIGINT, before)
    _tell(run)


def _end_moves(run: _Run, cluster: "BrokerReassignments") -> None:
    deadline = monotonic() + CLEARING_SECONDS
    while moving := [name for name in cluster.ongoing() if name in run.wanted]:
        cluster.cancel(moving)
        if monotonic() > deadline:
            run.notes.append(f"{count(len(moving), 'partition')} still move: --list shows them.")
            return
        sleep(ROUND_SECONDS)


def _tell(run: _Run) -> None:
    """Say on stderr what is done and how to go on, or back."""
    assert run.state is not None
    from kafka_tools.render.progress import StageLines

    lines = StageLines()
    for note in run.notes:
        lines.stage(note)
    lines.stage(f"{len(run.moved)} of {count(len(run.wanted), 'partition')} moved. The same command goes on.")
    lines.stage(_back(run.state))


def _back(state: State) -> str:
    return f"Way back: ktools reassign-partitions --undo {state.way_back}"


def _report(run: _Run) -> Report:
    assert run.state is not None
    rows = []
    for name, replicas in sorted(run.wanted.items()):
        error = run.failed.get(name)
        current, wanted = (",".join(map(str, each)) for each in (run.before[name], replicas))
        rows.append(MoveRow(*name, None, current, wanted, "failed" if error else "completed", error))
    names = {f"{row.topic}-{row.partition}": row for row in rows}
    columns = {
        name: heading for name, heading in COLUMNS.items() if name != "broker" and (run.failed or name != "error")
    }
    return Report(
        rows,
        columns,
        [
            f"{name}: {row.error}" if row.error else f"Reassignment of partition {name} is completed."
            for name, row in names.items()
        ],
        notes=[*run.notes, *([_back(run.state)] if Path(run.state.way_back).exists() else [])],
        status=int(bool(run.failed or run.notes)),
    )
