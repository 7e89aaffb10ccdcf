"""--output, --columns and --sort-by: what they mean, and what they do to rows."""

from dataclasses import dataclass
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import UsageError
from kafka_tools.render import output_options
from kafka_tools.render.output_options import OutputOptions, as_table, selected
from kafka_tools.report import Report


class Color(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Row:
    topic: str
    leader: int | None
    isr: tuple[int, ...] = ()
    color: Color = Color.RED
    configs: tuple[tuple[str, str], ...] = ()


ROWS = (Row("a", 2, (2, 1), Color.RED), Row("b", None, (1,), Color.BLUE), Row("c", 1, (3,), Color.RED))


def report(rows: tuple[Row, ...] = ROWS) -> Report:
    return Report(iter(rows), {"topic": "Topic", "leader": "Leader"}, plain=())


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ((None, None, None), OutputOptions()),
        (("json", None, None), OutputOptions("json")),
        (("json", "topic, Min-ISR", None), OutputOptions("json", ("topic", "min_isr"))),
        ((None, "topic", None), OutputOptions("table", ("topic",))),
        ((None, None, "leader:desc,topic"), OutputOptions("table", (), (("leader", True), ("topic", False)))),
        (("csv", None, "leader:asc"), OutputOptions("csv", (), (("leader", False),))),
    ],
)
def test_options(given: tuple[str | None, ...], meant: OutputOptions) -> None:
    assert output_options.parse(*given) == meant


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("plain", "topic", None), "--columns and --sort-by do not go with --output plain, whose text is Apache's"),
        (("plain", None, "topic"), "--columns and --sort-by do not go with --output plain, whose text is Apache's"),
        ((None, "", None), "--columns: '' is no list of columns"),
        ((None, "a,,b", None), "--columns: 'a,,b' is no list of columns"),
        ((None, None, "a:up"), "--sort-by: 'a:up' is not COLUMN, COLUMN:asc or COLUMN:desc"),
        ((None, None, ":desc"), "--sort-by: ':desc' is not COLUMN, COLUMN:asc or COLUMN:desc"),
    ],
)
def test_wrong_options(given: tuple[str | None, ...], message: str) -> None:
    with pytest.raises(UsageError) as failure:
        output_options.parse(*given)
    assert failure.value.message == message


@given(st.text(), st.text())
def test_any_option_is_read_or_refused(columns: str, order: str) -> None:
    try:
        chosen = output_options.parse(None, columns, order)
    except UsageError:
        return
    assert len(chosen.columns) == columns.count(",") + 1
    assert len(chosen.sort_by) == order.count(",") + 1


@pytest.mark.parametrize(
    ("order", "topics"),
    [
        ("leader", "cab"),
        ("leader:desc", "acb"),
        ("isr", "bac"),
        ("color,topic:desc", "bca"),
        ("color:desc,leader", "cab"),
        ("configs", "abc"),
    ],
)
def test_order(order: str, topics: str) -> None:
    rows, _ = selected(report(), output_options.parse("json", None, order))
    assert "".join(row.topic for row in rows) == topics


def test_columns() -> None:
    assert selected(report(), OutputOptions())[1] == ("topic", "leader", "isr", "color", "configs")
    assert selected(report(), OutputOptions("json", ("isr", "topic")))[1] == ("isr", "topic")
    assert as_table(report(), OutputOptions("table", ("isr", "topic"))).columns == {"isr": "Isr", "topic": "Topic"}
    assert as_table(report(), output_options.parse(None, None, "topic")).columns == {
        "topic": "Topic",
        "leader": "Leader",
    }


@pytest.mark.parametrize("chosen", [OutputOptions("json", ("ledaer",)), OutputOptions("json", (), (("ledaer", True),))])
def test_a_column_that_is_not_there(chosen: OutputOptions) -> None:
    with pytest.raises(UsageError) as failure:
        selected(report(), chosen)
    assert failure.value.message == "There is no column 'ledaer' here"
    assert failure.value.hint == "Did you mean leader? Columns: topic, leader, isr, color, configs"


def test_no_rows_have_any_column() -> None:
    assert selected(report(()), OutputOptions("csv", ("whatever",))) == ([], ("whatever",))
    assert selected(report(()), OutputOptions("csv")) == ([], ("topic", "leader"))
