"""Brokers that are killed and come back."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.clusters import Cluster
from tests.support.waiting import wait_until


def leader(cluster: Cluster, topic: str, partition: int = 0) -> int:
    return int(cluster.admin().list_topics(timeout=10).topics[topic].partitions[partition].leader)


@contextmanager
def killed(cluster: Cluster, number: int) -> Iterator[None]:
    """Kill a broker with SIGKILL; with the end of the block it is started again, however that ends."""
    assert cluster.run("sandbox", "kill", f"broker-{number}", timeout=120).returncode == 0
    try:
        yield
    finally:
        started = cluster.run("sandbox", "start", f"broker-{number}", timeout=120)
    assert started.returncode == 0, started.stderr


def wait_until_whole(cluster: Cluster, topic: str, replicas: int) -> None:
    """Wait until the topic has all its leaders and all its replicas in sync."""
    admin = cluster.admin()

    def is_whole() -> bool:
        known = admin.list_topics(timeout=30).topics
        partitions = known[topic].partitions.values() if topic in known else ()
        return bool(partitions) and all(len(each.isrs) == replicas and each.leader >= 0 for each in partitions)

    wait_until(is_whole, "the in-sync replicas are whole again")
