"""A line as bash hands it over, and what it is to put in; the real bash is the judge of the quotes."""

import subprocess

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kafka_tools.cli.completion import Line, read_line, replacement

BREAKS = " \t\n\"'@><=;|&(:"
NAMES = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), min_size=1, max_size=12)
TRICKY = st.text(" :='\"\\$`!&*(){}[]|;<>?~#é-@,", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ktools to", Line(("ktools",), "to", 0)),
        ("ktools  topics ", Line(("ktools", "topics"), "", 0)),
        ("ktools --topic=or", Line(("ktools",), "--topic=or", 8)),
        ("ktools --x a:b:c", Line(("ktools", "--x"), "a:b:c", 4)),
        ("ktools a\\ b\\'", Line(("ktools",), "a b'", 0)),
        ("ktools 'a b", Line(("ktools",), "a b", 0, "'")),
        ('ktools x:"a b', Line(("ktools",), "x:a b", 2, '"')),
        ('ktools x:"a:b"c', Line(("ktools",), "x:a:bc", 2)),
        ('ktools "a\\"\\$\\n', Line(("ktools",), 'a"$\\n', 0, '"')),
        ("ktools '' ", Line(("ktools", ""), "", 0)),
        ("ktools --list >", Line(("ktools", "--list"), "", 0, is_redirect=True)),
        ("ktools --list > fi", Line(("ktools", "--list"), "fi", 0, is_redirect=True)),
        ("ktools > file --li", Line(("ktools",), "--li", 0)),
        ("", Line((), "", 0)),
    ],
)
def test_lines(text: str, line: Line) -> None:
    assert read_line(text, BREAKS) == line


@pytest.mark.parametrize(
    ("typed", "word", "text"),
    [
        ("or", "orders", "orders"),
        ("--topic=or", "--topic=orders", "orders"),
        ("my", "my group:1", "my\\ group:1"),
        ("my\\ group:", "my group:1", "1"),
        ("'my", "my 'g'", "my '\\''g'\\''"),
        ('"my', 'my "g"$!', 'my \\"g\\"\\$"\'!\'"'),
        ("", "~#x~#", "\\~#x~#"),
    ],
)
def test_what_is_put_in(typed: str, word: str, text: str) -> None:
    assert replacement(word, read_line(typed, BREAKS)) == text


@given(name=NAMES | TRICKY, length=st.integers(0, 12), quote=st.sampled_from(["", "'", '"']))
def test_what_is_put_in_makes_the_word(name: str, length: int, quote: str) -> None:
    """Whatever of the name is typed, quoted like this, the rest makes it whole."""
    before = "ktools --group " + quote + replacement(name[:length], Line((), "", 0, quote))
    line = read_line(before, BREAKS)
    assume(line.current == name[:length])  # an "!" leaves and opens the double quote again
    kept = _kept(before, line)
    whole = read_line(kept + replacement(name, line) + line.quote, BREAKS)
    assert whole.current == name
    assert whole.words == ("ktools", "--group")


def _kept(before: str, line: Line) -> str:
    """Return what readline leaves of the line: the shortest beginning that is `kept` characters of the word."""
    for end in range(len(before) + 1):
        head = read_line(f"{before[:end]}x", BREAKS)
        if head.words == line.words and (head.current, head.quote) == (f"{line.current[: line.kept]}x", line.quote):
            return before[:end]
    raise AssertionError(before)


def test_a_real_bash_reads_the_same_words() -> None:
    names = [
        "a b",
        "it's",
        'say "x"',
        "$HOME",
        "a\\b",
        "`x`",
        "*[é]?",
        "#x",
        "~",
        "a=b:c",
        "{a,b}",
        "x!y",
        "(a)",
        "<&>|;",
    ]
    quoted = [quote + replacement(name, Line((), "", 0, quote)) + quote for name in names for quote in ("", "'", '"')]
    script = "printf '%s\\n' " + " ".join(quoted)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [name for name in names for _ in range(3)]


@given(st.text(max_size=30) | st.text(" \"'\\=:<>ab", max_size=12))
def test_no_line_gives_a_traceback(text: str) -> None:
    line = read_line(text, BREAKS)
    assert 0 <= line.kept <= len(line.current)
