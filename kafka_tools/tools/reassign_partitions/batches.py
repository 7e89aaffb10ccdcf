"""Carries a plan out to its end, a batch of partitions at a time: `--execute --batch-size` and `--undo`.

What must outlive this process stands in two files beside the plan: the way back (a plan itself), written before the
first move, and the state: the throttles that were set, and what was not well before. How far the moves are is asked
of the cluster, so that a run that was killed goes on where it ended, and whoever else moves the same is noticed.
"""

import hashlib
import json
import signal
from collections.abc import Collection, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.model.configs import BROKERS, TOPICS, Entity
from kafka_tools.model.folders import read_text, replace_file
from kafka_tools.model.reassignments import (
    Placement,
    as_json,
    check_wanted,
    moves,
    moving_brokers,
    parse_wanted,
)
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.units import count
from kafka_tools.report import Report, Stages
from kafka_tools.tools.reassign_partitions.looking import Look, Looking, Trouble
from kafka_tools.tools.reassign_partitions.progress import Progress
from kafka_tools.tools.reassign_partitions.throttles import Rates, clear_throttles, set_throttles, undisturbed
from kafka_tools.tools.reassign_partitions.told import COLUMNS, MoveRow

if TYPE_CHECKING:
    from kafka_tools.brokers.reassignments import BrokerReassignments

BATCH = 10
"""How many partitions move at once without --batch-size."""

ROUND_SECONDS = 0.5
"""How long to wait between two looks at the moves."""

PATIENCE_SECONDS = 300.0
"""How long a cluster that does not answer is waited for."""

CLEARING_SECONDS, LEADING_SECONDS = 30.0, 30.0
"""How long to wait until cancelled moves are gone, and until all brokers know the replicas of finished ones."""


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
    """What a run leaves in a file for the next run: throttled topics and brokers, and what was not well before.

    `way_back` is the file with the replicas before.
    """

    plan: str
    way_back: str
    topics: tuple[str, ...] = ()
    brokers: tuple[int, ...] = ()
    trouble: Trouble = Trouble()


def carry_out(request: CarryOut) -> Report:
    """Move everything to where the plan says, and return what was done.

    After Ctrl-C the moves under way are cancelled, throttles are taken away, and KeyboardInterrupt is raised again.
    Raises KafkaToolError where it cannot begin, or cannot go on; the same command goes on later.
    """
    run = _Run(request)
    with _as_ctrl_c(signal.SIGTERM, signal.SIGHUP):
        try:
            with _stages() as stages:
                _persist(run, stages)
        # Whatever ends the run, no partition is left moving and no throttle: nobody may look at
        # this cluster again for weeks.
        except (KeyboardInterrupt, KafkaToolError):
            _break_off(run)
            raise
    return _report(run)


@contextmanager
def _as_ctrl_c(*signals: signal.Signals) -> Iterator[None]:
    """Let signals that end a process end it as Ctrl-C does: a lost terminal leaves no throttle."""
    # default_int_handler raises KeyboardInterrupt, and thereby goes the way of Ctrl-C. Only the main thread may set it.
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
        # Beside the plan, so that the same command finds it again, from whichever folder it is typed.
        self.state_file = str(plan.with_name(f"{plan.stem}.state.json"))
        wanted = parse_wanted(request.document)
        if wanted.log_dirs:
            raise KafkaToolError(
                "A plan that names directories cannot be carried out in batches.",
                "--execute without --batch-size does.",
            )
        self.wanted = check_wanted(wanted)
        # Of what the plan says and not of its bytes: blanks, or another order of fields, are the same plan.
        self.digest = hashlib.sha256(as_json(self.wanted).encode()).hexdigest()
        self.state: State | None = None
        self.before: Placement = {}
        self.failed: dict[TopicPartition, str] = {}
        self.notes: list[str] = []
        self.moved: Set[TopicPartition] = frozenset()
        self.looking = Looking()
        self.progress: Progress | None = None
        # `why` is what kept the last round from beginning more, `told` the line that was shown last.
        self.why = self.told = ""

    def save(self, state: State) -> None:
        """Keep what a later run has to know. Raises OSError."""
        self.state = state
        lagging, thin = map(sorted, state.trouble)
        document = {"version": 1, **state._asdict(), "trouble": {"out_of_sync": lagging, "below_min_isr": thin}}
        # Written aside and renamed: a run that is killed leaves the old state or the new one, never half of one.
        replace_file(self.state_file, f"{json.dumps(document)}\n".encode(), 0o644)


