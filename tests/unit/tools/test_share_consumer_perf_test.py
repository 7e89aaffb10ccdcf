"""`ktools share-consumer-perf-test`: Apache's lines, and what is refused."""

import pytest

from kafka_tools.console.perf import Shared, ShareTest
from kafka_tools.main import run
from kafka_tools.model.java_dates import compile_format
from kafka_tools.model.performance import Read
from kafka_tools.model.target import Brokers
from kafka_tools.render.views import Table
from kafka_tools.tools.share_consumer_perf_test import interval_line, report

MIB = 1 << 20
PLAIN = compile_format("yyyy")
TEST = ShareTest(Brokers("b:1", {"client.id": "mine"}), "t", "g", 5, consumers=2, patience=700)
FIRST, SECOND = Read(MIB, 3, 0, 2000, 0), Read(0, 0, 0, 2000, 0)


def test_the_lines_are_apaches() -> None:
    both = Read(MIB, 3, 0, 2000, 0)
    found = report(Shared(both, (FIRST, SECOND), True, (), 0), TEST, PLAIN, by_consumer=True)
    warning = (
        "WARNING: Exiting before consuming the expected number of records: timeout (700 ms) exceeded. "
        "You can use the --timeout option to increase the timeout."
    )
    assert list(found.plain) == [
        "Share consumer 1 having client id mine-1 consumption metrics- 1970, 1970, 1.0000, 0.5000, 1.5000, 3, 2000",
        "Share consumer 2 having client id mine-2 consumption metrics- 1970, 1970, 0.0000, 0.0000, 0.0000, 0, 2000",
        warning,
        "1970, 1970, 1.0000, 0.5000, 1.5000, 3, 2000",
    ]
    assert [(row.consumer, row.records) for row in found.rows] == [(1, 3), (2, 0), (None, 3)]
    assert found.tables is not None
    [table] = found.tables()
    assert isinstance(table, Table)
    assert next(iter(table.columns)) == "consumer"
    assert [mark.words for mark in table.notes] == ["The row without a number is that of all consumers together."]
    assert (found.told, found.status) == ([warning], 0)


def test_an_interval_has_its_own_rates_and_the_sums_of_the_run() -> None:
    line = interval_line(FIRST, 4 * MIB, 12, 2, PLAIN)
    assert line == "1970, 1970, 4.0000, 0.5000, 1.5000, 12, 2000 for share consumer 2"


def test_without_consumers_of_their_own_there_is_one_row_and_the_clients_figures_follow() -> None:
    found = report(Shared(FIRST, (FIRST,), False, ({"rx": 7.0},), 130), TEST, PLAIN, by_consumer=False)
    assert "consumer" not in found.columns
    assert [row.records_per_second for row in found.rows] == [1.5]
    assert list(found.plain)[1:] == ["", "Metric Name        Value", "librdkafka:rx:{} : 7.0"]
    assert (found.told, found.status) == ([], 130)


@pytest.mark.parametrize(
    ("argv", "first_line"),
    [
        (("--num-records", "1"), 'Missing required argument "[topic]"'),
        (("--topic", "t", "--num-records", "1", "--threads", "251"), "--threads: '251' is not between 1 and 250"),
        (("--topic", "t", "--num-records", "1", "--date-format", "q"), "Illegal pattern character 'q'"),
        (
            ("--topic", "t", "--num-records", "1", "--reporting-interval", "0"),
            "Reporting interval must be greater than 0.",
        ),
    ],
)
def test_wrong_usage(argv: tuple[str, ...], first_line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["share-consumer-perf-test", "--bootstrap-server", "127.0.0.1:1", *argv]) == 1
    assert capsys.readouterr().err.splitlines()[0] == first_line
