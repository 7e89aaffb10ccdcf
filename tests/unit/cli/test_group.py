"""`ktools` itself: its help, its tools, the errors of the outermost layer."""

import subprocess
import sys

import pytest

from kafka_tools import __version__
from kafka_tools.cli.group import names
from kafka_tools.main import run

TOOLS = names()


def test_help_lists_every_tool_with_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for tool in TOOLS:
        line = next(line for line in lines if line.strip().startswith(f"{tool} "))
        assert line.split(maxsplit=1)[1].endswith(".")
    assert "Topics:" in lines


def test_without_arguments_it_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0
    assert "Usage: ktools" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"ktools {__version__}\n"


@pytest.mark.parametrize("tool", TOOLS)
def test_help_of_each_tool(tool: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([tool, "--help"]) == 0
    printed = capsys.readouterr()
    assert f"Usage: ktools {tool}" in printed.out
    assert printed.err == ""


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["topic"], "ktools: unknown tool 'topic'. Did you mean 'topics'?\n"),
        (["console-consumr"], "ktools: unknown tool 'console-consumr'. Did you mean 'console-consumer'?\n"),
        (["zzz"], "ktools: unknown tool 'zzz'. `ktools --help` lists the tools.\n"),
    ],
)
def test_an_unknown_tool_names_the_nearest(argv: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(argv) == 1
    assert capsys.readouterr() == ("", message)


@pytest.mark.parametrize("name", ["kafka-topics.sh", "kafka-topics"])
def test_apaches_names_are_taken(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0
    assert "Usage: ktools topics" in capsys.readouterr().out


def test_an_unknown_option_of_the_group(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--nope"]) == 1
    assert "--nope" in capsys.readouterr().err


def test_a_wrong_sub_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sandbox", "upp"]) == 1
    assert capsys.readouterr().err == (
        "ktools sandbox: No such command 'upp'. Did you mean 'up'?\nAll options: ktools sandbox --help\n"
    )


@pytest.mark.parametrize(
    ("redirection", "status", "message"),
    [
        (">&-", 1, "ktools: stdout is closed: nothing was done\n"),
        ("2>&-", 0, ""),
        (">/dev/full", 1, "ktools: No space left on device\n"),
    ],
)
def test_a_stream_that_cannot_be_written(redirection: str, status: int, message: str) -> None:
    command = ["bash", "-c", f'"$0" -m kafka_tools --version {redirection}', sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (status, message)


def test_a_bug_is_one_line_and_status_70(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret-free")

    monkeypatch.setattr("kafka_tools.tools.topics.settings.choose", broken)
    assert run(["topics", "--list"]) == 70
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "this is a bug in ktools (ZeroDivisionError: secret-free)" in printed
    assert run(["--debug", "topics", "--list"]) == 70
    assert "Traceback" in capsys.readouterr().err
