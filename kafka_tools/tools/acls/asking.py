"""Answers who may do what: `ktools acls --can | --who`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kafka_tools.backends import Acls, open_acls
from kafka_tools.errors import SECURITY_DISABLED, BrokerError, KafkaToolError
from kafka_tools.model.acls import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AuthorizerSettings,
    PatternType,
    ResourceType,
)
from kafka_tools.model.authorizer import Access, Action, Decision, Reason, accesses, decide, named_hosts
from kafka_tools.model.target import Target
from kafka_tools.report import Report
from kafka_tools.tools.acls.listing import selected
from kafka_tools.tools.acls.output import (
    ACCESS_COLUMNS,
    ANSWER_COLUMNS,
    AccessRow,
    AclRow,
    AnswerRow,
    resource_text,
)

if TYPE_CHECKING:
    from kafka_tools.render.views import View

NO_AUTHORIZER = "the cluster has no authorizer: everybody may do everything"
HIDDEN_SUPER_USERS = (
    "Brokers do not tell who their super users are: those may do everything, whatever the rules say. "
    "--authorizer-properties super.users=User:a names them."
)
HIDDEN_DEFAULT = (
    "Brokers do not tell what their allow.everyone.if.no.acl.found is: "
    "--authorizer-properties allow.everyone.if.no.acl.found=true says it."
)


class Can(NamedTuple):
    """Asks whether somebody may do all these things; `settings` are what the user says of the authorizer."""

    target: Target
    actions: tuple[Action, ...]
    settings: AuthorizerSettings = AuthorizerSettings()


class WhoCan(NamedTuple):
    """Asks who may do what with these resources."""

    target: Target
    resources: tuple[tuple[ResourceType, str], ...]
    operations: tuple[AclOperation, ...] = ()
    settings: AuthorizerSettings = AuthorizerSettings()


def can(request: Can) -> Report:
    """Return whether every action is allowed, and by what; the status says no with 1."""
    with open_acls(request.target) as acls:
        try:
            # All rules of each type, not those of one name: prefixes and * decide as well.
            rules = selected(acls, [AclBindingFilter(each) for each in _kinds(request.actions)])
        except BrokerError as error:
            # Without an authorizer brokers refuse to list rules, and let everybody in.
            if error.code != SECURITY_DISABLED:
                raise
            return _open_to_all(request.actions)
        settings = _known(acls, request.settings)
        # A rule that cannot be read may be the one that decides.
        if malformed := acls.malformed():
            raise KafkaToolError(malformed[0])
    decisions = [(action, decide(action, rules, settings)) for action in request.actions]
    lines = [_answer(action, decision) for action, decision in decisions]
    notes = [note for action, decision in decisions for note in _elsewhere(action, decision, rules, settings)]
    return Report(
        rows=[_answer_row(action, decision) for action, decision in decisions],
        columns=ANSWER_COLUMNS,
        plain=lines,
        names_only=True,
        notes=(*notes, *_unknown([decision for _, decision in decisions], settings)),
        # A script asks `if ktools acls --can …`: what is not known must not count as a yes.
        status=int(not all(decision.allowed for _, decision in decisions)),
    )


def who_can(request: WhoCan) -> Report:
    """Return what everybody whom a rule names may do with the resources."""
    with open_acls(request.target) as acls:
        rules = selected(
            acls, [AclBindingFilter(kind) for kind in dict.fromkeys(kind for kind, _ in request.resources)]
        )
        settings, malformed = _known(acls, request.settings), acls.malformed()
    rows = [
        row
        for kind, name in request.resources
        for row in _access_rows(kind, name, accesses(kind, name, rules, settings), request.operations)
    ]
    # No rule at all is another case than rules that let nobody in: allow.everyone.if.no.acl.found decides.
    notes = [_nobody(kind, name, settings) for kind, name in request.resources if not _is_covered(kind, name, rules)]
    return Report(
        rows=rows,
        columns=ACCESS_COLUMNS,
        plain=map(_access_line, rows),
        tables=lambda: _tables(rows),
        notes=(*malformed, *notes, *((HIDDEN_SUPER_USERS,) if settings.super_users is None else ())),
        status=int(bool(malformed)),
    )


def _tables(rows: Sequence[AccessRow]) -> "Iterator[View]":
    from kafka_tools.tools.acls.views import access_tables

    return access_tables(rows)


def _kinds(actions: Sequence[Action]) -> list[ResourceType]:
    return list(dict.fromkeys(action.resource_type for action in actions))


def _known(acls: Acls, said: AuthorizerSettings) -> AuthorizerSettings:
    """Return the authorizer's settings: those that the user says, else as the cluster tells."""
    told = acls.settings()
    # What the user says wins: a broker tells no more than that a setting is not set, and ZooKeeper nothing.
    return told._replace(
        super_users=told.super_users if said.super_users is None else said.super_users,
        allow_everyone=told.allow_everyone if said.allow_everyone is None else said.allow_everyone,
    )


