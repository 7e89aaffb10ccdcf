"""Documents for programs: json, jsonl, yaml, csv. Typed values, one valid document, generic for every tool."""

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.report import Report


def as_json(report: Report) -> str:
    """Return one JSON array, `[]` where there are no rows."""
    return json.dumps(_rows(report), indent=2, ensure_ascii=False) + "\n"


def as_jsonl(report: Report) -> str:
    """Return one JSON object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(report))


def as_yaml(report: Report) -> str:
    """Return one YAML sequence, in ASCII: PyYAML would read its own raw U+0085 as a blank.

    Raises KafkaToolError where PyYAML (the extra `yaml`) is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise KafkaToolError("--output yaml needs PyYAML.", "pip install 'kafka-ktools[yaml]'") from error
    text: str = yaml.safe_dump(_rows(report), sort_keys=False, width=2**31)
    return text


def as_csv(report: Report) -> str:
    """Return RFC 4180 lines under a header of field names; lists are joined by commas, mappings are JSON."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    rows = _rows(report)
    writer.writerow(list(rows[0]) if rows else list(report.columns))
    writer.writerows([_flat(value) for value in row.values()] for row in rows)
    return text.getvalue()


FORMATS: Mapping[str, Callable[[Report], str]] = {
    "json": as_json,
    "jsonl": as_jsonl,
    "yaml": as_yaml,
    "csv": as_csv,
}


def _rows(report: Report) -> list[dict[str, Any]]:
    return [{field.name: _typed(getattr(row, field.name)) for field in fields(row)} for row in report.rows]


def _typed(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _typed(item) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        return [_typed(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _typed(getattr(value, field.name)) for field in fields(value)}
    return value


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
