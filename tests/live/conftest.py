"""A session with the test cluster's ZooKeeper, a chroot of their own for tests that only need znodes, and a watch over
everything that is printed and left behind."""

from collections.abc import Iterator
from typing import Any

import pytest

from kafka_tools.model.target import ZooKeeper
from kafka_tools.zookeeper.session import connected
from kafka_tools.zookeeper.topic_changes import ZooKeeperTopicChanges
from tests.support import leaks
from tests.support.clusters import Cluster
from tests.support.znodes import a_cluster_of_znodes


@pytest.fixture(scope="session", autouse=True)
def no_password_shows(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        leaks.watch(patch)
        yield
    assert leaks.in_files(tmp_path_factory.getbasetemp()) == []


@pytest.fixture
def chroot(zookeeper: Any) -> Iterator[str]:
    with a_cluster_of_znodes(zookeeper) as path:
        yield path


@pytest.fixture
def changes(kafka39: Cluster, chroot: str) -> Iterator[ZooKeeperTopicChanges]:
    with connected(ZooKeeper(kafka39.zookeeper + chroot)) as client:
        yield ZooKeeperTopicChanges(client)
