"""`ktools producer-perf-test`: Apache's lines, what is asked for, and what is refused before any broker is."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from kafka_tools.console.perf import Produced, ProduceTest
from kafka_tools.model.performance import Sent
from kafka_tools.tools import producer_perf_test
from kafka_tools.tools.producer_perf_test import command

AMBIGUOUS = "ambiguous option: --payload could match --payload-delimiter, --payload-file, --payload-monotonic"
WARMUP = "The value for --warmup-records must be strictly fewer than the number of records in the test, --num-records."
LINE = ["--topic", "t", "--num-records", "10", "--throughput", "-1"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[ProduceTest]:
    """The tests that a command line asks for; each is answered with the same figures."""
    found: list[ProduceTest] = []
    total = Sent(10, 1000, 8, 41, 9, (4, 8, 9, 9))

    def measured(test: ProduceTest, *_: object) -> Produced:
        found.append(test)
        return Produced(total, Sent(6, 600, 4, 20, 5, (3, 4, 5, 5)) if test.warmup else None, 1, {}, 1)

    monkeypatch.setattr(producer_perf_test, "_measured", measured)
    return found


def test_the_last_lines_are_apaches(asked: list[ProduceTest]) -> None:
    ran = CliRunner().invoke(command, [*LINE, "--record-size", "100", "--warmup-records", "4"])
    assert ran.stdout.splitlines() == [
        "Warmup first 4 records. Steady state results will print after the complete test summary.",
        "10 records sent, 1250.000000 records/sec (0.12 MB/sec), 4.10 ms avg latency, 9.00 ms max latency, "
        "4 ms 50th, 8 ms 95th, 9 ms 99th, 9 ms 99.9th.",
        "6 steady state records sent, 1500.000000 records/sec (0.14 MB/sec), 3.33 ms avg latency, 5.00 ms max latency, "
        "3 ms 50th, 4 ms 95th, 5 ms 99th, 5 ms 99.9th.",
    ]
    assert ran.exit_code == 1  # a record was not delivered
    assert (asked[0].size, asked[0].warmup) == (100, 4)


def test_json_has_the_figures_and_nothing_else(asked: list[ProduceTest]) -> None:
    ran = CliRunner().invoke(command, [*LINE, "--payload-monotonic", "--output", "json"])
    assert ran.stdout.startswith('[{"part": "all", "records": 10, "bytes": 1000, "seconds": 0.008,')
    assert '"p999_ms": 9, "failed": 1}' in ran.stdout
    assert asked[0].size is None


def test_settings_of_the_producer_come_as_several_words(asked: list[ProduceTest]) -> None:
    properties = ["--producer-props", "bootstrap.servers=h:1", "acks=1", "linger.ms=7"]
    CliRunner().invoke(command, [*properties, *LINE, "--record-size", "1"])
    [test] = asked
    assert test.brokers.bootstrap_servers == "h:1"
    assert test.brokers.config["linger.ms"] == "7"
    assert test.brokers.config["enable.idempotence"] == "false"  # acks=1 contradicts it


@pytest.mark.parametrize(
    ("words", "transaction"),
    [([], None), (["--transaction-duration-ms", "50"], 50), (["--transactional-id", "x"], 3000)],
)
def test_transactions_are_sent_where_they_are_asked_for(
    asked: list[ProduceTest], words: list[str], transaction: int | None
) -> None:
    CliRunner().invoke(command, [*LINE, "--record-size", "1", *words])
    [test] = asked
    assert test.transaction == transaction
    assert ("transactional.id" in test.brokers.config) is (transaction is not None)


def test_records_of_a_file_are_split_by_a_pattern(asked: list[ProduceTest], tmp_path: Path) -> None:
    file = tmp_path / "records"
    file.write_text("one1two22three\n4", encoding="utf-8")
    ran = CliRunner().invoke(command, [*LINE, "--payload-file", str(file), "--payload-delimiter", "[0-9]+"])
    assert asked[0].payloads == (b"one", b"two", b"three\n")
    assert ran.stdout.splitlines()[:2] == [f"Reading payloads from: {file}", "Number of messages read: 3"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--record-size", "-1"], "--record-size should be greater than zero."),
        (["--record-size", "1", "--num-records", "0"], "--num-records should be greater than zero."),
        (["--record-size", "1", "--throughput", "0"], "--throughput 0 would never send the second record"),
        (["--record-size", "1", "--producer-props", "acks"], "Invalid property: acks"),
        (
            ["--record-size", "1", "--pro", "a=b"],
            "ambiguous option: --pro could match --producer-props, --producer.config",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(asked: list[ProduceTest], words: list[str], complaint: str) -> None:
    ran = CliRunner().invoke(command, [*LINE, *words])
    assert ran.stderr.splitlines()[0] == f"producer-performance: error: {complaint}"
    assert ran.exit_code == 1
    assert not asked


def test_nothing_at_all_shows_the_help_as_apaches_tool_does() -> None:
    ran = CliRunner().invoke(command, [])
    assert (ran.exit_code, ran.stdout.startswith("Usage: producer-perf-test")) == (0, True)
