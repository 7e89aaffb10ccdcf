"""Adds and removes rules: `ktools acls --add | --remove | --import`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from kafka_tools.backends import Acls, open_acls
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.acls import AccessControlEntry, AclBinding, AclBindingFilter, ResourcePattern, sort_key
from kafka_tools.model.target import Target
from kafka_tools.render.questions import answer
from kafka_tools.report import Report
from kafka_tools.tools.acls.output import (
    CHANGE_COLUMNS,
    ChangeRow,
    adding_lines,
    current_lines,
    pattern_text,
    removal_question,
)
from kafka_tools.tools.acls.wanted import Entries

DRY_RUN = "Nothing was changed (--dry-run)."
NOTHING = "No rule matches: nothing was removed."


class AddAcls(NamedTuple):
    """Rules to add; with `dry_run` nothing is added. What `listed` selects is shown afterwards."""

    target: Target
    entries: Entries
    dry_run: bool = False
    listed: tuple[AclBindingFilter, ...] = ()


class RemoveAcls(NamedTuple):
    """Rules to remove, all of a resource where it has no entries here; `force`: nobody is asked first.

    `unused` are options that have no effect, as no principal is named beside them.
    """

    target: Target
    entries: Entries
    force: bool = False
    dry_run: bool = False
    unused: tuple[str, ...] = ()
    listed: tuple[AclBindingFilter, ...] = ()


class ImportAcls(NamedTuple):
    """Rules that are to be there; with `prune` no others among those that `scope` selects."""

    target: Target
    rules: tuple[AclBinding, ...]
    scope: tuple[AclBindingFilter, ...]
    prune: bool = False
    dry_run: bool = False


class Changed(NamedTuple):
    """What became of a change: the rules that it added and removed, and its failures by what they are about."""

    added: tuple[AclBinding, ...] = ()
    removed: tuple[AclBinding, ...] = ()
    failures: Mapping[str, KafkaToolError] = {}


def add(request: AddAcls) -> Report:
    """Add rules; where one fails, the others are added all the same."""
    rules = [AclBinding(pattern, entry) for pattern, entries in request.entries.items() for entry in entries]
    lines = [line for pattern, entries in request.entries.items() for line in adding_lines(pattern, entries)]
    with open_acls(request.target) as acls:
        if request.dry_run:
            # Only what is not there yet would change: brokers take a rule that is there without a word.
            there = _described(acls, [AclBindingFilter(*pattern) for pattern in request.entries])
            return _planned([each for each in rules if each not in there], [])
        done = _created(acls, rules)
        # Read again, not put together from what was asked for: what others changed meanwhile is shown, too.
        lines += current_lines(_described(acls, request.listed))
    return _report(done, lines, len(rules))


def remove(request: RemoveAcls) -> Report:
    """Remove rules, those of each resource when the question about it is answered by y.

    Apache's tool asks about a resource when those before it are gone already. Here all questions come first: where
    nobody answers, nothing was removed.
    """
    filters = [each for pattern, entries in request.entries.items() for each in _filters(pattern, entries)]
    with open_acls(request.target) as acls:
        if request.dry_run:
            return _planned([], _described(acls, filters))
        lines: list[str] = []
        if not request.force:
            # `lines` get the questions, which are part of Apache's text on stdout.
            chosen = _confirmed(request.entries, lines)
            if chosen is None:
                failure = KafkaToolError("nobody answered: nothing was removed", "--force answers every question by y.")
                return _report(Changed(), lines, 0)._replace(failure=failure)
            # Resources whose question was answered by something else stay, and are no failure.
            filters = [each for pattern in chosen for each in _filters(pattern, request.entries[pattern])]
        done = _deleted(acls, filters) if filters else Changed()
        lines += current_lines(_described(acls, request.listed))
    notes = [NOTHING] if filters and not (done.removed or done.failures) else []
    if done.removed and request.unused:
        notes.append(f"{', '.join(request.unused)} had no effect without a principal: all rules were removed.")
    return _report(done, lines, len(filters))._replace(notes=notes)


def import_rules(request: ImportAcls) -> Report:
    """Add the rules that are not there and, to prune, remove those that should not be."""
    with open_acls(request.target) as acls:
        there = _described(acls, request.scope)
        if acls.malformed():
            raise KafkaToolError(acls.malformed()[0], "Nothing was changed.")
        # Other rules than those in scope are not read, and to add what is there already does no harm.
        missing = [each for each in request.rules if each not in there]
        extra = [each for each in there if each not in set(request.rules)] if request.prune else []
        if request.dry_run:
            return _planned(missing, extra)
        # First what is added: nobody who keeps a right by another rule is without it in between.
        done = _created(acls, missing) if missing else Changed()
        # Where not all was added, nothing is removed: somebody may be left without any rule.
        if extra and not done.failures:
            removed = _deleted(acls, [AclBindingFilter.exactly(each) for each in extra])
            done = done._replace(removed=removed.removed, failures=removed.failures)
    lines = [*_signed("+", done.added), *_signed("-", done.removed)]
    notes = [] if lines or done.failures else ["Nothing to change: the rules are as the file says."]
    return _report(done, lines, len(missing) + len(extra))._replace(notes=notes)


def _described(acls: Acls, filters: Iterable[AclBindingFilter]) -> list[AclBinding]:
    found = sorted({binding for each in filters for binding in acls.describe(each)}, key=sort_key)
    # A change that goes by a part of the rules could remove too much, or too little.
    if malformed := acls.malformed():
        raise KafkaToolError(malformed[0])
    return found


def _created(acls: Acls, rules: Collection[AclBinding]) -> Changed:
    results = acls.create(rules)
    failures = {_text(rule): error for rule, error in results.items() if error is not None}
    return Changed(added=tuple(rule for rule, error in results.items() if error is None), failures=failures)


def _deleted(acls: Acls, filters: Collection[AclBindingFilter]) -> Changed:
    removed: list[AclBinding] = []
    failures: dict[str, KafkaToolError] = {}
    for each, result in acls.delete(filters).items():
        if isinstance(result, KafkaToolError):
            failures[f"{each.resource_type.title} {each.name}"] = result
        else:
            removed += result
    # Two filters may take the same rule, and each tells of it.
    return Changed(removed=tuple(sorted(set(removed), key=sort_key)), failures=failures)


def _filters(pattern: ResourcePattern, entries: Sequence[AccessControlEntry]) -> list[AclBindingFilter]:
    # No entries: a filter of the resource alone, which takes all of its rules.
    return [AclBindingFilter.exactly(AclBinding(pattern, entry)) for entry in entries] or [AclBindingFilter(*pattern)]


def _confirmed(entries: Entries, lines: list[str]) -> list[ResourcePattern] | None:
    """Return the resources whose question was answered by y, None where nobody answers; `lines` get the questions."""
    chosen = []
    for pattern, each in entries.items():
        question = removal_question(pattern, each)
        said = answer(question, lines)
        if said is None:
            return None
        # `Y` as well (equalsIgnoreCase, AclCommand.confirmAction); `yes` is a no there.
        if said.lower() == "y":
            chosen.append(pattern)
    return chosen


def _planned(added: Sequence[AclBinding], removed: Sequence[AclBinding]) -> Report:
    """Return what a change would do."""
    report = _report(Changed(tuple(added), tuple(removed)), [*_signed("+", added), *_signed("-", removed)], 0)
    return report._replace(notes=(DRY_RUN,))


def _signed(sign: str, rules: Iterable[AclBinding]) -> list[str]:
    return [f"{sign} {_text(rule)}" for rule in sorted(rules, key=sort_key)]


def _text(rule: AclBinding) -> str:
    """Return a rule in one line."""
    pattern, entry = rule
    permission = entry.permission_type.title
    return f"{permission} {entry.principal} {entry.operation.title} from {entry.host} on {pattern_text(pattern)}"


def _report(done: Changed, lines: Sequence[str], count: int) -> Report:
    rows = [ChangeRow.of("added", each) for each in done.added]
    rows += [ChangeRow.of("removed", each) for each in done.removed]
    return Report(rows=rows, columns=CHANGE_COLUMNS, plain=lines, failure=_failure(done, count))


def _failure(done: Changed, count: int) -> KafkaToolError | None:
    """Return the first failure, with a hint that names all of them where there was more than one change."""
    if not done.failures:
        return None
    first = next(iter(done.failures.values()))
    if count > 1:
        said = f"{count - len(done.failures)} of {count} changes were made, not: {'; '.join(done.failures)}."
        first.hint = " ".join(filter(None, (first.hint, said)))
    return first
