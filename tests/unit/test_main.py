"""`ktools` itself: its help, its tools, the errors of the outermost layer."""

import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from kafka_tools import __version__
from kafka_tools.main import cli, run
from kafka_tools.tools import names
from tests.support.coverage_summary import SETTING
from tests.support.interpreter import printed

TOOLS = names()


def _invoke(*args: str) -> Result:
    return CliRunner().invoke(cli, args)


def test_help_lists_every_tool_with_one_line() -> None:
    done = _invoke("--help")
    assert done.exit_code == 0
    lines = done.output.splitlines()
    for tool in TOOLS:
        line = next(line for line in lines if line.strip().startswith(f"{tool} "))
        assert line.split(maxsplit=1)[1].endswith(".")
    assert "Topics:" in lines


@pytest.mark.parametrize("args", [(), ("--debug",)])
def test_without_a_tool_it_shows_its_help(args: tuple[str, ...]) -> None:
    done = _invoke(*args)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ktools [OPTIONS] TOOL [ARGS]…")
    assert "ktools context" in done.stdout


@pytest.mark.parametrize("args", [("--version",), ("layout", "--version"), ("doctor", "--version")])
def test_version(args: tuple[str, ...]) -> None:
    done = _invoke(*args)
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"ktools {__version__}\n", "")


@pytest.mark.parametrize("args", [("topics", "--version"), ("topics", "-version"), ("console-consumer", "--version")])
def test_a_tool_of_apache_s_names_the_kafka_that_it_follows_first(args: tuple[str, ...]) -> None:
    done = _invoke(*args)
    assert (done.exit_code, done.stdout, done.stderr) == (0, f"3.9.1 (ktools {__version__})\n", "")


@pytest.mark.parametrize("tool", TOOLS)
def test_help_of_each_tool(tool: str) -> None:
    done = _invoke(tool, "--help")
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"Usage: ktools {tool}" in done.stdout


def test_help_stands_in_sections() -> None:
    text = _invoke("topics", "--help").stdout
    sections = [line.removesuffix(":") for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    assert sections == ["Action", "Cluster", "Changes", "Filters", "Output", "Options"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8", "cp1252"])
def test_help_is_shown_in_every_encoding(encoding: str) -> None:
    for args in (["--help"], ["topics", "--help"], ["context", "add", "--help"]):
        environment = {**os.environ, "PYTHONIOENCODING": encoding}
        command = [sys.executable, "-m", "kafka_tools", *args]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert ("…" if encoding in ("utf-8", "cp1252") else "...") in done.stdout.decode(encoding)


@pytest.mark.parametrize(("columns", "most"), [(60, 60), (100, 100), (200, 120)])
def test_help_is_as_wide_as_the_terminal(columns: int, most: int) -> None:
    command, environment = (
        [sys.executable, "-m", "kafka_tools", "topics", "--help"],
        {**os.environ, "COLUMNS": str(columns)},
    )
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert most - 20 < max(map(len, done.stdout.splitlines())) <= most


def test_what_a_tool_answers_is_seen_by_click_s_runner() -> None:
    wrong = _invoke("topics", "--list", "--nope")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("nope is not a recognized option\nUsage: ktools topics [OPTIONS]")
    twice = _invoke("topics", "--list", "--topic", "a", "--topic", "b")
    assert twice.exit_code == 1
    assert twice.stdout.startswith("Error while executing topic command : Found multiple arguments for option topic")


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
        (">/dev/full", 1, "ktools: stdout: No space left on device\n"),
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
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "this is a bug in ktools (ZeroDivisionError: secret-free)" in told
    assert run(["--debug", "topics", "--list"]) == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [["topics", "--list\r"], ["topics", "--list", "--output", "json\r"], ["topics\r"], ["context", "use", "a\r"]],
)
def test_a_script_with_line_ends_of_windows(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(argv) == 1
    said = capsys.readouterr().err
    assert f"'{argv[-1][:-1]}\\r' ends in a carriage return: has the script line ends of Windows (CRLF)?\n" in said
    assert "\r" not in said


@pytest.mark.parametrize("left", [5, 8, 10, 12])
def test_no_descriptor_left_is_told_in_one_line(left: int) -> None:
    """It ended in a traceback of the last flush, or in an abort."""
    limited = f"ulimit -n {left}; exec {sys.executable} -m kafka_tools topics --list --bootstrap-server 127.0.0.1:1"
    unmeasured = {name: value for name, value in os.environ.items() if name != SETTING}  # coverage takes some, too
    ran = subprocess.run(
        ["bash", "-c", limited], env=unmeasured, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "Exception ignored" not in ran.stderr


@pytest.mark.parametrize(
    "closed", ["<&-", "2>&-", "<&- 2>&-", ">&-", "<&- >&- 2>&-", "< /", ">/dev/full", "2>/dev/full"]
)
@pytest.mark.parametrize("words", ["--help", "topics --help", "context list", "topics --nope"])
def test_closed_streams(closed: str, words: str) -> None:
    ran = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m kafka_tools {words} {closed}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode in (0, 1)
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "Exception ignored" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("module", ["typing", "click", "kafka_tools.model.shown"])
def test_ctrl_c_while_modules_are_loaded_is_quiet(module: str) -> None:
    code = f"""
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.modules.pop("typing", None)
sys.meta_path.insert(0, Interrupting())
import kafka_tools.main
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert (ran.returncode, ran.stderr) == (-signal.SIGINT, "")


def test_whoever_loads_the_command_line_keeps_ctrl_c() -> None:
    code = "import signal, kafka_tools.main; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    assert printed(code) == "True\n"


def test_ctrl_c_is_not_lost_where_python_can_raise_nothing() -> None:
    code = """
import os, signal, sys, time
from kafka_tools import main
class Closing:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
sys.unraisablehook = main.raise_again
try:
    del (closing := [Closing()])[0]
    time.sleep(5)
    print("went on")
except KeyboardInterrupt:
    print("ended")
"""
    assert printed(code) == "ended\n"
