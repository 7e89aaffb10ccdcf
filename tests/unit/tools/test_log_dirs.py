"""`ktools log-dirs`: Apache's document, what a person sees, and brokers that do not answer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from kafka_tools.errors import BrokerError
from kafka_tools.main import run
from kafka_tools.model.log_dirs import LogDirDescription, ReplicaInfo, skew, topic_sizes
from kafka_tools.model.topics import TopicPartition
from kafka_tools.tools.log_dirs.views import views
from kafka_tools.wire.log_dir_messages import DESCRIBE_LOG_DIRS
from tests.support.drawing import drawn
from tests.support.one_broker import OneBroker
from tests.support.servers import serving

DISK_ERROR, NOT_ALLOWED = 56, 31
MIB = 1 << 20


def a_dir(path: str, *replicas: tuple[str, int, int, int, bool], **more: Any) -> dict[str, Any]:
    topics = [
        {
            "name": topic,
            "partitions": [
                {"partition_index": number, "partition_size": size, "offset_lag": lag, "is_future_key": future}
            ],
        }
        for topic, number, size, lag, future in replicas
    ]
    return {"log_dir": path, "topics": topics, "error_code": 0, "total_bytes": -1, "usable_bytes": -1} | more


class Storing(OneBroker):
    """Broker 1 with these directories; broker 2, which it names, is down."""

    def __init__(self, *log_dirs: dict[str, Any]) -> None:
        self.answer: dict[str, Any] = {"error_code": 0, "results": log_dirs}
        super().__init__(more={DESCRIBE_LOG_DIRS: lambda _: self.answer})


@pytest.fixture
def broker() -> Iterator[Storing]:
    two = (
        a_dir("/a", ("t", 0, 5 * MIB, 0, False), ("u", 1, 3, 0, False), total_bytes=1 << 30, usable_bytes=9 * MIB),
        a_dir("/b", ("t", 0, 2 * MIB, 42, True), total_bytes=1 << 30, usable_bytes=1 << 29),
        a_dir("/c", error_code=DISK_ERROR),
    )
    serves = Storing(*two)
    with serving(serves) as port:
        serves.port = port
        yield serves


def log_dirs(broker: OneBroker, *argv: str) -> int:
    return run(["log-dirs", "--bootstrap-server", f"127.0.0.1:{broker.port}", "--describe", *argv])


def test_the_document_is_apaches(broker: Storing, capsys: pytest.CaptureFixture[str]) -> None:
    assert log_dirs(broker, "--broker-list", "1") == 0
    [querying, received, document] = capsys.readouterr().out.splitlines()
    assert querying == "Querying brokers for log directories information"
    assert received == "Received log directory information from brokers 1"
    t, future, u = (
        '{"partition":"t-0","size":5242880,"offsetLag":0,"isFuture":false}',
        '{"partition":"t-0","size":2097152,"offsetLag":42,"isFuture":true}',
        '{"partition":"u-1","size":3,"offsetLag":0,"isFuture":false}',
    )
    error = '"org.apache.kafka.common.errors.KafkaStorageException"'
    a = f'{{"partitions":[{t},{u}],"error":null,"logDir":"/a"}}'
    b = f'{{"partitions":[{future}],"error":null,"logDir":"/b"}}'
    c = f'{{"partitions":[],"error":{error},"logDir":"/c"}}'
    assert document == f'{{"brokers":[{{"broker":1,"logDirs":[{c},{a},{b}]}}],"version":1}}'


def test_a_program_gets_a_row_for_each_replica(broker: Storing, capsys: pytest.CaptureFixture[str]) -> None:
    assert log_dirs(broker, "--broker-list", "1", "--topic-list", "t", "--output", "json") == 0
    first, future, dead = json.loads(capsys.readouterr().out)
    assert first == {
        "broker": 1,
        "log_dir": "/a",
        "topic": "t",
        "partition": 0,
        "size": 5 * MIB,
        "offset_lag": 0,
        "is_future": False,
        "error": None,
        "total_bytes": 1 << 30,
        "usable_bytes": 9 * MIB,
    }
    assert (future["is_future"], future["offset_lag"]) == (True, 42)
    assert (dead["log_dir"], dead["topic"], dead["size"]) == ("/c", None, None)
    assert dead["error"] == "Disk error when trying to access log file on the disk."


def test_a_broker_that_is_down_hides_no_other(broker: Storing, capsys: pytest.CaptureFixture[str]) -> None:
    assert log_dirs(broker, "--topic-list", "u") == 1
    told = capsys.readouterr()
    assert '"partition":"u-1"' in told.out
    assert "Broker 2 does not tell its directories: " in told.err
    assert "refuse" in told.err


def test_a_broker_that_is_not_there(broker: Storing, capsys: pytest.CaptureFixture[str]) -> None:
    assert log_dirs(broker, "--broker-list", "1,9") == 1
    told = capsys.readouterr()
    words = "ERROR: The given brokers do not exist from --broker-list: 9. Current existent brokers: 1,2\n"
    assert (told.out, told.err) == ("", words)
    assert "DescribeLogDirs" not in broker.requests()


@pytest.mark.parametrize("answer", [{"error_code": NOT_ALLOWED, "results": ()}, {"error_code": 0, "results": ()}])
def test_who_may_not_see_them_is_told_so(
    broker: Storing, answer: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    broker.answer = answer
    assert log_dirs(broker, "--broker-list", "1") == 1
    told = capsys.readouterr()
    assert told.out == "Querying brokers for log directories information\n"
    first, hint = told.err.splitlines()
    assert first == "org.apache.kafka.common.errors.ClusterAuthorizationException: Cluster authorization failed."
    assert hint == "It needs DESCRIBE on the cluster."


def test_a_topic_that_is_nowhere(broker: Storing, capsys: pytest.CaptureFixture[str]) -> None:
    assert log_dirs(broker, "--broker-list", "1", "--topic-list", "none") == 0
    assert capsys.readouterr().err == "There is no replica of topic 'none' on these brokers.\n"


def test_a_person_sees_dead_directories_first_and_copies_under_way() -> None:
    replica = ReplicaInfo(TopicPartition("t", 0), 5 * MIB, 0, False)
    described = {
        1: (
            LogDirDescription("/a", None, 1 << 30, 9 * MIB, (replica,)),
            LogDirDescription(
                "/b", None, 1 << 30, 1 << 29, (replica._replace(size=MIB, offset_lag=42, is_future=True),)
            ),
            LogDirDescription("/c", BrokerError(DISK_ERROR), None, None, ()),
        ),
        2: (LogDirDescription("/a", None, None, None, (replica,)),),
    }
    lines = drawn(views(described, [3], {"t": 3 * MIB}), 120)
    assert lines[0] == "2 brokers   1 topic · 3 replicas · 11.0 MiB · broker 1 holds 1.09 times the mean"
    assert lines[1] == "dead directories: 1 of 4 · not known: broker 3"
    rows = [line.split() for line in lines[3:8]]
    assert rows[0] == ["Broker", "Directory", "Replicas", "Size", "Volume", "Free", "State"]
    assert rows[1][:5] == ["1", "/c", "0", "0", "B"]
    assert "dead: Disk error when trying to access log file on the disk." in lines[4]
    assert rows[2] == ["1", "/a", "1", "5.0", "MiB", "1.0", "GiB", "9.0", "MiB"]
    assert rows[4] == ["2", "/a", "1", "5.0", "MiB", "-", "-"]
    text = "\n".join(lines)
    assert "Topic      Size    Growth  Skew  Broker 1  Broker 2\n" in text
    assert "t      11.0 MiB  +3.0 MiB  1.09   6.0 MiB   5.0 MiB\n" in text
    assert "Copies under way to another directory\n" in text
    assert lines[-1].split() == ["t", "0", "1", "/b", "1.0", "MiB", "42"]


def test_the_largest_topic_is_first_and_its_skew_told() -> None:
    small, large = (ReplicaInfo(TopicPartition(topic, 0), size, 0, False) for topic, size in (("a", 1), ("b", 2)))
    described = {
        broker: (LogDirDescription("/d", None, None, None, held),)
        for broker, held in ((1, (small, large)), (2, (large,)), (3, ()))
    }
    sizes = topic_sizes(described)
    assert list(sizes.items()) == [("b", {1: 2, 2: 2}), ("a", {1: 1})]
    assert skew(sizes["b"], 3) == pytest.approx(1.5)
    assert skew({1: 0}, 3) is None
