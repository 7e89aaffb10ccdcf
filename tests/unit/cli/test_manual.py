"""Manual pages: sound roff, and every word of the help in them."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools import __version__
from kafka_tools.cli import manual
from kafka_tools.main import cli
from kafka_tools.tools import TOOLS, find, names

MACROS = {"TH", "SH", "PP", "TP", "B", "nf", "fi"}
COMMANDS = [tool for tool in map(find, names()) if tool is not None]
ESCAPE = re.compile(r"\\(?:f[BIR]|\(rs|\(aq|\(ga|\(ha|\(ti|\(dq|-|&|\[u[0-9A-F]{4,6}\])")
LETTERS = {letter: text for text, letter in manual.ESCAPES.items()}


def _read(page: str) -> str:
    """Return the text of a page; fail where it is not what man(7) knows."""
    assert page.isascii()
    assert re.fullmatch(r"(?s)((?!\\f).)*(\\f[BI]((?!\\f).)+\\fR((?!\\f).)*)*", page), "a font that does not end"
    lines = []
    for line in page.splitlines():
        assert not ESCAPE.sub("", line).count("\\"), line
        macro, _, rest = line[1:].partition(" ") if line.startswith(".") else ("", "", line)
        assert not macro or macro in MACROS, line
        assert not rest.startswith((".", "'")), line
        lines.append(rest.replace('"', "") if macro in ("TH", "SH") else rest)
    return ESCAPE.sub(lambda found: _letter(found[0]), "\n".join(lines))


def _letter(escape: str) -> str:
    if escape.startswith(r"\[u"):
        return chr(int(escape[3:-1], 16))
    return "" if escape.startswith((r"\f", r"\&")) else LETTERS[escape]


def _words(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def _commands(command: click.Command) -> list[click.Command]:
    return [command, *(command.commands.values() if isinstance(command, click.Group) else ())]


@pytest.mark.parametrize("tool", COMMANDS, ids=lambda tool: tool.name)
def test_a_page_has_what_the_help_has(tool: click.Command) -> None:
    name, summary = tool.name or "", TOOLS[tool.name or ""].summary
    page = _read(manual.of_tool(tool, summary, ["ktools"]))
    assert page.startswith(f"KTOOLS-{name.upper()} 1  ktools {__version__} ktools\nNAME\nktools-{name} - ")
    text = _words(page)
    for command in _commands(tool):
        ctx = click.Context(command, info_name=name)
        assert _words(command.help or "") in text
        for param in command.get_params(ctx):
            assert _words(param.help or "") in text
            if isinstance(param, click.Option) and not param.hidden:
                assert param.is_flag or param.make_metavar(ctx) in text
                assert all(spelling in text for spelling in param.opts)


def test_the_page_of_ktools_names_every_tool() -> None:
    page = _words(_read(manual.of_group(cli, {name: about.summary for name, about in TOOLS.items()})))
    for name, about in TOOLS.items():
        assert f"{name} {about.summary}" in page
        assert f"ktools-{name}(1)" in page
    assert "KTOOLS_BOOTSTRAP_SERVERS" in page


@given(
    st.text(st.characters(exclude_categories=("C", "Zl", "Zp", "Zs")), max_size=20) | st.text(".'\\-`\" ab", max_size=9)
)
def test_no_text_is_read_as_roff(text: str) -> None:
    option = click.Option(["--x"], help=text, metavar=text or "X")
    page = _read(manual.of_tool(click.Command("x", help=text, params=[option]), text, ["ktools"]))
    assert _words(text) in _words(page)


def test_pages_are_written_and_always_the_same(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        argv = [sys.executable, "-m", "kafka_tools", "manual", str(tmp_path / "man" / folder)]
        done = subprocess.run(argv, capture_output=True, text=True, check=True)
        assert (tmp_path / "man" / folder / "ktools-topics.1").is_file()
        assert len(done.stdout.splitlines()) == len(names()) + 1
    pages = [{page.name: page.read_bytes() for page in (tmp_path / "man" / each).iterdir()} for each in ("one", "two")]
    assert pages[0] == pages[1]
    assert {*pages[0]} == {"ktools.1", *(f"ktools-{name}.1" for name in names())}


def test_pages_of_others_and_links_are_kept(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "kafka_tools", "manual", str(tmp_path)]
    (tmp_path / "ktools-topics.1").write_text("mine")
    (tmp_path / "ktools.1").symlink_to(tmp_path / "victim")
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "are not ktools' pages: ktools.1, ktools-topics.1" in done.stdout + done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ktools-topics.1", "ktools.1"]
    for path in tmp_path.iterdir():
        path.unlink()
    for _ in range(2):  # an earlier page of ktools' own is replaced
        assert subprocess.run(argv, capture_output=True, check=False).returncode == 0


def test_a_folder_must_be_named() -> None:
    done = subprocess.run([sys.executable, "-m", "kafka_tools", "manual"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no folder is named: ktools manual DIR\n")
