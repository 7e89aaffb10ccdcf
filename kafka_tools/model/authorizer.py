"""Decides what a user may do, from the rules, as the authorizer of Kafka's brokers does.

Source: kafka.security.authorizer.AclAuthorizer (3.9, ZooKeeper mode) and
org.apache.kafka.metadata.authorizer.StandardAuthorizerData (4.4, KRaft), which decide alike.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from kafka_tools.model.acls import (
    IMPLIED_BY,
    SUPPORTED_OPERATIONS,
    WILDCARD,
    WILDCARD_PRINCIPAL,
    AccessControlEntry,
    AclBinding,
    AclOperation,
    AclPermissionType,
    AuthorizerSettings,
    ResourceType,
    sort_key,
)


class Action(NamedTuple):
    """What somebody wants to do: an operation on one resource, from a host by its IP address.

    A `host` of None is any host that no rule names.
    """

    principal: str
    operation: AclOperation
    resource_type: ResourceType
    name: str
    host: str | None = None


class Reason(Enum):
    """What a decision is based on."""

    SUPER_USER = "super user"
    DENY = "deny rule"
    ALLOW = "allow rule"
    NO_RULE_ALLOWS = "no rule allows it"
    NO_RULE = "no rule is about the resource"


class Decision(NamedTuple):
    """Whether an action is allowed, None where that is not known, and what decides: the rule where it is one."""

    allowed: bool | None
    reason: Reason
    rule: AclBinding | None = None


class Access(NamedTuple):
    """What a principal may do with one resource from a host (None: from all that no rule names)."""

    principal: str
    host: str | None
    operations: tuple[AclOperation, ...]
    denied: tuple[AclOperation, ...]


def decide(action: Action, rules: Iterable[AclBinding], settings: AuthorizerSettings) -> Decision:
    """Return whether the authorizer allows an action, and by what.

    A super user may do everything; else one rule that denies outweighs all that allow. A resource that no rule is
    about, whoever it names, is open or closed to everybody as `allow_everyone` says.
    """
    if settings.super_users is not None and action.principal in settings.super_users:
        return Decision(True, Reason.SUPER_USER)
    # Rules about anybody count here, also those of others: one rule for one user closes a resource to everybody else
    # (AclAuthorizer.isEmptyAclAndAuthorized 2.8).
    covering = [rule for rule in rules if rule.pattern.covers(action.resource_type, action.name)]
    if not covering:
        return Decision(settings.allow_everyone, Reason.NO_RULE)
    fitting = sorted((rule for rule in covering if _fits(rule.entry, action, settings.ranges)), key=sort_key)
    for permission, reason in ((AclPermissionType.DENY, Reason.DENY), (AclPermissionType.ALLOW, Reason.ALLOW)):
        rule = next((each for each in fitting if each.entry.permission_type is permission), None)
        if rule is not None:
            return Decision(reason is Reason.ALLOW, reason, rule)
    return Decision(False, Reason.NO_RULE_ALLOWS)


def named_hosts(action: Action, rules: Iterable[AclBinding]) -> tuple[str, ...]:
    """Return the hosts, and ranges of hosts, of rules that are about an action's resource and principal, sorted."""
    found = {rule.entry.host for rule in rules if rule.pattern.covers(action.resource_type, action.name)
             and rule.entry.principal in (action.principal, WILDCARD_PRINCIPAL)}  # fmt: skip
    return tuple(sorted(found - {WILDCARD}))


def accesses(
    resource_type: ResourceType, name: str, rules: Sequence[AclBinding], settings: AuthorizerSettings
) -> tuple[Access, ...]:
    """Return what everybody whom a rule names may do with a resource, by principal and host.

    A host stands apart where it makes a difference. `User:*` stands for all whom no rule names.
    """
    covering = [rule for rule in rules if rule.pattern.covers(resource_type, name)]
    principals = {rule.entry.principal for rule in covering} | (settings.super_users or frozenset())
    found: list[Access] = []
    for principal in sorted(principals):
        asked = Action(principal, AclOperation.DESCRIBE, resource_type, name)
        usual = _access(asked, covering, settings)
        found.append(usual)
        for host in named_hosts(asked, covering):
            here = _access(asked._replace(host=host), covering, settings)
            # A host from which one may do the same as from everywhere is no news.
            if here[2:] != usual[2:]:
                found.append(here)
    return tuple(found)


def _access(asked: Action, rules: Sequence[AclBinding], settings: AuthorizerSettings) -> Access:
    decisions = {
        operation: decide(asked._replace(operation=operation), rules, settings)
        for operation in SUPPORTED_OPERATIONS[asked.resource_type]
    }
    allowed = tuple(operation for operation, decision in decisions.items() if decision.allowed)
    denied = tuple(operation for operation, decision in decisions.items() if decision.reason is Reason.DENY)
    return Access(asked.principal, asked.host, allowed, denied)


def _fits(entry: AccessControlEntry, action: Action, ranges: bool) -> bool:
    """Tell whether an entry speaks of an action."""
    if entry.principal not in (action.principal, WILDCARD_PRINCIPAL):
        return False
    if entry.host != WILDCARD and not _is_from(action.host, entry.host, ranges):
        return False
    operations: tuple[AclOperation, ...] = (action.operation,)
    # Who may read may describe; but who must not read may still describe.
    if entry.permission_type is AclPermissionType.ALLOW:
        operations = IMPLIED_BY.get(action.operation, operations)
    return entry.operation is AclOperation.ALL or entry.operation in operations


def _is_from(host: str | None, named: str, ranges: bool) -> bool:
    """Tell whether a host is the one that a rule names, or in the range (CIDR, Kafka 4.3) that it names."""
    if host is None or host == named:
        return host is not None
    if not ranges or "/" not in named:
        return False
    import ipaddress

    try:
        # CidrUtils takes `10.1.2.3/8` for 10.0.0.0/8, as `strict` is off here.
        return ipaddress.ip_address(host) in ipaddress.ip_network(named, strict=False)
    except ValueError:
        return False
