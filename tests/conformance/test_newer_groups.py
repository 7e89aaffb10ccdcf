"""Recorded cases of share-groups, streams-groups and the other tools of Kafka 4."""

import pytest

from tests.support.conformance import replay


@pytest.mark.parametrize("name", replay.names(__name__))
def test_ktools_does_what_apache_did(name: str, request: pytest.FixtureRequest) -> None:
    replay.check(name, request)
