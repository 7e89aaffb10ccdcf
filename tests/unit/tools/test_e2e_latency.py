"""`ktools e2e-latency`: Apache's lines, and what is asked for by five words or by options."""

import pytest
from click.testing import CliRunner

from kafka_tools.console.perf import RoundTrips, RoundTripTest
from kafka_tools.tools import e2e_latency
from kafka_tools.tools.e2e_latency import command


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[RoundTripTest]:
    """The tests that a command line asks for; of each record the latency is known."""
    found: list[RoundTripTest] = []

    def measured(test: RoundTripTest, *_: object) -> RoundTrips:
        found.append(test)
        return RoundTrips(tuple(number * 1_000_000 + 999_999 for number in range(1000, 0, -1)), 0)

    monkeypatch.setattr(e2e_latency, "_measured", measured)
    return found


def test_the_lines_are_apaches(asked: list[RoundTripTest]) -> None:
    ran = CliRunner().invoke(command, ["h:1", "t", "1000", "all", "20"])
    assert ran.stdout.splitlines() == ["Avg latency: 501.5000 ms", "Percentiles: 50th = 501, 99th = 991, 99.9th = 1000"]
    [test] = asked
    assert (test.topic, test.records, test.size, test.brokers.config["acks"]) == ("t", 1000, 20, "all")


def test_options_by_their_names_say_the_same_and_more(asked: list[RoundTripTest]) -> None:
    four = ["--topic", "t", "--num-records", "7", "--producer-acks", "1", "--record-size", "20"]
    CliRunner().invoke(command, ["--bootstrap-server", "h:1", *four, "--record-key-size", "3", "--num-headers", "2"])
    [test] = asked
    assert (test.records, test.key_size, test.headers, test.brokers.config["acks"]) == (7, 3, 2, "1")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["h:1", "t", "x", "all", "20"], 'For input string: "x"'),
        (["h:1", "t", "3", "0", "20"], "Latency testing requires synchronous acknowledgement. Please use 1 or all"),
        (["--topic", "t", "--record-size", "1"], 'Missing required argument "[num-records]"'),
        (["h:1", "t", "0", "1", "20"], "At least one record of at least 0 bytes is needed"),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: list[RoundTripTest], words: list[str], complaint: str) -> None:
    ran = CliRunner().invoke(command, words)
    assert ran.stderr.splitlines()[0] == complaint
    assert (ran.exit_code, asked) == (1, [])
