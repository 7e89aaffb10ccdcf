"""kazoo, imported without what a session does not need: half of what it would cost."""

from collections.abc import Mapping
from typing import Any

from kafka_tools.slim import slim_import
from kafka_tools.zookeeper.connect_string import parse_connect

UNUSED = {
    "kazoo.recipe.barrier": "Barrier DoubleBarrier",
    "kazoo.recipe.counter": "Counter",
    "kazoo.recipe.election": "Election",
    "kazoo.recipe.lease": "NonBlockingLease MultiNonBlockingLease",
    "kazoo.recipe.lock": "Lock ReadLock WriteLock Semaphore",
    "kazoo.recipe.partitioner": "SetPartitioner",
    "kazoo.recipe.party": "Party ShallowParty",
    "kazoo.recipe.queue": "Queue LockingQueue",
    "kazoo.recipe.watchers": "ChildrenWatch DataWatch",
}
"""kazoo 2.11's recipes: locks, queues, elections."""


class Silence:
    """A logger that says nothing: what goes wrong in a session reaches its user as an exception."""

    def log(self, *message: object, **details: object) -> None:
        """Say nothing."""

    debug = info = warn = warning = error = exception = log


def _collect_hosts(hosts: str) -> tuple[list[tuple[str, int]], str]:
    servers, chroot = parse_connect(hosts)
    return [(host.strip("[]"), port) for host, port in servers], chroot


LATER: Mapping[str, Mapping[str, Any]] = {
    "hashlib": {},
    "inspect": {"isclass": lambda thing: isinstance(thing, type)},
    "kazoo.hosts": {"collect_hosts": _collect_hosts},
    "logging": {"DEBUG": 10, "getLogger": lambda *_: Silence()},
    "ssl": {},
}
"""Modules that kazoo imports and a session needs for TLS and passwords only, or not at all, with what it takes of them
all the same."""


def kazoo_client() -> Any:
    """Return the module `kazoo.client`."""
    return slim_import("kazoo.client", UNUSED, LATER)


def handler() -> Any:
    """Return kazoo's threading handler with a cheaper `select`: the original opens an epoll instance for each wait,
    which is half the time of a request."""
    import select

    from kazoo.handlers.threading import SequentialThreadingHandler

    class PollingHandler(SequentialThreadingHandler):  # type: ignore[misc]
        def select(self, readers: Any, writers: Any, _: Any, timeout: float | None = None) -> Any:
            poll = select.poll()
            waiting = {each.fileno(): each for each in (*readers, *writers)}
            for each in readers:
                poll.register(each, select.POLLIN)
            for each in writers:
                poll.register(each, select.POLLOUT)
            ready = [waiting[fd] for fd, _ in poll.poll(None if timeout is None else timeout * 1000)]
            return [each for each in ready if each in readers], [each for each in ready if each in writers], []

    return PollingHandler()
