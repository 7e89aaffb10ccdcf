"""What `ktools acls --list` and `--who` show a person: a table for each resource, or for each principal.

Imported only where a table is drawn: a script that reads Apache's lines does not wait for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from kafka_tools.model.acls import (
    SUPPORTED_OPERATIONS,
    AclBinding,
    AclPermissionType,
    PatternType,
    ResourcePattern,
    ResourceType,
    sort_key,
)
from kafka_tools.model.units import count
from kafka_tools.render.views import Level, Mark, Table
from kafka_tools.tools.acls.output import AccessRow, resource_text


@dataclass(frozen=True, slots=True)
class RuleView:
    """Rules that differ in the operation alone; `whom` is a principal or a resource, whatever is not in the title."""

    whom: str
    permission: Mark
    operations: str
    host: str


@dataclass(frozen=True, slots=True)
class AccessView:
    """What a principal may do with a resource, and what a rule denies it."""

    principal: str
    host: str
    may: str
    denied: Mark


def tables(rules: Iterable[AclBinding], group_by: str) -> Iterator[Table]:
    """Yield a table for each `resource` or each `principal` that rules name."""
    of_principals = group_by == "principal"
    title: Callable[[AclBinding], str] = _principal if of_principals else _resource
    other: Callable[[AclBinding], str] = _resource if of_principals else _principal
    ordered = sorted(rules, key=lambda rule: (title(rule), sort_key(rule)))
    for name, group in groupby(ordered, key=title):
        found = list(group)
        # First, as a name of the first column that is too long stands on a line of its own: a certificate's subject.
        columns = {"whom": "Resource" if of_principals else "Principal"}
        columns |= {"permission": "Permission", "operations": "Operations", "host": "Host"}
        yield Table(_views(found, other), columns, title=name, facts=[count(len(found), "rule")])


def _views(rules: Sequence[AclBinding], whom: Callable[[AclBinding], str]) -> list[RuleView]:
    """Return a row for all operations of a permission, host and principal or resource, denials first."""
    merged: dict[tuple[AclPermissionType, str, str], list[str]] = {}
    for rule in sorted(rules, key=lambda rule: (rule.entry.permission_type.value, whom(rule), sort_key(rule))):
        entry = rule.entry
        merged.setdefault((entry.permission_type, whom(rule), entry.host), []).append(entry.operation.title)
    return [
        RuleView(name, _permission(permission), ", ".join(operations), host)
        for (permission, name, host), operations in merged.items()
    ]


def _permission(permission: AclPermissionType) -> Mark:
    # A denial outweighs every permission: it is what a reader must not miss.
    denies = permission is AclPermissionType.DENY
    return Mark(permission.title.lower(), Level.RISK if denies else Level.QUIET)


def _principal(rule: AclBinding) -> str:
    return rule.entry.principal


def _resource(rule: AclBinding) -> str:
    pattern: ResourcePattern = rule.pattern
    prefixed = "* (prefixed)" if pattern.pattern_type is PatternType.PREFIXED else ""
    return f"{pattern.resource_type.name.lower().replace('_', ' ')} {pattern.name}{prefixed}"


def access_tables(rows: Iterable[AccessRow]) -> Iterator[Table]:
    """Yield a table for each resource of who may do what with it."""
    columns = {"principal": "Principal", "host": "Host", "may": "May", "denied": "Denied"}
    for title, group in groupby(rows, key=resource_text):
        found = list(group)
        # `any` would be wrong where another row says something else of one host.
        with_hosts = {row.principal for row in found if row.host is not None}
        views = [
            AccessView(
                row.principal,
                row.host or ("any other" if row.principal in with_hosts else "any"),
                _operations(row.resource_type, row.operations),
                Mark(_operations(row.resource_type, row.denied), Level.RISK),
            )
            for row in found
        ]
        yield Table(views, columns, title=title, facts=[count(len({row.principal for row in found}), "principal")])


def _operations(resource_type: str, titles: Sequence[str]) -> str:
    kind = next(each for each in ResourceType if each.title == resource_type)
    return "everything" if len(titles) == len(SUPPORTED_OPERATIONS[kind]) else ", ".join(titles)
