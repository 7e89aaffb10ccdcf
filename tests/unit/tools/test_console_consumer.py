"""`ktools console-consumer`: requests from argv."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.console.consume import EARLIEST, LATEST, ConsumeRequest, Source
from kafka_tools.console.formats import Deserializer, Formatter, RecordFormat
from kafka_tools.console.process import ShowProgress
from kafka_tools.errors import UsageError
from kafka_tools.main import run
from kafka_tools.model.target import Brokers
from kafka_tools.render.progress import RecordsBar
from kafka_tools.tools.console_consumer import checks

Requested = Callable[..., ConsumeRequest]
SERVER = ("--bootstrap-server", "127.0.0.1:1")


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> Requested:
    """Return a function that runs a command line and gives back what would be consumed."""
    requests: list[ConsumeRequest] = []

    def consume(request: ConsumeRequest, formatter: Formatter | None, show_progress: ShowProgress) -> int:
        assert show_progress is RecordsBar
        assert (formatter is not None) == (request.output.form == "table")
        requests.append(request)
        return 0

    monkeypatch.setattr("kafka_tools.console.consume.loop.consume", consume)

    def requested(*argv: str, topic: bool = True) -> ConsumeRequest:
        assert run(["console-consumer", *SERVER, *(("--topic", "t") if topic else ()), *argv]) == 0
        return requests.pop()

    return requested


def test_the_end_is_where_it_starts(requested: Requested) -> None:
    assert requested() == ConsumeRequest(Source(Brokers("127.0.0.1:1"), "t"))


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
    assert (request.window.start, request.window.reset) == (start, reset)


@pytest.mark.parametrize(("number", "expected"), [("5", 5), ("0", 0), ("-1", None), ("-7", 0)])
def test_max_messages(requested: Requested, number: str, expected: int | None) -> None:
    assert requested("--max-messages", number).window.max_messages == expected


@pytest.mark.parametrize("given", [("--group", " g \t"), ("--consumer-property", "group.id=\n g ")])
def test_blanks_around_a_group_are_no_part_of_it(requested: Requested, given: tuple[str, str]) -> None:
    membership = requested(*given).membership
    assert membership is not None
    assert membership.group == "g"


@pytest.mark.parametrize("group", ["", " \t", "a\udce9", "a\0b", "\u00a0\udce9"])
def test_a_group_id_that_none_can_have_is_refused(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    """librdkafka would end the process with SIGABRT."""
    assert run(["console-consumer", *SERVER, "--topic", "t", "--group", group]) == 1
    assert capsys.readouterr().err.startswith("The configured groupId is invalid")


def test_group_by_option_and_by_property(requested: Requested) -> None:
    assert requested("--group", "g").membership.group == "g"
    assert requested("--consumer-property", "group.id=g").membership.group == "g"
    assert requested("--group", "g", "--consumer-property", "group.id=g").membership.group == "g"


def test_all_properties(requested: Requested) -> None:
    flags = [word for name in checks.FLAGS for word in ("--property", f"{name}=true")]
    texts = [word for name in checks.TEXTS for word in ("--formatter-property", f"{name}=\udcff{name}")]
    record_format = requested(*flags, *texts).output.record_format._asdict()
    assert all(record_format[name.replace(".", "_")] is True for name in checks.FLAGS)
    for name in checks.TEXTS:
        assert record_format[name.replace(".", "_")] == b"\xff" + name.encode()


def test_deserializers(requested: Requested) -> None:
    package = "org.apache.kafka.common.serialization."
    options = ("--key-deserializer", f"{package}LongDeserializer", "--value-deserializer", f"{package}LongDeserializer")
    property_ = ("--property", f"value.deserializer={package}StringDeserializer")
    config = ("--property", "value.deserializer.deserializer.encoding=UTF-16")
    record_format = requested(*options, *property_, *config).output.record_format
    assert record_format.key_deserializer == Deserializer(f"{package}LongDeserializer", {}, is_key=True)
    assert record_format.value_deserializer == Deserializer(
        f"{package}StringDeserializer", {"deserializer.encoding": "UTF-16"}
    )


def test_patterns(requested: Requested) -> None:
    def asked(*argv: str) -> tuple[str | None, str | None, bool]:
        return (request := requested(*argv, topic=False)).source.topic, request.source.include, request.source.internal

    assert asked("--include", "a.*") == (None, "a.*", False)
    assert asked("--whitelist", "a.*") == (None, "a.*", False)
    assert asked("--whitelist", "a", "--include", "b") == (None, "b", False)
    assert asked("--include", "a", "--consumer-property", "exclude.internal.topics=false") == (None, "a", True)


def test_where_to_end(requested: Requested) -> None:
    request = requested("--from-time", "1700000000", "--to-time", "2023-11-14T22:13:21Z", "--partitions", "0,2-4,2")
    assert (request.window.from_time, request.window.to_time) == (1_700_000_000_000, 1_700_000_001_000)
    assert request.source.partitions == (0, 2, 3, 4)
    assert requested("--until-end", "--last", "5").window.last == 5
    assert requested("--partition", "3", "--offset", "-5").window.last == 5


def test_what_else_there_is(requested: Requested) -> None:
    options = ("--isolation-level", "read_committed", "--skip-message-on-error", "--enable-systest-events")
    request = requested(*options, "--group", "g", "--consumer-property", "enable.auto.commit=false", "--output", "json")
    assert request.source.brokers.config["isolation.level"] == "read_committed"
    assert (request.output.skip_unreadable, request.output.says_end, request.membership.commits) == (True, True, False)
    assert request.output.form == "json"


def test_files_of_properties(requested: Requested, tmp_path: Path) -> None:
    formatter, consumer = tmp_path / "formatter", tmp_path / "consumer"
    formatter.write_text("print.key = true\nkey.separator=;\n")
    consumer.write_text("group.id: g\nfetch.max.wait.ms=7\n")
    files = ("--formatter-config", str(formatter), "--consumer.config", str(consumer))
    request = requested(*files, "--property", "key.separator=:")
    assert request.output.record_format == RecordFormat(print_key=True, key_separator=b":")
    assert request.membership.group == "g"
    assert request.source.brokers.config["fetch.wait.max.ms"] == "7"


def test_a_table_shows_more_unless_it_is_told_not_to(requested: Requested) -> None:
    request = requested("--output", "table", "--property", "print.offset=false", "--property", "null.literal=-")
    assert request.output.form == "table"
    assert request.output.record_format == checks.IN_A_TABLE._replace(print_offset=False, null_literal=b"-")


@pytest.mark.parametrize(
    ("argv", "groups"),
    [
        ("--group a --consumer-property group.id=b", "'in-file', 'a', 'b'"),
        ("--group a", "'in-file', 'a'"),
        ("--consumer-property group.id=b", "'in-file', 'b'"),
    ],
)
def test_all_who_name_a_group_must_agree(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: str, groups: str
) -> None:
    (tmp_path / "consumer").write_text("group.id=in-file\n")
    options = ("--topic", "t", "--consumer.config", str(tmp_path / "consumer"), *argv.split())
    assert run(["console-consumer", *SERVER, *options]) == 1
    message = capsys.readouterr().err.splitlines()[0]
    assert message.startswith("The group ids provided in different places")
    named = message.partition("Detected group ids: ")[2]
    assert sorted(named.split(", ")) == sorted(groups.split(", "))


def test_a_group_that_is_named_twice_is_one(
    requested: Requested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "g")
    (tmp_path / "consumer").write_text("group.id=${env:MINE}\n")
    options = ("--consumer.config", str(tmp_path / "consumer"), "--consumer-property", "group.id=g")
    assert requested(*options, "--group", "g").membership.group == "g"


def test_a_group_of_the_environment_is_a_default(
    requested: Requested, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "consumer").write_text("group.id=usual\n")
    monkeypatch.setenv("KTOOLS_COMMAND_CONFIG", str(tmp_path / "consumer"))
    usual, other = requested().membership, requested("--group", "g").membership
    assert usual is not None
    assert other is not None
    assert (usual.group, other.group) == ("usual", "g")


def test_what_a_file_says_in_vain_is_told(
    requested: Requested, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    consumer = tmp_path / "consumer"
    consumer.write_text("interceptor.classes=x.Y\nenable.auto.offset.store=true\n")
    requested("--consumer.config", str(consumer))
    assert capsys.readouterr().err.splitlines() == [
        "ktools: interceptor.classes has no effect here",
        "ktools: enable.auto.offset.store has no effect here",
    ]
    consumer.write_text("auto.offset.reset=middle\n")
    assert run(["console-consumer", *SERVER, "--topic", "t", "--consumer.config", str(consumer)]) == 1
    assert capsys.readouterr().err.startswith("auto.offset.reset cannot be 'middle'\n")


@pytest.mark.parametrize(
    ("setting", "cooperative"),
    [
        ("group.protocol=consumer", True),
        ("partition.assignment.strategy=cooperative-sticky", True),
        ("partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor", True),
        ("partition.assignment.strategy=cooperative-sticky,range", False),
        ("group.protocol=classic", False),
    ],
)
def test_how_a_group_shares_partitions_out(requested: Requested, setting: str, cooperative: bool) -> None:
    assert requested("--group", "g", "--consumer-property", setting).membership.cooperative is cooperative


def test_an_older_name_of_a_formatter(requested: Requested, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        requested("--formatter", "kafka.tools.NoOpMessageFormatter").output.formatter
        == "kafka.tools.NoOpMessageFormatter"
    )
    assert capsys.readouterr().err == (
        "WARNING: kafka.tools.NoOpMessageFormatter is deprecated and will be removed in the next major release. "
        "Please use org.apache.kafka.tools.consumer.NoOpMessageFormatter instead\n"
    )


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
            "--topic t --partition 0 --offset --3",
            "The provided offset value '--3' is incorrect. "
            "Valid values are 'earliest', 'latest', or a non-negative long.",
        ),
        ("--topic t --partition 0 --group g", "Options group and partition cannot be specified together."),
        (
            "--topic t --from-beginning --consumer-property auto.offset.reset=latest",
            "Can't simultaneously specify --from-beginning and 'auto.offset.reset=latest', please remove one option",
        ),
        ("--topic t --consumer-property auto.offset.reset=middle", "auto.offset.reset cannot be 'middle'"),
        (
            "--topic t --consumer-property interceptor.classes=x",
            "--consumer-property interceptor.classes cannot be had here",
        ),
        ("--topic t --include t", "Exactly one of --include/--topic is required. "),
        (
            "--topic t --whitelist t",
            "Exactly one of --include/--topic is required. "
            "--whitelist is DEPRECATED use --include instead; ignored if --include specified.",
        ),
        ("--include t --partition 0", "The topic is required when partition is specified."),
        ("--topic t --partition 0 --partitions 1", "Options partition and partitions cannot be specified together."),
        ("--topic t --partitions 4-2", "--partitions: '4-2' is no range of partitions"),
        ("--topic t --partitions x", "--partitions: 'x' is no list of partitions"),
        ("--topic t --from-beginning --last 3", "--from-beginning and --last cannot be given together"),
        (
            "--topic t --group g --last 3",
            "--last and a group cannot be given together: its offsets say where it goes on",
        ),
        ("--topic t --last -3", "--last needs a number that is not negative"),
        ("--topic t --to-time +1h", "--to-time is in the future"),
        ("--topic t --from-time soon", "--from-time: 'soon' is no time"),
        ("--topic t --output csv", "--output cannot be 'csv'"),
        (
            "--topic t --formatter kafka.tools.NoOpMessageFormatter --output table",
            "--formatter and --output table cannot be given together",
        ),
        ("--topic t --formatter x.Formatter", "there is no formatter x.Formatter"),
        ("--topic t --group=", "Option group requires an argument"),
        ("--topic t --consumer-property group.id=", "The group id cannot be empty."),
        (
            "--topic t --property value.deserializer=x.AvroDeserializer",
            "there is no deserializer x.AvroDeserializer",
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


@given(st.text(alphabet="0123456789,- x", max_size=12))
def test_no_list_of_partitions_gives_a_traceback(text: str) -> None:
    try:
        found = checks.partition_list("partitions", text)
    except UsageError:
        return
    assert found
    assert len(set(found)) == len(found)


def test_an_unknown_property_is_told(requested: Requested, capsys: pytest.CaptureFixture[str]) -> None:
    requested("--property", "print.keys=true")
    assert capsys.readouterr().err == "ktools: --property print.keys has no effect: it is not known\n"
