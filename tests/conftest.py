"""Real clusters for the tests: each kind is started once a session, by the sandbox, in a folder of its own."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from kazoo.client import KazooClient

from tests.support.clusters import Cluster, sandbox


@pytest.fixture(scope="session")
def kafka39(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Kafka 3.9 with ZooKeeper, three brokers."""
    yield from sandbox(tmp_path_factory.mktemp("kafka39"), "--brokers", "3")


@pytest.fixture(scope="session")
def kafka28(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Kafka 2.8 with ZooKeeper 3.5, one broker."""
    yield from sandbox(tmp_path_factory.mktemp("kafka28"), "--brokers", "1", "--kafka-version", "2.8")


@pytest.fixture(scope="session")
def kafka4(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The newest Kafka 4, three nodes, no ZooKeeper."""
    yield from sandbox(tmp_path_factory.mktemp("kafka4"), "--mode", "kraft", "--brokers", "3")


@pytest.fixture
def zookeeper(kafka39: Cluster) -> Iterator[Any]:
    """A session of kazoo's with the ZooKeeper of Kafka 3.9's cluster: an oracle beside `ktools`."""
    client = KazooClient(kafka39.zookeeper)
    client.start()
    yield client
    client.stop()
    client.close()


def pytest_configure() -> None:
    """End on SIGTERM as on Ctrl-C: with the clusters taken down. No property test fails because a machine is slow.

    Where CI is set, property tests take the same examples each time: what is new is found where somebody looks at it.
    A run in the background of a script ignores Ctrl-C, which the tools that the tests interrupt must not inherit.
    """
    hypothesis.settings.register_profile("any machine", deadline=None, derandomize="CI" in os.environ)
    hypothesis.settings.load_profile("any machine")
    hypothesis.settings.register_profile("few examples", hypothesis.settings(), max_examples=10)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("SIGTERM", returncode=143))
