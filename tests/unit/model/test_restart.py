"""Whether a broker, a controller or a ZooKeeper server may go down now."""

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.restart import before_restart, before_server_restart
from kafka_tools.model.snapshot import Ensemble, Quorum, Snapshot, Unknown
from kafka_tools.model.topics import Partition, TopicDescription
from kafka_tools.model.verdict import Severity

GONE = KafkaToolError("connection refused")


def topic(*partitions: Partition, min_isr: int | None = 2) -> TopicDescription:
    return TopicDescription("orders", None, partitions, {}, min_isr)


def cluster(*partitions: Partition, min_isr: int | None = 2) -> Snapshot:
    return Snapshot((topic(*partitions, min_isr=min_isr),), frozenset({1, 2, 3}), controller=1)


WHOLE = Partition(0, 1, (1, 2, 3), (1, 2, 3))
THIN = Partition(0, 1, (1, 2, 3), (1, 2))
ALONE = Partition(1, 1, (1,), (1,))
DENIED = (Unknown("log dirs", "denied", denied=True),)
KRAFT = Quorum(1, (1, 2, 3), ())


@pytest.mark.parametrize(
    ("snapshot", "broker", "severity", "words", "heals"),
    [
        (
            cluster(WHOLE),
            2,
            Severity.OK,
            "may go down: 0 partitions would get another leader, 1 lose a follower",
            False,
        ),
        (cluster(WHOLE), 1, Severity.NOTE, "is the controller", False),
        (cluster(THIN), 2, Severity.CRITICAL, "1 partition would stop taking acks=all writes: orders-0", True),
        (cluster(THIN), 3, Severity.OK, "may go down: 0 partitions", False),
        (cluster(ALONE), 1, Severity.CRITICAL, "1 partition would go offline: orders-1", False),
        (cluster(WHOLE, min_isr=3), 2, Severity.CRITICAL, "would stop taking acks=all writes", False),
        (cluster(WHOLE, min_isr=None), 2, Severity.WARNING, "might stop taking acks=all writes", False),
        (cluster(WHOLE)._replace(live=frozenset({1, 3})), 2, Severity.WARNING, "is down already", True),
        (cluster(WHOLE)._replace(fenced=frozenset({4})), 4, Severity.WARNING, "is down already", True),
        (cluster(WHOLE)._replace(unreached={3: "refused"}), 2, Severity.CRITICAL, "broker 3 is not reached", True),
        (cluster(WHOLE)._replace(unreached={2: "refused"}), 2, Severity.OK, "may go down", False),
        (cluster(WHOLE)._replace(no_election="Nobody."), 2, Severity.CRITICAL, "no leader can be elected now", True),
        (cluster(WHOLE)._replace(quorum=KRAFT), 2, Severity.OK, "may go down", False),
        (cluster(WHOLE)._replace(quorum=KRAFT), 1, Severity.NOTE, "is the controller", False),
        (cluster(WHOLE)._replace(quorum=KRAFT._replace(silent=(3,))), 2, Severity.CRITICAL, "1 of 3 controllers", True),
        (cluster(WHOLE)._replace(quorum=Quorum(1, (1,), ())), 1, Severity.CRITICAL, "0 of 1 controllers", False),
        (cluster(WHOLE)._replace(unknown=DENIED), 2, Severity.WARNING, "there may be topics that are not seen", False),
        # One that is no broker, as controllers of a cluster may be.
        (cluster(WHOLE)._replace(quorum=Quorum(11, (10, 11, 12), ())), 10, Severity.OK, "may go down", False),
    ],
)
def test_a_broker(snapshot: Snapshot, broker: int, severity: Severity, words: str, heals: bool) -> None:
    worst = before_restart(snapshot, broker)[0]
    assert (worst.severity, worst.heals) == (severity, heals), worst
    assert words in worst.found


def test_a_broker_that_is_not_there() -> None:
    with pytest.raises(KafkaToolError, match="7 is no broker of this cluster"):
        before_restart(cluster(WHOLE), 7)


THREE = {("a", 1): "leader", ("b", 1): "follower", ("b", 2): "follower"}


@pytest.mark.parametrize(
    ("ensemble", "host", "port", "severity", "words"),
    [
        (Ensemble(THREE, 3), "a", None, Severity.OK, "may go down: 2 of 3 would serve, 2 are needed; it is the leader"),
        (Ensemble(THREE, 3), "b", 2, Severity.OK, "may go down: 2 of 3 would serve, 2 are needed"),
        (Ensemble(THREE | {("b", 1): GONE}, 3), "a", 1, Severity.CRITICAL, "may not go down: 1 of 3 would serve"),
        (Ensemble(THREE | {("b", 1): GONE}, 3), "b", 1, Severity.WARNING, "is down already (connection refused)"),
        (Ensemble(THREE | {("d", 1): "observer"}, 3), "d", 1, Severity.OK, "an observer does not vote"),
        (Ensemble({("a", 1): "standalone"}), "a", 1, Severity.CRITICAL, "0 of 1 would serve, 1 is needed"),
        (Ensemble({("a", 1): "leader"}, 3), "a", 1, Severity.WARNING, "not known: 3 servers vote, 1 are named"),
        (Ensemble(THREE, 3, GONE), "a", 1, Severity.CRITICAL, "may not go down"),
    ],
)
def test_a_zookeeper_server(ensemble: Ensemble, host: str, port: int | None, severity: Severity, words: str) -> None:
    [finding] = before_server_restart(ensemble, host, port)
    assert finding.severity is severity
    assert words in finding.found


def test_a_zookeeper_server_that_is_not_named_or_not_alone() -> None:
    with pytest.raises(KafkaToolError, match=r"c is no server of the ensemble that was named \(a:1, b:1, b:2\)"):
        before_server_restart(Ensemble(THREE), "c", None)
    with pytest.raises(KafkaToolError, match="b has more than one ZooKeeper server"):
        before_server_restart(Ensemble(THREE), "b", None)
