"""DIFFERENCES.md has what the recorded cases say. A unit test, so that it is noticed before a commit."""

from tests.support.conformance import differences


def test_the_list_of_differences_is_up_to_date() -> None:
    template = differences.TEMPLATE.read_text(encoding="utf-8")
    expected = differences.written(differences.every(), template)
    assert differences.FILE.read_text(encoding="utf-8") == expected, "run scripts/record --differences"
    assert differences.PLACE in template
    assert all(case.difference in expected for case in differences.every())
