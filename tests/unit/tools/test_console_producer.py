"""`ktools console-producer`: requests from argv."""

from collections.abc import Callable

import pytest

from kafka_tools.console.parse import LineFormat
from kafka_tools.console.producer import ProduceRequest
from kafka_tools.main import run
from kafka_tools.tools import console_producer

Requested = Callable[..., ProduceRequest]
SERVER = ("--bootstrap-server", "127.0.0.1:1")


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> Requested:
    """Return a function that runs a command line and gives back what would be produced."""
    requests: list[ProduceRequest] = []

    def produce(request: ProduceRequest) -> int:
        requests.append(request)
        return 0

    monkeypatch.setattr(console_producer, "produce", produce)

    def requested(*argv: str) -> ProduceRequest:
        assert run(["console-producer", "--topic", "t", *argv]) == 0
        return requests.pop()

    return requested


def test_lines_are_values(requested: Requested) -> None:
    assert requested(*SERVER) == ProduceRequest("127.0.0.1:1", "t", line_format=LineFormat())


def test_the_old_name_of_the_server(requested: Requested) -> None:
    assert requested("--broker-list", "127.0.0.1:2").bootstrap_servers == "127.0.0.1:2"
    assert requested("--broker-list", "127.0.0.1:2", *SERVER).bootstrap_servers == "127.0.0.1:1"


def test_all_properties(requested: Requested) -> None:
    properties = ("parse.key= True ", "ignore.error=true", "key.separator=\udcff:", "null.marker=")
    argv = [word for each in properties for word in ("--reader-property", each)]
    request = requested(*SERVER, "--sync", *argv)
    assert request.line_format == LineFormat(True, b"\xff:", True, b"")
    assert request.sync


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("", 'Missing required argument "[topic]"'),
        (
            "--topic t --property null.marker=: --property key.separator=:",
            "null.marker and key.separator may not be equal",
        ),
        ("--topic t --nosuch", "nosuch is not a recognized option"),
    ],
)
def test_what_is_refused(argv: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["console-producer", *SERVER, *argv.split()]) == 1
    output = capsys.readouterr()
    assert (output.out, output.err.splitlines()[0]) == ("", words)


def test_headers_are_refused_rather_than_sent_as_part_of_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["console-producer", *SERVER, "--topic", "t", "--property", "parse.headers=true"]) == 1
    assert capsys.readouterr().err.startswith("--property parse.headers=true is not there yet")


def test_an_unknown_property_is_told(requested: Requested, capsys: pytest.CaptureFixture[str]) -> None:
    requested(*SERVER, "--property", "parse.keys=true", "--property", "headers.separator=;")
    assert capsys.readouterr().err == "ktools: --property parse.keys has no effect: it is not known\n"
