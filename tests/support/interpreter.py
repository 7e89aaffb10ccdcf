"""A fresh interpreter, for tests of what is imported: in the one that runs the tests every module is there already."""

import os
import re
import subprocess
import sys
from pathlib import Path


def printed(code: str) -> str:
    """Return what the code prints. It runs without coverage, which would import half of the standard library first."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout


def most_memory() -> int:
    """Return the most memory, in bytes, that this process held.

    Not ru_maxrss: that begins with what the parent held, and a worker of the tests holds 300 MB.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024
