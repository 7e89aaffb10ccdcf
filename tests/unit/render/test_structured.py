"""json, jsonl, yaml and csv: typed values, one valid document, generic."""

import csv
import io
import json
from dataclasses import dataclass
from enum import Enum

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from kafka_tools.render import OutputOptions
from kafka_tools.render.structured import FORMATS
from kafka_tools.report import Report


class Color(Enum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Inner:
    number: int


@dataclass(frozen=True, slots=True)
class Row:
    text: str | None
    flag: bool
    ids: tuple[int, ...]
    configs: dict[str, str]
    inner: Inner
    color: Color = Color.RED


DOCUMENT = {"text": "é\n", "flag": True, "ids": [2, 1], "configs": {"a": "b"}, "inner": {"number": 3}, "color": "red"}


def report(*rows: Row) -> Report:
    return Report(rows, {"text": "Text"}, plain=())


ROW = Row("é\n", True, (2, 1), {"a": "b"}, Inner(3))


def test_json() -> None:
    assert json.loads(FORMATS["json"](report(ROW, ROW), OutputOptions())) == [DOCUMENT, DOCUMENT]
    assert FORMATS["json"](report(), OutputOptions()) == "[]\n"


def test_jsonl() -> None:
    assert [json.loads(line) for line in FORMATS["jsonl"](report(ROW, ROW), OutputOptions()).splitlines()] == [
        DOCUMENT,
        DOCUMENT,
    ]
    assert FORMATS["jsonl"](report(), OutputOptions()) == ""


@given(st.text(), st.booleans(), st.lists(st.integers()))
@example("\x85", False, [])
@example("\u2028é\x00\ufeff", True, [1])
def test_yaml_says_what_json_says(text: str, flag: bool, ids: list[int]) -> None:
    rows = report(Row(text, flag, tuple(ids), {text: text}, Inner(1)))
    assert yaml.safe_load(FORMATS["yaml"](rows, OutputOptions())) == json.loads(FORMATS["json"](rows, OutputOptions()))


@pytest.mark.parametrize("rows", [(), (ROW,)])
def test_csv(rows: tuple[Row, ...]) -> None:
    lines = list(csv.reader(io.StringIO(FORMATS["csv"](report(*rows), OutputOptions()))))
    assert lines[0] == (["text", "flag", "ids", "configs", "inner", "color"] if rows else ["text"])
    assert lines[1:] == [["é\n", "true", "2,1", '{"a": "b"}', '{"number": 3}', "red"] for _ in rows]


def test_chosen_columns_in_their_order() -> None:
    options = OutputOptions("json", ("ids", "text"), (("flag", False),))
    rows = report(ROW, Row("z", False, (), {}, Inner(1)))
    assert FORMATS["jsonl"](rows, options) == '{"ids": [], "text": "z"}\n{"ids": [2, 1], "text": "é\\n"}\n'
    assert json.loads(FORMATS["json"](rows, options)) == yaml.safe_load(FORMATS["yaml"](rows, options))
    assert FORMATS["csv"](rows, options).splitlines()[:2] == ["ids,text", ",z"]


def test_rows_are_read_once() -> None:
    once = Report(iter([ROW]), {"text": "Text"}, plain=())
    assert json.loads(FORMATS["json"](once, OutputOptions())) == [DOCUMENT]
