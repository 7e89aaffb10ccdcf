"""`ktools shims`: installs, lists and removes scripts under Apache's names that run ktools. Apache has no such tool."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from kafka_tools.cli import types
from kafka_tools.cli.command import ToolGroup
from kafka_tools.errors import KafkaToolError
from kafka_tools.report import Report
from kafka_tools.shims import apache, folder
from kafka_tools.tools import names


@dataclass(frozen=True, slots=True)
class ShimRow:
    """One of Apache's script names and the file of that name.

    `state` is `installed`, `outdated` (an older or another ktools wrote it), `other` (not a shim) or `missing`.
    """

    script: str
    tool: str
    state: str
    path: str | None


@click.group("shims", cls=ToolGroup)
def command() -> None:
    """Put scripts under Apache's names (kafka-topics.sh, kafka-topics, …, kafka-run-class.sh) into a directory.

    What calls Apache's tools calls ktools when DIR comes first on PATH, or is $KAFKA_HOME/bin.
    """


@command.command("install")
@click.argument("directory", type=types.DIRECTORY, metavar="DIR")
@click.option("--force", is_flag=True, help="Put files of these names that are not ktools' aside.")
def install(directory: str, force: bool) -> Report:
    """Write a script for every tool into DIR, which is made if need be.

    Files of others are never overwritten: with --force they are kept as NAME.before-ktools, and `remove` puts them
    back. Install again after an update of ktools: it may have more tools.
    """
    path = _directory(directory)
    scripts = apache.scripts(names())
    aside = folder.install(path, scripts, force)
    notes = [f"Put aside: {', '.join(each.name for each in aside)}."] if aside else []
    rows = _rows([path])
    return Report(rows, COLUMNS, [f"Installed {len(scripts)} scripts in {path}."], notes=(*notes, *_hints(path)))


@command.command("list")
@click.argument("directory", type=types.DIRECTORY, metavar="[DIR]", required=False)
def show(directory: str | None) -> Report:
    """Show what stands in DIR under Apache's names; without DIR, what a script finds on PATH.

    In a pipe: script, tool, state (installed, outdated, other, missing) and path, separated by tabs.
    """
    folders = [_directory(directory)] if directory is not None else _on_path()
    rows = _rows(folders)
    return Report(rows, COLUMNS, ["\t".join((row.script, row.tool, row.state, row.path or "-")) for row in rows])


@command.command("remove")
@click.argument("directory", type=types.DIRECTORY, metavar="DIR")
def remove(directory: str) -> Report:
    """Remove ktools' scripts from DIR, and nothing else; files that --force put aside come back."""
    path = _directory(directory)
    if not path.is_dir():
        raise KafkaToolError(f"{path} is no directory")
    removed, back = folder.remove(path)
    notes = (f"Back in place: {', '.join(each.name for each in back)}.",) if back else ()
    return Report((), {}, [f"Removed {len(removed)} scripts from {path}."], names_only=True, notes=notes)


COLUMNS = {"script": "Script", "tool": "Tool", "state": "State", "path": "Path"}


def _directory(text: str) -> Path:
    # `ktools shims install "$KAFKA_BIN"` with nothing in the variable would mean the working folder.
    if not text:
        raise KafkaToolError("DIR is empty: is a variable not set?")
    return Path(text).expanduser().absolute()


def _on_path() -> list[Path]:
    return [Path(part).absolute() for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part]


def _rows(folders: Sequence[Path]) -> list[ShimRow]:
    """Look for each script in the folders; the first folder that has it counts, as on PATH."""
    return [_row(script, tool, folders) for script, tool in apache.scripts(names()).items()]


def _row(script: str, tool: str, folders: Sequence[Path]) -> ShimRow:
    # A link that leads nowhere counts: `install` finds the name taken by it, too.
    path = next((each / script for each in folders if os.path.lexists(each / script)), None)
    return ShimRow(script, tool, folder.state(path, tool) if path else "missing", str(path) if path else None)


def _hints(installed: Path) -> list[str]:
    """Tell the user what keeps a shell from finding the new scripts by their names."""
    on_path = _on_path()
    if installed not in on_path:
        return [f'{installed} is not on PATH: PATH="{installed}:$PATH" puts it first.']
    # Looked for as a shell does: another folder that has but one of the names wins that one.
    hidden = [row for row in _rows(on_path) if row.path and Path(row.path).parent != installed]
    return [f"{hidden[0].path} comes first on PATH: {installed} has to stand before it."] if hidden else []
