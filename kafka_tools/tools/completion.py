"""`ktools completion`: what lets a shell complete ktools and Apache's names for its tools; Apache has no such tool."""

import click

from kafka_tools.cli import types
from kafka_tools.cli.command import ToolCommand
from kafka_tools.errors import UsageError
from kafka_tools.report import Report
from kafka_tools.tools import names

SHELLS = ("bash", "zsh", "fish")

DESCRIPTION = """\
Print the script that lets a shell complete tools, options, and the names of topics, groups, brokers,
contexts and configs, also behind Apache's names (kafka-topics.sh, …).

bash: `source <(ktools completion bash)` in ~/.bashrc. zsh: `source <(ktools completion zsh)` in ~/.zshrc, after
compinit. fish: `ktools completion fish | source` in ~/.config/fish/config.fish.

Names are those of the cluster that the command line would talk to. They are remembered for a minute; what cannot be
had in a quarter of a second is left out. Nobody is asked for a password, and no program is run to find one.

The script calls `ktools completion SHELL -- WORD…` for what completes the last word."""


@click.command(
    "completion",
    cls=ToolCommand,
    help=DESCRIPTION,
    reports=False,
)
@click.argument("shell", required=False, type=types.Word("SHELL", SHELLS), help=f"{', '.join(SHELLS)}.")
@click.argument(
    "words",
    nargs=-1,
    metavar="[WORD…]",
    type=types.Text("WORD"),
    help="After --, for the script: what completes the last of these.",
)
@click.pass_context
def command(ctx: click.Context, *, shell: str | None, words: tuple[str, ...]) -> Report:
    """Print the script of a shell, or what completes the words."""
    if shell is None:
        raise UsageError("no shell is named", f"Choose from: {', '.join(SHELLS)}")
    from kafka_tools.cli import completion

    # `names` and not the tools themselves: the script needs Apache's names alone, and at a Tab one tool is imported,
    # not all.
    own = completion.SHELLS[shell](ctx.find_root().command, names(), words)
    # Words are behind `--` only where the shell's script calls: a person who wants the script has none.
    return Report((), {}, ((own.complete() if words else own.source()),), names_only=True)
