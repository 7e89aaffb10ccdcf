"""The znodes of rules: byte for byte as Kafka 2.8.2 wrote them, and no traceback for any text."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.model.acls import (
    AccessControlEntry,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourcePattern,
    ResourceType,
)
from kafka_tools.zookeeper.acl_documents import acl_rule, encode_acl_change, encode_acls, read_acls
from kafka_tools.zookeeper.documents import MalformedZnodeError

PATH = "/kafka-acl/Topic/orders"
READ = AccessControlEntry("User:CN=a, O=ü", "*", AclOperation.READ, AclPermissionType.ALLOW)
NO_CONFIGS = AccessControlEntry("User:bob", "10.0.0.1", AclOperation.ALTER_CONFIGS, AclPermissionType.DENY)
WRITTEN = (
    '{"version":1,"acls":[{"principal":"User:CN=a, O=ü","permissionType":"Allow","operation":"Read","host":"*"},'
    '{"principal":"User:bob","permissionType":"Deny","operation":"AlterConfigs","host":"10.0.0.1"}]}'
).encode()


def test_rules_are_written_and_read_as_kafka_does() -> None:
    assert encode_acls(map(acl_rule, (READ, NO_CONFIGS))) == WRITTEN
    assert [entry for entry, _ in read_acls(PATH, WRITTEN)] == [READ, NO_CONFIGS]


def test_a_rule_that_is_newer_stays_as_it_is() -> None:
    newer = WRITTEN.replace(b'"Read"', b'"Admire"')
    rules = read_acls(PATH, newer)
    assert rules[0][0].operation is AclOperation.UNKNOWN
    assert encode_acls(rule for _, rule in rules) == newer


def test_capitals_are_read_as_kafka_reads_them() -> None:
    [(entry, _), _] = read_acls(PATH, WRITTEN.replace(b'"Read"', b'"READ"').replace(b'"Allow"', b'"ALLOW"'))
    assert entry == READ


def test_notifications_are_those_of_kafka() -> None:
    literal = ResourcePattern(ResourceType.TRANSACTIONAL_ID, "a:b", PatternType.LITERAL)
    assert encode_acl_change(literal) == b"TRANSACTIONAL_ID:a:b"
    assert encode_acl_change(literal._replace(pattern_type=PatternType.PREFIXED)) == (
        b'{"version":1,"resourceType":"TRANSACTIONAL_ID","name":"a:b","patternType":"PREFIXED"}'
    )


@pytest.mark.parametrize("data", [None, b""])
def test_a_znode_without_data_has_no_rules(data: bytes | None) -> None:
    assert read_acls(PATH, data) == []


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"no json", "it holds no JSON (b'no json')"),
        (b'{"version":2,"acls":[]}', "version is 2"),
        (b'{"acls":[]}', "it has no version"),
        (b'{"version":1,"acls":{}}', "acls is {}"),
        (b'{"version":1,"acls":[7]}', "acls is [7]"),
        (b'{"version":1,"acls":[{}]}', "it has no principal"),
        (WRITTEN.replace(b"User:bob", b"bob"), 'principal is "bob"'),
        (WRITTEN.replace(b'"10.0.0.1"', b"null"), "it has no host"),
    ],
)
def test_what_kafka_did_not_write_is_named(data: bytes, why: str) -> None:
    with pytest.raises(MalformedZnodeError) as raised:
        read_acls(PATH, data)
    assert raised.value.message == f"The znode {PATH} is not as Kafka writes it: {why}."


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda each: str(each).encode()))
def test_any_bytes_are_rules_or_malformed(data: bytes) -> None:
    with suppress(MalformedZnodeError):
        read_acls(PATH, data)
