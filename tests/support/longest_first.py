"""Runs the test files on clusters in the order of how long they take: a plugin of pytest, used by `scripts/test`.

Each worker takes the next file when it is done with one. Were a long file begun last, one worker would run it alone.
"""

from pathlib import Path

import pytest

SECONDS = {
    "conformance/test_topics.py": 580,
    "live/test_security.py": 520,
    "conformance/test_configs.py": 430,
    "conformance/test_rights.py": 330,
    "conformance/test_console_tools.py": 320,
    "conformance/test_groups.py": 270,
    "live/test_health.py": 220,
    "live/test_versions.py": 210,
    "conformance/test_idioms.py": 160,
    "chaos/test_console_outages.py": 160,
    "chaos/test_brokers.py": 140,
    "chaos/test_outages.py": 140,
    "live/test_console.py": 140,
    "live/test_layout.py": 130,
    "live/test_moving.py": 130,
    "live/test_plans.py": 130,
    "conformance/test_moving.py": 130,
    "live/test_zookeeper_state.py": 125,
    "live/test_sandbox.py": 120,
    "conformance/test_newer_groups.py": 110,
    "live/test_lying_brokers.py": 110,
    "live/test_lying_zookeeper.py": 95,
    "chaos/test_interruptions.py": 80,
    "live/test_readme.py": 75,
    "live/test_completion.py": 65,
    "conformance/test_cluster_state.py": 80,
    "live/test_quorum_changes.py": 75,
    "chaos/test_zookeeper.py": 60,
    "live/test_console_options.py": 60,
    "live/test_zookeeper_rights.py": 50,
    "live/test_failures.py": 45,
    "live/test_configs.py": 40,
    "live/test_doctor.py": 40,
    "live/test_brokers.py": 40,
    "live/test_demo.py": 35,
    "live/test_oauthbearer.py": 35,
}
"""Measured with four workers on two cores; a file that is not named takes less. Only their order counts."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the files; within one the tests keep their order."""
    items.sort(key=lambda item: -SECONDS.get("/".join(Path(item.path).parts[-2:]), 0))
