"""What a check has found, and how a list of them is judged."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from kafka_tools.brokers.checkup import OFFSETS_FACTOR
from kafka_tools.brokers.diagnosis import cause_of
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.topics import OFFSETS, Offsets
from kafka_tools.model.units import count
from kafka_tools.model.verdict import Severity, judge_quorum, wanted_factor

CLUSTER_ID, CONTROLLER, BROKER, TOPIC = "cluster id", "controller", "broker", "topic"

LISTENERS = "Check advertised.listeners of this broker: clients must resolve and reach what it says."


class State(Enum):
    """How a check ended: fine, working but at risk, not working, not made, or not to be made (no TLS, no login)."""

    OK = "ok"
    AT_RISK = "at risk"
    FAILED = "failed"
    NOT_RUN = "not run"
    NOT_USED = "not used"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: of what (`where`: an address, None for the whole cluster), how it ended, how long it took (`ms`),
    what it `found`, and what to try where that is wrong (`advice`, "" where nothing is)."""

    check: str
    state: State
    where: str | None
    ms: float | None
    found: str
    advice: str = ""


def passed(check: str, found: str, where: str | None = None, seconds: float | None = None) -> Check:
    """Return a check that found what it should."""
    return Check(check, State.OK, where, milliseconds(seconds), found)


def failed(
    check: str, failure: KafkaToolError, advice: str, where: str | None = None, seconds: float | None = None
) -> Check:
    """Return a check that failed; the failure's own hint goes before `advice`."""
    # The table has a column for the address, and the step is named in the first: neither is said twice.
    cause = cause_of(failure)
    if where and cause.startswith(f"{where} "):
        cause = f"it {cause.removeprefix(where).lstrip()}"
    # `_explained` puts the full stop back where it makes a sentence of it.
    found = cause.removeprefix("TLS: ").removesuffix(".")
    return Check(check, State.FAILED, where, milliseconds(seconds), found, failure.hint or advice)


def absent(brokers: Mapping[int, int]) -> Iterator[Check]:
    """Yield a failed check for each broker that is not there although it holds replicas: id -> how many."""
    for broker, replicas in brokers.items():
        away = KafkaToolError(f"it is not there, and has {count(replicas, 'replica')}")
        yield failed(f"{BROKER} {broker}", away, "Start it, or move its replicas.")


def not_run(check: str, why: str, where: str | None = None) -> Check:
    """Return a check that was not made."""
    return Check(check, State.NOT_RUN, where, None, why)


def milliseconds(seconds: float | None) -> float | None:
    """Return seconds as ms with one digit behind the point; None for a check that took no time."""
    return None if seconds is None else round(seconds * 1000, 1)


STATES = {Severity.OK: State.OK, Severity.WARNING: State.AT_RISK, Severity.CRITICAL: State.FAILED}


def quorum(check: str, servers: str, voters: int, serving: int, where: str | None = None) -> Check:
    """Return the check of a quorum: `serving` of so many `voters` work together (see `judge_quorum`)."""
    judged = judge_quorum(servers, voters, serving)
    return Check(check, STATES[judged.severity], where, None, judged.found, judged.advice)


def offsets_check(offsets: Offsets, brokers: int) -> Check:
    """Return the check of the topic that keeps the groups' offsets in a cluster of so many brokers."""
    found = f"replication factor {offsets.factor}, {count(brokers, 'broker')}"
    # Each group's offsets are in one partition: without its leader the group's members can neither join nor commit.
    if offsets.leaderless:
        gone = KafkaToolError(f"{offsets.leaderless} of {offsets.partitions} partitions have no leader")
        return failed(OFFSETS, gone, "The groups on them cannot work: start the brokers that are away.")
    if offsets.factor < wanted_factor(brokers):
        advice = f"A broker that dies takes groups' offsets away: give the topic {wanted_factor(brokers)} replicas."
        return Check(OFFSETS, State.AT_RISK, None, None, found, advice)
    return passed(OFFSETS, found)


def missing_offsets(factor: int | None, brokers: int) -> Check:
    """Return the check where the topic is not there: the first group makes it, with so many replicas."""
    # Kafka would refuse to make it, and every group would wait for its coordinator without a word.
    if factor is not None and factor > brokers:
        few = KafkaToolError(f"it cannot be made with replication factor {factor}, {count(brokers, 'broker')}")
        return failed(OFFSETS, few, f"No group can work: start more brokers, or set {OFFSETS_FACTOR}.")
    kept = "" if factor is None else f" with replication factor {factor}"
    return passed(OFFSETS, f"not there yet: the first group makes it{kept}")


def first_problem(checks: Sequence[Check]) -> Check | None:
    """Return the first check that failed, else the first that is at risk."""
    for state in (State.FAILED, State.AT_RISK):
        found = next((check for check in checks if check.state is state), None)
        if found:
            return found
    return None


def tally(checks: Iterable[Check]) -> str:
    """Return how many checks ended how, the worst first: `1 failed · 4 not run · 9 ok`."""
    states = [check.state for check in checks]
    order = (State.FAILED, State.AT_RISK, State.NOT_RUN, State.OK)
    return " · ".join(f"{states.count(state)} {state.value}" for state in order if state in states)
