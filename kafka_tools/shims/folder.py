"""A folder with shims: what is there, writing and removing them; files of others are kept."""

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
from kafka_tools.shims.apache import NOT_KAFKAS

MARK = "#!/bin/sh\n# ktools shim"
"""How each file of ours begins."""

ORIGINAL = ".before-ktools"
"""What is added to the name of another's file that --force puts aside."""

RUN = "from kafka_tools.main import main; main()"

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
    """Return the shell script that runs a tool with this installation, or with the `ktools` on PATH if it is gone."""
    package = Path(kafka_tools.__file__).absolute().parent / "main.py"
    return TEXT.format(python=shlex.quote(sys.executable), package=shlex.quote(str(package)), flags=_flags(), tool=tool)


@cache
def _flags() -> str:
    """Return Python's options: the user's PYTHONPATH, PYTHONHOME, … and the working folder mean something else, unless
    it is PYTHONPATH that ktools is found by."""
    alone = subprocess.run([sys.executable, "-EPc", "import kafka_tools"], capture_output=True, check=False)
    return "-P" if alone.returncode else "-EP"


def state(path: Path, tool: str) -> str:
    """Return `installed`, `outdated` (another ktools or an older one wrote it), `other` (not ours) or `missing`."""
    if not os.path.lexists(path):
        return "missing"
    if not is_ours(path):
        return "other"
    return "installed" if path.read_text(encoding="utf-8", errors="surrogateescape") == text(tool) else "outdated"


def is_ours(path: Path) -> bool:
    """Tell whether a file is a shim. Raises OSError where it cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
    except FileNotFoundError:
        return False  # a link to nothing
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK.encode()


def install(folder: Path, scripts: Mapping[str, str], force: bool) -> list[Path]:
    """Write the scripts (names, each with its tool) into `folder`, which is made if need be; return those put aside.

    Raises KafkaToolError, and nothing is written, where a file of the same name is not ours and `force` is not given;
    with it that file is kept beside as NAME.before-ktools.
    """
    folder.mkdir(parents=True, exist_ok=True)
    others = [folder / name for name in scripts if os.path.lexists(folder / name) and not is_ours(folder / name)]
    if others and not force:
        raise KafkaToolError(
            f"{folder} has files of these names that are not ktools': {', '.join(path.name for path in others)}. "
            "Nothing was written.",
            f"--force puts them aside (NAME{ORIGINAL}); `ktools shims remove` puts them back.",
        )
    for path in others:
        path.replace(_original(path))
    for name, tool in scripts.items():
        _write(folder / name, text(tool))
    return [_original(path) for path in others]


def remove(folder: Path) -> tuple[list[Path], list[Path]]:
    """Remove every shim from `folder`; return them, and the files that are back in their places."""
    found = sorted(path for path in folder.iterdir() if path.name.startswith(("kafka-", *NOT_KAFKAS)))
    ours = [path for path in found if is_ours(path)]
    for path in ours:
        path.unlink()
    back = [path for path in ours if os.path.lexists(_original(path))]
    for path in back:
        _original(path).replace(path)
    return ours, back


def _original(path: Path) -> Path:
    return path.with_name(path.name + ORIGINAL)


def _write(path: Path, content: str) -> None:
    """Write a program in one step: whoever starts it meanwhile gets the old one or the new one."""
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        draft.write_text(content, encoding="utf-8", errors="surrogateescape")
        draft.chmod(0o755)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
