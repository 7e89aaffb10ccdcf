"""Shows the checks: rows for programs, lines for scripts, a table for people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kafka_tools.brokers.diagnosis import STEPS
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.units import count
from kafka_tools.render.views import Level, Mark, Table
from kafka_tools.report import Report
from kafka_tools.tools.doctor.checks import Check, State, first_problem, tally

COLUMNS = {"check": "Check", "state": "State", "where": "Where", "ms": "ms", "found": "Found"}
LEVELS = {State.FAILED: Level.BROKEN, State.AT_RISK: Level.RISK, State.NOT_RUN: Level.RISK}
VERBS = {State.FAILED: "failed", State.AT_RISK: "is at risk"}


@dataclass(frozen=True, slots=True)
class CheckView:
    """One check as a person sees it."""

    check: str
    state: Mark
    where: str
    ms: float | None
    found: Mark


def report(checks: Sequence[Check], title: str, facts: Sequence[str]) -> Report:
    """Return what was found; status 1 where anything failed or is at risk."""
    problem = first_problem(checks)
    return Report(
        rows=checks,
        columns=COLUMNS,
        plain=lines(checks),
        tables=lambda: [table(checks, title, facts)],
        failure=_explained(problem) if problem else None,
    )


def lines(checks: Sequence[Check]) -> Iterator[str]:
    """Yield a line for each check: `CHECK STATE WHERE MS FOUND`, separated by tabs; `-` where there is nothing."""
    for check in checks:
        ms = "-" if check.ms is None else f"{check.ms:.1f}"
        yield f"{check.check}\t{check.state.value}\t{check.where or '-'}\t{ms}\t{check.found}"


def table(checks: Sequence[Check], title: str, facts: Sequence[str]) -> Table:
    """Return what a person sees."""
    problem = first_problem(checks)
    return Table(
        rows=[_view(check) for check in _by_step(checks)],
        columns=COLUMNS,
        title=title,
        facts=facts,
        least=("ms",),
        summary=Mark(_summary(checks), LEVELS[problem.state] if problem else Level.QUIET),
    )


def _by_step(checks: Sequence[Check]) -> Iterator[Check]:
    """Yield the checks step by step, where several servers were asked: those that are well in one line."""
    for name in dict.fromkeys(check.check for check in checks):
        of_step = [check for check in checks if check.check == name]
        well = [check for check in of_step if check.state in (State.OK, State.NOT_USED)]
        # Ten bootstrap servers would be fifty lines, of which a person looks for the one that is red.
        if name in STEPS and len(well) > 1:
            yield _together(well)
            yield from (check for check in of_step if check not in well)
        else:
            yield from of_step


def _together(checks: Sequence[Check]) -> Check:
    # The slowest, as the mean of ten servers hides the one that is behind a bad line.
    slowest = max((check.ms for check in checks if check.ms is not None), default=None)
    found = ", ".join(dict.fromkeys(check.found for check in checks))
    return replace(checks[0], where=count(len(checks), "server"), ms=slowest, found=found)


def _view(check: Check) -> CheckView:
    level = LEVELS.get(check.state, Level.QUIET)
    loud = level if check.state in (State.FAILED, State.AT_RISK) else Level.QUIET
    return CheckView(check.check, Mark(check.state.value, level), check.where or "", check.ms, Mark(check.found, loud))


def _summary(checks: Sequence[Check]) -> str:
    # `not run` is no success: what nobody looked at is not well.
    states = {check.state for check in checks}
    if states <= {State.OK, State.NOT_USED}:
        return f"all is well: {count(sum(check.state is State.OK for check in checks), 'check')}"
    return tally(checks)


def _explained(problem: Check) -> KafkaToolError:
    where = f" at {problem.where}" if problem.where else ""
    # Some causes end with a question ("is something else listening there?"), all others without a full stop.
    found = problem.found if problem.found.endswith("?") else f"{problem.found}."
    return KafkaToolError(f"{problem.check}{where} {VERBS[problem.state]}: {found}", problem.advice)
