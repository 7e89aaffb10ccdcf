"""What the scripts of the shells are told, and the scripts themselves."""

import os
import subprocess
import sys

import pytest

from kafka_tools.completion import answers, values
from kafka_tools.completion.candidates import Completion
from kafka_tools.completion.memory import Candidate
from kafka_tools.completion.scripts import script
from kafka_tools.errors import UsageError
from kafka_tools.tools.completion import SHELLS

BREAKS = " \t\n\"'@><=;|&(:"
SOME = (Candidate("or ders", "a topic"), Candidate("orders"), Candidate("orders"), Candidate("retention.ms="))

HEAVY = {"rich", "kazoo", "confluent_kafka", "ssl", "asyncio", "subprocess"}


@pytest.fixture
def some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "complete", lambda *_, **__: Completion("words", "--x=", SOME))


@pytest.mark.usefixtures("some")
def test_bash_gets_what_is_put_in() -> None:
    assert list(answers.bash((BREAKS, "ktools --x=o"))) == ["words", "or\\ ders ", "orders "]
    assert list(answers.bash((BREAKS, "ktools --x='o"))) == ["words", "or ders", "orders"]
    assert list(answers.bash((BREAKS, "ktools --x=r"))) == ["words", "retention.ms="]


@pytest.mark.usefixtures("some")
def test_zsh_gets_meanings_and_what_to_skip() -> None:
    words = ["words 4", "or ders\ta topic", "orders\t", "retention.ms=\t"]
    assert list(answers.zsh(("ktools", "--x=o"))) == words


@pytest.mark.usefixtures("some")
def test_fish_gets_whole_words() -> None:
    words = ["words", "--x=or ders\ta topic", "--x=orders\t", "--x=retention.ms=\t"]
    assert list(answers.fish(("ktools", "--x=o"))) == words


@pytest.mark.usefixtures("some")
def test_a_redirection_is_to_a_file() -> None:
    assert list(answers.bash((BREAKS, "ktools topics > o"))) == ["files"]


def test_every_shell_has_a_script_that_knows_the_shims() -> None:
    assert {*answers.SHELLS} == {*SHELLS}
    for shell in SHELLS:
        text = script(shell)
        assert {"ktools", "kafka-topics.sh", "kafka-topics", "kafka-run-class.sh"} <= {*text.replace("\n", " ").split()}
        assert "@" + "COMMANDS@" not in text


def test_the_script_for_bash_is_bash() -> None:
    subprocess.run(["bash", "-n"], input=script("bash"), text=True, check=True)


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


def test_every_kind_that_an_option_names_is_there() -> None:
    """A slip in `completes` would show nowhere else."""
    from kafka_tools.cli import shape
    from kafka_tools.tools import find, names

    def of(each: shape.Shape) -> list[shape.Option]:
        return [*each.options, *(option for command in each.commands for option in of(command))]

    tools = [tool for tool in map(find, names()) if tool is not None]
    kinds = {values.kind(option) for tool in tools for option in of(shape.of(tool))}
    assert {kind for kind in kinds if isinstance(kind, str)} <= {"", *values.FILES, *values.SOURCES}
    assert {"topic", "group", "brokers", "context", "server", "files"} <= kinds


@pytest.mark.parametrize("words", [["topics"], ["topics", "--topic", ""]])
def test_who_is_not_bash_is_told(words: list[str]) -> None:
    with pytest.raises(UsageError, match="two words"):
        list(answers.bash(words))
