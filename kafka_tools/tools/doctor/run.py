"""All checks: of brokers and of ZooKeeper at once, since either may be away."""

from functools import partial
from time import monotonic

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.parallel import in_parallel
from kafka_tools.tools.doctor.brokers import check_brokers
from kafka_tools.tools.doctor.checks import CLUSTER_ID, Check, State, failed
from kafka_tools.tools.doctor.ensemble import check_ensemble

MOST_SECONDS = 7.0
"""Each of the checks ends before; this ends what should not be."""


def run(brokers: Brokers | None, ensemble: ZooKeeper | None) -> list[Check]:
    """Make the checks of what is named and return them in their order. Raises KafkaToolError for what is no address."""
    calls = {}
    if brokers is not None:
        calls["brokers"] = partial(list[Check], check_brokers(brokers))
    if ensemble is not None:
        calls["ensemble"] = partial(list[Check], check_ensemble(ensemble, brokers is None))
    checks: list[Check] = []
    waits = [target.wait_seconds for target in (brokers, ensemble) if target is not None]
    for found in in_parallel(calls, monotonic() + MOST_SECONDS + max(waits)).values():
        if isinstance(found, KafkaToolError):
            raise found
        checks += found
    return [*checks, *_one_cluster(checks)]


def _one_cluster(checks: list[Check]) -> list[Check]:
    """Return a failed check where brokers and ZooKeeper are of two clusters."""
    ids = {check.found for check in checks if check.check == CLUSTER_ID and check.state is State.OK}
    if len(ids) < 2:
        return []
    two = KafkaToolError("the brokers and ZooKeeper are of two clusters")
    return [failed(CLUSTER_ID, two, "Does the context name brokers and ZooKeeper of one?")]