def _persist(run: _Run, stages: Stages) -> None:
    """Carry the plan out. A cluster that is lost meanwhile is waited for, PATIENCE_SECONDS each time."""
    from kafka_tools.brokers.reassignments import open_reassignments

    deadline = monotonic()  # the first time nobody waits: the address may be wrong
    while True:
        try:
            with open_reassignments(run.request.target) as cluster:
                # Only once: after a lost connection the run goes on with what it knows.
                if run.state is None:
                    _begin(run, cluster)
                while _goes_on(run, cluster, stages):
                    # Patience begins anew with every round that was answered.
                    deadline = monotonic() + PATIENCE_SECONDS
                    sleep(ROUND_SECONDS)
                # Leaders before throttles: an election copies nothing, and a run that dies here has only throttles
                # left, which the state knows.
                stages.stage("Electing preferred leaders")
                _lead(run)
                _unthrottle(run, cluster)
                return
        except UnreachableError as error:
            if monotonic() > deadline:
                raise
            stages.stage(f"Waiting for the cluster: {error.message}")
            sleep(ROUND_SECONDS)


def _begin(run: _Run, cluster: "BrokerReassignments") -> None:
    """Check the plan, write the way back and the state, and set throttles; or go on with what a run before left."""
    look = run.looking.look(cluster)
    for name, replicas in run.wanted.items():
        if name not in look.partitions:
            raise KafkaToolError(f"Unable to find partition: {name.topic}-{name.partition}")
        # A broker that is down and has the replica already is no reason to refuse: the plan
        # may be the one that empties it.
        unknown = set(replicas) - look.live - set(look.partitions[name].replicas)
        if unknown:
            raise KafkaToolError(f"Unknown broker id {min(unknown)}")
    run.before = {name: look.partitions[name].replicas for name in run.wanted}
    # Before the moves of others are judged: what this plan's last run began is not another's.
    state = _left_state(run)
    others = [name for name in look.ongoing if name not in run.wanted]
    if others:
        raise KafkaToolError(
            f"{count(len(others), 'partition')} that the plan does not name are being moved.", "--list shows them."
        )
    # The way back is written once, by the first run: later ones find partitions half moved, and keep that file.
    if state is None:
        # A replica that is only being added was not there before: the way back must not ask for it.
        before = {name: look.without_adding(name) for name in run.wanted}
        way_back = _write_way_back(run, {name: each for name, each in before.items() if each != run.wanted[name]})
        state = State(run.digest, way_back, trouble=look.trouble())
    run.before = {name: look.without_adding(name) for name in run.wanted}
    # Before anything is changed: whatever kills the run from here on, the next one knows of it.
    run.save(state)
    run.progress = Progress(run.before, run.wanted, look, cluster)
    # Also where a run goes on: the throttle may be another one now.
    if run.request.rates.limits:
        _throttle(run, cluster, look.live)


