"""What `ktools acls --list` shows a person: a table for each resource, or for each principal.

Imported only where a table is drawn: a script that reads Apache's lines does not wait for it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from kafka_tools.model.acls import AclBinding, AclPermissionType, PatternType, ResourcePattern, sort_key
from kafka_tools.model.units import count
from kafka_tools.render.views import Level, Mark, Table


@dataclass(frozen=True, slots=True)
class RuleView:
    """Rules that differ in the operation alone; `whom` is a principal or a resource, whatever is not in the title."""

    permission: Mark
    operations: str
    whom: str
    host: str


def tables(rules: Iterable[AclBinding], group_by: str) -> Iterator[Table]:
    """Yield a table for each `resource` or each `principal` that rules name."""
    of_principals = group_by == "principal"
    title: Callable[[AclBinding], str] = _principal if of_principals else _resource
    other: Callable[[AclBinding], str] = _resource if of_principals else _principal
    ordered = sorted(rules, key=lambda rule: (title(rule), sort_key(rule)))
    for name, group in groupby(ordered, key=title):
        found = list(group)
        columns = {
            "permission": "Permission",
            "operations": "Operations",
            "whom": "Resource" if of_principals else "Principal",
            "host": "Host",
        }
        yield Table(_views(found, other), columns, title=name, facts=[count(len(found), "rule")])


def _views(rules: Sequence[AclBinding], whom: Callable[[AclBinding], str]) -> list[RuleView]:
    """Return a row for all operations of a permission, host and principal or resource, denials first."""
    merged: dict[tuple[AclPermissionType, str, str], list[str]] = {}
    for rule in sorted(rules, key=lambda rule: (rule.entry.permission_type.value, whom(rule), sort_key(rule))):
        entry = rule.entry
        merged.setdefault((entry.permission_type, whom(rule), entry.host), []).append(entry.operation.title)
    return [
        RuleView(_permission(permission), ", ".join(operations), name, host)
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
