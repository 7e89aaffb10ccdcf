"""Runs the test files on clusters in the order of how long they take: a plugin of pytest, used by `scripts/test`.

Each worker takes the next file when it is done with one. Were a long file begun last, one worker would run it alone.
"""

from pathlib import Path

import pytest

SECONDS = {
    "conformance/test_topics.py": 320,
    "conformance/test_configs.py": 230,
    "conformance/test_console_tools.py": 230,
    "chaos/test_outages.py": 220,
    "live/test_security.py": 195,
    "conformance/test_rights.py": 195,
    "live/test_layout.py": 170,
    "chaos/test_brokers.py": 155,
    "live/test_sandbox.py": 130,
    "live/test_plans.py": 130,
    "live/test_health.py": 130,
    "chaos/test_console_outages.py": 125,
    "conformance/test_idioms.py": 125,
    "live/test_moving.py": 125,
    "conformance/test_moving.py": 120,
    "live/test_console.py": 110,
    "live/test_versions.py": 105,
    "conformance/test_streams_groups.py": 95,
    "conformance/test_groups.py": 90,
    "live/test_lying_brokers.py": 85,
    "live/test_lying_zookeeper.py": 70,
    "live/test_zookeeper_state.py": 65,
    "conformance/test_newer_groups.py": 60,
    "live/test_completion.py": 60,
    "chaos/test_interruptions.py": 60,
    "live/test_groups.py": 50,
    "live/test_readme.py": 50,
    "live/test_console_options.py": 45,
    "live/test_failures.py": 45,
    "live/test_brokers.py": 40,
    "live/test_configs.py": 40,
    "chaos/test_zookeeper.py": 40,
    "live/test_doctor.py": 30,
}
"""Measured with four workers on two cores; a file that is not named takes less. Only their order counts."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files; within one the tests keep their order."""
    items.sort(key=lambda item: -SECONDS.get("/".join(Path(item.path).parts[-2:]), 0))
