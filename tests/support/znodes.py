"""A cluster that is nothing but znodes in a chroot, and how to look at it."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

BROKERS = (1, 2, 5)
REASSIGNED = (
    b'{"partitions":{"0":[1,2,5],"1":[2,5]},"topic_id":"2L5lQ4NGSgSmP2GPsJ8TTw","adding_replicas":{"0":[5]},'
    b'"removing_replicas":{"0":[1]},"version":3}'
)
WITH_ID = (
    b'{"removing_replicas":{},"partitions":{"1":[2,5],"0":[1,2]},"topic_id":"2L5lQ4NGSgSmP2GPsJ8TTw",'
    b'"adding_replicas":{},"version":3}'
)


def name() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


@contextmanager
def a_cluster_of_znodes(zookeeper: Any) -> Iterator[str]:
    """Make a chroot with brokers and three topics, but no controller: nobody changes what is written there."""
    chroot = f"/{name()}"
    registration = zookeeper.get("/brokers/ids/1")[0]
    for broker in BROKERS:
        zookeeper.create(f"{chroot}/brokers/ids/{broker}", registration, makepath=True)
    for path in ("brokers/topics", "config/topics"):
        zookeeper.ensure_path(f"{chroot}/{path}")
    zookeeper.create(f"{chroot}/brokers/topics/with-id", WITH_ID)
    zookeeper.create(f"{chroot}/brokers/topics/reassigned", REASSIGNED)
    zookeeper.create(f"{chroot}/brokers/topics/__consumer_offsets", b'{"version":1,"partitions":{"0":[1]}}')
    zookeeper.create(f"{chroot}/config/topics/reassigned", b'{"version":1,"config":{"retention.ms":"7"}}')
    try:
        yield chroot
    finally:
        zookeeper.delete(chroot, recursive=True)


def walk(zookeeper: Any, root: str, path: str = "") -> Iterator[tuple[str, tuple[bytes | None, int, Any]]]:
    """Yield each znode below `root`: its data, version and ACL."""
    data, stat = zookeeper.get(root + path)
    if path:
        yield path, (data, stat.version, zookeeper.get_acls(root + path)[0])
    for child in sorted(zookeeper.get_children(root + path)):
        yield from walk(zookeeper, root, f"{path}/{child}")


def document(zookeeper: Any, path: str) -> Any:
    return json.loads(zookeeper.get(path)[0])
