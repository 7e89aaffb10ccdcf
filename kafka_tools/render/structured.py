"""Documents for programs: json, jsonl, yaml, csv. Typed values, one valid document, generic for every tool."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import is_dataclass
from enum import Enum
from typing import Any

from kafka_tools.errors import KafkaToolError
from kafka_tools.render.output_options import OutputOptions, field_names, selected, taken
from kafka_tools.report import Report


def as_json(report: Report, options: OutputOptions) -> str:
    """Return one JSON array with a row a line, `[]` where there are no rows."""
    return "[" + ",\n ".join(json_rows(report, options)) + "]\n"


def as_jsonl(report: Report, options: OutputOptions) -> str:
    """Return one JSON object a line."""
    return "".join([f"{row}\n" for row in json_rows(report, options)])


def as_yaml(report: Report, options: OutputOptions) -> str:
    """Return one YAML sequence, in ASCII: PyYAML would read its own raw U+0085 as a blank.

    Raises KafkaToolError where PyYAML (the extra `yaml`) is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise KafkaToolError("--output yaml needs PyYAML.", "pip install 'kafka-ktools[yaml]'") from error
    # PyYAML would break a text at 80 columns: with this width each value stays on one line.
    text: str = yaml.safe_dump(_rows(report, options), sort_keys=False, width=2**31)
    return text


def as_csv(report: Report, options: OutputOptions) -> str:
    """Return RFC 4180 lines under a header of field names; lists are joined by commas, mappings are JSON."""
    rows, names = selected(report, options)
    text = io.StringIO()
    # Not CRLF, as RFC 4180 has it: awk, cut and read would take the return for a part of the last field.
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_flat(_typed(getattr(row, name))) for name in names] for row in rows)
    return text.getvalue()


FORMATS: Mapping[str, Callable[[Report, OutputOptions], str]] = {
    "json": as_json,
    "jsonl": as_jsonl,
    "yaml": as_yaml,
    "csv": as_csv,
}


def json_rows(report: Report, options: OutputOptions) -> Iterator[str]:
    """Yield one JSON object for each row; where no order was asked for, rows are taken as they come."""
    encode = json.JSONEncoder(ensure_ascii=False, default=_typed).encode
    rows, names = taken(report, options)
    return (encode({name: getattr(row, name) for name in names}) for row in rows)


def _rows(report: Report, options: OutputOptions) -> list[dict[str, Any]]:
    rows, names = selected(report, options)
    return [{name: _typed(getattr(row, name)) for name in names} for row in rows]


def _typed(value: Any) -> Any:
    """Return what json, yaml and csv have a type for."""
    if value is None or isinstance(value, (str, int, float)):  # a bool is an int
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _typed(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _typed(getattr(value, name)) for name in field_names(value)}
    return [_typed(item) for item in value]


def _flat(value: Any) -> Any:
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
