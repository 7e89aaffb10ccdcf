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
    return list(servers), chroot


LATER: Mapping[str, Mapping[str, Any]] = {
    "hashlib": {},
    "inspect": {"isclass": lambda thing: isinstance(thing, type)},
    "kazoo.hosts": {"collect_hosts": _collect_hosts},
    "logging": {"DEBUG": 10, "getLogger": lambda *_: Silence()},
    "ssl": {},
}
"""Modules that kazoo imports and a session needs for TLS only, or not at all, with what it takes of them all the
same."""


def kazoo_client() -> Any:
    """Return the module `kazoo.client`."""
    return slim_import("kazoo.client", UNUSED, LATER)


def handler(tls: Any = None) -> Any:
    """Return kazoo's threading handler with a cheaper `select`: the original opens an epoll instance for each wait,
    which is half the time of a request. With `tls` (an ssl.SSLContext) connections are encrypted by it."""
    import select

    from kazoo.handlers.threading import SequentialThreadingHandler

    class PollingHandler(SequentialThreadingHandler):  # type: ignore[misc]
        hostname = ""

        def create_connection(self, address: Any, hostname: Any = None, timeout: Any = None, **_: Any) -> Any:
            plain = super().create_connection(address, timeout=timeout)
            if tls is None:
                return plain
            if isinstance(hostname, str):  # kazoo's `command` gives a port
                self.hostname = hostname
            with plain:  # without effect where the new socket has taken it over
                return tls.wrap_socket(plain, server_hostname=self.hostname)

        def select(self, readers: Any, writers: Any, _: Any, timeout: float | None = None) -> Any:
            poll = select.poll()
            waiting = {each.fileno(): each for each in (*readers, *writers)}
            for each in readers:
                poll.register(each, select.POLLIN)
            for each in writers:
                poll.register(each, select.POLLOUT)
            decrypted = [each for each in readers if tls is not None and getattr(each, "pending", int)()]
            wait = 0 if decrypted else timeout
            ready = [waiting[fd] for fd, _ in poll.poll(None if wait is None else wait * 1000)] + decrypted
            return [each for each in readers if each in ready], [each for each in writers if each in ready], []

    return PollingHandler()
