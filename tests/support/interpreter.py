"""A fresh interpreter, for tests of what is imported: in the one that runs the tests every module is there already."""

import os
import subprocess
import sys


def printed(code: str) -> str:
    """Return what the code prints. It runs without coverage, which would import half of the standard library first."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
