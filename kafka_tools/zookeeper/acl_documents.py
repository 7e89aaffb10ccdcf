"""Reads and writes the znodes of rules byte for byte as Kafka 2.8.2 does (kafka.zk.ZkData, kafka.security AclEntry)."""

from collections.abc import Iterable, Mapping
from typing import Any

from kafka_tools.model.acls import (
    AccessControlEntry,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourcePattern,
)
from kafka_tools.zookeeper.documents import encoded, parsed, refuse, text_of

VERSION = 1

OPERATIONS = {each.title.upper(): each for each in AclOperation}
PERMISSIONS = {each.title.upper(): each for each in AclPermissionType}


def read_acls(path: str, data: bytes | None) -> list[tuple[AccessControlEntry, Mapping[str, Any]]]:
    """Read the rules for one pattern, each with the JSON that it stands as; None or no data gives none.

    An operation that is newer than this program is UNKNOWN. Raises MalformedZnodeError. Source: AclEntry.fromBytes.
    """
    if not data:
        return []
    document = parsed(path, data)
    rules = document.get("acls")
    if document.get("version") != VERSION:
        refuse(path, "version", document.get("version"))
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        refuse(path, "acls", rules)
    return [(_acl_entry(path, rule), rule) for rule in rules]


# {"principal":"User:alice","permissionType":"Allow","operation":"Read","host":"*"}
def _acl_entry(path: str, rule: Mapping[str, Any]) -> AccessControlEntry:
    principal, host, operation, permission = (
        text_of(path, field, rule.get(field)) for field in ("principal", "host", "operation", "permissionType")
    )
    if ":" not in principal:
        refuse(path, "principal", principal)
    # Kafka takes `ALTER_CONFIGS`'s title and `ALTERCONFIGS`, its capitals (SecurityUtils.valueFromMap).
    return AccessControlEntry(
        principal,
        host,
        OPERATIONS.get(operation.upper(), AclOperation.UNKNOWN),
        PERMISSIONS.get(permission.upper(), AclPermissionType.UNKNOWN),
    )


def encode_acls(rules: Iterable[Mapping[str, Any]]) -> bytes:
    """Write the JSON of the rules for one pattern (ResourceZNode.encode)."""
    return encoded({"version": VERSION, "acls": list(rules)})


def acl_rule(entry: AccessControlEntry) -> dict[str, str]:
    """Return one rule as it stands in the JSON (AclEntry.toMap)."""
    return {
        "principal": entry.principal,
        "permissionType": entry.permission_type.title,
        "operation": entry.operation.title,
        "host": entry.host,
    }


def encode_acl_change(pattern: ResourcePattern) -> bytes:
    """Write the notification that tells brokers for which pattern rules changed (kafka.zk.ZkAclChangeStore)."""
    kind, name, pattern_type = pattern
    # The two stores write differently: that of literal patterns is older than patterns with a type (KIP-290).
    if pattern_type is PatternType.LITERAL:
        return f"{kind.name}:{name}".encode()
    return encoded({"version": VERSION, "resourceType": kind.name, "name": name, "patternType": pattern_type.name})
