"""kazoo, imported without the recipes (locks, queues, elections) that nothing here uses."""

from typing import Any

from kafka_tools.slim import slim_import

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
"""Modules of kazoo 2.11: 3 % of the instructions of `topics --list`."""


def kazoo_client() -> Any:
    """Return the module `kazoo.client`."""
    return slim_import("kazoo.client", UNUSED)
