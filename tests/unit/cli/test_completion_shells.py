"""What the scripts of the shells are told, and the scripts themselves."""

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from kafka_tools.cli.completion import SHELLS, Completion, Shell
from kafka_tools.cli.suggestions import FILES, SOURCES
from kafka_tools.errors import UsageError
from kafka_tools.main import cli
from kafka_tools.tools import completion, find, names

BREAKS = " \t\n\"'@><=;|&(:"
SOME = (("or ders", "a topic"), ("orders", ""), ("retention.ms=", ""))

HEAVY = {"rich", "kazoo", "confluent_kafka", "ssl", "asyncio", "subprocess"}


@pytest.fixture
def some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shell, "answer", lambda *_: Completion("words", "--x=", SOME))


def _lines(shell: str, *words: str) -> list[str]:
    return SHELLS[shell](cli, names(), words).complete().split("\n")


def _script(shell: str) -> str:
    return SHELLS[shell](cli, names()).source()


@pytest.mark.usefixtures("some")
def test_bash_gets_what_is_put_in() -> None:
    assert _lines("bash", BREAKS, "ktools --x=o") == ["words", "or\\ ders ", "orders "]
    assert _lines("bash", BREAKS, "ktools --x='o") == ["words", "or ders", "orders"]
    assert _lines("bash", BREAKS, "ktools --x=r") == ["words", "retention.ms="]


@pytest.mark.usefixtures("some")
def test_zsh_gets_meanings_and_what_to_skip() -> None:
    words = ["words 4", "or ders\ta topic", "orders\t", "retention.ms=\t"]
    assert _lines("zsh", "ktools", "--x=o") == words


@pytest.mark.usefixtures("some")
def test_fish_gets_whole_words() -> None:
    words = ["words", "--x=or ders\ta topic", "--x=orders\t", "--x=retention.ms=\t"]
    assert _lines("fish", "ktools", "--x=o") == words


@pytest.mark.usefixtures("some")
def test_a_redirection_is_to_a_file() -> None:
    assert _lines("bash", BREAKS, "ktools topics > o") == ["files"]


def test_every_shell_has_a_script_that_knows_the_shims() -> None:
    assert {*SHELLS} == {*completion.SHELLS}
    for shell in SHELLS:
        text = _script(shell)
        assert {"ktools", "kafka-topics.sh", "kafka-topics", "kafka-run-class.sh"} <= {*text.replace("\n", " ").split()}
        assert "@" + "COMMANDS@" not in text


def test_the_script_for_bash_is_bash() -> None:
    subprocess.run(["bash", "-n"], input=_script("bash"), text=True, check=True)


@pytest.mark.parametrize("argv", [[], ["sh"], ["--shell"]])
def test_a_shell_must_be_named(argv: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kafka_tools", "completion", *argv], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    if argv != ["--shell"]:
        assert "bash, zsh, fish" in done.stderr


def test_what_is_typed_is_never_an_option_of_completion() -> None:
    argv = ["completion", "zsh", "--", "ktools", "topics", "--help", "--version", "--lis"]
    done = subprocess.run([sys.executable, "-m", "kafka_tools", *argv], capture_output=True, text=True, check=True)
    assert "--list\t" in done.stdout


def test_completing_a_tool_imports_nothing_heavy() -> None:
    code = (
        "import sys; from kafka_tools.main import run; run(['completion', 'zsh', '--', 'ktools', 'topics', '--lis']);"
        f"heavy = {HEAVY};"
        "print(sorted(heavy & {*sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-Sc", f"import sys; sys.path[:] = {sys.path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert done.stderr == "[]\n"


def test_every_kind_that_a_type_names_is_there() -> None:
    """A slip in `completes` would show nowhere else."""

    def params(command: click.Command) -> Iterator[click.Parameter]:
        yield from command.params
        for each in command.commands.values() if isinstance(command, click.Group) else ():
            yield from params(each)

    tools = [tool for tool in map(find, names()) if tool is not None]
    kinds = {getattr(param.type, "completes", "") for tool in tools for param in params(tool)}
    assert {kind for kind in kinds if isinstance(kind, str)} <= {"", *FILES, *SOURCES}
    assert {"topic", "group", "brokers", "context", "server", "files"} <= kinds


@pytest.mark.parametrize("words", [["topics"], ["topics", "--topic", ""]])
def test_who_is_not_bash_is_told(words: list[str]) -> None:
    with pytest.raises(UsageError, match="two words"):
        _lines("bash", *words)
