"""Shows the verdict: rows for programs, lines for scripts, Nagios and Prometheus, a table for people."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kafka_tools.errors import KafkaToolError
from kafka_tools.model import monitoring
from kafka_tools.model.findings import CONTROLLERS, ZOOKEEPER
from kafka_tools.model.shown import safe
from kafka_tools.model.units import count
from kafka_tools.model.verdict import Finding, Severity, worst
from kafka_tools.render.views import Level, Mark, Table
from kafka_tools.report import Report
from kafka_tools.tools.health.looking import Looked, Shape

SERVICE = "KAFKA"
NAGIOS_STATES = {0: "OK", 1: "WARNING", 2: "CRITICAL"}

UNKNOWN_STATUS = 3
"""Nagios' status for what could not be found out."""

COLUMNS = {
    "severity": "Severity",
    "check": "Check",
    "subject": "Subject",
    "found": "Found",
    "advice": "Advice",
    "command": "Command",
}
VIEW_COLUMNS = {"severity": "Verdict", "subject": "What", "found": "Found", "advice": "What to do"}
QUORUMS = (CONTROLLERS, ZOOKEEPER)
LEVELS = {Severity.CRITICAL: Level.BROKEN, Severity.WARNING: Level.RISK}


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding as a person sees it."""

    severity: Mark
    subject: str
    found: str
    advice: str


def report(looked: Looked, shape: Shape, name: str) -> Report:
    """Return the verdict; its status is that of the worst finding."""
    status = worst(looked.findings).status
    plain = {"lines": lines, "nagios": nagios, "prometheus": prometheus}[shape]
    return Report(
        rows=looked.findings,
        columns=COLUMNS,
        plain=plain(looked),
        tables=lambda: [table(looked, name)],
        names_only=shape != "lines",
        status=status,
    )


def not_known(error: KafkaToolError) -> Report:
    """Return the line for Nagios where nothing could be found out."""
    line = monitoring.nagios(SERVICE, "UNKNOWN", error.message)
    return Report([], COLUMNS, [line], names_only=True, status=UNKNOWN_STATUS)


def lines(looked: Looked) -> Iterator[str]:
    """Yield a line for each finding, its fields separated by tabs; `-` where there is nothing."""
    for each in looked.findings:
        fields = (each.severity.value, each.check, each.subject, each.found, each.advice or "-", each.command or "-")
        yield "\t".join(map(safe, fields))


def nagios(looked: Looked) -> Iterator[str]:
    """Yield one line: the state, what is wrong, the worst first, and counts as performance data."""
    # A note has the status 0, as what is well has.
    wrong = [f"{each.subject}: {each.found}" for each in looked.findings if each.severity.status]
    # Notes stay out: monitoring has one line, and they are no warning.
    words = wrong or [_well(each) for each in looked.findings if each.severity is Severity.OK]
    measured = [f"'{monitoring.nagios_label(name)}'={number};;;0" for name, number in _counts(looked).items()]
    yield monitoring.nagios(SERVICE, NAGIOS_STATES[worst(looked.findings).status], "; ".join(words), measured)


def prometheus(looked: Looked) -> Iterator[str]:
    """Yield the verdict, each finding that is not ok, and counts, in Prometheus' text format."""
    status = worst(looked.findings).status
    yield from monitoring.prometheus("kafka_health_status", "The verdict: 0 ok, 1 warning, 2 critical.", [({}, status)])
    numbers = Counter(each.severity for each in looked.findings)
    yield from monitoring.prometheus(
        "kafka_health_findings",
        "How many findings there are of each severity.",
        # With 0 for severities that there are none of: a series that vanishes looks like a broken exporter.
        (({"severity": each.value}, numbers[each]) for each in Severity),
    )
    yield from monitoring.prometheus(
        "kafka_health_finding",
        "A finding that is not ok.",
        (
            ({"severity": each.severity.value, "check": each.check, "subject": each.subject}, 1)
            for each in looked.findings
            if each.severity is not Severity.OK
        ),
    )
    yield from monitoring.prometheus(
        "kafka_health_count",
        "Brokers that are registered, partitions, and how many of these are in trouble.",
        (({"of": name}, number) for name, number in _counts(looked).items()),
    )


def _counts(looked: Looked) -> dict[str, int]:
    # No counts where nothing was reached, nor for --before-restart, which asks for one server.
    if looked.snapshot is None or looked.troubled is None:
        return {}
    found = looked.troubled
    return {
        "brokers": len(looked.snapshot.live),
        "partitions": found.total,
        "offline": sum(map(len, found.offline.values())),
        "below_min_isr": len(found.below_min_isr),
        "at_min_isr": len(found.at_min_isr),
        "under_replicated": len(found.under_replicated),
        "not_preferred": sum(map(len, found.not_preferred.values())),
        "reassigning": len(found.moving),
    }


def table(looked: Looked, name: str) -> Table:
    """Return what a person sees: what is wrong or to be known, one by one, and below in one sentence what is well."""
    verdict = worst(looked.findings)
    loud = [each for each in looked.findings if each.severity is not Severity.OK]
    well = [_well(each) for each in looked.findings if each.severity is Severity.OK]
    return Table(
        # The numbers lead from a row to its command below (`_commands`).
        rows=[_view(number, each) for number, each in enumerate(loud, 1)],
        columns=VIEW_COLUMNS,
        title=name,
        facts=_facts(looked),
        summary=Mark(_summary(looked.findings), LEVELS.get(verdict, Level.QUIET)),
        commands=list(_commands(loud)),
        notes=[Mark(f"ok: {' · '.join(well)}")] if well else [],
    )


def _view(number: int, finding: Finding) -> FindingView:
    level = LEVELS.get(finding.severity, Level.QUIET)
    return FindingView(
        Mark(f"{number} {finding.severity.value}", level), finding.subject, finding.found, finding.advice
    )


def _well(finding: Finding) -> str:
    # `3 of 3 serve` needs to be told whose they are; other findings name what they are of.
    return f"{finding.check}: {finding.found}" if finding.check in QUORUMS else finding.found


def _commands(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the commands, each with the numbers of its findings: in a cell they would be broken."""
    numbers: dict[str, list[str]] = {}
    for number, each in enumerate(findings, 1):
        if each.command:
            numbers.setdefault(each.command, []).append(str(number))
    yield from (f"{', '.join(those)}: {command}" for command, those in numbers.items())


def _facts(looked: Looked) -> list[str]:
    if looked.snapshot is None or looked.troubled is None:
        return []
    topics, brokers = len(looked.snapshot.topics), len(looked.snapshot.live)
    return [count(brokers, "broker"), count(topics, "topic"), count(looked.troubled.total, "partition")]


def _summary(findings: Sequence[Finding]) -> str:
    numbers = Counter(each.severity for each in findings)
    words = [
        f"{numbers[Severity.CRITICAL]} critical" if numbers[Severity.CRITICAL] else "",
        count(numbers[Severity.WARNING], "warning") if numbers[Severity.WARNING] else "",
        count(numbers[Severity.NOTE], "note") if numbers[Severity.NOTE] else "",
    ]
    # By the status and not by the severity: with notes alone the verdict is "ok".
    verdict = {0: "ok", 1: "warning", 2: "critical"}[worst(findings).status]
    return f"{verdict}: {', '.join(filter(None, words)) or 'all is well'}"
