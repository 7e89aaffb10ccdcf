"""Runs the test files on clusters in the order of how long they take: a plugin of pytest, used by `scripts/test`.

Each worker takes the next file when it is done with one. Were a long file begun last, one worker would run it alone.
"""

from pathlib import Path

import pytest

SECONDS = {
    "conformance/test_cases.py": 260,
    "chaos/test_interruptions.py": 130,
    "live/test_demo.py": 100,
    "live/test_console_copy.py": 90,
    "live/test_sandbox.py": 150,
}
"""Measured with two workers on two cores; a file that is not named takes less than 30 s."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files; within one the tests keep their order."""
    items.sort(key=lambda item: -SECONDS.get("/".join(Path(item.path).parts[-2:]), 0))
