"""Which version of a request both sides can use."""

from kafka_tools.model.api_keys import ApiVersion, api_versions


def test_versions_that_both_sides_know_and_those_that_one_lacks() -> None:
    known = {1: (4, 12), 4: (0, 9), 33: (3, 3), 77: (0, 0), 999: (2, 5)}
    found = {each.key: each for each in api_versions(known)}
    assert found[1] == ApiVersion(1, "Fetch", (4, 12), 12)
    assert found[4] == ApiVersion(4, "LeaderAndIsr", (0, 9), 7)
    assert found[33] == ApiVersion(33, "AlterConfigs", (3, 3), remark="node too new")
    assert found[77] == ApiVersion(77, "ShareGroupDescribe", (0, 0), remark="node too old")
    assert found[999] == ApiVersion(999, "UNKNOWN", (2, 5))
    assert found[0] == ApiVersion(0, "Produce", None)
    assert list(found) == sorted(found)
    assert not {5, 6, 7, 52} & found.keys(), "what clients do not ask for is not missed"
