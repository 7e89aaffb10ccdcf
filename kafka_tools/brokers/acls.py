"""Reads, adds and removes the rules of a cluster's authorizer through its brokers."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from kafka_tools.brokers.session import Session
from kafka_tools.errors import NOT_CONTROLLER, BrokerError, KafkaToolError, check_code
from kafka_tools.model.acls import (
    AccessControlEntry,
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AuthorizerSettings,
    PatternType,
    ResourcePattern,
    ResourceType,
    read_flag,
    read_super_users,
)
from kafka_tools.model.target import Brokers

if TYPE_CHECKING:
    from kafka_tools.wire.schema import Response
    from kafka_tools.wire.session import WireSession

TYPES = {each.value: each for each in ResourceType}
PATTERNS = {each.value: each for each in PatternType}
OPERATIONS = {each.value: each for each in AclOperation}
PERMISSIONS = {each.value: each for each in AclPermissionType}

ONLY_BY_WIRE = frozenset(
    (
        *(ResourceType.DELEGATION_TOKEN, ResourceType.USER),
        *(AclOperation.CREATE_TOKENS, AclOperation.DESCRIBE_TOKENS, AclOperation.TWO_PHASE_COMMIT),
    )
)
"""What librdkafka 2.16 has no number for: it refuses to send it, and takes it for UNKNOWN where a broker sends it."""

SUPER_USERS, ALLOW_EVERYONE = "super.users", "allow.everyone.if.no.acl.found"

KNOWN_SECONDS, PAUSE_SECONDS = 2.0, 0.02
"""How long brokers may take to hear of a change, and how often they are asked."""

Removed = tuple[AclBinding, ...] | KafkaToolError
"""What became of a removal: the rules that are gone, or why they are not."""

Key = TypeVar("Key")
Result = TypeVar("Result")


class BrokerAcls:
    """The rules of the cluster behind a session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def describe(self, selected: AclBindingFilter) -> tuple[AclBinding, ...]:
        """Return the rules that a filter selects. Raises KafkaToolError in the broker's words, UnreachableError."""
        # Not by AdminClient: librdkafka 2.16 drops the broker's error, and who may not see the rules would be told that
        # there are none.
        return described(self._session.wire, selected)

    def create(self, bindings: Collection[AclBinding]) -> "dict[AclBinding, KafkaToolError | None]":
        """Add rules; return for each the failure, None where it is there now. Raises UnreachableError."""
        self._session.check_controller(is_written_by_any=True)
        by_wire = [each for each in bindings if _needs_wire(each)]
        rest = [each for each in bindings if not _needs_wire(each)]
        results: dict[AclBinding, KafkaToolError | None] = dict.fromkeys(bindings)
        if rest:
            results |= self._created(rest)
        if by_wire:
            results |= created(self._session.wire, by_wire)
        self._wait_until_known([each for each, error in results.items() if error is None], there=True)
        return results

    def delete(self, filters: Collection[AclBindingFilter]) -> "dict[AclBindingFilter, Removed]":
        """Remove the rules that each filter selects; return which they were, or the failure. Raises UnreachableError.

        A rule that two filters select is told with one of them.
        """
        self._session.check_controller(is_written_by_any=True)
        # A filter for any type goes by wire as well: among the rules that it removes may be some of words that
        # librdkafka has no number for.
        by_wire = [each for each in filters if not _is_known_to_library(each)]
        rest = [each for each in filters if _is_known_to_library(each)]
        results: dict[AclBindingFilter, Removed] = {}
        if rest:
            results |= self._deleted(rest)
        if by_wire:
            results |= deleted(self._session.wire, by_wire)
        gone = [rule for removed in results.values() if not isinstance(removed, KafkaToolError) for rule in removed]
        self._wait_until_known(gone, there=False)
        # In the order of the command line, whichever way each went.
        return {each: results[each] for each in filters}

    def settings(self) -> AuthorizerSettings:
        """Return what a broker tells of its authorizer's settings; what it does not tell is None.

        Brokers hide the values of settings that are not Kafka's own (KafkaConfig.maybeSensitive), as these are: only
        that they are not set can be known.
        """
        from confluent_kafka.admin import ConfigResource

        from kafka_tools.wire.messages import DESCRIBE_QUORUM

        try:
            # With ZooKeeper no version knows ranges of hosts. Without it those before 4.3 do not, either: they take the
            # text for a name, which nobody wrote who meant a host.
            ranges = self._session.wire.supports(DESCRIBE_QUORUM)
            brokers = self._session.metadata().brokers
            resource = ConfigResource(ConfigResource.Type.BROKER, str(min(brokers)))
            asked = self._session.ask_each("DescribeConfigs", lambda admin: admin.describe_configs([resource]))
        except KafkaToolError:  # it is optional, and needs a right of its own
            return AuthorizerSettings()
        [found] = asked.values()
        if isinstance(found, KafkaToolError):
            # Whether ranges of hosts are known follows from the version alone; it needs no right.
            return AuthorizerSettings(ranges=ranges)
        users, everyone = found.get(SUPER_USERS), found.get(ALLOW_EVERYONE)
        return AuthorizerSettings(
            super_users=frozenset() if users is None else read_super_users(users.value),
            allow_everyone=False if everyone is None else read_flag(everyone.value),
            ranges=ranges,
        )

    def malformed(self) -> tuple[str, ...]:
        """Return nothing: brokers send no more than what they understand."""
        return ()

    def _created(self, bindings: Sequence[AclBinding]) -> "dict[AclBinding, KafkaToolError | None]":
        made = [_library_binding(each) for each in bindings]
        results = self._session.change_each("CreateAcls", lambda admin: admin.create_acls(made))
        # AdminClient's answer has its own objects as keys.
        return {ours: results[theirs] for ours, theirs in zip(bindings, made, strict=True)}

    def _deleted(self, filters: Sequence[AclBindingFilter]) -> "dict[AclBindingFilter, Removed]":
        made = [_library_filter(each) for each in filters]
        results = self._session.change_each("DeleteAcls", lambda admin: admin.delete_acls(made))
        found: dict[AclBindingFilter, Removed] = {}
        for ours, theirs in zip(filters, made, strict=True):
            removed = results[theirs]
            found[ours] = removed if isinstance(removed, BrokerError) else tuple(map(_binding, removed))
        return found

    def _wait_until_known(self, bindings: Collection[AclBinding], there: bool) -> None:
        """Wait until the named servers have heard of the change."""
        from kafka_tools.wire.acl_messages import DESCRIBE_ACLS

        if not bindings:
            return
        # The last one is enough: brokers hear of changes in their order.
        [*_, last] = bindings
        question = _wire_filter(AclBindingFilter.exactly(last))

        def is_known(session: "WireSession") -> bool:
            answer = session.ask(DESCRIBE_ACLS, question)
            # Who may change rules need not have the right to see them (DESCRIBE): then there is nothing to wait for.
            return bool(answer["error_code"]) or bool(answer["resources"]) is there

        self._session.wait_until_heard(is_known, KNOWN_SECONDS, PAUSE_SECONDS)