def _left_state(run: _Run) -> State | None:
    """Return the state that a run of this plan left, None if none did. Raises KafkaToolError for another plan's."""
    try:
        text = read_text(run.state_file)
    # No run before, or one that came to its end.
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise KafkaToolError(f"Unable to read file {run.state_file}", f"{error}.") from error
    try:
        found: dict[str, Any] = json.loads(text)
        before = found["trouble"]
        lagging = frozenset((str(topic), int(number), int(broker)) for topic, number, broker in before["out_of_sync"])
        thin = frozenset(TopicPartition(str(topic), int(number)) for topic, number in before["below_min_isr"])
        state = State(
            str(found["plan"]),
            str(found["way_back"]),
            tuple(map(str, found["topics"])),
            tuple(map(int, found["brokers"])),
            Trouble(lagging, thin),
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
    # is_symlink: a link to nothing does not exist, and would be replaced by the file.
    while path.exists() or path.is_symlink():
        number += 1
        path = plan.with_name(f"{plan.stem}.undo-{number}.json")
    # Where nothing has to move there is no way back; the name is kept in the state all the same.
    if before:
        replace_file(str(path), f"{as_json(before)}\n".encode(), 0o644)
    return str(path)


def _throttle(run: _Run, cluster: "BrokerReassignments", live: Collection[int]) -> None:
    """Limit the copies of all that is left; what is to be limited is written down before.

    A broker that is down sends nothing, and takes no config: it must not keep a plan from emptying it.
    """
    assert run.state is not None
    # Also those that move by now: throttles that are set again are the same.
    left = {name: replicas for name, replicas in run.wanted.items() if replicas != run.before[name]}
    found = {
        name: move._replace(sources=move.sources.intersection(live))
        for name, move in moves({}, left, run.before).items()
    }
    brokers = moving_brokers(found)
    # What is to be limited is written down first, joined with what a run before has limited: nothing is forgotten.
    run.save(
        run.state._replace(
            topics=tuple(sorted({*run.state.topics, *(name.topic for name in left)})),
            brokers=tuple(sorted({*run.state.brokers, *brokers})),
        )
    )
    # It is a generator of Apache's lines, which nobody reads here.
    for _ in set_throttles(cluster, run.request.rates, found):
        pass


def _goes_on(run: _Run, cluster: "BrokerReassignments", stages: Stages) -> bool:
    """Look how far the moves are, begin more unless something speaks against it, and tell whether any are left."""
    assert run.state is not None
    look = run.looking.look(cluster)
    gone = [name for name in run.wanted if name not in look.partitions]
    # A topic was deleted meanwhile. The rest of the plan is carried out.
    run.failed |= dict.fromkeys(gone, "The partition is gone.")
    open_ = {name: replicas for name, replicas in run.wanted.items() if name not in run.failed}
    moving = [name for name, replicas in open_.items() if look.is_moving(name, replicas)]
    # In `ongoing` and not moving to what is wanted: somebody else moves it elsewhere. It waits for its turn.
    left = [
        name
        for name, replicas in open_.items()
        if name not in moving and (name in look.ongoing or look.partitions[name].replicas != replicas)
    ]
    run.moved = open_.keys() - {*moving, *left}
    # A pause begins nothing more; what moves already goes on, as to end it would be copied in vain.
    why = _against(run, look, left)
    room = 0 if why else run.request.batch - len(moving)
    next_ = {name: run.wanted[name] for name in left[: max(0, room)]}
    if next_:
        # The controller takes each partition by itself: those that it refuses keep no other from moving.
        errors = cluster.reassign(next_)
        # A broker that went down meanwhile is waited for; anything else does not become better by waiting.
        live = {each.broker for each in cluster.brokers()} if errors else set()
        run.failed |= {name: each.message for name, each in errors.items() if set(run.wanted[name]) <= live}
    _show(run, cluster, stages, look, [*moving, *next_], why)
    return bool(moving or left)


def _against(run: _Run, look: Look, left: Sequence[TopicPartition]) -> str:
    """Return why nothing more should be begun now: somebody is down, or something is worse than it was before."""
    assert run.state is not None
    # Only brokers that get a copy: one that is left behind may well be dead.
    down = sorted({broker for name in left for broker in set(run.wanted[name]) - set(run.before[name])} - look.live)
    if down:
        return f"broker {', '.join(map(str, down))} is down"
    return look.worse(run.state.trouble)


def _show(
    run: _Run,
    cluster: "BrokerReassignments",
    stages: Stages,
    look: Look,
    moving: Sequence[TopicPartition],
    why: str,
) -> None:
    """Show the progress on stderr: partitions, bytes, records, how fast, and how long yet."""
    assert run.progress is not None
    run.progress.measure(cluster, look, run.moved, moving)
    words = f"Moving {count(len(run.wanted), 'partition')}"
    # A broker that hears late of the end of a move makes it look out of sync: what is so once is not told yet.
    if why and why == run.why:
        words = f"Paused ({why})"
    elif run.progress.falls_back:
        words = "Moving, but producers write faster than the copies grow: a higher --throttle lets them end"
    run.why = why
    if words != run.told:
        run.told = words
        stages.stage(words)
    stages.detail(run.progress.words(), len(run.moved), len(run.wanted))


def _lead(run: _Run) -> None:
    """Have the preferred replicas lead what has moved: only then leaders are where the plan wants them.

    A broker that hears late of the moves tells of the leaders of before: it is asked again, for LEADING_SECONDS.
    """
    from kafka_tools.brokers.elections import open_elections

    deadline = monotonic() + LEADING_SECONDS
    with open_elections(run.request.target) as elections:
        while True:
            there = {name: each for name, each in elections.partitions(run.wanted).items() if name not in run.failed}
            late = [name for name, each in there.items() if each.replicas != run.wanted[name]]
            # The preferred replica has to be in sync, else the controller elects nobody
            # (PREFERRED_LEADER_NOT_AVAILABLE).
            wanted = {
                name: each
                for name, each in there.items()
                if name not in late and each.leader != each.replicas[0] in each.isr
            }
            if wanted:
                elections.elect("PREFERRED", list(wanted))
                # Waits until the new leaders are known: the next look would elect them again.
                elections.leaders("PREFERRED", wanted)
            # Late to the end: what was not elected is no failure of the plan, the controller does it in minutes
            # (auto.leader.rebalance.enable).
            if not (late or wanted) or monotonic() > deadline:
                return
            sleep(ROUND_SECONDS)


def _unthrottle(run: _Run, cluster: "BrokerReassignments") -> None:
    """Take the throttles away that were set; where one stays the state stays, too, and a note tells it."""
    if run.state is None:
        return
    # Topics first: without their lists of replicas the rate of a broker limits nothing, also of one that is down.
    kept = clear_throttles(cluster, (), run.state.topics)
    kept |= clear_throttles(cluster, run.state.brokers, ())
    if kept:
        kept = _clear_anew(run, kept)
    run.notes += [f"The throttles of {each.type[:-1]} {each.name} stay: {kept[each].message}" for each in kept]
    state = run.state._replace(
        topics=tuple(each.name for each in kept if each.type == TOPICS and each.name),
        brokers=tuple(int(each.name) for each in kept if each.type == BROKERS and each.name),
    )
    # Broken off, or not all throttles gone: the next run needs the state. Else the plan is at its end.
    if len(run.moved) + len(run.failed) < len(run.wanted) or kept:
        run.save(state)
    else:
        Path(run.state_file).unlink(missing_ok=True)


def _clear_anew(run: _Run, kept: Collection[Entity]) -> dict[Entity, KafkaToolError]:
    """Take away throttles that could not be taken away, by other connections; return the errors of what stays.

    A session takes a broker that came back for one that is still down, until librdkafka has connected to it again: it
    tries that once a second (reconnect.backoff.max.ms).
    """
    from kafka_tools.brokers.reassignments import open_reassignments

    brokers = [int(each.name) for each in kept if each.type == BROKERS and each.name]
    topics = [each.name for each in kept if each.type == TOPICS and each.name]
    with open_reassignments(run.request.target) as cluster:
        return clear_throttles(cluster, brokers, topics)


def _break_off(run: _Run) -> None:
    """Cancel the moves under way and take throttles away, also if that fails in part; finished moves stay."""
    from kafka_tools.brokers.reassignments import open_reassignments

    if run.state is None:
        return
    # A second Ctrl-C must not stop the cleaning up half way.
    with undisturbed():
        try:
            with open_reassignments(run.request.target) as cluster:
                _end_moves(run, cluster)
                _unthrottle(run, cluster)
        # Noted and not raised: the error or the Ctrl-C that ended the run is what its caller raises.
        except KafkaToolError as error:
            run.notes.append(f"Moves and throttles may be left: {error.message}")
    _tell(run)


def _end_moves(run: _Run, cluster: "BrokerReassignments") -> None:
    deadline = monotonic() + CLEARING_SECONDS
    while moving := [name for name in cluster.ongoing() if name in run.wanted]:
        # Asked again in each round: a batch that was sent just before may appear only now.
        cluster.cancel(moving)
        if monotonic() > deadline:
            run.notes.append(f"{count(len(moving), 'partition')} still move: --list shows them.")
            return
        sleep(ROUND_SECONDS)


def _tell(run: _Run) -> None:
    """Say on stderr what is done and how to go on, or back."""
    assert run.state is not None
    # There is no report after Ctrl-C or an error: this is written at once, on stderr.
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
