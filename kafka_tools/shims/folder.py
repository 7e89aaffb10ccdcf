"""Writes shims into a folder, removes them, and tells them from other files, which are never lost."""

import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import kafka_tools
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import replace_file
from kafka_tools.shims.apache import NOT_KAFKAS

MARK = "#!/bin/sh\n# ktools shim"
"""The first lines of every shim, by which it is recognised."""

ORIGINAL = ".before-ktools"
"""The ending that --force adds to the name of a file which is not a shim."""

RUN = "from kafka_tools.main import main; main()"

# The Python that installed the shim comes first: it works in cron and Docker, where PATH is short. Where it was removed
# or replaced since, the ktools on PATH is as good.
TEXT = f"""{MARK}: `ktools shims install` wrote it, `ktools shims remove` removes it
python={{python}}
if [ -x "$python" ] && [ -f {{package}} ]; then
  exec "$python" {{flags}}c '{RUN}' {{tool}} "$@"
elif command -v ktools >/dev/null 2>&1; then
  exec ktools {{tool}} "$@"
fi
printf '%s\\n' "${{{{0##*/}}}}: ktools is neither where it was ($python) nor on PATH: pip install kafka-ktools" >&2
exit 127
"""


def text(tool: str) -> str:
    """Return the text of a shim: it runs a tool with this installation, or with `ktools` on PATH where that is gone."""
    package = Path(kafka_tools.__file__).absolute().parent / "main.py"
    return TEXT.format(python=shlex.quote(sys.executable), package=shlex.quote(str(package)), flags=_flags(), tool=tool)


@cache
def _flags() -> str:
    """Return the options for Python: -P, so that it imports nothing from the working folder, and if possible -E.

    -E ignores PYTHONPATH and PYTHONHOME, which a user set for other programs. Where ktools itself is found by
    PYTHONPATH, it has to stay.
    """
    # Tried, not guessed: a PYTHONPATH may or may not be what finds ktools.
    alone = subprocess.run([sys.executable, "-EPc", "import kafka_tools"], capture_output=True, check=False)
    return "-P" if alone.returncode else "-EP"


def state(path: Path, tool: str) -> str:
    """Return the state of a shim.

    It is `installed`, `outdated` (an older or another ktools wrote it), `other` (the file is not a shim) or `missing`.
    """
    if not os.path.lexists(path):
        return "missing"
    if not is_ours(path):
        return "other"
    return "installed" if path.read_text(encoding="utf-8", errors="surrogateescape") == text(tool) else "outdated"


def is_ours(path: Path) -> bool:
    """Tell whether a file is a shim; a link is none, wherever it leads. Raises OSError where it cannot be read."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return False
    # Never the whole file: in $KAFKA_HOME/bin or /usr/local/bin it can be anything, and of any size.
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK.encode()


def install(folder: Path, scripts: Mapping[str, str], force: bool) -> list[Path]:
    """Write shims into `folder` (made if it is missing), and return the files that were put aside.

    `scripts` maps names of scripts to tools. Where a file of such a name exists that is not a shim: with `force` it is
    renamed to NAME.before-ktools; without, nothing is written and KafkaToolError is raised.
    """
    folder.mkdir(parents=True, exist_ok=True)
    others = [folder / name for name in scripts if os.path.lexists(folder / name) and not is_ours(folder / name)]
    if others and not force:
        raise KafkaToolError(
            f"{folder} has files of these names that are not ktools': {', '.join(path.name for path in others)}. "
            "Nothing was written.",
            f"--force puts them aside (NAME{ORIGINAL}); `ktools shims remove` puts them back.",
        )
    taken = [_original(path).name for path in others if os.path.lexists(_original(path))]
    if taken:
        raise KafkaToolError(f"{folder} has {', '.join(taken)} already. Nothing was written.", "Move it away first.")
    # All names were looked at before the first file is touched: a refusal leaves the folder as it was.
    for path in others:
        path.replace(_original(path))
    for name, tool in scripts.items():
        replace_file(str(folder / name), os.fsencode(text(tool)), 0o755)
    return [_original(path) for path in others]


def remove(folder: Path) -> tuple[list[Path], list[Path]]:
    """Remove all shims from `folder`; return them, and the files that --force had put aside and that are back now."""
    found = sorted(path for path in folder.iterdir() if path.name.startswith(("kafka-", *NOT_KAFKAS)))
    ours = [path for path in found if is_ours(path)]
    for path in ours:
        path.unlink()
    # Only where the shim itself was there: what was put aside and replaced by somebody since is not overwritten.
    back = [path for path in ours if os.path.lexists(_original(path))]
    for path in back:
        _original(path).replace(path)
    return ours, back


def _original(path: Path) -> Path:
    return path.with_name(path.name + ORIGINAL)
