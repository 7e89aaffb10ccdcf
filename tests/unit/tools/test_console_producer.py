"""`ktools console-producer`: requests from argv."""

from collections.abc import Callable
from pathlib import Path

import pytest

from kafka_tools.console.lines import LineFormat, ProduceRequest
from kafka_tools.console.process import ShowProgress
from kafka_tools.main import run
from kafka_tools.model.target import Brokers
from kafka_tools.render.progress import RecordsBar

Requested = Callable[..., ProduceRequest]
SERVER = ("--bootstrap-server", "127.0.0.1:1")


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> Requested:
    """Return a function that runs a command line and gives back what would be produced."""
    requests: list[ProduceRequest] = []

    def produce(request: ProduceRequest, show_progress: ShowProgress) -> int:
        assert show_progress is RecordsBar
        requests.append(request)
        return 0

    monkeypatch.setattr("kafka_tools.console.produce.produce", produce)

    def requested(*argv: str) -> ProduceRequest:
        assert run(["console-producer", "--topic", "t", *argv]) == 0
        return requests.pop()

    return requested


def test_lines_are_values(requested: Requested) -> None:
    assert requested(*SERVER) == ProduceRequest(Brokers("127.0.0.1:1"), "t")


def test_the_old_name_of_the_server(requested: Requested) -> None:
    assert requested("--broker-list", "127.0.0.1:2").brokers.bootstrap_servers == "127.0.0.1:2"
    assert requested("--broker-list", "127.0.0.1:2", *SERVER).brokers.bootstrap_servers == "127.0.0.1:1"


def test_all_properties(requested: Requested) -> None:
    properties = ("parse.key= True ", "ignore.error=true", "key.separator=\udcff:", "null.marker=")
    argv = [word for each in properties for word in ("--reader-property", each)]
    request = requested(*SERVER, "--sync", *argv)
    assert request.line_format == LineFormat(parse_key=True, key_separator=b"\xff:", ignore_error=True, null_marker=b"")
    assert request.sync


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("", 'Missing required argument "[topic]"'),
        (
            "--topic t --property null.marker=: --property key.separator=:",
            "null.marker and key.separator may not be equal",
        ),
        (
            "--topic t --property headers.separator=[",
            "headers.separator is not a regular expression: unterminated character set at position 0",
        ),
        ("--topic t --nosuch", "nosuch is not a recognized option"),
        ("--topic t --compression-codec brotli", "--compression-codec cannot be 'brotli'"),
        ("--topic t --request-required-acks some", "--request-required-acks cannot be 'some'"),
        ("--topic t --line-reader x.Reader", "there is no line reader x.Reader"),
        ("--topic t --input csv", "--input cannot be 'csv'"),
        ("--topic t --producer-property transactional.id=x", "transactional.id=x cannot be had here"),
        ("--topic t --producer-property interceptor.classes=x.Y", "interceptor.classes=x.Y cannot be had here"),
        ("--topic t --producer-property buffer.memory=x", "buffer.memory cannot be 'x': it is a number of bytes"),
        (
            "--topic t --producer-property partitioner.class=x.RoundRobinPartitioner",
            "partitioner.class=x.RoundRobinPartitioner cannot be had: only Java's default can",
        ),
    ],
)
def test_what_is_refused(argv: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["console-producer", *SERVER, *argv.split()]) == 1
    output = capsys.readouterr()
    assert (output.out, output.err.splitlines()[0]) == ("", words)


