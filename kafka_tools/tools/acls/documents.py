"""Reads the rules that `--export` writes: JSON, or YAML where PyYAML is installed."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from kafka_tools.errors import KafkaToolError, nearest
from kafka_tools.model.acls import (
    SUPPORTED_OPERATIONS,
    AccessControlEntry,
    AclBinding,
    AclOperation,
    AclPermissionType,
    PatternType,
    ResourcePattern,
    ResourceType,
    check_principal,
)
from kafka_tools.tools.acls.output import AclRow

Word = TypeVar("Word", ResourceType, PatternType, AclOperation, AclPermissionType)

DEFAULTS = {"pattern_type": "Literal", "host": "*", "permission": "Allow"}
"""What a rule in a file need not say."""


def read_rules(path: str) -> tuple[AclBinding, ...]:
    """Return the rules of a file, each once. Raises KafkaToolError that names the rule which is wrong, and why."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise KafkaToolError(f"cannot read {path}: {error.strerror or error}") from None
    found = _parsed(path, content)
    if not isinstance(found, list):
        raise KafkaToolError(f"{path} is no list of rules.", "`ktools acls --export` writes such a list.")
    return tuple(dict.fromkeys(_rule(f"{path}: rule {number}", each) for number, each in enumerate(found, 1)))


def _parsed(path: str, content: bytes) -> Any:
    # Every JSON document is YAML, too, but not every installation has PyYAML.
    try:
        return json.loads(content)
    # Not tried as YAML: PyYAML looks at each bracket again for each of the thousand before it, which takes 1 s of CPU.
    except RecursionError:
        raise KafkaToolError(f"{path} has too many brackets within brackets.") from None
    except ValueError as error:
        why = error
    try:
        import yaml
    except ImportError:
        raise KafkaToolError(f"{path} is no JSON: {why}.", "YAML needs pip install 'kafka-ktools[yaml]'") from None
    try:
        return yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise KafkaToolError(f"{path} is neither JSON nor YAML: {said}") from None


def _rule(where: str, found: Any) -> AclBinding:
    if not isinstance(found, dict):
        raise KafkaToolError(f"{where} is no mapping of {', '.join(AclRow._fields)}")
    for key in found:
        if key not in AclRow._fields:
            near = nearest(str(key), AclRow._fields)
            raise KafkaToolError(f"{where}: '{key}' is not known", f"Did you mean {near[0]}?" if near else "")
    values = DEFAULTS | found
    row = AclRow(*(_string(where, name, values.get(name)) for name in AclRow._fields))
    kind = _word(where, "resource_type", row.resource_type, SUPPORTED_OPERATIONS)
    pattern_type = _word(where, "pattern_type", row.pattern_type, (PatternType.LITERAL, PatternType.PREFIXED))
    operation = _word(where, "operation", row.operation, (*SUPPORTED_OPERATIONS[kind], AclOperation.ALL))
    permission = _word(where, "permission", row.permission, (AclPermissionType.ALLOW, AclPermissionType.DENY))
    try:
        principal = check_principal(row.principal)
    except KafkaToolError as error:
        raise KafkaToolError(f"{where}: {error.message}") from None
    pattern = ResourcePattern(kind, row.resource, pattern_type)
    return AclBinding(pattern, AccessControlEntry(principal, row.host, operation, permission))


def _string(where: str, name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise KafkaToolError(f"{where}: {name} is missing" if value in (None, "") else f"{where}: {name} is no text")
    return value


def _word(where: str, name: str, text: str, known: Iterable[Word]) -> Word:
    # `DescribeConfigs`, `describeconfigs` and Java's `DESCRIBE_CONFIGS` are the same word.
    words = {word.title.lower(): word for word in known}
    word = words.get(text.lower().replace("_", ""))
    if word is None:
        titles = ", ".join(each.title for each in words.values())
        raise KafkaToolError(f"{where}: {name} cannot be '{text}'", f"Choose from: {titles}")
    return word
