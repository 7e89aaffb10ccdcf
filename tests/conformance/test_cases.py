"""Each recorded run of Apache's tools, run again with ktools: same text, same status, same left in the cluster."""

from collections.abc import Iterable, Mapping

import pytest

from tests.support.clusters import Cluster
from tests.support.conformance.case import Case, names, read, section
from tests.support.conformance.normalise import outcome
from tests.support.conformance.stage import Stage


def _fixture(case: Case) -> str:
    """Return the fixture of a case's cluster: where a broker is killed one that nobody else uses."""
    kills = any(step.startswith("broker-down") for step in case.setup)
    return case.cluster.replace("kafka", "mortal") if kills else case.cluster


@pytest.mark.parametrize("name", sorted(names(), key=lambda name: _fixture(read(name))))
def test_ktools_does_what_apache_did(name: str, request: pytest.FixtureRequest) -> None:
    case = read(name)
    cluster: Cluster = request.getfixturevalue(_fixture(case))
    expected = case.expected
    with Stage(case, cluster).prepared() as stage:
        ran = cluster.run(case.tool, *stage.argv(), stdin=stage.filled(case.stdin).encode("utf-8", "surrogateescape"))
        left = stage.leaves(expected["leaves"])
        found = outcome(ran.stdout, ran.stderr, ran.returncode, left, case, stage.placeholders)
    assert b"Traceback" not in ran.stderr
    parts = case.compared(expected)
    assert _shown(found, parts) == _shown(expected, parts), " ".join((case.tool, *case.argv))


def _shown(outcome: Mapping[str, str], parts: Iterable[str]) -> str:
    return "".join(section(part, outcome[part]) for part in parts)
