"""What `ktools acls` writes into a pipe: Apache's lines (kafka.admin.AclCommand 3.9), and rows for programs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from kafka_tools.errors import (
    CLUSTER_AUTHORIZATION_FAILED,
    JAVA_WORDS,
    BrokerError,
    as_java_prints,
)
from kafka_tools.model.acls import AccessControlEntry, AclBinding, ResourcePattern, by_pattern


def as_java(error: BrokerError) -> BrokerError:
    """Return what a broker refused as AclCommand tells it, and the right that is missing where that is the cause."""
    message, hint = error.message, error.hint
    if error.code == CLUSTER_AUTHORIZATION_FAILED:
        # Brokers tell the insides of the request there (`Request Request(processor=0, …) is not authorized.`).
        message = JAVA_WORDS[error.code] if message.startswith("Request ") else message
        needs = "To read rules needs DESCRIBE on the cluster, to change them ALTER."
        hint = " ".join(filter(None, (needs, hint)))
    return BrokerError(error.code, as_java_prints(BrokerError(error.code, message)), hint)


def pattern_text(pattern: ResourcePattern) -> str:
    """Return a pattern as Java prints it (ResourcePattern.toString)."""
    kind, name, pattern_type = pattern
    return f"ResourcePattern(resourceType={kind.name}, name={name}, patternType={pattern_type.name})"


def entry_lines(entries: Iterable[AccessControlEntry]) -> str:
    """Return a line for each entry, as Java prints it, with a blank at either end of the whole.

    Java prints a set, whose order depends on addresses in its memory: ours is sorted.
    """
    lines = (
        f"\t(principal={entry.principal}, host={entry.host}, operation={entry.operation.name}, "
        f"permissionType={entry.permission_type.name})"
        for entry in entries
    )
    # `$Newline ${…} $Newline` in AclCommand's text: the blanks stand between the rules and the newlines.
    return " " + "\n".join(lines) + " "


def current_lines(bindings: Iterable[AclBinding]) -> Iterator[str]:
    """Yield the rules of each resource."""
    for pattern, entries in by_pattern(bindings).items():
        yield f"Current ACLs for resource `{pattern_text(pattern)}`: "
        yield entry_lines(entries)
        yield ""


def principal_lines(principals: Sequence[str], bindings: Sequence[AclBinding]) -> Iterator[str]:
    """Yield the rules of each resource for one principal after another."""
    for principal in principals:
        yield f"ACLs for principal `{principal}`"
        yield from current_lines(each for each in bindings if each.entry.principal == principal)


def adding_lines(pattern: ResourcePattern, entries: Iterable[AccessControlEntry]) -> Iterator[str]:
    """Yield what is said before rules are added."""
    yield f"Adding ACLs for resource `{pattern_text(pattern)}`: "
    yield entry_lines(sorted(entries, key=_entry_key))
    yield ""


def removal_question(pattern: ResourcePattern, entries: Sequence[AccessControlEntry]) -> str:
    """Return what is asked before rules are removed; no entries are all of the resource."""
    if not entries:
        return f"Are you sure you want to delete all ACLs for resource filter `{pattern_text(pattern)}`? (y/n)"
    lines = entry_lines(sorted(entries, key=_entry_key))
    # `lines` have their own blanks, and one more stands before `from`.
    return f"Are you sure you want to remove ACLs: \n{lines}\n from resource filter `{pattern_text(pattern)}`? (y/n)"


def _entry_key(entry: AccessControlEntry) -> tuple[object, ...]:
    return entry.permission_type.value, entry.principal, entry.operation.value, entry.host


# NamedTuples, not dataclasses, as in the model: a list of thousands is made of them.
class AclRow(NamedTuple):
    """One rule; what `--export` writes and `--import` reads."""

    resource_type: str
    resource: str
    pattern_type: str
    principal: str
    host: str
    operation: str
    permission: str

    @classmethod
    def of(cls, binding: AclBinding) -> "AclRow":
        """Return the row of a rule."""
        (kind, name, pattern_type), (principal, host, operation, permission) = binding
        return cls(
            kind.title, name, pattern_type.title, principal, host, operation.title, permission.title
        )  # as znodes and --operation spell them


class ChangeRow(NamedTuple):
    """One rule that was, or would be, added or removed."""

    change: str
    resource_type: str
    resource: str
    pattern_type: str
    principal: str
    host: str
    operation: str
    permission: str

    @classmethod
    def of(cls, change: str, binding: AclBinding) -> "ChangeRow":
        """Return the row of a rule that is `added` or `removed`."""
        return cls(change, *AclRow.of(binding))


class AnswerRow(NamedTuple):
    """Whether somebody may do something, None where that is not known, and by which rule: an AclRow's fields."""

    principal: str
    operation: str
    resource_type: str
    resource: str
    host: str | None
    allowed: bool | None
    reason: str
    rule: Mapping[str, str] | None


class AccessRow(NamedTuple):
    """What a principal may do with a resource; without a `host` from all that have no row of their own."""

    resource_type: str
    resource: str
    principal: str
    host: str | None
    operations: tuple[str, ...]
    denied: tuple[str, ...]


def resource_text(row: AccessRow) -> str:
    """Return the resource of a row in words: `Topic orders`, `Cluster`."""
    return row.resource_type if row.resource_type == "Cluster" else f"{row.resource_type} {row.resource}"


ACL_COLUMNS = {
    "resource_type": "Resource",
    "resource": "Name",
    "pattern_type": "Pattern",
    "permission": "Permission",
    "principal": "Principal",
    "host": "Host",
    "operation": "Operation",
}
CHANGE_COLUMNS = {"change": "Change"} | ACL_COLUMNS
ANSWER_COLUMNS = {
    "principal": "Principal",
    "operation": "Operation",
    "resource_type": "Resource",
    "resource": "Name",
    "host": "Host",
    "allowed": "Allowed",
    "reason": "Reason",
}
ACCESS_COLUMNS = {
    "resource_type": "Resource",
    "resource": "Name",
    "principal": "Principal",
    "host": "Host",
    "operations": "May",
    "denied": "Denied",
}