def _open_to_all(actions: Sequence[Action]) -> Report:
    rows = [_answer_row(action, Decision(True, Reason.NO_RULE))._replace(reason="no authorizer") for action in actions]
    return Report(
        rows, ANSWER_COLUMNS, [f"yes: {_wish(action, True)} ({NO_AUTHORIZER})" for action in actions], names_only=True
    )


def _answer(action: Action, decision: Decision) -> str:
    words = {True: "yes", False: "no", None: "unknown"}[decision.allowed]
    return f"{words}: {_wish(action, decision.allowed)} ({_why(decision)})"


def _wish(action: Action, allowed: bool | None) -> str:
    verb = {True: "may", False: "may not", None: "may perhaps"}[allowed]
    where = f" from {action.host}" if action.host else ""
    return f"{action.principal} {verb} {action.operation.title} {_resource(action.resource_type, action.name)}{where}"


def _resource(kind: ResourceType, name: str) -> str:
    """Return a resource in words: `transactional id x`, `cluster`."""
    words = kind.name.lower().replace("_", " ")
    return words if kind is ResourceType.CLUSTER else f"{words} {name}"


def _why(decision: Decision) -> str:
    if decision.rule is None:
        return decision.reason.value
    pattern, entry = decision.rule
    prefixed = " (prefixed)" if pattern.pattern_type is PatternType.PREFIXED else ""
    resource = _resource(pattern.resource_type, pattern.name)
    whom = f"{entry.principal} {entry.operation.title} {resource}{prefixed}, host {entry.host}"
    return f"{decision.reason.value}: {whom}"


def _answer_row(action: Action, decision: Decision) -> AnswerRow:
    return AnswerRow(
        action.principal,
        action.operation.title,
        action.resource_type.title,
        action.name,
        action.host,
        decision.allowed,
        decision.reason.value,
        None if decision.rule is None else AclRow.of(decision.rule)._asdict(),
    )


def _elsewhere(
    action: Action, decision: Decision, rules: Sequence[AclBinding], settings: AuthorizerSettings
) -> Iterator[str]:
    """Yield the hosts from which the answer is another, where no host was asked for."""
    # Without a host the answer is that for all hosts that no rule names; one that is named may be told something else.
    if action.host is not None:
        return
    for host in named_hosts(action, rules):
        there = decide(action._replace(host=host), rules, settings)
        if there.allowed != decision.allowed:
            yield f"From {host} the answer is {_answer(action._replace(host=host), there)}"


def _unknown(decisions: Sequence[Decision], settings: AuthorizerSettings) -> Iterator[str]:
    """Yield which settings of the authorizer are not known, where the answers depend on them."""
    # A yes by a rule holds whoever the super users are, a no does not.
    if settings.super_users is None and not all(decision.allowed for decision in decisions):
        yield HIDDEN_SUPER_USERS
    if any(decision.allowed is None for decision in decisions):
        yield HIDDEN_DEFAULT


def _is_covered(kind: ResourceType, name: str, rules: Sequence[AclBinding]) -> bool:
    return any(rule.pattern.covers(kind, name) for rule in rules)


def _nobody(kind: ResourceType, name: str, settings: AuthorizerSettings) -> str:
    """Return who may use a resource that no rule is about."""
    who = {True: "everybody may do everything with it", False: "nobody but super users may use it", None: ""}
    said = who[settings.allow_everyone] or "allow.everyone.if.no.acl.found, which is not known, says who may use it"
    return f"No rule is about {_resource(kind, name)}: {said}."


def _access_rows(
    kind: ResourceType, name: str, found: Sequence[Access], operations: Sequence[AclOperation]
) -> Iterator[AccessRow]:
    """Yield a row for each principal and host, with `operations` only those who may, or must not, do one of them."""
    for access in found:
        allowed = [each for each in access.operations if not operations or each in operations]
        denied = [each for each in access.denied if not operations or each in operations]
        # Who may do nothing of what is asked has no row: most rules are about other operations.
        if allowed or denied:
            titles = tuple(each.title for each in allowed), tuple(each.title for each in denied)
            yield AccessRow(kind.title, name, access.principal, access.host, *titles)


def _access_line(row: AccessRow) -> str:
    host = f" from {row.host}" if row.host else ""
    parts = [f"may {', '.join(row.operations)}" if row.operations else ""]
    parts.append(f"is denied {', '.join(row.denied)}" if row.denied else "")
    return f"{resource_text(row)}: {row.principal}{host} {'; '.join(filter(None, parts))}"
