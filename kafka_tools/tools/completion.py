"""`ktools completion`: what lets a shell complete ktools and Apache's names for its tools; Apache has no such tool."""

from collections.abc import Mapping
from typing import Any

from kafka_tools.cli.command import ToolCommand
from kafka_tools.cli.joptsimple import Option, one_of
from kafka_tools.errors import UsageError
from kafka_tools.report import Report

SHELLS = ("bash", "zsh", "fish")


def _run(options: Mapping[str, Any]) -> Report:
    shell = options["shell"]
    if shell is None:
        raise UsageError("no shell is named", f"Choose from: {', '.join(SHELLS)}")
    if options["words"]:
        from kafka_tools.completion import answers

        return Report((), {}, answers.SHELLS[shell](options["words"]), names_only=True)
    from kafka_tools.completion.scripts import script

    return Report((), {}, (script(shell),), names_only=True)


command = ToolCommand(
    name="completion",
    section="Scripts",
    summary="Print what lets bash, zsh or fish complete ktools.",
    description="""Print the script that lets a shell complete tools, options, and the names of topics, groups, brokers,
contexts and configs, also behind Apache's names (kafka-topics.sh, …).

bash: `source <(ktools completion bash)` in ~/.bashrc. zsh: `source <(ktools completion zsh)` in ~/.zshrc, after
compinit. fish: `ktools completion fish | source` in ~/.config/fish/config.fish.

Names are those of the cluster that the command line would talk to. They are remembered for a minute; what cannot be
had in a quarter of a second is left out. Nobody is asked for a password, and no program is run to find one.

The script calls `ktools completion SHELL -- WORD…` for what completes the last word.""",
    options=(
        Option(("shell",), f"{', '.join(SHELLS)}.", "SHELL", read=one_of(*SHELLS)),
        Option(("words",), "After --, for the script: what completes the last of these.", "[WORD…]", multiple=True),
    ),
    run=_run,
    reports=False,
)
