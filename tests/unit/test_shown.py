"""What a terminal is sent: no character of a server, a file or an argument acts on it, whoever writes."""

import ast
import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools import main
from kafka_tools.model.shown import encodable, safe
from kafka_tools.wire.messages import DESCRIBE_CONFIGS, LIST_PARTITION_REASSIGNMENTS
from tests.support.one_broker import OneBroker, a_partition, a_topic
from tests.support.servers import serving

PACKAGE = Path(main.__file__).parent
EVIL = "a\x1b]0;owned\x07b\x9b31m\u202ec"
"""A title of the terminal, a colour by a C1 control, and a mark that turns the direction of writing."""

WRITERS = ("sys.stderr.write", "sys.stdout.write", "stream.write", "click.echo", "getpass", "print")
MAKES_SAFE = ("safe", "encodable")
OWN_TEXT = {
    "cli/command.py": ("self._usage",),  # made of our own words
    "cli/options.py": ("__version__", "own", "KAFKA_VERSION"),
    "console/process.py": ("text",),  # what `note` has made safe
    "main.py": ("ctx.get_help()", "error.message"),  # click's help, of our own words
    "render/__init__.py": ("text",),  # a renderer's
    "render/pager.py": ("text",),
    "render/prompt.py": ("text",),  # made safe for a terminal; a program gets znodes as they are
}
"""File -> the expressions in it that are written as they are, each made safe before or of our own words."""


def _written() -> Iterator[tuple[str, ast.expr]]:
    """Yield every expression that a file of the package writes to a standard stream."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in WRITERS and node.args:
                yield file.relative_to(PACKAGE).as_posix(), node.args[0]


def _parts(text: ast.expr) -> Iterator[ast.expr]:
    """Yield the parts of a text that are not constant and not made safe here."""
    match text:
        case ast.Constant():
            return
        case ast.JoinedStr():
            for value in text.values:
                yield from _parts(value.value if isinstance(value, ast.FormattedValue) else value)
        case ast.BinOp(op=ast.Add()):
            yield from _parts(text.left)
            yield from _parts(text.right)
        case ast.Call(func=ast.Name(id=name)) if name in MAKES_SAFE:
            if name == "encodable":
                yield from _parts(text.args[0])
        case ast.IfExp():
            yield from _parts(text.body)
            yield from _parts(text.orelse)
        case _:
            yield text


def test_every_writer_makes_safe_what_is_not_its_own() -> None:
    found = list(_written())
    assert len(found) > 10
    raw = {
        f"{file}: {ast.unparse(part)}"
        for file, text in found
        for part in _parts(text)
        if ast.unparse(part) not in OWN_TEXT.get(file, ())
    }
    assert raw - PREFIXES == set()


PREFIXES = {"cli/command.py: prefix", "console/process.py: END_OF_LINE"}
"""Constants of ours."""


@given(st.text())
def test_what_is_safe_is_printable_and_has_letters_of_the_encoding(text: str) -> None:
    assert safe(text).isprintable()
    assert safe(text, kept="\n").replace("\n", "").isprintable()
    for encoding in ("ascii", "latin-1", "utf-8"):
        encodable(safe(text), encoding).encode(encoding)


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        """Say so."""
        return True

    def fileno(self) -> int:
        """Return a descriptor that nobody reads."""
        return os.open(os.devnull, os.O_WRONLY)


def _refusing(_: dict[str, Any]) -> dict[str, Any]:
    result = {"error_code": 44, "error_message": EVIL, "resource_type": 2, "resource_name": EVIL, "configs": []}
    return {"results": [result]}


@pytest.mark.parametrize(
    "argv",
    [
        ["topics", "--list"],
        ["topics", "--describe"],
        ["topics", "--describe", "--output", "plain"],
        ["topics", "--describe", "--topic", f"x{EVIL}"],
        ["topics", "--create", "--topic", f"x{EVIL}", "--dry-run"],
        ["topics", "--delete", "--topic", f"x{EVIL}"],
        ["layout"],
        ["layout", "--topic", f"x{EVIL}"],
        ["topics", "--list", f"--{EVIL}"],
        ["topics", "--list", "--command-config", f"/{EVIL}"],
        ["topics", "--list", "-X", f"{EVIL}=1"],
        ["topics", "--list", "--output", EVIL],
        ["context", "use", EVIL],
        ["context", EVIL],
        ["context", "add", EVIL, "--bootstrap-server", f"{EVIL}:1"],
        ["manual", f"/dev/null/{EVIL}"],
        [EVIL],
    ],
)
@pytest.mark.parametrize("refuses", [False, True])
def test_no_command_sends_a_terminal_what_acts_on_it(
    argv: Sequence[str], refuses: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, err = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("TERM", "dumb")
    more = {LIST_PARTITION_REASSIGNMENTS: lambda _: {"error_code": 41}}
    broker = OneBroker(a_topic(EVIL, a_partition(0)), more=more | ({DESCRIBE_CONFIGS: _refusing} if refuses else {}))
    with serving(broker) as port:
        broker.port = port
        named = [] if argv[0] not in ("topics", "layout") else ["--bootstrap-server", f"127.0.0.1:{port}"]
        assert main.run([*argv, *named]) in (0, 1)
    for stream in (out, err):
        text = stream.getvalue().replace("\n", "").replace("\t", "")
        assert text.isprintable(), ascii(text)


def test_a_question_on_a_terminal() -> None:
    code = f"from kafka_tools.render.questions import confirmed; confirmed({EVIL!r} + '\\nsure?')"
    master, slave = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave) as asked:
        os.write(master, b"n\n")
        asked.wait(30)
    said = os.read(master, 4096).decode()
    os.close(master)
    os.close(slave)
    assert "\x1b]0" not in said
    assert "\u202e" not in said
    assert "\\x1b]0;owned\\x07b\\x9b31m\\u202ec\r\nsure?" in said
