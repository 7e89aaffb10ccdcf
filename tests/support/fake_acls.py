"""A cluster's rules in memory: what the actions of `ktools acls` need of a back end."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pytest

from kafka_tools.errors import BrokerError, KafkaToolError
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
)
from kafka_tools.tools.acls import asking, changing, listing


def rule(resource: str, words: str) -> AclBinding:
    """Return the rule of `topic orders*` (a prefix), and `allow User:a Read 10.0.0.1`."""
    kind, _, name = resource.partition(" ")
    prefixed = name.endswith("*") and name != "*"
    pattern_type = PatternType.PREFIXED if prefixed else PatternType.LITERAL
    permission, principal, operation, *host = words.split()
    return AclBinding(
        ResourcePattern(ResourceType[kind.upper()], name.rstrip("*") if prefixed else name, pattern_type),
        AccessControlEntry(
            principal, (host or ["*"])[0], AclOperation[operation.upper()], AclPermissionType[permission.upper()]
        ),
    )


class FakeAcls:
    """Serves the protocol; `refused` are names of resources whose rules cannot be changed, with the words."""

    def __init__(self, *rules: AclBinding) -> None:
        self.rules = list(rules)
        self.refused: dict[str, BrokerError] = {}
        self.known = AuthorizerSettings(frozenset({"User:root"}), allow_everyone=False)
        self.failure: BrokerError | None = None
        self.left_out: tuple[str, ...] = ()

    def describe(self, selected: AclBindingFilter) -> tuple[AclBinding, ...]:
        if self.failure is not None:
            raise self.failure
        return tuple(filter(selected.matches, self.rules))

    def create(self, bindings: Collection[AclBinding]) -> dict[AclBinding, KafkaToolError | None]:
        results: dict[AclBinding, KafkaToolError | None] = {
            each: self.refused.get(each.pattern.name) for each in bindings
        }
        self.rules += [each for each, error in results.items() if error is None and each not in self.rules]
        return results

    def delete(
        self, filters: Collection[AclBindingFilter]
    ) -> dict[AclBindingFilter, tuple[AclBinding, ...] | KafkaToolError]:
        results: dict[AclBindingFilter, tuple[AclBinding, ...] | KafkaToolError] = {}
        for each in filters:
            results[each] = self.refused.get(each.name or "") or self.describe(each)
            self.rules = [rule for rule in self.rules if each.name in self.refused or not each.matches(rule)]
        return results

    def settings(self) -> AuthorizerSettings:
        return self.known

    def malformed(self) -> tuple[str, ...]:
        return self.left_out


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeAcls:
    """A cluster with two rules, which the tool is given whatever it is called with."""
    acls = FakeAcls(rule("topic orders", "allow User:a Read"), rule("topic ord*", "deny User:b All 10.0.0.1"))

    @contextmanager
    def opened(_: object) -> Iterator[FakeAcls]:
        yield acls

    for module in (asking, changing, listing):
        monkeypatch.setattr(module, "open_acls", opened)
    return acls
