"""The tests: unit, live, conformance, chaos, and what they share in support."""

import pytest

# Failed assertions of helpers show their values, too. It must be said before the first of them is imported.
pytest.register_assert_rewrite("tests.support")
