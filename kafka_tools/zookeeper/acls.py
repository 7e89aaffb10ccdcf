"""Reads, adds and removes the rules of a cluster's authorizer in ZooKeeper, as Kafka 2.8.2 does (AclAuthorizer).

Rules for literal patterns stand in /kafka-acl/TYPE/NAME, those for prefixes in /kafka-acl-extended/prefixed/TYPE/NAME,
and brokers read them when a notification stands in /kafka-acl-changes or /kafka-acl-extended-changes.
Source: kafka.security.authorizer.AclAuthorizer, kafka.zk.ZkAclStore.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.acls import (
    AccessControlEntry,
    AclBinding,
    AclBindingFilter,
    AuthorizerSettings,
    PatternType,
    ResourcePattern,
    ResourceType,
)
from kafka_tools.zookeeper.acl_documents import acl_rule, encode_acl_change, encode_acls, read_acls
from kafka_tools.zookeeper.documents import MalformedZnodeError
from kafka_tools.zookeeper.session import check_chroot
from kafka_tools.zookeeper.transactions import change, create_parents, write
from kafka_tools.zookeeper.znodes import Znodes, is_znode_name

ROOTS = {PatternType.LITERAL: "/kafka-acl", PatternType.PREFIXED: "/kafka-acl-extended/prefixed"}
CHANGES = {PatternType.LITERAL: "/kafka-acl-changes", PatternType.PREFIXED: "/kafka-acl-extended-changes"}
TYPES = tuple(each for each in ResourceType if each not in (ResourceType.UNKNOWN, ResourceType.ANY))

PATTERNS_A_TRANSACTION = 200
"""How many patterns are changed together. A server hangs up on a request above 1 MB (jute.maxbuffer)."""


class Rules(NamedTuple):
    """The rules for one pattern, each with the JSON that it stands as; `version` None: there is no such znode."""

    pattern: ResourcePattern
    version: int | None
    rules: Sequence[tuple[AccessControlEntry, Mapping[str, Any]]]


class ZooKeeperAcls:
    """The rules of a cluster, through an open session with its ZooKeeper (kazoo).

    A change is one transaction of the znodes of its patterns and their notifications: wholly made or not at all. Where
    others change the same znodes at the same time, it is tried again with what stands there then.
    """

    def __init__(self, client: Any) -> None:
        self._client, self._znodes = client, Znodes(client)
        self._malformed: dict[str, str] = {}

    def describe(self, selected: AclBindingFilter) -> tuple[AclBinding, ...]:
        """Return the rules that a filter selects; what Kafka did not write is left out, and `malformed` names it."""
        # Without a cluster there are no rules either: a mistyped chroot would be told as an empty list.
        check_chroot(self._client)
        patterns = self._patterns([selected])
        paths = [_path(pattern) for pattern in patterns]
        found: list[AclBinding] = []
        for pattern, path, data in zip(patterns, paths, self._znodes.data(paths), strict=True):
            try:
                rules = read_acls(path, data)
            except MalformedZnodeError as error:
                self._malformed[path] = f"{error.message.removesuffix('.')}; its rules are left out."
                continue
            found += [binding for entry, _ in rules if selected.matches(binding := AclBinding(pattern, entry))]
        return tuple(found)

    def create(self, bindings: Collection[AclBinding]) -> "Mapping[AclBinding, KafkaToolError | None]":
        """Add rules; return for each the failure, None where it is there now.

        Raises KafkaToolError where the connection broke so that nobody can tell whether they are.
        """
        # All rules of a pattern stand in one znode: two of them must not become two transactions.
        wanted: dict[ResourcePattern, list[AccessControlEntry]] = {}
        for pattern, entry in dict.fromkeys(bindings):
            wanted.setdefault(pattern, []).append(entry)

        def with_new(there: Rules) -> Sequence[Mapping[str, Any]]:
            # The JSON of rules that are there stays as it is, with fields that only a newer Kafka knows.
            have = {entry for entry, _ in there.rules}
            added = [acl_rule(entry) for entry in wanted[there.pattern] if entry not in have]
            return [*(rule for _, rule in there.rules), *added]

        failures = self._change(tuple(wanted), with_new)
        return {binding: failures.get(binding.pattern) for binding in bindings}

    def delete(
        self, filters: Collection[AclBindingFilter]
    ) -> "Mapping[AclBindingFilter, tuple[AclBinding, ...] | KafkaToolError]":
        """Remove the rules that each filter selects; return which they were, or the failure. Raises as `create`.

        A rule that two filters select is told with the first of them (AclAuthorizer.deleteAcls).
        """
        removed: dict[ResourcePattern, dict[AclBinding, AclBindingFilter]] = {}

        def without(there: Rules) -> Sequence[Mapping[str, Any]]:
            gone = removed[there.pattern] = {}
            kept = []
            for entry, rule in there.rules:
                binding = AclBinding(there.pattern, entry)
                by = next((each for each in filters if each.matches(binding)), None)
                if by is None:
                    kept.append(rule)
                else:
                    gone[binding] = by
            return kept

        failures = self._change(self._patterns(filters), without)
        results: dict[AclBindingFilter, tuple[AclBinding, ...] | KafkaToolError] = {}
        for each in filters:
            failed = [error for pattern, error in failures.items() if each.matches_pattern(pattern)]
            rules = (rule for gone in removed.values() for rule, by in gone.items() if by == each)
            results[each] = failed[0] if failed else tuple(rules)
        return results

    def settings(self) -> AuthorizerSettings:
        """Return that nothing is known: the authorizer's settings stand in each broker's own file."""
        return AuthorizerSettings()

    def malformed(self) -> tuple[str, ...]:
        """Return sentences about the znodes read so far that Kafka did not write."""
        return tuple(self._malformed.values())

    def _patterns(self, filters: Collection[AclBindingFilter]) -> tuple[ResourcePattern, ...]:
        """Return the patterns whose rules any of the filters can select, each once."""
        named: dict[ResourcePattern, None] = {}
        asked = []
        for kind in ROOTS:
            for each in TYPES:
                of_type = [one for one in filters if _can_be(one, each, kind)]
                # A filter for a type and a name needs no list of names, and there may be thousands.
                named |= {
                    ResourcePattern(each, one.name, kind): None for one in of_type if _names_one(one) and one.name
                }
                if any(not _names_one(one) for one in of_type):
                    asked.append((each, kind, self._znodes.ask_for_children(f"{ROOTS[kind]}/{each.title}")))
        for each, kind, children in asked:
            patterns = (ResourcePattern(each, name, kind) for name in children() or ())
            named |= {one: None for one in patterns if any(wanted.matches_pattern(one) for wanted in filters)}
        return tuple(named)

    def _change(
        self, patterns: Sequence[ResourcePattern], rules_of: Callable[[Rules], Sequence[Mapping[str, Any]]]
    ) -> dict[ResourcePattern, KafkaToolError]:
        """Give patterns other rules, as many at once as one transaction takes; return those that failed, and why."""
        check_chroot(self._client)
        failures: dict[ResourcePattern, KafkaToolError] = {}
        for start in range(0, len(patterns), PATTERNS_A_TRANSACTION):
            some = patterns[start : start + PATTERNS_A_TRANSACTION]
            try:
                self._change_together(some, rules_of)
            # What cannot be read cannot be written either: what stands there would be lost.
            except MalformedZnodeError as error:
                failures |= dict.fromkeys(some, error)
        return failures

    def _change_together(
        self, patterns: Sequence[ResourcePattern], rules_of: Callable[[Rules], Sequence[Mapping[str, Any]]]
    ) -> None:
        def attempt() -> tuple[Any, None]:
            transaction = self._client.transaction()
            changed = []
            for there in self._read(patterns):
                rules = rules_of(there)
                # A znode that stays as it is gets no write and no notification, which would have every broker read it
                # again.
                if len(rules) != len(there.rules):
                    changed.append((there, rules))
            pattern_types = {there.pattern.pattern_type for there, _ in changed}
            above = [*(_path(there.pattern) for there, _ in changed), *(f"{CHANGES[each]}/" for each in pattern_types)]
            create_parents(transaction, above)
            for there, rules in changed:
                _write(transaction, there, rules)
            return transaction, None

        shown = f"{patterns[0].resource_type.name.lower()} '{patterns[0].name}'"
        others = f" and {len(patterns) - 1} others" if len(patterns) > 1 else ""
        change(f"the rules for {shown}{others}", "changed", attempt, tells="ktools acls --list")

    def _read(self, patterns: Iterable[ResourcePattern]) -> Iterator[Rules]:
        from kazoo.exceptions import NoNodeError

        # One by one: the reader of multiRead drops the version by which the write checks that nobody wrote in between.
        asked = [(pattern, path := _path(pattern), self._client.get_async(path)) for pattern in patterns]
        for pattern, path, answer in asked:
            try:
                data, stat = answer.get()
            except NoNodeError:
                yield Rules(pattern, None, ())
            else:
                yield Rules(pattern, stat.version, read_acls(path, data))


def _write(transaction: Any, there: Rules, rules: Sequence[Mapping[str, Any]]) -> None:
    """Add the writing of one pattern's rules, or the deletion of its znode, and the notification."""
    path, changes = _path(there.pattern), CHANGES[there.pattern.pattern_type]
    if rules:
        write(transaction, path, encode_acls(rules), there.version)
    else:
        # AclAuthorizer deletes the znode of a pattern without rules, too.
        transaction.delete(path, there.version)
    transaction.create(f"{changes}/acl_changes_", encode_acl_change(there.pattern), sequence=True)


def _can_be(selected: AclBindingFilter, resource_type: ResourceType, pattern_type: PatternType) -> bool:
    return selected.resource_type in (ResourceType.ANY, resource_type) and (
        not selected.pattern_type.is_specific or selected.pattern_type is pattern_type
    )


def _names_one(selected: AclBindingFilter) -> bool:
    """Tell whether a filter selects rules of patterns with one name only (ResourcePatternFilter.matchesAtMostOne)."""
    return selected.name is not None and selected.pattern_type is not PatternType.MATCH


def _path(pattern: ResourcePattern) -> str:
    """Return the znode of a pattern's rules. Raises UsageError for a name that no znode can have."""
    name = pattern.name
    if not is_znode_name(name):  # Kafka writes names as they are
        raise UsageError(f"'{name}' cannot be a name in ZooKeeper.")
    return f"{ROOTS[pattern.pattern_type]}/{pattern.resource_type.title}/{name}"
