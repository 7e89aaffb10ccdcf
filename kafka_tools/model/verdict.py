"""How bad it is what was found out about a cluster: the judgements that `doctor` and `health` share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

SHOWN = 3
"""So many partitions or topics are named in a sentence; json has all partitions."""

SAFE_FACTOR = 3
"""So many replicas an internal topic should have, where there are so many brokers (Kafka's default)."""


class Severity(Enum):
    """How bad something is; what is harmless comes first.

    A note is something to know, or to do when there is time: the cluster works, and loses nothing by it.
    """

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def status(self) -> int:
        """The exit status of a verdict, which is Nagios' as well: 0, 1 for a warning, 2 for what is critical."""
        # A note changes no status: whoever waits for 0 must not wait for what is no trouble.
        return {Severity.WARNING: 1, Severity.CRITICAL: 2}.get(self, 0)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found of one `subject` (`broker 2`); the names of the fields are the keys of json.

    `advice` and `command` (a command line of ktools) say what to do about it, "" where nothing is wrong. `partitions`
    are those concerned, as `TOPIC-PARTITION`. `heals` where waiting may help: a broker that starts, an ISR that grows.
    """

    severity: Severity
    check: str
    subject: str
    found: str
    advice: str = ""
    command: str = ""
    heals: bool = False
    partitions: tuple[str, ...] = ()


class Judgement(NamedTuple):
    """What was found, how bad that is, and what to do about it ("" where nothing is wrong)."""

    severity: Severity
    found: str
    advice: str = ""


def worst(findings: Iterable[Finding]) -> Severity:
    """Return the worst severity of some findings; OK where there are none."""
    return max((finding.severity for finding in findings), key=list(Severity).index, default=Severity.OK)


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings in the order of how bad they are."""
    order = list(Severity)
    return tuple(sorted(findings, key=lambda finding: -order.index(finding.severity)))


def judge_quorum(servers: str, voters: int, serving: int) -> Judgement:
    """Judge a quorum: `serving` of so many `voters` work together, a majority is needed; `servers` is their name.

    An even number is at risk: of one server less as many may fail. So is a quorum of which a part has failed already,
    when no more may.
    """
    # Both Kafka's Raft and ZooKeeper count a majority of all that vote, whoever is up.
    needed = voters // 2 + 1
    spare = serving - needed
    found = f"{serving} of {voters} {servers} serve, {needed} needed" if voters > 1 else f"{serving} of 1 serves"
    if spare < 0:
        advice = "Nothing can be changed, and with ZooKeeper nothing read, before a majority is back."
        return Judgement(Severity.CRITICAL, found, advice)
    found = f"{found}: {spare or 'none'} may still fail"
    # Four need three, as five do, and five may lose one more.
    if voters > 1 and voters % 2 == 0:
        advice = f"An even number is no safer than {voters - 1}: have {voters + 1}, or {voters - 1}."
        return Judgement(Severity.WARNING, found, advice)
    if spare == 0 and voters > 1:
        return Judgement(Severity.WARNING, found, "Start those that are away.")
    return Judgement(Severity.OK, found)


def wanted_factor(brokers: int) -> int:
    """Return how many replicas an internal topic should have in a cluster of so many brokers."""
    return min(SAFE_FACTOR, brokers)


def shown(names: Sequence[str]) -> str:
    """Return the first few of some names, and how many more there are."""
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
