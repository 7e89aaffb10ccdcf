"""A ZooKeeper whose answers are damaged, or missing: one line and status 1, soon, and never a wrong success."""

import socket
import struct
import time
from contextlib import suppress
from threading import Thread

import pytest

from kafka_tools.zookeeper.session import connected
from tests.support.clusters import Cluster
from tests.support.coverage_summary import SETTING
from tests.support.lying_zookeeper import MOST_MEBIBYTES, MOST_SECONDS, run_all
from tests.support.servers import Handler, serving
from tests.support.znodes import a_cluster_of_znodes, name

LOGINS = 200
COMMANDS = 800
"""They damage more than 1,000 answers. `python -m tests.support.lying_zookeeper` damages as many as one likes."""


def test_damaged_answers_end_in_one_line(kafka39: Cluster, chroot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)  # thousands of runs through the same lines are not measured
    summary = run_all(kafka39.zookeeper + chroot, range(COMMANDS))
    assert summary.faults == []
    assert summary.damages >= 1000
    assert summary.statuses[0] < summary.statuses[1]
    assert (summary.slowest < MOST_SECONDS, summary.mebibytes < MOST_MEBIBYTES) == (True, True)


def test_damaged_answers_to_a_login_end_in_one_line(kafka39_secured: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    settings = ("--command-config", str(kafka39_secured.home / "zookeeper.properties"))
    with connected(kafka39_secured.ensemble()) as client, a_cluster_of_znodes(client) as chroot:
        summary = run_all(kafka39_secured.zookeeper + chroot, range(LOGINS), settings)
    assert summary.faults == []
    assert summary.damages >= LOGINS
    assert summary.statuses[0] < summary.statuses[1]


GET_CHILDREN, TRANSACTION = 8, 14


def not_answering(server: str, kind: int) -> Handler:
    """Serve connections from a real server, but leave requests of one type without an answer; pings are answered."""
    host, _, port = server.partition(":")
    swallowed: set[bytes] = set()

    def ask(connection: socket.socket, there: socket.socket) -> None:
        there.sendall(frame(connection))
        while asked := frame(connection):
            if asked[8:12] == struct.pack("!i", kind):
                swallowed.add(asked[4:8])
            there.sendall(asked)

    def answer(there: socket.socket, connection: socket.socket) -> None:
        with suppress(OSError):  # the connection is over, and this thread had not seen it yet
            while told := frame(there):
                if told[4:8] not in swallowed:
                    connection.sendall(told)

    def handler(connection: socket.socket) -> None:
        with socket.create_connection((host, int(port))) as there:
            Thread(target=answer, args=(there, connection), daemon=True).start()
            ask(connection, there)

    return handler


def frame(connection: socket.socket) -> bytes:
    """Return the next request or answer with its length, b"" at the end."""
    size = connection.recv(4, socket.MSG_WAITALL)
    return size + connection.recv(struct.unpack("!i", size)[0], socket.MSG_WAITALL) if len(size) == 4 else b""


@pytest.mark.parametrize("command", [("topics", "--list"), ("layout", "--without-broker", "1")])
def test_a_server_that_answers_pings_only_is_given_up(kafka39: Cluster, command: tuple[str, ...]) -> None:
    with serving(not_answering(kafka39.zookeeper, GET_CHILDREN)) as port:
        began = time.monotonic()
        answer = kafka39.run(*command, "--zookeeper", f"127.0.0.1:{port}")
        assert time.monotonic() - began < 40
    assert answer.returncode == 1
    assert b"gave no answer within 10 s, though its session is open" in answer.stdout + answer.stderr


def test_a_change_whose_answer_is_lost_is_called_unknown(kafka39: Cluster) -> None:
    argv = ("--create", "--topic", topic := name(), "--partitions", "1", "--replication-factor", "1")
    with serving(not_answering(kafka39.zookeeper, TRANSACTION)) as port:
        answer = kafka39.run("topics", "--zookeeper", f"127.0.0.1:{port}", *argv)
    assert answer.returncode == 1
    assert b"whether that was done is not known" in answer.stdout
    assert topic in kafka39.run("topics", "--zookeeper", kafka39.zookeeper, "--list").stdout.decode().split()
