"""What the rules mean, against a slow and plain telling of Kafka's own words on them."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.model.acls import (
    SUPPORTED_OPERATIONS,
    AccessControlEntry,
    AclBinding,
    AclOperation,
    AclPermissionType,
    AuthorizerSettings,
    PatternType,
    ResourcePattern,
    ResourceType,
)
from kafka_tools.model.authorizer import Action, Decision, Reason, accesses, decide

CLOSED = AuthorizerSettings(frozenset(), allow_everyone=False)
NAMES = st.sampled_from(["*", "a", "ab", "abc", "b"])
HOSTS = st.sampled_from(["*", "10.0.0.1", "10.0.0.0/8"])
PRINCIPALS = st.sampled_from(["User:*", "User:a", "User:b"])
OPERATIONS = st.sampled_from([*SUPPORTED_OPERATIONS[ResourceType.TOPIC], AclOperation.ALL])
RULES = st.builds(
    AclBinding,
    st.builds(
        ResourcePattern,
        st.sampled_from([ResourceType.TOPIC, ResourceType.GROUP]),
        NAMES,
        st.sampled_from([PatternType.LITERAL, PatternType.PREFIXED]),
    ),
    st.builds(AccessControlEntry, PRINCIPALS, HOSTS, OPERATIONS, st.sampled_from(list(AclPermissionType)[2:])),
)
ACTIONS = st.builds(
    Action,
    st.sampled_from(["User:a", "User:b", "Team:a"]),
    st.sampled_from(SUPPORTED_OPERATIONS[ResourceType.TOPIC]),
    st.just(ResourceType.TOPIC),
    st.sampled_from(["a", "ab", "abc", "abcd", "b", "c"]),
    st.sampled_from([None, "10.0.0.1", "10.1.2.3", "11.0.0.1"]),
)
SETTINGS = st.builds(
    AuthorizerSettings,
    st.sampled_from([None, frozenset[str](), frozenset({"User:b"})]),
    st.sampled_from([None, True, False]),
    st.booleans(),
)


def rule(text: str) -> AclBinding:
    """Return the rule `allow User:a Read abc*` (a prefix), `deny User:* All abc 10.0.0.1`."""
    permission, principal, operation, name, *host = text.split()
    prefixed = name.endswith("*") and name != "*"
    pattern_type = PatternType.PREFIXED if prefixed else PatternType.LITERAL
    pattern = ResourcePattern(ResourceType.TOPIC, name.rstrip("*") if prefixed else name, pattern_type)
    entry = AccessControlEntry(
        principal, (host or ["*"])[0], AclOperation[operation.upper()], AclPermissionType[permission.upper()]
    )
    return AclBinding(pattern, entry)


def action(text: str) -> Action:
    principal, operation, name, *host = text.split()
    return Action(principal, AclOperation[operation.upper()], ResourceType.TOPIC, name, (host or [None])[0])


def plainly(asked: Action, rules: list[AclBinding], settings: AuthorizerSettings) -> bool | None:
    """Decide once more, by Kafka's documentation (Authorization and ACLs) word for word."""
    if asked.principal in (settings.super_users or ()):
        return True
    about = [
        (name, kind, entry)
        for (resource, name, kind), entry in rules
        if (
            resource is asked.resource_type
            and ((kind is PatternType.PREFIXED and asked.name[: len(name)] == name) or name == asked.name)
        )
        or (resource, name, kind) == (asked.resource_type, "*", PatternType.LITERAL)
    ]
    if not about:
        return settings.allow_everyone
    said = set()
    for *_, (principal, host, operation, permission) in about:
        if principal not in (asked.principal, "User:*"):
            continue
        if host != "*":
            if asked.host is None:
                continue
            in_range = "/" in host and ipaddress.ip_address(asked.host) in ipaddress.ip_network(host)
            if asked.host != host and not (settings.ranges and in_range):
                continue
        implied = {"DESCRIBE": "READ WRITE DELETE ALTER", "DESCRIBE_CONFIGS": "ALTER_CONFIGS"}
        others = implied.get(asked.operation.name, "").split() if permission.name == "ALLOW" else []
        if operation.name in ("ALL", asked.operation.name, *others):
            said.add(permission.name)
    return "DENY" not in said and "ALLOW" in said


