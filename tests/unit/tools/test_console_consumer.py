"""`ktools console-consumer`: requests from argv."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.consumer import EARLIEST, LATEST, ConsumeRequest
from kafka_tools.console.format import RecordFormat
from kafka_tools.main import run
from kafka_tools.tools import console_consumer

Requested = Callable[..., ConsumeRequest]
SERVER = ("--bootstrap-server", "127.0.0.1:1")


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> Requested:
    """Return a function that runs a command line and gives back what would be consumed."""
    requests: list[ConsumeRequest] = []

    def consume(request: ConsumeRequest) -> int:
        requests.append(request)
        return 0

    monkeypatch.setattr(console_consumer, "consume", consume)

    def requested(*argv: str) -> ConsumeRequest:
        assert run(["console-consumer", *SERVER, "--topic", "t", *argv]) == 0
        return requests.pop()

    return requested


def test_the_end_is_where_it_starts(requested: Requested) -> None:
    assert requested() == ConsumeRequest("127.0.0.1:1", "t", record_format=RecordFormat())


@pytest.mark.parametrize(
    ("argv", "start", "reset"),
    [
        ("--from-beginning", EARLIEST, EARLIEST),
        ("--partition 1", LATEST, LATEST),
        ("--partition 1 --from-beginning", EARLIEST, EARLIEST),
        ("--partition 1 --offset 7", 7, LATEST),
        ("--partition 1 --offset EARLIEST", EARLIEST, LATEST),
        ("--partition 1 --offset latest", LATEST, LATEST),
        ("--consumer-property auto.offset.reset=earliest", EARLIEST, EARLIEST),
        ("--consumer-property auto.offset.reset=earliest --from-beginning", EARLIEST, EARLIEST),
    ],
)
def test_where_to_start(requested: Requested, argv: str, start: int, reset: int) -> None:
    request = requested(*argv.split())
    assert (request.start, request.reset) == (start, reset)


@pytest.mark.parametrize(("number", "expected"), [("5", 5), ("0", 0), ("-1", None), ("-7", 0)])
def test_max_messages(requested: Requested, number: str, expected: int | None) -> None:
    assert requested("--max-messages", number).max_messages == expected


def test_group_by_option_and_by_property(requested: Requested) -> None:
    assert requested("--group", "g").group == "g"
    assert requested("--consumer-property", "group.id=g").group == "g"
    assert requested("--group", "g", "--consumer-property", "group.id=g").group == "g"


def test_all_properties(requested: Requested) -> None:
    flags = [word for name in console_consumer.FLAGS for word in ("--property", f"{name}=true")]
    texts = [word for name in console_consumer.TEXTS for word in ("--formatter-property", f"{name}=\udcff{name}")]
    separators = [b"\xff" + name.encode() for name in console_consumer.TEXTS]
    assert requested(*flags, *texts).record_format == RecordFormat(True, True, True, True, True, True, *separators)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("", "Exactly one of --include/--topic is required. "),
        ("--topic t --offset 3", "The partition is required when offset is specified."),
        (
            "--topic t --partition 0 --offset 3 --from-beginning",
            "Options from-beginning and offset cannot be specified together.",
        ),
        (
            "--topic t --partition 0 --offset -3",
            "The provided offset value '-3' is incorrect. "
            "Valid values are 'earliest', 'latest', or a non-negative long.",
        ),
        ("--topic t --partition 0 --group g", "Options group and partition cannot be specified together."),
        (
            "--topic t --from-beginning --consumer-property auto.offset.reset=latest",
            "Can't simultaneously specify --from-beginning and 'auto.offset.reset=latest', please remove one option",
        ),
        ("--topic t --consumer-property auto.offset.reset=none", "auto.offset.reset cannot be 'none'"),
        ("--topic t --consumer-property fetch.min.bytes=1", "--consumer-property fetch.min.bytes is not known"),
        ("--topic t --group=", "Option group requires an argument"),
        ("--topic t --consumer-property group.id=", "The group id cannot be empty."),
        (
            "--topic t --property value.deserializer=LongDeserializer",
            "--property value.deserializer=LongDeserializer is not there: records are printed as the bytes they are",
        ),
    ],
)
def test_what_is_refused(argv: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["console-consumer", *SERVER, *argv.split()]) == 1
    output = capsys.readouterr()
    assert (output.out, output.err.splitlines()[0]) == ("", words)


@given(st.text(max_size=12))
def test_no_offset_gives_a_traceback(offset: str) -> None:
    assert run(["console-consumer", *SERVER, "--topic", "t", "--offset", offset]) == 1


def test_an_unknown_property_is_told(requested: Requested, capsys: pytest.CaptureFixture[str]) -> None:
    requested("--property", "print.keys=true")
    assert capsys.readouterr().err == "ktools: --property print.keys has no effect: it is not known\n"
