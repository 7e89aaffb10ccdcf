"""Every command of the README works: its blocks run in their order, from the installation to the end of the cluster."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
PYTHON = """#!/bin/sh
"{python}" "$@" || exit
[ "$2" != venv ] || echo "{packages}" > "$(echo "$3"/lib/python*/site-packages)"/tests.pth
"""
"""A python3 whose virtual environments know the packages of the tests: they need not be fetched again. ktools itself is
built and installed from the checkout as everywhere."""


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a user who has nothing yet: an empty home folder, no settings, no `ktools` on PATH."""
    programs = tmp_path / "programs"
    programs.mkdir()
    packages = sysconfig.get_path("purelib")
    _write_program(programs / "python3", PYTHON.format(python=sys.executable, packages=packages))
    if shutil.which("man") is None:
        _write_program(programs / "man", '#!/bin/sh\ncat "$2/man1/$3.1"\n')
    own = Path(sys.executable).parent
    path = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != own]
    cache = os.environ.get("XDG_CACHE_HOME", f"{Path.home()}/.cache")
    home = tmp_path / "home"
    home.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KTOOLS_", "XDG_", "VIRTUAL"))}
    env = kept | {"HOME": str(home), "PATH": os.pathsep.join([str(programs), *path]), "XDG_CACHE_HOME": cache}
    yield env
    subprocess.run([sys.executable, "-m", "kafka_tools", "sandbox", "down"], env=env, capture_output=True, check=False)


def _write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def test_every_block_in_its_order(env: dict[str, str]) -> None:
    script = "set -euo pipefail\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n"
    script += "".join(block for language, block in BLOCKS if language == "sh")
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr
    folder = Path(env["HOME"], "ktools")
    first, second = (set((folder / name).read_text().split()) for name in ("first", "second"))
    assert first | second == {str(number) for number in range(1, 1001)}
    assert not first & second
    assert "is down" in done.stdout.splitlines()[-1], "the last command ends the cluster"


def test_no_block_is_left_out() -> None:
    """What is shown as a command is run by a test; other blocks show what a command printed."""
    assert {language for language, _ in BLOCKS} == {"sh", "text"}


def test_files_that_are_named_are_there() -> None:
    links = re.findall(r"\]\(([^):]+)\)", README)
    scripts = re.findall(r"`(scripts/\w+)`", README)
    assert {"scripts/demo", "scripts/test", "scripts/check"} <= set(scripts)
    assert [name for name in (*links, *scripts) if not (ROOT / name).exists()] == []
