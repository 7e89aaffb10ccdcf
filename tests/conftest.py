"""Real clusters for the tests: each kind is started once, by the sandbox, for all workers of a run.

Other tests are at work on them at the same time: names are random, what everybody shares (a default quota, a config of
all brokers) is not touched, and two looks at the whole cluster need not agree. Who kills servers or changes what is not
his own takes `mortal39` or `mortal4`, a cluster of his module's own, as all of chaos/ does.

A session on another version (tests/live/test_versions.py) is given those that run already: `TEST_KAFKA39=FOLDER`.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from kazoo.client import KazooClient

from tests.support import leaks
from tests.support.clusters import KINDS, Cluster, running, sandbox, shared


@pytest.fixture(scope="session")
def kafka39(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Kafka 3.9 with ZooKeeper, three brokers."""
    yield from _cluster("kafka39", tmp_path_factory)


@pytest.fixture(scope="session")
def kafka28(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Kafka 2.8 with ZooKeeper 3.5, one broker."""
    yield from _cluster("kafka28", tmp_path_factory)


@pytest.fixture(scope="session")
def kafka4(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The newest Kafka 4, three nodes, no ZooKeeper."""
    yield from _cluster("kafka4", tmp_path_factory)


@pytest.fixture(scope="session")
def kafka39_secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Kafka 3.9 with ZooKeeper, one broker: passwords, ACLs and delegation tokens, no TLS."""
    yield from _cluster("kafka39_secured", tmp_path_factory)


@pytest.fixture(scope="session")
def kafka4_secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The newest Kafka 4, one node: passwords, ACLs and delegation tokens, no TLS."""
    yield from _cluster("kafka4_secured", tmp_path_factory)


@pytest.fixture(scope="module")
def mortal39(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """As kafka39, but for one module alone, which may kill and change whatever it likes."""
    yield from sandbox(tmp_path_factory.mktemp("mortal39"), *KINDS["kafka39"])


@pytest.fixture(scope="module")
def mortal4(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """As kafka4, but for one module alone."""
    yield from sandbox(tmp_path_factory.mktemp("mortal4"), *KINDS["kafka4"])


def _cluster(name: str, folders: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = os.environ.get(f"TEST_{name.upper()}")
    if home:
        yield running(Path(home))
        return
    # pytest-xdist gives each worker a folder within that of the run.
    of_run = folders.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else folders.getbasetemp()
    for cluster in shared(of_run / name, *KINDS[name]):
        leaks.expect_none_of(leaks.secrets(cluster.home))
        yield cluster


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
    40 examples each take half the time of hypothesis's own 100; `--hypothesis-profile thorough` takes 1,000.
    A run in the background of a script ignores Ctrl-C, which the tools that the tests interrupt must not inherit.
    """
    hypothesis.settings.register_profile("any machine", deadline=None, derandomize="CI" in os.environ, max_examples=40)
    hypothesis.settings.load_profile("any machine")
    hypothesis.settings.register_profile("thorough", hypothesis.settings(), max_examples=1000)
    hypothesis.settings.register_profile("few examples", hypothesis.settings(), max_examples=10)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("SIGTERM", returncode=143))