class ControllerAcls:
    """The rules of a cluster, asked of its KRaft controllers (KIP-919), which AdminClient cannot reach."""

    def __init__(self, target: Brokers) -> None:
        self._target = target

    def describe(self, selected: AclBindingFilter) -> tuple[AclBinding, ...]:
        """Return the rules that a filter selects, as any controller knows them. Raises as BrokerAcls does."""
        with self._sessions(self._target.bootstrap_servers) as wire:
            return described(wire, selected)

    def create(self, bindings: Collection[AclBinding]) -> "dict[AclBinding, KafkaToolError | None]":
        """Add rules; return for each the failure. Raises as BrokerAcls does."""
        return self._at_leader(lambda wire: created(wire, list(bindings)))

    def delete(self, filters: Collection[AclBindingFilter]) -> "dict[AclBindingFilter, Removed]":
        """Remove the rules that each filter selects. Raises as BrokerAcls does."""
        return self._at_leader(lambda wire: deleted(wire, list(filters)))

    def settings(self) -> AuthorizerSettings:
        """Return what is known of every cluster with such controllers."""
        return AuthorizerSettings(ranges=True)

    def malformed(self) -> tuple[str, ...]:
        """Return nothing: controllers give no rules that Kafka did not write."""
        return ()

    def _at_leader(self, change: "Callable[[WireSession], dict[Key, Result]]") -> "dict[Key, Result]":
        """Try the controllers one after another: all but the leader refuse a change."""
        servers = self._target.bootstrap_servers.split(",")
        for number, server in enumerate(servers, 1):
            with self._sessions(server) as wire:
                results = change(wire)
            # Only where every rule was refused for that reason: any other answer is that of the leader.
            codes = {error.code if isinstance(error, BrokerError) else 0 for error in results.values()}
            if codes != {NOT_CONTROLLER} or number == len(servers):
                return results
        return {}

    def _sessions(self, servers: str) -> "WireSession":
        from kafka_tools.wire.session import WireSession

        return WireSession(servers, self._target.security, wait_seconds=self._target.wait_seconds)


def described(wire: "WireSession", selected: AclBindingFilter) -> tuple[AclBinding, ...]:
    """Ask for the rules that a filter selects. Raises KafkaToolError in the broker's words."""
    from kafka_tools.wire.acl_messages import DESCRIBE_ACLS

    answer = wire.ask(DESCRIBE_ACLS, _wire_filter(selected))
    check_code(answer["error_code"], answer["error_message"])
    return tuple(
        AclBinding(_pattern(resource), _entry(acl)) for resource in answer["resources"] for acl in resource["acls"]
    )


def created(wire: "WireSession", bindings: Sequence[AclBinding]) -> "dict[AclBinding, KafkaToolError | None]":
    """Ask for rules to be added; return for each the failure."""
    from kafka_tools.wire.acl_messages import CREATE_ACLS

    answer = wire.change(CREATE_ACLS, {"creations": list(map(_creation, bindings))}, _as_it_is)
    return {ours: _error(result) for ours, result in zip(bindings, answer["results"], strict=True)}


