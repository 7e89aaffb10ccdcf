"""`ktools consumer-perf-test`: Apache's lines, what is asked for, and what is refused before any broker is."""

import json

import pytest
from click.testing import CliRunner

from kafka_tools.console.perf import Consumed, ConsumeTest
from kafka_tools.model.performance import Read
from kafka_tools.tools import consumer_perf_test
from kafka_tools.tools.consumer_perf_test import command, interval_line

HEADING = (
    "start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, "
    "fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec"
)
LINE = ["--bootstrap-server", "h:1", "--topic", "t", "--messages", "10"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ConsumeTest]:
    """The tests that a command line asks for; each ends early with the same figures."""
    found: list[ConsumeTest] = []

    def measured(test: ConsumeTest, *_: object) -> Consumed:
        found.append(test)
        return Consumed(Read(3 << 20, 8, 1000, 3000, 500), True, {}, 0)

    monkeypatch.setattr(consumer_perf_test, "_measured", measured)
    return found


def test_the_lines_are_apaches(asked: list[ConsumeTest]) -> None:
    ran = CliRunner().invoke(command, [*LINE, "--date-format", "'at' s", "--timeout"])
    assert ran.stdout.splitlines() == [
        HEADING,
        "WARNING: Exiting before consuming the expected number of messages: timeout (10000 ms) exceeded. You can use "
        "the --timeout option to increase the timeout.",
        "at 1, at 3, 3.0000, 1.5000, 8, 4.0000, 500, 1500, 2.0000, 5.3333",
    ]
    assert (ran.exit_code, asked[0].records) == (0, 10)


def test_json_has_the_figures_and_stderr_the_warning(asked: list[ConsumeTest]) -> None:
    assert not asked
    ran = CliRunner().invoke(command, [*LINE, "--output", "json"])
    [row] = json.loads(ran.stdout)
    assert (row["records"], row["megabytes"], row["fetch_ms"], row["fetch_records_per_second"]) == (8, 3.0, 1500, 5.333)
    assert ran.stderr.startswith("WARNING: Exiting before")


def test_details_have_lines_of_intervals_and_none_of_all(asked: list[ConsumeTest]) -> None:
    ran = CliRunner().invoke(command, [*LINE, "--show-detailed-stats", "--hide-header"])
    assert len(ran.stdout.splitlines()) == 1
    assert asked
    waited = interval_line(Read(1 << 20, 10, 0, 500, 500), 2 << 20, 30, lambda _: "then")
    assert waited == "then, 0, 2.0000, 2.0000, 30, 20.0000, 500, 0, 0.0000, 0.0000"


def test_sizes_are_settings_of_the_consumer(asked: list[ConsumeTest]) -> None:
    CliRunner().invoke(command, [*LINE, "--fetch-size", "5000", "--group", "g", "--from-latest"])
    [test] = asked
    config = test.source.brokers.config
    assert (config["max.partition.fetch.bytes"], config["socket.receive.buffer.bytes"]) == ("5000", "2097152")
    assert (test.group, test.latest) == ("g", True)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--messages", "1"], 'Missing required argument "[topic]"'),
        (["--topic", "t"], 'Missing required argument "[messages]"'),
        ([*LINE, "--include", "t.*"], "Exactly one of --topic and --include is needed"),
        ([*LINE, "--reporting-interval", "0"], "Reporting interval must be greater than 0."),
        ([*LINE, "--messages", "1"], "Found multiple arguments for option messages, but you asked for only one"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: list[ConsumeTest], words: list[str], complaint: str) -> None:
    ran = CliRunner().invoke(command, words)
    assert ran.stderr.splitlines()[0] == complaint
    assert ran.exit_code == 1
    assert not asked
