"""ktools doctor: which cluster is checked, how findings are judged, how they are shown."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kafka_tools.brokers import checkup
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.security import Sasl, Security
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.model.topics import Offsets
from kafka_tools.render import OutputOptions
from kafka_tools.render.structured import as_json
from kafka_tools.render.views import Level, Mark, Table
from kafka_tools.report import Report
from kafka_tools.settings.roads import choose_roads
from kafka_tools.tools import doctor
from kafka_tools.tools.doctor import brokers as of_brokers
from kafka_tools.tools.doctor import ensemble
from kafka_tools.tools.doctor.brokers import check_brokers
from kafka_tools.tools.doctor.checks import (
    Check,
    State,
    failed,
    first_problem,
    missing_offsets,
    not_run,
    offsets_check,
    passed,
    quorum,
)
from kafka_tools.tools.doctor.views import report
from kafka_tools.wire.messages import DESCRIBE_CONFIGS, DESCRIBE_QUORUM, METADATA, SASL_HANDSHAKE
from kafka_tools.wire.schema import Message
from kafka_tools.zookeeper.cluster import Registered
from kafka_tools.zookeeper.diagnosis import Server
from kafka_tools.zookeeper.documents import MalformedZnodeError
from tests.support.drawing import drawn
from tests.support.servers import Broker, brokers, refusing, serving, starting


@pytest.mark.parametrize(
    ("voters", "serving", "state", "words"),
    [
        (1, 1, State.OK, "1 of 1 serves: none may still fail"),
        (3, 3, State.OK, "3 of 3 servers serve, 2 needed: 1 may still fail"),
        (3, 2, State.AT_RISK, "2 of 3 servers serve, 2 needed: none may still fail"),
        (3, 1, State.FAILED, "1 of 3 servers serve, 2 needed"),
        (1, 0, State.FAILED, "0 of 1 serves"),
        (2, 2, State.AT_RISK, "2 of 2 servers serve, 2 needed: none may still fail"),
        (4, 4, State.AT_RISK, "4 of 4 servers serve, 3 needed: 1 may still fail"),
        (5, 4, State.OK, "4 of 5 servers serve, 3 needed: 1 may still fail"),
    ],
)
def test_a_quorum(voters: int, serving: int, state: State, words: str) -> None:
    check = quorum("quorum", "servers", voters, serving)
    assert (check.state, check.found) == (state, words)
    assert bool(check.advice) == (state is not State.OK)


@pytest.mark.parametrize(
    ("offsets", "count", "state"),
    [
        (Offsets(50, 3, 0), 3, State.OK),
        (Offsets(50, 1, 0), 1, State.OK),
        (Offsets(50, 2, 0), 2, State.OK),
        (Offsets(50, 3, 0), 9, State.OK),
        (Offsets(50, 1, 0), 3, State.AT_RISK),
        (Offsets(50, 2, 0), 3, State.AT_RISK),
        (Offsets(50, 3, 1), 3, State.FAILED),
    ],
)
def test_the_groups_offsets(offsets: Offsets, count: int, state: State) -> None:
    assert offsets_check(offsets, count).state is state


@pytest.mark.parametrize(
    ("factor", "count", "state"), [(3, 3, State.OK), (3, 1, State.FAILED), (1, 3, State.OK), (None, 1, State.OK)]
)
def test_offsets_that_nobody_needed_yet(factor: int | None, count: int, state: State) -> None:
    assert missing_offsets(factor, count).state is state


def test_a_failure_goes_before_a_risk() -> None:
    risk = quorum("quorum", "servers", 4, 4)
    failure = failed("connect", KafkaToolError("refused", "start it"), "else", "b:1")
    assert first_problem([passed("resolve", "x"), not_run("TLS", "x"), risk, failure]) is failure
    assert first_problem([risk]) is risk
    assert first_problem([passed("resolve", "x"), not_run("TLS", "x")]) is None
    assert failure.advice == "start it"


def test_an_address_is_not_said_twice() -> None:
    assert failed("SASL", KafkaToolError("b:1 does not let me in."), "", "b:1").found == "it does not let me in"
    assert failed("TLS", KafkaToolError("TLS: it has expired"), "", "b:1").found == "it has expired"


# Against servers on loopback


def checks(target: Brokers) -> dict[str, Check]:
    return {check.check: check for check in check_brokers(target)}


OFFSETS = {"name": "__consumer_offsets", "partitions": [{"leader_id": 1, "replica_nodes": (1,), "isr_nodes": (1,)}]}


def test_brokers_that_are_well_and_one_that_is_advertised_in_vain() -> None:
    with ExitStack() as stack:
        port = stack.enter_context(serving(broker := Broker({})))
        closed = stack.enter_context(refusing())
        told = brokers({1: port, 2: closed}, controller=1, topics=(OFFSETS,)) | {"cluster_id": "c"}
        broker.answers = {METADATA: lambda _: told}
        found = checks(Brokers(f"127.0.0.1:{port}"))
    states = {name: check.state for name, check in found.items()}
    assert states == {
        "resolve": State.OK,
        "connect": State.OK,
        "TLS": State.NOT_USED,
        "API versions": State.OK,
        "SASL": State.NOT_USED,
        "cluster id": State.OK,
        "controller": State.OK,
        "broker 1": State.OK,
        "broker 2": State.FAILED,
        "__consumer_offsets": State.AT_RISK,
    }
    assert found["broker 2"].found == f"connection refused; 127.0.0.1:{port} advertises it there"
    assert (found["broker 1"].ms or -1) >= 0


def answering(answers: dict[Message, Any]) -> dict[str, Check]:
    with serving(Broker({message: lambda _, answer=answer: answer for message, answer in answers.items()})) as port:
        return checks(Brokers(f"127.0.0.1:{port}"))


def test_a_broker_that_is_gone_and_a_controller_that_is_missing() -> None:
    lost = {"name": "t", "partitions": [{"leader_id": 1, "replica_nodes": (7, 8), "isr_nodes": ()}]}
    found = answering({METADATA: brokers({8: 1}, topics=(lost, OFFSETS))})
    assert found["broker 7"].found == "it is not there, and has 1 replica"
    assert found["controller"].state is State.FAILED
    hidden = {"results": [{"error_code": 29, "resource_type": kind, "configs": []} for kind in (2, 4)]}
    found = answering({METADATA: brokers({8: 1}), DESCRIBE_CONFIGS: hidden})
    assert found["__consumer_offsets"].state is State.NOT_RUN


def test_a_broker_that_wants_a_login() -> None:
    found = answering({METADATA: None})
    assert found["cluster id"].state is State.FAILED
    assert "login" in found["cluster id"].advice
    assert found["__consumer_offsets"].state is State.NOT_RUN


def until(event: threading.Event) -> Callable[[Any], None]:
    """Return what gives no answer until the event, then hangs up."""

    def answer(_: object) -> None:
        event.wait(60)

    return answer


def test_a_broker_that_does_not_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_brokers, "FIRST_SECONDS", 0.3)
    go_on = threading.Event()
    shake = {SASL_HANDSHAKE: until(go_on)}
    with serving(Broker({METADATA: brokers, **shake})) as port:
        target = Brokers(f"127.0.0.1:{port}", security=Security(sasl=Sasl("PLAIN", "me", "secret")))
        found = checks(target)
        go_on.set()
    assert [found[name].state for name in ("API versions", "SASL", "cluster id")] == [
        State.OK,
        State.FAILED,
        State.NOT_RUN,
    ]


def test_requests_that_get_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_brokers, "THEN_SECONDS", 0.3)
    go_on = threading.Event()
    told = {METADATA: lambda _: brokers({1: 1}), DESCRIBE_QUORUM: until(go_on)}
    with serving(Broker(told)) as port:
        found = checks(Brokers(f"127.0.0.1:{port}"))
        go_on.set()
    assert (found["controller"].state, found["__consumer_offsets"].state) == (State.FAILED, State.NOT_RUN)


def test_a_zookeeper_that_is_gone_is_seen_through_brokers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "ZOOKEEPER_SECONDS", 0.3)
    go_on = threading.Event()
    told = brokers({1: 1}, controller=1, topics=(OFFSETS,))
    with serving(Broker({METADATA: lambda _: told, DESCRIBE_CONFIGS: until(go_on)})) as port:
        found = checks(Brokers(f"127.0.0.1:{port}"))
        go_on.set()
    assert found["controller"].state is State.FAILED
    assert found["controller"].found == "broker 1 was the last one, but ZooKeeper gives brokers no answer"
    assert found["__consumer_offsets"].state is State.OK


def test_a_cluster_that_names_no_broker() -> None:
    found = answering({METADATA: brokers({})})
    assert (found["broker"].state, found["__consumer_offsets"].state) == (State.FAILED, State.NOT_RUN)


def test_a_cluster_that_is_starting_is_waited_for() -> None:
    broker = Broker({})
    with starting(broker, after_seconds=0.5) as port:
        broker.answers = {METADATA: lambda _: brokers({1: port}, controller=1, topics=(OFFSETS,))}
        argv = ("--bootstrap-server", f"127.0.0.1:{port}", "--wait", "60", "--output", "json")
        found = {row["check"]: row["state"] for row in json.loads(CliRunner().invoke(doctor.command, argv).stdout)}
    assert (found["connect"], found["broker 1"]) == ("ok", "ok")


def test_nobody_answers() -> None:
    with refusing() as port:
        found = checks(Brokers(f"127.0.0.1:{port}"))
    assert found["connect"].state is State.FAILED
    assert {found[name].state for name in ("API versions", "cluster id", "broker")} == {State.NOT_RUN}


# ZooKeeper

UP, DOWN = Server("follower", "3.8.4", 0.001), KafkaToolError("connection refused")
SEEN = Registered(3, "c", 1, {}, Offsets(50, 3, 0))


@pytest.mark.parametrize(
    ("answers", "voters", "state"),
    [
        ((UP, UP, UP), 3, State.OK),
        ((UP, UP, DOWN), 3, State.AT_RISK),
        ((UP, DOWN, DOWN), None, State.FAILED),
        ((UP,), 3, State.OK),
        ((UP, UP, UP, Server("observer", "3.8.4", 0.1)), 3, State.OK),
        ((Server("standalone", "3.8.4", 0.1), DOWN), None, State.OK),
        ((UP, UP), None, State.AT_RISK),
    ],
)
def test_an_ensemble(answers: tuple[Server | KafkaToolError, ...], voters: int | None, state: State) -> None:
    named = {("zk", number): answer for number, answer in enumerate(answers)}
    assert ensemble._quorum(named, voters).state is state


def test_what_an_ensemble_says_of_its_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    with refusing() as port:
        seen = SEEN._replace(controller=None, brokers={4: ("127.0.0.1", port)}, offsets=None)
        monkeypatch.setattr(ensemble, "_asked", lambda _: ({("zk", 1): UP}, (0.01, seen)))
        found = {check.check: check for check in ensemble.check_ensemble(ZooKeeper("zk:1/kafka"), alone=True)}
    assert found["controller"].state is State.FAILED
    assert (found["broker 4"].state, found["broker 4"].found) == (State.FAILED, "connection refused")
    assert found["cluster id"].where == "zk:1/kafka"
    monkeypatch.setattr(ensemble, "_asked", lambda _: ({("zk", 1): UP}, (0.01, seen._replace(cluster_id=None))))
    beside = {check.check: check for check in ensemble.check_ensemble(ZooKeeper("zk:1"), alone=False)}
    assert list(beside) == ["ZooKeeper server", "ZooKeeper session", "ZooKeeper quorum", "cluster id"]
    assert "chroot" in beside["cluster id"].advice


def test_a_dead_broker_with_replicas_and_znodes_that_kafka_did_not_write(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = MalformedZnodeError("/brokers/topics/x", "partition 0 has no replicas")
    seen = SEEN._replace(controller=wrong, brokers={1: wrong}, absent={2: 682}, malformed=(wrong,))
    monkeypatch.setattr(ensemble, "_asked", lambda _: ({("zk", 1): UP}, (0.01, seen)))
    found = {check.check: check for check in ensemble.check_ensemble(ZooKeeper("zk:1"), alone=True)}
    assert found["broker 2"].found == "it is not there, and has 682 replicas"
    assert {found[name].state for name in ("broker 1", "broker 2", "controller", "topic")} == {State.FAILED}
    assert "/brokers/topics/x is not as Kafka writes it" in found["topic"].found


def test_two_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    of_ensemble = "kafka_tools.tools.doctor.ensemble.check_ensemble"
    monkeypatch.setattr("kafka_tools.tools.doctor.brokers.check_brokers", lambda _: iter([passed("cluster id", "a")]))
    monkeypatch.setattr(of_ensemble, lambda *_: iter([passed("cluster id", "b", "zk:1")]))
    found = doctor.run(Brokers("b:1"), ZooKeeper("zk:1"))
    assert [check.state for check in found] == [State.OK, State.OK, State.FAILED]
    monkeypatch.setattr(of_ensemble, lambda *_: iter([passed("cluster id", "a", "zk:1")]))
    assert len(doctor.run(Brokers("b:1"), ZooKeeper("zk:1"))) == 2


# Which cluster

VARIABLES = ("KTOOLS_BOOTSTRAP_SERVERS", "KTOOLS_ZOOKEEPER", "KTOOLS_COMMAND_CONFIG", "KTOOLS_CONTEXT")


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "KTOOLS_SANDBOX_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def named(*flags: str | None) -> tuple[str | None, str | None]:
    bootstrap_server, zookeeper = flags or (None, None)
    request = choose_roads(bootstrap_server, zookeeper, None)
    brokers_named = request.brokers.bootstrap_servers if request.brokers else None
    return brokers_named, request.ensemble.connect if request.ensemble else None


@pytest.mark.usefixtures("nowhere")
def test_flags_name_what_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert named() == ("localhost:9092", None)
    monkeypatch.setenv("KTOOLS_ZOOKEEPER", "zk:2")
    assert named("b:1", None) == ("b:1", None)
    assert named(None, "zk:1") == (None, "zk:1")
    assert named("b:1", "zk:1") == ("b:1", "zk:1")


@pytest.mark.usefixtures("nowhere")
def test_the_environment_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KTOOLS_ZOOKEEPER", "zk:1")
    assert named() == (None, "zk:1")
    monkeypatch.setenv("KTOOLS_BOOTSTRAP_SERVERS", "b:1")
    assert named() == ("b:1", "zk:1")
    assert named("b:2", None) == ("b:2", None)
    assert named(None, "zk:2") == (None, "zk:2")
    monkeypatch.delenv("KTOOLS_ZOOKEEPER")
    assert named() == ("b:1", None)


def test_a_context_that_names_both(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = nowhere / "ktools"
    folder.mkdir()
    both = '[contexts.both]\nbootstrap-servers = "b:1"\nzookeeper = "zk:1"\n[contexts.one]\nbootstrap-servers = "b:2"\n'
    (folder / "config.toml").write_text(both)
    monkeypatch.setenv("KTOOLS_CONTEXT", "both")
    assert named() == ("b:1", "zk:1")
    assert named("b:3", None) == ("b:3", None)
    monkeypatch.setenv("KTOOLS_CONTEXT", "one")
    assert named() == ("b:2", None)


@pytest.mark.usefixtures("nowhere")
def test_what_is_no_address() -> None:
    with pytest.raises(UsageError):
        doctor.diagnose(choose_roads(None, "zk:x", None))
    with pytest.raises(UsageError):
        named("b:x", None)


# How it is shown

FOUND = (
    passed("resolve", "127.0.0.1", "b:1", 0.0004),
    passed("resolve", "127.0.0.1", "b:2", 0.0021),
    passed("connect", "127.0.0.1", "b:1", 0.001),
    failed("connect", KafkaToolError("connection refused"), "Start it.", "b:2"),
    not_run("SASL", "an earlier step failed", "b:2"),
    Check("TLS", State.NOT_USED, "b:1", None, "plaintext"),
    quorum("ZooKeeper quorum", "servers", 2, 2),
)


def shown(found: tuple[Check, ...]) -> tuple[Report, Table]:
    told = report(found, "b:1,b:2", ("PLAINTEXT",))
    assert told.tables is not None
    [table] = told.tables()
    assert isinstance(table, Table)
    return told, table


def test_lines_for_a_script() -> None:
    told, _ = shown(FOUND)
    lines = list(told.plain)
    assert lines[:4] == [
        "resolve\tok\tb:1\t0.4\t127.0.0.1",
        "resolve\tok\tb:2\t2.1\t127.0.0.1",
        "connect\tok\tb:1\t1.0\t127.0.0.1",
        "connect\tfailed\tb:2\t-\tconnection refused",
    ]
    assert lines[-1].startswith("ZooKeeper quorum\tat risk\t-\t-\t")


def test_a_table_for_a_person() -> None:
    told, table = shown(FOUND)
    assert [row.check for row in table.rows] == ["resolve", "connect", "connect", "SASL", "TLS", "ZooKeeper quorum"]  # type: ignore[attr-defined]
    assert [row.where for row in table.rows][:2] == ["2 servers", "b:1"]  # type: ignore[attr-defined]
    assert table.summary == Mark("1 failed · 1 at risk · 1 not run · 3 ok", Level.BROKEN)
    assert told.failure is not None
    assert told.failure.message == "connect at b:2 failed: connection refused."
    assert (told.failure.hint, told.failure.status) == ("Start it.", 1)


def test_all_is_well_or_at_risk() -> None:
    told, table = shown(FOUND[:3])
    assert told.failure is None
    assert table.summary == Mark("all is well: 3 checks", Level.QUIET)
    told, table = shown((*FOUND[:3], FOUND[-1]))
    assert told.failure is not None
    assert told.failure.message.startswith("ZooKeeper quorum is at risk: 2 of 2 servers serve")
    assert table.summary is not None
    assert table.summary.level is Level.RISK


def test_json_is_typed() -> None:
    told, _ = shown(FOUND)
    first, *_, last = json.loads(as_json(told, OutputOptions("json")))
    assert first == {"check": "resolve", "state": "ok", "where": "b:1", "ms": 0.4, "found": "127.0.0.1", "advice": ""}
    assert (last["state"], last["where"], last["ms"]) == ("at risk", None, None)


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_terminal_breaks_no_address(width: int) -> None:
    names = ("resolve", "API versions", "__consumer_offsets", "ZooKeeper session", "cluster id")
    found = "62 kinds of requests, UmxAX6EGRum8mW4Zr2jKPw, 127.0.0.1:31682"
    told = report([passed(name, found, "127.0.0.1:31681", 0.0034) for name in names], "b:1", ())
    assert told.tables is not None
    text = " ".join(drawn(list(told.tables()), width)).split()
    assert text.count("127.0.0.1:31681") == text.count("127.0.0.1:31682") == text.count("UmxAX6EGRum8mW4Zr2jKPw,") == 5
    assert "__consumer_offsets" in text
