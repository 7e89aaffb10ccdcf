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


# isclass serves KazooClient.__init__ only, which asks whether its handler is a class by mistake.
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
    # Whatever else is imported of kazoo comes after this: the first import of the package decides what is left out.
    return slim_import("kazoo.client", UNUSED, LATER)