@given(ACTIONS, st.lists(RULES, max_size=8), SETTINGS)
def test_decisions_are_those_of_kafkas_documentation(
    asked: Action, rules: list[AclBinding], settings: AuthorizerSettings
) -> None:
    decision = decide(asked, rules, settings)
    assert decision.allowed is plainly(asked, rules, settings)
    assert (decision.rule is not None) is (decision.reason in (Reason.ALLOW, Reason.DENY))


@given(ACTIONS, st.lists(RULES, max_size=8), SETTINGS, RULES)
def test_one_more_denial_never_opens_anything(
    asked: Action, rules: list[AclBinding], settings: AuthorizerSettings, more: AclBinding
) -> None:
    denial = more._replace(entry=more.entry._replace(permission_type=AclPermissionType.DENY))
    before, after = (decide(asked, each, settings).allowed for each in (rules, [*rules, denial]))
    assert before is not False or after is False


@given(ACTIONS, st.lists(RULES, max_size=8), SETTINGS)
def test_the_rule_that_decides_decides_alone(
    asked: Action, rules: list[AclBinding], settings: AuthorizerSettings
) -> None:
    decision = decide(asked, rules, settings)
    if decision.rule is not None:
        assert decision.rule in rules
        assert decide(asked, [decision.rule], settings) == decision


@given(st.lists(RULES, max_size=8), st.sampled_from(["a", "abc", "c"]))
def test_who_agrees_with_can(rules: list[AclBinding], name: str) -> None:
    for access in accesses(ResourceType.TOPIC, name, rules, CLOSED):
        for operation in SUPPORTED_OPERATIONS[ResourceType.TOPIC]:
            asked = Action(access.principal, operation, ResourceType.TOPIC, name, access.host)
            assert decide(asked, rules, CLOSED).allowed is (operation in access.operations)


@pytest.mark.parametrize(
    ("asked", "rules", "allowed"),
    [
        ("User:a Describe abc", ["allow User:a Read abc"], True),
        ("User:a Describe abc", ["deny User:a Read abc", "allow User:a Write abc"], True),
        ("User:a Read abc", ["allow User:a Read ab*"], True),
        ("User:a Read abc", ["allow User:a Read ab"], False),
        ("User:a Read abc", ["allow User:a All *", "deny User:* Read a*"], False),
        ("User:a Read abc 10.0.0.1", ["allow User:a Read abc", "deny User:a Read abc 10.0.0.1"], False),
        ("User:a Read abc", ["allow User:a Read abc", "deny User:a Read abc 10.0.0.1"], True),
        ("Team:a Read abc", ["allow User:* Read abc"], True),
        ("User:A Read abc", ["allow User:a Read abc"], False),
    ],
)
def test_examples(asked: str, rules: list[str], allowed: bool) -> None:
    assert decide(action(asked), map(rule, rules), CLOSED).allowed is allowed


def test_what_is_not_known_is_not_guessed() -> None:
    unknown = AuthorizerSettings()
    assert decide(action("User:a Read abc"), [], unknown) == Decision(None, Reason.NO_RULE)
    assert decide(action("User:a Read abc"), [rule("allow User:b Read abc")], unknown).allowed is False


@pytest.mark.parametrize("host", ["10.0.0.0/77", "x/8", "10.0.0.1/x"])
def test_what_is_no_range_is_a_name_of_nobody(host: str) -> None:
    rules = [rule(f"allow User:a Read abc {host}")]
    assert decide(action("User:a Read abc 10.0.0.1"), rules, CLOSED._replace(ranges=True)).allowed is False
