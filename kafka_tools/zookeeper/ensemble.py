"""What a session shows of a ZooKeeper ensemble and of Kafka's cluster."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model import addresses
from kafka_tools.model.addresses import Address
from kafka_tools.zookeeper.topics import BROKER_IDS, TOPICS
from kafka_tools.zookeeper.znodes import Znodes

CONFIG, CLUSTER_ID, CONTROLLER = "/zookeeper/config", "/cluster/id", "/controller"
OFFSETS = f"{TOPICS}/__consumer_offsets"


class Registered(NamedTuple):
    """What znodes show: how many servers vote (None: they do not say), Kafka's cluster and its controller (None: there
    is none), the brokers with the address that each advertises first, and the fewest replicas that a partition of
    __consumer_offsets has (None: the topic is not there)."""

    voters: int | None
    cluster_id: str | None
    controller: int | None
    brokers: Mapping[int, Address]
    offsets_factor: int | None


def registered(client: Any) -> Registered:
    """Read the znodes of a session (kazoo). Raises KafkaToolError for one that is not as Kafka writes it."""
    znodes = Znodes(client)
    ids = sorted(int(name) for name in znodes.ask_for_children(BROKER_IDS)() if name.isdecimal())
    paths = [CLUSTER_ID, CONTROLLER, OFFSETS, *(f"{BROKER_IDS}/{broker}" for broker in ids)]
    cluster, controller, offsets, *brokers = znodes.documents(paths)
    try:
        return Registered(
            voters=_voters(client),
            cluster_id=cluster["id"] if cluster else None,
            controller=controller["brokerid"] if controller else None,
            brokers={broker: _address(each) for broker, each in zip(ids, brokers, strict=True) if each},
            offsets_factor=min(map(len, offsets["partitions"].values())) if offsets else None,
        )
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise KafkaToolError(f"A znode below {BROKER_IDS} or {TOPICS} is not as Kafka writes it.") from error


def _address(document: Any) -> Address:
    address = addresses.parse(document["endpoints"][0].partition("://")[2], 9092)
    if address is None:
        raise ValueError("no address")
    return address


def _voters(client: Any) -> int | None:
    """Count the participants of the dynamic configuration (ZooKeeper 3.5 and later; empty for a server on its own)."""
    from kazoo.exceptions import NoAuthError, NoNodeError

    root, client.chroot = client.chroot, ""
    try:
        text = client.get(CONFIG)[0].decode(errors="replace")
    except (NoAuthError, NoNodeError):
        return None
    finally:
        client.chroot = root
    return voters(text)


def voters(config: str) -> int | None:
    """Count the servers that vote, from lines as `server.1=zk1:2888:3888:participant;2181`; None where none is."""
    servers = [line for line in config.splitlines() if line.startswith("server.")]
    return sum(":observer" not in line for line in servers) or None
