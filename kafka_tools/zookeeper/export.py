"""Reads all znodes that Kafka keeps below its chroot."""

from collections.abc import Iterator, Sequence
from typing import Any

from kafka_tools.model.znode_export import ROOTS, SENSITIVE
from kafka_tools.model.znodes import Znode
from kafka_tools.zookeeper.topics import TOPICS, no_cluster
from kafka_tools.zookeeper.znodes import Znodes

PROTECTED = tuple(each.removesuffix("/") for each in SENSITIVE)


def read_all(client: Any) -> Iterator[tuple[str, Znode | None]]:
    """Yield each znode by its path, level by level; None stands for one that may not be read.

    Raises what the session raises, UsageError where there is no cluster below this chroot. 10,000 partitions are some
    25,000 znodes.
    """
    znodes = Znodes(client)
    if znodes.ask_for_children(TOPICS)() is None:
        raise no_cluster()
    level: Sequence[str] = ROOTS
    while level:
        found = list(_read(znodes, level))
        yield from found
        # Only those with children are asked for their names: most znodes are leaves.
        parents = [path for path, znode in found if znode is None or znode.stat.num_children]
        level = list(_children(client, parents))


def _read(znodes: Znodes, paths: Sequence[str]) -> Iterator[tuple[str, Znode | None]]:
    # Those that only Kafka may read are asked for one by one: a refusal ends the reading of all that were asked for
    # with it.
    open_to_all = [path for path in paths if not path.startswith(PROTECTED)]
    for path, znode in zip(open_to_all, znodes.whole(open_to_all), strict=True):
        if znode is not None:  # gone meanwhile, or never there
            yield path, znode
    for path in paths:
        if path.startswith(PROTECTED):
            yield from _read_sensitive(znodes, path)


def _read_sensitive(znodes: Znodes, path: str) -> Iterator[tuple[str, Znode | None]]:
    """Yield a znode that only Kafka may read, where the ensemble knows its users (ZkData.SensitiveRootPaths)."""
    from kazoo.exceptions import NoAuthError

    try:
        [znode] = znodes.whole([path])
    except NoAuthError:
        yield path, None
    else:
        if znode is not None:
            yield path, znode


def _children(client: Any, parents: Sequence[str]) -> Iterator[str]:
    from kazoo.exceptions import NoAuthError, NoNodeError

    from kafka_tools.zookeeper.znodes import SINGLES_UNDER_WAY, pipelined

    requests = pipelined(map(client.get_children_async, parents), SINGLES_UNDER_WAY)
    for path, request in zip(parents, requests, strict=True):
        try:
            names = request.get()
        except (NoAuthError, NoNodeError):
            continue
        yield from (f"{path}/{name}" for name in sorted(names))
