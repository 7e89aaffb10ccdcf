"""An option that is nearly one of the tool's is told with the one that was meant, for every option of every tool."""

import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from kafka_tools import tools
from kafka_tools.main import cli


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command, those of tools with sub-commands too, and the words that name it.

    All but run-class: what stands on its line is a program's that it only calls.
    """
    for name in (each for each in tools.names() if each != "run-class"):
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from (((name, each), inner) for each, inner in command.commands.items())
        else:
            yield (name,), command


COMMANDS = {" ".join(words): (words, command) for words, command in commands()}


SHORT = 5
"""The length of `--ip` and `--all`: with two letters swapped these could be any word."""


def mistyped(name: str) -> str:
    """Return the option with the two letters in its middle swapped, or one doubled where they are equal, or few."""
    middle = (len(name) + 2) // 2
    first, second = name[middle - 1], name[middle]
    if first == second or len(name) <= SHORT:
        return name[:middle] + first + name[middle:]
    return name[: middle - 1] + second + first + name[middle + 1 :]


@pytest.mark.parametrize("called", COMMANDS)
def test_the_nearest_option_is_named(called: str) -> None:
    words, command = COMMANDS[called]
    options = [name for each in command.params if isinstance(each, click.Option) for name in each.opts]
    names = [name for name in options if name.startswith("--")]
    assert names
    for name in names:
        done = CliRunner().invoke(cli, [*words, mistyped(name)])
        assert (done.exit_code, done.stdout) == (1, ""), name
        # click names several where they are alike; what stands behind is where all options are told.
        meant = done.stderr.partition("Did you mean ")[2].partition("?")[0]
        assert name in re.findall(r"--[\w.-]+", meant), f"{mistyped(name)}: {done.stderr}"
