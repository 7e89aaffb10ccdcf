"""Clusters of each module's own: here servers are killed."""

import pytest

from tests.support.clusters import Cluster


@pytest.fixture(scope="module")
def kafka39(mortal39: Cluster) -> Cluster:
    """Kafka 3.9 with ZooKeeper, three brokers."""
    return mortal39


@pytest.fixture(scope="module")
def kafka4(mortal4: Cluster) -> Cluster:
    """The newest Kafka 4, three nodes, no ZooKeeper."""
    return mortal4