def deleted(wire: "WireSession", filters: Sequence[AclBindingFilter]) -> "dict[AclBindingFilter, Removed]":
    """Ask for rules to be removed; return for each filter which they were, or the failure."""
    from kafka_tools.wire.acl_messages import DELETE_ACLS

    answer = wire.change(DELETE_ACLS, {"filters": list(map(_wire_filter, filters))}, _as_it_is)
    found: dict[AclBindingFilter, Removed] = {}
    for each, result in zip(filters, answer["filter_results"], strict=True):
        # A filter may select rules of which some cannot be removed: one failure is enough to tell it as failed.
        errors = filter(None, map(_error, (result, *result["matching_acls"])))
        removed = tuple(AclBinding(_pattern(acl), _entry(acl)) for acl in result["matching_acls"])
        found[each] = next(errors, removed)
    return found


def _as_it_is(answer: "Response") -> "Response":
    """Return an answer as one that every broker may give.

    With ZooKeeper each can write rules itself, without it each passes the request on.
    """
    return answer | {"error_code": 0}


def _needs_wire(wanted: AclBinding | AclBindingFilter) -> bool:
    if isinstance(wanted, AclBinding):
        return bool(ONLY_BY_WIRE & {wanted.pattern.resource_type, wanted.entry.operation})
    return bool(ONLY_BY_WIRE & {wanted.resource_type, wanted.operation})


def _is_known_to_library(selected: AclBindingFilter) -> bool:
    """Tell whether AdminClient can name all that a filter may select: it would take the rest for UNKNOWN."""
    return selected.resource_type is not ResourceType.ANY and not _needs_wire(selected)


def _library_filter(selected: AclBindingFilter) -> Any:
    from confluent_kafka import admin

    make: Any = admin.AclBindingFilter  # its types say that a name, principal and host cannot be None
    kind, name, pattern, principal, host, operation, permission = selected
    return make(
        _library("ResourceType", kind),
        name,
        _library("ResourcePatternType", pattern),
        principal,
        host,
        _library("AclOperation", operation),
        _library("AclPermissionType", permission),
    )


def _library_binding(binding: AclBinding) -> Any:
    from confluent_kafka.admin import AclBinding as LibraryBinding

    pattern, entry = binding
    return LibraryBinding(
        _library("ResourceType", pattern.resource_type),
        pattern.name,
        _library("ResourcePatternType", pattern.pattern_type),
        entry.principal,
        entry.host,
        _library("AclOperation", entry.operation),
        _library("AclPermissionType", entry.permission_type),
    )


def _library(enum: str, word: ResourceType | PatternType | AclOperation | AclPermissionType) -> Any:
    """Return a word of Kafka's as AdminClient has it: its numbers are those of the protocol."""
    from confluent_kafka import admin

    return getattr(admin, enum)(word.value)


def _binding(found: Any) -> AclBinding:
    """Return a rule that AdminClient read."""
    return AclBinding(
        ResourcePattern(TYPES[found.restype_int], found.name, PATTERNS[found.resource_pattern_type_int]),
        AccessControlEntry(
            found.principal, found.host, OPERATIONS[found.operation_int], PERMISSIONS[found.permission_type_int]
        ),
    )


def _wire_filter(selected: AclBindingFilter) -> dict[str, Any]:
    return {
        "resource_type_filter": selected.resource_type.value,
        "resource_name_filter": selected.name,
        "pattern_type_filter": selected.pattern_type.value,
        "principal_filter": selected.principal,
        "host_filter": selected.host,
        "operation": selected.operation.value,
        "permission_type": selected.permission_type.value,
    }


def _creation(binding: AclBinding) -> dict[str, Any]:
    pattern, entry = binding
    return {
        "resource_type": pattern.resource_type.value,
        "resource_name": pattern.name,
        "resource_pattern_type": pattern.pattern_type.value,
        "principal": entry.principal,
        "host": entry.host,
        "operation": entry.operation.value,
        "permission_type": entry.permission_type.value,
    }


def _pattern(read: "Response") -> ResourcePattern:
    """Return a pattern from a broker's answer; what is newer than this table of words is UNKNOWN."""
    return ResourcePattern(
        TYPES.get(read["resource_type"], ResourceType.UNKNOWN),
        read["resource_name"],
        PATTERNS.get(read["pattern_type"], PatternType.UNKNOWN),
    )


def _entry(read: "Response") -> AccessControlEntry:
    return AccessControlEntry(
        read["principal"],
        read["host"],
        OPERATIONS.get(read["operation"], AclOperation.UNKNOWN),
        PERMISSIONS.get(read["permission_type"], AclPermissionType.UNKNOWN),
    )


def _error(result: "Response") -> KafkaToolError | None:
    code = result["error_code"]
    return BrokerError(code, result["error_message"]) if code else None
