"""An ensemble that loses its majority: said in one line, in about 5 s; a majority that is left serves."""

import time
from collections.abc import Iterator

import pytest

from tests.conftest import Cluster, sandbox

UNREACHABLE_SECONDS = 8


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    yield from sandbox(tmp_path_factory.mktemp("ensemble"), "--zookeepers", "3", "--brokers", "1")


def test_quorum_lost_and_found(ensemble: Cluster) -> None:
    listing = ("topics", "--zookeeper", ensemble.zookeeper, "--list")
    create = ("topics", "--zookeeper", ensemble.zookeeper, "--create", "--topic", "t", "--partitions", "1")
    assert ensemble.run("sandbox", "kill", "zookeeper-1").returncode == 0
    assert ensemble.run(*listing).returncode == 0
    assert ensemble.run("sandbox", "kill", "zookeeper-2").returncode == 0
    for argv in (listing, (*create, "--replication-factor", "1")):
        started = time.monotonic()
        answer = ensemble.run(*argv)
        assert time.monotonic() - started < UNREACHABLE_SECONDS
        assert (answer.returncode, answer.stdout.decode()) == (
            1,
            f"Error while executing topic command : no quorum at {ensemble.zookeeper} (1 of 3 answers, 2 needed).\n",
        )
        assert answer.stderr == b"Nothing can be read or changed until a majority of the ZooKeeper servers is back.\n"
    assert ensemble.run("sandbox", "start", "zookeeper-2", timeout=120).returncode == 0
    assert ensemble.run(*listing).stdout == b""
