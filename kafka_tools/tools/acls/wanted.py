"""What the options of `ktools acls` ask for: rules to add or remove, and resources to look at.

Source: kafka.admin.AclCommand 3.9 (getResourceToAcls, getResourceFilterToAcls and what they call).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError, UsageError, nearest
from kafka_tools.model.acls import (
    CLUSTER_NAME,
    SUPPORTED_OPERATIONS,
    WILDCARD,
    AccessControlEntry,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourcePattern,
    ResourceType,
    check_principal,
)

Entries = Mapping[ResourcePattern, tuple[AccessControlEntry, ...]]
"""The entries for each resource; the pattern may be one of a filter, with the type ANY or MATCH."""

NO_RESOURCE = (
    "You must provide at least one resource: --topic <topic> or --cluster or --group <group> "
    "or --delegation-token <Delegation Token ID>"
)
NO_PRINCIPAL = "You must specify one of: --allow-principal, --deny-principal when trying to add ACLs."

PRODUCER = (AclOperation.WRITE, AclOperation.CREATE, AclOperation.DESCRIBE)
TRANSACTIONAL_PRODUCER = (AclOperation.WRITE, AclOperation.DESCRIBE)
CONSUMER = (AclOperation.READ, AclOperation.DESCRIBE)
"""What the roles may do with topics and transactional ids; consumers also READ their groups."""

PASCAL_CASE = {each.title.upper(): each for each in AclOperation}


class Resources(NamedTuple):
    """The resources that options name."""

    topics: tuple[str, ...] = ()
    cluster: bool = False
    groups: tuple[str, ...] = ()
    transactional_ids: tuple[str, ...] = ()
    delegation_tokens: tuple[str, ...] = ()
    user_principals: tuple[str, ...] = ()
    pattern_type: PatternType = PatternType.LITERAL
    idempotent: bool = False

    def patterns(self) -> tuple[ResourcePattern, ...]:
        """Return a pattern for each; the cluster has none where another type of pattern than LITERAL is asked for."""
        # In the order of AclCommand.getResourceFilter, which is that of its lines as long as there are four at most.
        named = (
            (ResourceType.TOPIC, map(str.strip, self.topics)),
            (ResourceType.CLUSTER, [CLUSTER_NAME] if self._has_cluster else []),
            (ResourceType.GROUP, map(str.strip, self.groups)),
            (ResourceType.TRANSACTIONAL_ID, self.transactional_ids),  # which AclCommand alone does not trim
            (ResourceType.DELEGATION_TOKEN, map(str.strip, self.delegation_tokens)),
            (ResourceType.USER, map(str.strip, self.user_principals)),
        )
        found = (ResourcePattern(kind, name, self.pattern_type) for kind, names in named for name in names)
        return tuple(dict.fromkeys(found))

    @property
    def _has_cluster(self) -> bool:
        return self.pattern_type is PatternType.LITERAL and (self.cluster or self.idempotent)

    def filters(self) -> tuple[AclBindingFilter, ...]:
        """Return the filters of the rules about them, of all rules where none is named."""
        # Without resources --list means all rules; --remove is refused before, as it would delete them all.
        return tuple(AclBindingFilter(*pattern) for pattern in self.patterns()) or (AclBindingFilter(),)


class Who(NamedTuple):
    """Principals and hosts that rules name; the hosts of principals without any are all of them."""

    allow_principals: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    deny_principals: tuple[str, ...] = ()
    deny_hosts: tuple[str, ...] = ()

    def entries(self, operations: Iterable[AclOperation]) -> tuple[AccessControlEntry, ...]:
        """Return an entry for each principal, host and operation. Raises KafkaToolError for what is no principal."""
        operations = tuple(operations)
        allow, deny = AclPermissionType.ALLOW, AclPermissionType.DENY
        return (
            *_entries(self.allow_principals, self.allow_hosts, operations, allow),
            *_entries(self.deny_principals, self.deny_hosts, operations, deny),
        )


class Rules(NamedTuple):
    """The rules that options describe."""

    resources: Resources
    who: Who = Who()
    operations: tuple[str, ...] = ()
    producer: bool = False
    consumer: bool = False

    def by_pattern(self) -> Entries:
        """Return the entries for each resource; no entries means all that there are, where rules are removed.

        Raises UsageError for no resource, and for an operation that a resource does not have.
        """
        patterns = self.resources.patterns()
        if not patterns:
            raise UsageError(NO_RESOURCE)
        # Either, never both: AclCommand refuses --operation beside a role.
        found = self._of_roles(patterns) if self.producer or self.consumer else self._of_options(patterns)
        for pattern, entries in found.items():
            self._check_operations(pattern.resource_type, entries)
        return found

    def to_add(self) -> Entries:
        """Return the entries for each resource, as `by_pattern`. Raises UsageError where no principal is named, too."""
        # ANY and MATCH are for filters: a rule that is stored is LITERAL or PREFIXED.
        if not self.resources.pattern_type.is_specific:
            name = self.resources.pattern_type.name
            raise UsageError(f"A '--resource-pattern-type' value of '{name}' is not valid when adding acls.")
        found = self.by_pattern()
        # Of a resource without entries --remove takes all rules away; to add none is a mistake.
        if not all(found.values()):
            raise UsageError(NO_PRINCIPAL)
        return found

    def unused(self) -> tuple[str, ...]:
        """Return the options that say nothing, as no principal stands beside them: Apache's tool takes them all the
        same, and removes all rules of the resource."""
        given = {"--allow-host": self.who.allow_hosts, "--deny-host": self.who.deny_hosts}
        given |= {"--operation": self.operations}
        nobody = not (self.who.allow_principals or self.who.deny_principals)
        return tuple(name for name, values in given.items() if values and nobody)

    def _of_options(self, patterns: Sequence[ResourcePattern]) -> Entries:
        # Unknown words stay in as UNKNOWN: the check of each resource then tells which operations it has, in Apache's
        # words.
        operations = [operation_named(text) for text in self.operations] or [AclOperation.ALL]
        entries = self.who.entries(dict.fromkeys(operations))
        return dict.fromkeys(patterns, entries)

    def _of_roles(self, patterns: Sequence[ResourcePattern]) -> Entries:
        """Return the entries of a producer, a consumer or both; other resources are left out, as Apache does."""
        wanted: dict[ResourcePattern, list[AclOperation]] = {}
        for pattern in patterns:
            kind = pattern.resource_type
            operations = [*(self._produces(kind) if self.producer else ()), *(_consumes(kind) if self.consumer else ())]
            if operations:
                wanted[pattern] = operations
        return {pattern: self.who.entries(dict.fromkeys(operations)) for pattern, operations in wanted.items()}

    def _check_operations(self, kind: ResourceType, entries: Iterable[AccessControlEntry]) -> None:
        supported = (*SUPPORTED_OPERATIONS[kind], AclOperation.ALL)
        if any(entry.operation not in supported for entry in entries):
            names = [each.title for each in supported]
            near = [name for text in self.operations if text.title() not in names for name in nearest(text, names)]
            hint = f"Did you mean {near[0]}?" if near else ""
            raise UsageError(f"ResourceType {kind.name} only supports operations {', '.join(names)}", hint)

    def _produces(self, kind: ResourceType) -> Sequence[AclOperation]:
        # Kafka before 2.8 asks for it on the cluster; later WRITE on any topic is enough (KIP-679).
        if kind is ResourceType.CLUSTER and self.resources.idempotent:
            return (AclOperation.IDEMPOTENT_WRITE,)
        by_kind = {ResourceType.TOPIC: PRODUCER, ResourceType.TRANSACTIONAL_ID: TRANSACTIONAL_PRODUCER}
        return by_kind.get(kind, ())


def operation_named(text: str) -> AclOperation:
    """Return the operation of this name (`DescribeConfigs`), UNKNOWN where there is none.

    Raises KafkaToolError for ANY, which no rule can have.
    """
    found = PASCAL_CASE.get(text.strip().upper(), AclOperation.UNKNOWN)
    if found is AclOperation.ANY:
        raise KafkaToolError("operation must not be ANY")
    return found


def _consumes(kind: ResourceType) -> Sequence[AclOperation]:
    return {ResourceType.TOPIC: CONSUMER, ResourceType.GROUP: (AclOperation.READ,)}.get(kind, ())


def _entries(
    principals: Sequence[str], hosts: Sequence[str], operations: Sequence[AclOperation], permission: AclPermissionType
) -> tuple[AccessControlEntry, ...]:
    # Dicts in place of sets: they keep the order of the command line, and Java's order is that of addresses in memory.
    named = dict.fromkeys(check_principal(each.strip()) for each in principals)
    where = dict.fromkeys(host.strip() for host in hosts) or {WILDCARD: None}
    return tuple(
        AccessControlEntry(principal, host, operation, permission)
        for principal in named
        for operation in operations
        for host in where
    )
