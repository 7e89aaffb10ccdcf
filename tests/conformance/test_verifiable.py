"""The recorded cases of the clients that print an event of JSON a line, run again with ktools."""

import pytest

from tests.support.conformance import replay


@pytest.mark.parametrize("name", replay.names(__name__))
def test_ktools_does_what_apache_did(name: str, request: pytest.FixtureRequest) -> None:
    replay.check(name, request)
