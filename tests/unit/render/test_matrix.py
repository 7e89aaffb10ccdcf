"""Matrices of brokers: wide, narrow, stacked, in blocks; nothing is cut, nothing is wider than the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.model.health import Role
from kafka_tools.render.views import Cell, Level, Mark, Matrix, MatrixColumn, MatrixRow, Tally
from tests.support.drawing import drawn

SIGNS = {"*": Role.LEADER, "o": Role.IN_SYNC, "x": Role.OUT_OF_SYNC, "-": Role.BROKER_DOWN}


def cells(text: str) -> list[Cell | None]:
    """Read `*! o .`: a flagged leader, a follower, nothing."""
    return [None if word == "." else Cell(SIGNS[word[0]], flagged="!" in word) for word in text.split()]


def matrix(columns: list[MatrixColumn], *rows: MatrixRow, tallies: bool = True) -> Matrix:
    leaders = Tally("leaders", [Mark(str(number)) for number in range(len(columns))])
    return Matrix(columns, rows, [leaders] if tallies else [], flag="not preferred")


ORDERS = matrix(
    [MatrixColumn("1", "rack a"), MatrixColumn("2", "rack b"), MatrixColumn("3", "rack b", Level.BROKEN)],
    MatrixRow("orders", "0", cells("* o -"), Mark("under-replicated", Level.RISK)),
    MatrixRow("orders", "10", cells("o *! .")),
)


def test_with_room() -> None:
    assert drawn(ORDERS, 80) == [
        "           rack a     rack b",
        "           1          2   3",
        "orders  0  ★          ●   ◌    under-replicated",
        "       10  ●          ★!  ·",
        "",
        "leaders    0          1   2",
        "",
        "! not preferred",
        "★ leader  ● in sync  ◌ broker down",
    ]
    assert drawn(ORDERS, 1 << 16) == drawn(ORDERS, 80)


def test_with_less_room_remarks_stand_below_their_rows_and_then_the_racks_names_go() -> None:
    assert drawn(ORDERS, 36)[:5] == [
        "           rack a     rack b",
        "           1          2   3",
        "orders  0  ★          ●   ◌",
        "           under-replicated",
        "       10  ●          ★!  ·",
    ]
    assert drawn(ORDERS, 21)[:9] == [
        "           A    B",
        "           1    2  3",
        "orders  0  ★    ●  ◌",
        "     under-replicated",
        "       10  ●    ★! ·",
        "",
        "leaders    0    1  2",
        "",
        "A: rack a · B: rack b",
    ]


def test_rows_that_are_alike_have_one_remark_below_them() -> None:
    remark = Mark("under-replicated, at min ISR", Level.RISK)
    rows = [MatrixRow("orders", str(number), cells("* x"), remark if number else Mark("")) for number in range(4)]
    assert drawn(matrix([MatrixColumn("1"), MatrixColumn("2")], *rows, tallies=False), 40)[:7] == [
        "          1   2",
        "orders 0  ★   ✗",
        "       1  ★   ✗",
        "       2  ★   ✗",
        "       3  ★   ✗",
        "          1, 2, 3: under-replicated, at",
        "          min ISR",
    ]


def test_wide_ids_are_stacked_and_tallies_lie_on_their_side() -> None:
    ids = [MatrixColumn(str(broker)) for broker in range(998, 1010)]
    assert drawn(matrix(ids, MatrixRow("t", "0", cells("* o . . . . . . . . . x"))), 34) == [
        "         1 1 1 1 1 1 1 1 1 1",
        "     9 9 0 0 0 0 0 0 0 0 0 0",
        "     9 9 0 0 0 0 0 0 0 0 0 0",
        "     8 9 0 1 2 3 4 5 6 7 8 9",
        "t 0  ★ ● · · · · · · · · · ✗",
        "",
        "      leaders",
        " 998        0",
        " 999        1",
        *(f"{1000 + number}       {number + 2:2}" for number in range(10)),
        "",
        "★ leader  ● in sync  ✗ out of sync",
    ]


def test_more_brokers_than_fit_stand_in_blocks_with_the_rows_they_need() -> None:
    ids = [MatrixColumn(str(broker)) for broker in range(10, 30)]
    rows = (MatrixRow("t", "0", cells("* " + ". " * 19)), MatrixRow("t", "1", cells(". " * 19 + "o")))
    assert drawn(matrix(ids, *rows, tallies=False), 28)[:8] == [
        "     1 1 1 1 1 1 1 1 1 1",
        "     0 1 2 3 4 5 6 7 8 9",
        "t",
        "  0  ★ · · · · · · · · ·",
        "",
        "     2 2 2 2 2 2 2 2 2 2",
        "     0 1 2 3 4 5 6 7 8 9",
        "t",
    ]


def test_a_long_label_stands_above_its_rows() -> None:
    name = "a.topic-with-a-very-long-name" * 3
    lines = drawn(matrix([MatrixColumn("1")], MatrixRow(name, "0", cells("*")), MatrixRow(name, "1", cells("o"))), 80)
    assert lines[1] == name
    assert [line.split() for line in lines[2:4]] == [["0", "★"], ["1", "●"]]


def test_short_labels_stay_before_their_rows_beside_a_long_one() -> None:
    name = "a.topic-with-a-very-long-name" * 3
    rows = (MatrixRow(name, "", cells("*")), MatrixRow("audit", "", cells("o"), Mark("offline", Level.BROKEN)))
    assert drawn(matrix([MatrixColumn("1")], *rows, tallies=False), 60)[:4] == [
        "       1",
        name,
        "       ★",
        "audit  ●   offline",
    ]


def test_no_rows() -> None:
    assert drawn(matrix([MatrixColumn("1"), MatrixColumn("2")]), 80) == ["         1   2", "leaders  0   1"]


def test_counted_cells() -> None:
    lines = drawn(
        matrix([MatrixColumn("1"), MatrixColumn("2")], MatrixRow("t", "", [Cell(Role.BROKER_DOWN, 12), None])), 80
    )
    assert [line.split() for line in lines[:2]] == [["1", "2"], ["t", "◌12", "·"]]


@given(
    st.lists(st.tuples(st.integers(0, 9999), st.sampled_from(["", "a", "europe-west-1"])), min_size=1, max_size=40),
    st.lists(st.tuples(st.text("abc.", min_size=1, max_size=20), st.integers(0, 200)), max_size=5),
    st.integers(20, 200),
)
def test_nothing_is_wider_than_the_terminal_and_nothing_is_lost(
    brokers: list[tuple[int, str]], labels: list[tuple[str, int]], width: int
) -> None:
    columns = [MatrixColumn(str(broker), rack) for broker, rack in brokers]
    rows = [
        MatrixRow(label, str(number), [Cell(Role.LEADER)] * len(columns), Mark("offline")) for label, number in labels
    ]
    lines = drawn(matrix(columns, *rows, tallies=False), width)
    assert max(map(len, lines)) <= width
    assert sum(line.count("★") for line in lines) == len(rows) * len(columns) + bool(rows)
    for label, _ in labels:
        assert any(label in line for line in lines)
    assert all(broker.heading in "".join(lines) for broker in columns if len(broker.heading) == 1)


@pytest.mark.parametrize("width", [80, 200])
def test_thirty_brokers(width: int) -> None:
    columns = [MatrixColumn(str(broker), f"rack {broker % 3}") for broker in sorted(range(1, 31), key=lambda b: b % 3)]
    lines = drawn(matrix(columns, MatrixRow("team.orders", "11", [Cell(Role.IN_SYNC)] * 30)), width)
    assert max(map(len, lines)) <= width
    assert sum(line.count("●") for line in lines) == 31
    assert ("rack 0" in lines[0]) == (width == 200)
