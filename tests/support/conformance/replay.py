"""Runs a recorded case again with ktools: same text, same status, same left in the cluster.

The files in tests/conformance take a tool or two each, so that several workers share the cases.
"""

from collections.abc import Iterable, Mapping

import pytest

from tests.support.clusters import KTOOLS, Cluster, interrupted
from tests.support.conformance import case as cases
from tests.support.conformance.case import Case, read, section
from tests.support.conformance.normalise import outcome
from tests.support.conformance.stage import Stage

TOOLS = {
    "test_topics": ("topics",),
    "test_console_tools": ("console-consumer", "console-producer"),
    "test_configs": ("configs", "client-metrics"),
    "test_rights": ("acls", "delegation-tokens"),
    "test_moving": ("leader-election", "log-dirs", "preferred-replica-election", "reassign-partitions"),
    "test_perf": ("consumer-perf-test", "e2e-latency", "producer-perf-test", "share-consumer-perf-test"),
    "test_verifiable": ("verifiable-consumer", "verifiable-producer"),
    "test_znodes": ("zookeeper-shell",),
    "test_cluster_state": ("broker-api-versions", "cluster", "features", "metadata-quorum", "transactions"),
    "test_log_files": ("dump-log", "replica-verification"),
    "test_groups": ("consumer-groups", "get-offsets", "delete-records"),
    "test_newer_groups": ("groups", "share-groups", "console-share-consumer"),
    "test_streams_groups": ("streams-groups", "streams-application-reset"),
}
"""Which file in tests/conformance runs the cases of which tools; a test looks that none is left out."""


def names(module: str) -> list[str]:
    """Return the cases that a file runs, by its module's name, those of one cluster behind each other."""
    tools = TOOLS[module.rpartition(".")[2]]
    return sorted(
        (name for name in cases.names() if name.partition("/")[0] in tools), key=lambda name: _fixture(read(name))
    )


def check(name: str, request: pytest.FixtureRequest) -> None:
    """Run one case; fail where ktools does something else than the record says."""
    case = read(name)
    cluster: Cluster = request.getfixturevalue(_fixture(case))
    expected = case.expected
    with Stage(case, cluster).prepared() as stage:
        stdin = stage.filled(case.stdin).encode("utf-8", "surrogateescape")
        if case.until:
            ran = interrupted([*KTOOLS, case.tool, *stage.argv()], cluster.env, case.until)
        else:
            ran = cluster.run(case.tool, *stage.argv(), stdin=stdin)
        left = stage.leaves(expected["leaves"])
        found = outcome(ran.stdout, ran.stderr, ran.returncode, left, case, stage.placeholders)
    assert b"Traceback" not in ran.stderr
    parts = case.compared(expected)
    assert _shown(found, parts) == _shown(expected, parts), " ".join((case.tool, *case.argv))


def _fixture(case: Case) -> str:
    """Return the fixture of a case's cluster: where a broker is killed one that nobody else uses."""
    kills = any(step.startswith("broker-down") for step in case.setup)
    return case.cluster.replace("kafka", "mortal") if kills else case.cluster


def _shown(outcome: Mapping[str, str], parts: Iterable[str]) -> str:
    return "".join(section(part, outcome[part]) for part in parts)
