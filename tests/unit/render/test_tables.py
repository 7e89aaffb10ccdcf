"""Tables on terminals of any width: no name, address or id is broken, nothing is lost, nothing acts on the terminal."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from kafka_tools.model.health import Replica, Role
from kafka_tools.model.shown import safe
from kafka_tools.render.views import NOTHING, Level, Mark, Table
from tests.support.drawing import drawn

LONG = "a.very.long.topic.name.that.somebody.made.up.in.the.middle.of.the.night"
ADDRESS = "b-1.kafka.example.com:31681"


@dataclass(frozen=True)
class Row:
    """A row with cells of every kind."""

    name: str
    count: int | None = 1
    words: Mark = NOTHING
    where: str = ""
    configs: dict[str, str] | None = None


HEADINGS = {"name": "Name", "count": "Count", "words": "What it means", "where": "Where"}


def table(*rows: object, **parts: object) -> Table:
    return Table(rows, HEADINGS, **parts)  # type: ignore[arg-type]


def test_an_ordinary_table() -> None:
    rows = (Row("one", 1, Mark("works"), ADDRESS), Row("eleven", 1100, Mark("is at risk", Level.RISK)))
    shown = table(*rows, title="topic", facts=("2 rows", "id 7"), summary=Mark("all well"), notes=[Mark("a · b")])
    assert drawn(shown, 80) == [
        "topic   2 rows · id 7",
        "all well",
        "",
        "  Name    Count  What it means  Where",
        "  one         1  works          b-1.kafka.example.com:31681",
        "  eleven   1100  is at risk",
        "",
        "a · b",
    ]


def test_notes_alone_stand_in_the_first_line() -> None:
    assert drawn(table(notes=[Mark("There are none.")]), 80) == ["There are none."]


def test_sentences_are_folded_and_addresses_are_not() -> None:
    sentence = "below min ISR 2: acks=all producers stop"
    assert drawn(table(Row("one", 1, Mark(sentence), ADDRESS)), 60) == [
        "Name  Count  What it means       Where",
        "one       1  below min ISR 2:    b-1.kafka.example.com:31681",
        "             acks=all producers",
        "             stop",
    ]


def test_a_long_name_leaves_the_others_their_room() -> None:
    sentence = "below min ISR 2: acks=all producers stop"
    rows = (Row("orders 0", 1, Mark(sentence)), Row(f"{LONG} 10", 2, Mark(sentence)), Row("audit 1", 3, Mark("moves")))
    assert drawn(table(*rows), 72) == [
        "Name      Count  What it means                             Where",
        "orders 0      1  below min ISR 2: acks=all producers stop",
        f"{LONG} 10",
        "              2  below min ISR 2: acks=all producers stop",
        "audit 1       3  moves",
    ]


def test_a_long_name_of_many_looks_the_same() -> None:
    rows = [Row(f"{LONG} 10" if number % 2 else "orders 0", number, Mark("moves")) for number in range(60)]
    few, many = drawn(table(*rows[10:20]), 50), drawn(table(*rows), 50)
    assert many[0] == few[0]
    assert many[1 + 15 : 1 + 15 + 15] == few[1:]


def test_columns_that_matter_least_go_where_not_even_words_fit() -> None:
    row = Row("__consumer_offsets", 12, Mark("ready for requests"), ADDRESS)
    assert "Count" in drawn(table(row, least=["count"]), 66)[0]
    shown = drawn(table(row, least=["count"]), 56)
    assert "Count" not in shown[0]
    assert any(ADDRESS in line for line in shown)


def test_where_nothing_fits_a_row_becomes_a_block() -> None:
    row = Row("__consumer_offsets", 12, Mark("ready for requests"), ADDRESS)
    assert drawn(table(row, row), 30) == [
        "__consumer_offsets",
        "  Count          12",
        "  What it means  ready for",
        "                 requests",
        f"  Where          {ADDRESS}",
        "__consumer_offsets",
        "  Count          12",
        "  What it means  ready for",
        "                 requests",
        f"  Where          {ADDRESS}",
    ]


def test_one_long_word_of_a_breakable_column_spoils_no_other_row() -> None:
    words = [Mark("org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder"), Mark("5 s")]
    rows = [Row("principal.builder.class", 1, words[0]), Row("timeout.ms", 2, words[1])]
    assert drawn(table(*rows, breakable=["words"]), 75) == [
        "Name                     Count  What it means                         Where",
        "principal.builder.class      1  org.apache.kafka.common.security.aut",
        "                                henticator.DefaultKafkaPrincipalBuil",
        "                                der",
        "timeout.ms                   2  5 s",
    ]


def test_spare_columns_go_first() -> None:
    row = Row("orders", 12, Mark("ready for requests"), "x")
    assert drawn(table(row, spare=["words"]), 30)[0] == "Name    Count  Where"
    assert drawn(table(row, spare=["absent", "words"]), 30)[0] == "Name    Count  Where"


def test_no_rows_and_no_words() -> None:
    assert drawn(table(title="topic"), 80) == ["topic"]
    assert drawn(table(), 80) == []
    assert drawn([], 80) == []


@pytest.mark.parametrize("rows", [1, 100])
def test_markup_and_control_characters_are_shown_as_they_are(rows: int) -> None:
    evil = "[red]x[/] [brackets] :smile: \x1b[2J\r\n\x9b"
    row = SimpleNamespace(name=evil, configs={"a": evil}, ids=(1, evil), mark=Mark(evil, Level.BROKEN))
    columns = {"name": "Name", "configs": "Configs", "ids": "Ids", "mark": "Mark"}
    text = "\n".join(drawn(Table([row] * rows, columns, evil, (evil,), summary=Mark(evil), notes=[Mark(evil)]), 400))
    seen = r"[red]x[/] [brackets] :smile: \x1b[2J\r\n\x9b"
    assert text.count(seen) == 4 * rows + 4
    assert "\x1b" not in text


TEXT = st.text(max_size=40) | st.text("ab .[]/日e\u0301\x1b\n", max_size=90)
MARKS = st.builds(Mark, TEXT, st.sampled_from(Level))
CELLS = (
    TEXT
    | MARKS
    | st.none()
    | st.booleans()
    | st.integers()
    | st.lists(TEXT, max_size=3)
    | st.dictionaries(TEXT, TEXT, max_size=3)
    | st.lists(st.builds(Replica, st.integers(0, 99), st.sampled_from(Role)), min_size=1, max_size=4).map(tuple)
)
ROWS = st.lists(st.builds(SimpleNamespace, a=TEXT, b=CELLS, c=CELLS, d=CELLS), max_size=5)


@given(ROWS, TEXT, MARKS, st.integers(20, 200), st.sampled_from([1, 30]), st.sets(st.sampled_from("bcd"), max_size=3))
def test_any_text_at_any_width(
    rows: list[SimpleNamespace], title: str, note: Mark, width: int, times: int, spare: set[str]
) -> None:
    """Only a word that is longer than the terminal is wide makes a line longer than that; the terminal wraps it."""
    columns = {"a": "A", "b": "Beta", "c": "", "d": "What it means"}
    names = sorted(spare)
    view = Table(rows * times, columns, title, ("one", title), names[:1], summary=note, notes=[note], least=names[1:])
    lines = drawn(view, width)
    assert all(line.isprintable() for line in lines)
    whole = {safe(title), *(safe(row.a) for row in rows)}
    for line in lines:
        longest = max(map(cell_len, line.split()), default=0)
        assert cell_len(line) <= width or longest > width - 22 or any(name in line for name in whole)


def test_one_long_word_leaves_the_other_lines_as_they_fit() -> None:
    """Where a row is a block of lines, only the word that is too long makes its line too long."""
    value = {"a": "1", "b": "2", "c": "3", "d": "4", "e": "1234567890123456789"}
    lines = drawn(Table([SimpleNamespace(a="000000", d=value)], {"a": "A", "d": "Means"}), 24)
    assert [line.split() for line in lines] == [
        ["000000"],
        ["Means", "a=1,", "b=2,", "c=3,"],
        ["d=4,"],
        ["e=1234567890123456789"],
    ]


@given(st.lists(st.text("abc:.", min_size=1, max_size=30), min_size=1, max_size=4), st.integers(20, 120))
def test_words_stay_whole(words: list[str], width: int) -> None:
    row = SimpleNamespace(a=words[0], b=" ".join(words), c=Mark(" ".join(reversed(words))), d=7)
    lines = drawn(Table([row], {"a": "A", "b": "B", "c": "C", "d": "D"}), width)
    text = " ".join(lines).split()
    for word in words:
        assert text.count(word) >= 3 - (word != words[0])


def test_the_longest_column_is_folded_alone() -> None:
    row = SimpleNamespace(name="lonely 1", leader="1 → none", mark=Mark("offline: no in-sync replica is left"))
    lines = drawn(Table([row], {"name": "Partition", "leader": "Leader", "mark": "What it means"}), 40)
    assert lines[1:] == ["lonely 1   1 → none  offline: no in-sync", "                     replica is left"]
