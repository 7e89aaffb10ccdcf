"""Runs the test files on clusters in the order of how long they take: a plugin of pytest, used by `scripts/test`.

Each worker takes the next file when it is done with one. Were a long file begun last, one worker would run it alone.
"""

from pathlib import Path

import pytest

SECONDS = {
    "conformance/test_topics.py": 190,
    "conformance/test_console_tools.py": 130,
    "conformance/test_configs.py": 400,
    "conformance/test_rights.py": 250,
    "conformance/test_groups.py": 150,
    "live/test_layout.py": 200,
    "live/test_security.py": 180,
    "live/test_lying_brokers.py": 130,
    "live/test_versions.py": 110,
    "chaos/test_console_outages.py": 130,
    "live/test_lying_zookeeper.py": 110,
    "chaos/test_outages.py": 110,
    "live/test_readme.py": 80,
    "live/test_sandbox.py": 110,
    "chaos/test_interruptions.py": 100,
    "live/test_demo.py": 100,
    "live/test_console.py": 90,
    "chaos/test_brokers.py": 80,
    "conformance/test_idioms.py": 70,
    "live/test_topics.py": 50,
    "live/test_lying_console.py": 50,
    "live/test_lying_logins.py": 50,
    "live/test_doctor.py": 40,
    "chaos/test_zookeeper.py": 40,
    "live/test_console_options.py": 40,
    "live/test_console_copy.py": 35,
}
"""Measured with two workers on two cores; a file that is not named takes less. Only their order counts."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files; within one the tests keep their order."""
    items.sort(key=lambda item: -SECONDS.get("/".join(Path(item.path).parts[-2:]), 0))
