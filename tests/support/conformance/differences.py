"""DIFFERENCES.md: where ktools does something else than Apache's tools, from the recorded cases and a page by hand."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.support.conformance import case, idiom
from tests.support.conformance.case import Case
from tests.support.conformance.idiom import Idiom

FOLDER = case.FOLDER.parent
FILE = FOLDER / "DIFFERENCES.md"
TEMPLATE = FOLDER / "DIFFERENCES.template.md"
PLACE = "<!-- recorded cases -->\n"
"""Where in the template the tables of the recorded cases go."""


def written(recorded: Iterable[Case | Idiom], template: str) -> str:
    """Return DIFFERENCES.md: the template with a table for each tool that has cases with a difference."""
    tables: dict[str, list[Case | Idiom]] = defaultdict(list)
    for each in recorded:
        if each.difference:
            tables[each.tool if isinstance(each, Case) else "scripts"].append(each)
    return template.replace(PLACE, "\n".join(_table(tool, tables[tool]) for tool in sorted(tables)))


def every() -> list[Case | Idiom]:
    """Return all recorded cases and idioms."""
    return [*map(case.read, case.names()), *map(idiom.read, idiom.names())]


def renew() -> None:
    """Write DIFFERENCES.md."""
    FILE.write_text(written(every(), TEMPLATE.read_text(encoding="utf-8")), encoding="utf-8")


def _table(tool: str, recorded: list[Case | Idiom]) -> str:
    """Return a tool's table: a row for each difference, the cases that have it, and what becomes of the exit status."""
    by_difference: dict[str, list[Case | Idiom]] = defaultdict(list)
    for each in recorded:
        by_difference[each.difference].append(each)
    rows = sorted(f"| {words} | {_statuses(cases)} | {_links(cases)} |\n" for words, cases in by_difference.items())
    return f"### {tool}\n\n| ktools | status | recorded in |\n|---|---|---|\n{''.join(rows)}"


def _statuses(cases: list[Case | Idiom]) -> str:
    changes = {f"{each.apache['status'].strip()} → {each.ktools['status'].strip()}" for each in cases if _changed(each)}
    return ", ".join(sorted(changes))


def _changed(each: Case | Idiom) -> bool:
    return "status" in each.ktools and "status" in each.apache


def _links(cases: list[Case | Idiom]) -> str:
    return ", ".join(f"[{_name(each)}]({_path(each)})" for each in cases)


def _name(each: Case | Idiom) -> str:
    return each.name.rpartition("/")[2]


def _path(each: Case | Idiom) -> str:
    folder: Path = case.FOLDER if isinstance(each, Case) else idiom.FOLDER
    return f"{folder.name}/{each.name}.txt"
