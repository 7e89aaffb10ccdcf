"""Command lines as argparse4j reads them: what is taken, and its words for what is wrong."""

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.main import run
from kafka_tools.model.target import Brokers
from kafka_tools.tools import cluster
from kafka_tools.tools.cluster import ListEndpoints, Unregister

HERE = Brokers("b:9092")


@pytest.mark.parametrize(
    ("argv", "request_"),
    [
        ("list-endpoints --bootstrap-server b:9092", ListEndpoints(HERE)),
        ("list-endpoints --bootstrap-server=b:9092 --include-fenced-brokers", ListEndpoints(HERE, True)),
        ("l --bootstrap-s b:9092 --incl", ListEndpoints(HERE, True)),
        ("list-endpoints -bb:9092", ListEndpoints(HERE)),
        ("list-endpoints -b a:1 -b b:9092", ListEndpoints(HERE)),
        ("-b b:9092 list-endpoints --include-fenced-brokers", ListEndpoints(HERE, True)),
        ("list-endpoints -C b:9092", ListEndpoints(HERE._replace(controllers=True))),
        ("unregister -b b:9092 -i 7", Unregister(HERE, "Broker", 7)),
        ("unregister -b b:9092 --id -7", Unregister(HERE, "Broker", -7)),
        ("--id=7 unregister-controller --bootstrap-server b:9092", Unregister(HERE, "Controller", 7)),
    ],
)
def test_what_is_taken(argv: str, request_: object, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def ask(request: object) -> object:
        asked.append(request)
        raise KafkaToolError("enough")

    for name in ("list_endpoints", "unregister"):
        monkeypatch.setattr(cluster, name, ask)
    assert run(["cluster", *argv.split()]) == 1
    assert asked == [request_]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ("", "too few arguments"),
        ("-b b:9092", "too few arguments"),
        ("--nope cluster-id", "unrecognized arguments: '--nope'"),
        ("cluster-id --nope=3", "unrecognized arguments: '--nope=3'"),
        ("cluster-id a b", "unrecognized arguments: 'a b'"),
        ("cluster-id -h=3", "argument -h/--help: ignore implicit argument '3'"),
        ("cluster-id -b", "argument --bootstrap-server/-b: expected one argument"),
        ("cluster-id -b --wait 3", "argument --bootstrap-server/-b: expected one argument"),
        ("cluster-id --boot x", "ambiguous option: --boot could match --bootstrap-controller, --bootstrap-server"),
        ("unreg", "ambiguous command: unreg could match unregister, unregister-controller"),
        ("unregister -b b:9092", "argument --id/-i is required"),
        ("unregister -i 9999999999", "argument --id/-i: could not convert '9999999999' to Integer"),
        (
            "cluster-id -C b:1 -b b:9092",
            "argument --bootstrap-server/-b: not allowed with argument --bootstrap-controller/-C",
        ),
        (
            "describe",
            "invalid choice: 'describe' (choose from 'cluster-id', 'unregister', 'unregister-controller', "
            "'list-endpoints', 'api-versions')",
        ),
    ],
)
def test_what_is_refused(argv: str, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cluster", *argv.split()]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"kafka-cluster: error: {words}")
    assert err.splitlines()[-1].startswith("Usage: ktools cluster ")


@pytest.mark.parametrize("argv", ["-h", "--help", "-b x -h", "unregister -h", "unregister --id x --help"])
def test_help_is_given_before_anything_is_refused(argv: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["cluster", *argv.split()]) == 0
    assert capsys.readouterr().out.startswith("Usage: ktools cluster ")
