"""`ktools topics` on the newest Python, and with the oldest versions of the libraries, on the clusters of this session.

Their unit tests are run by `scripts/test matrix`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.clusters import Cluster

ROOT = Path(__file__).parents[2]
TESTS = "tests/live/test_topics.py"
NOT_INSTALLED = 3


@pytest.mark.timeout(900)  # an environment is made first: some 30 s, and minutes where many wait for the disk
@pytest.mark.parametrize("version", ["newest", "oldest"])
def test_topics_on_another_version(version: str, kafka39: Cluster, kafka28: Cluster, kafka4: Cluster) -> None:
    made = subprocess.run([ROOT / "scripts" / "venv", version], capture_output=True, text=True, check=False)
    if made.returncode == NOT_INSTALLED:
        pytest.skip(f"no newer Python than {sys.version.split()[0]} is installed here")
    assert made.returncode == 0, made.stderr
    homes = {"TEST_KAFKA39": kafka39.home, "TEST_KAFKA28": kafka28.home, "TEST_KAFKA4": kafka4.home}
    env = {name: value for name, value in os.environ.items() if not name.startswith(("COVERAGE_", "PYTEST_"))}
    argv = (Path(made.stdout.strip()) / "python", "-m", "pytest", TESTS, "-q", "--no-header", "--tb=short")
    ran = subprocess.run(
        argv,
        cwd=ROOT,
        env=env | {name: str(home) for name, home in homes.items()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
