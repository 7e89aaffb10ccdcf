"""Imports kazoo without the parts that a session does not need, which halves the 70 ms that the import takes."""

from collections.abc import Mapping
from typing import Any

from kafka_tools.slim import LOGGING, slim_import
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
"""What kazoo.client takes from kazoo 2.11's recipes (locks, queues, elections); ktools uses none of them."""


def _collect_hosts(hosts: str) -> tuple[list[tuple[str, int]], str]:
    servers, chroot = parse_connect(hosts)
    return list(servers), chroot


LATER: Mapping[str, Mapping[str, Any]] = {
    "hashlib": {},
    "inspect": {"isclass": lambda thing: isinstance(thing, type)},
    "kazoo.hosts": {"collect_hosts": _collect_hosts},
    "logging": LOGGING,
    "ssl": {},
}
"""Modules that kazoo imports at its top but uses rarely, and the few attributes of them that every session uses.

inspect takes 8 ms, ssl 7, logging 6 and hashlib 3 (Python 3.11). kazoo.hosts would read the connect string with urllib;
ktools reads it by Kafka's rules. Where anything else is taken from one of these modules, the real one is imported.
"""


def kazoo_client() -> Any:
    """Return the module `kazoo.client`."""
    return slim_import("kazoo.client", UNUSED, LATER)


def handler(tls: Any = None) -> Any:
    """Return the object that runs kazoo's threads and sockets; with `tls` (ssl.SSLContext) it encrypts connections.

    It waits for sockets by poll(). kazoo's own `select` makes and closes an epoll instance for each wait, which is half
    of the time that a request takes.
    """
    import select

    from kazoo.handlers.threading import SequentialThreadingHandler

    class PollingHandler(SequentialThreadingHandler):  # type: ignore[misc]
        hostname = ""

        def create_connection(self, address: Any, hostname: Any = None, timeout: Any = None, **_: Any) -> Any:
            plain = super().create_connection(address, timeout=timeout)
            if tls is None:
                return plain
            # kazoo's connection gives the host's name here; its `command` (srvr) gives the port by mistake.
            if isinstance(hostname, str):
                self.hostname = hostname
            # Closes the plain socket where the handshake fails; wrap_socket has taken it over where it does not.
            with plain:
                return tls.wrap_socket(plain, server_hostname=self.hostname)

        def select(self, readers: Any, writers: Any, _: Any, timeout: float | None = None) -> Any:
            poll = select.poll()
            waiting = {each.fileno(): each for each in (*readers, *writers)}
            for each in readers:
                poll.register(each, select.POLLIN)
            for each in writers:
                poll.register(each, select.POLLOUT)
            # Bytes that OpenSSL has already decrypted are not in the socket any more: poll() would wait for ever.
            decrypted = [each for each in readers if tls is not None and getattr(each, "pending", int)()]
            wait = 0 if decrypted else timeout
            ready = [waiting[fd] for fd, _ in poll.poll(None if wait is None else wait * 1000)] + decrypted
            return [each for each in readers if each in ready], [each for each in writers if each in ready], []

    return PollingHandler()