@pytest.mark.parametrize(
    ("argv", "config"),
    [
        ("--compression-codec", {"compression.type": "gzip"}),
        ("--compression-codec zstd", {"compression.type": "zstd"}),
        ("--compression-codec --sync", {"compression.type": "gzip"}),
        ("--request-required-acks -1", {"acks": "-1"}),
        ("--request-required-acks 1", {"acks": "1", "enable.idempotence": "false"}),
        ("--producer-property acks=1", {"acks": "1", "enable.idempotence": "false"}),
        ("--producer-property acks=1 --request-required-acks all", {"acks": "all"}),
        ("--message-send-max-retries 0", {"retries": "0", "enable.idempotence": "false"}),
        ("--batch-size 0", {"batch.size": "1"}),
        ("--batch-size 10 --max-partition-memory-bytes 20", {"batch.size": "20"}),
        ("--timeout 10", {"linger.ms": "10"}),
        ("--retry-backoff-ms 7", {"retry.backoff.ms": "7"}),
        ("--metadata-expiry-ms 7", {"topic.metadata.refresh.interval.ms": "7"}),
        ("--max-block-ms 7", {}),
        ("--max-memory-bytes 2000001", {"queue.buffering.max.kbytes": "1954"}),
        ("--producer-property buffer.memory=1", {"queue.buffering.max.kbytes": "1024"}),
        ("--producer-property buffer.memory=9999999999999999999", {"queue.buffering.max.kbytes": "2147483647"}),
        ("--max-memory-bytes 2000001 --producer-property buffer.memory=1", {"queue.buffering.max.kbytes": "1954"}),
        ("--socket-buffer-size 7", {"socket.send.buffer.bytes": "7"}),
        ("--producer-property partitioner.ignore.keys=true", {"partitioner": "random"}),
        ("--producer-property partitioner.class=x.UniformStickyPartitioner", {"partitioner": "random"}),
        ("--producer-property partitioner.class=x.DefaultPartitioner", {}),
        ("--command-property linger.ms=7", {"linger.ms": "7"}),
    ],
)
def test_options_as_settings(requested: Requested, argv: str, config: dict[str, str]) -> None:
    assert dict(requested(*SERVER, *argv.split()).brokers.config) == config


def test_files_of_properties(requested: Requested, tmp_path: Path) -> None:
    reader, producer = tmp_path / "reader", tmp_path / "producer"
    reader.write_text("parse.key = true\nkey.separator=;\n")
    producer.write_text("linger.ms: 3\nacks=all\n")
    files = ("--reader-config", str(reader), "--producer.config", str(producer))
    request = requested(*SERVER, *files, "--property", "key.separator=:")
    assert request.line_format == LineFormat(parse_key=True, key_separator=b":")
    assert dict(request.brokers.config) == {"linger.ms": "3", "acks": "all"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("transactional.id=x", "transactional.id=x cannot be had here"),
        ("interceptor.classes=x.Y", "interceptor.classes=x.Y cannot be had here"),
        ("partitioner.class=x.Mine", "partitioner.class=x.Mine cannot be had: only Java's default can"),
    ],
)
@pytest.mark.parametrize("named", ["flag", "environment"])
def test_what_only_java_can_is_refused_wherever_it_stands(
    text: str,
    words: str,
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "client.properties"
    config.write_text(f"{text}\n")
    flags = ["--producer.config", str(config)] if named == "flag" else []
    if not flags:
        monkeypatch.setenv("KTOOLS_COMMAND_CONFIG", str(config))
    assert run(["console-producer", *SERVER, "--topic", "t", *flags]) == 1
    assert capsys.readouterr().err.splitlines()[0] == words


def test_javas_words_in_a_file_count(requested: Requested, tmp_path: Path) -> None:
    config = tmp_path / "client.properties"
    config.write_text(
        "buffer.memory=2097152\npartitioner.ignore.keys=true\nmax.request.size=5000\ninterceptor.classes=\n"
    )
    request = requested(*SERVER, "--producer.config", str(config))
    expected = {"queue.buffering.max.kbytes": "2048", "partitioner": "random", "message.max.bytes": "5000"}
    assert dict(request.brokers.config) == expected


def test_headers_and_whole_records(requested: Requested) -> None:
    properties = ("parse.headers=true", "headers.delimiter=;", "headers.separator=|", "headers.key.separator==")
    request = requested(*SERVER, *(word for each in properties for word in ("--property", each)))
    assert request.line_format == LineFormat(
        parse_headers=True, headers_delimiter=b";", headers_separator=b"|", headers_key_separator=b"="
    )
    assert [requested(*SERVER, "--input", form).form for form in ("jsonl", "kcat")] == ["jsonl", "kcat"]
    assert [requested(*SERVER, "--line-ending", word).keeps_cr for word in ("any", "lf")] == [False, True]


def test_an_unknown_property_is_told(requested: Requested, capsys: pytest.CaptureFixture[str]) -> None:
    requested(*SERVER, "--property", "parse.keys=true", "--property", "headers.separator=;")
    assert capsys.readouterr().err == "ktools: --property parse.keys has no effect: it is not known\n"
