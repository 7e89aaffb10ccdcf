"""Reads what a Kafka cluster registers in ZooKeeper: its brokers, its controller, its id.

Source: kafka.zk.BrokerIdZNode, ControllerZNode and ClusterIdZNode, Kafka 2.8.
"""

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
    """What a cluster and its ensemble say about themselves.

    `voters` counts the ZooKeeper servers that vote (None: the ensemble does not tell). `controller` is the id of the
    broker that is the controller (None: there is none). `brokers` has the address that each broker advertises first.
    `offsets_factor` is the smallest number of replicas of a partition of __consumer_offsets (None: no such topic).
    """

    voters: int | None
    cluster_id: str | None
    controller: int | None
    brokers: Mapping[int, Address]
    offsets_factor: int | None


def registered(client: Any) -> Registered:
    """Read the znodes through an open session (kazoo). Raises KafkaToolError for one that Kafka did not write so."""
    znodes = Znodes(client)
    ids = sorted(int(name) for name in znodes.ask_for_children(BROKER_IDS)() if name.isdecimal())
    paths = [CLUSTER_ID, CONTROLLER, OFFSETS, *(f"{BROKER_IDS}/{broker}" for broker in ids)]
    cluster, controller, offsets, *brokers = znodes.documents(paths)
    try:
        return Registered(
            voters=_voters(client),
            cluster_id=cluster["id"] if cluster else None,
            controller=controller["brokerid"] if controller else None,
            # A broker whose znode went between the two requests has left the cluster meanwhile.
            brokers={broker: _first_address(each) for broker, each in zip(ids, brokers, strict=True) if each},
            offsets_factor=min(map(len, offsets["partitions"].values())) if offsets else None,
        )
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        raise KafkaToolError(f"A znode below {BROKER_IDS} or {TOPICS} is not as Kafka writes it.") from error


def broker_addresses(client: Any) -> tuple[str, ...]:
    """Return `host:port` of each broker that is registered now, by id.

    Raises KafkaToolError for a znode that Kafka did not write so.
    """
    znodes = Znodes(client)
    # By length and then by text is the order of the numbers.
    ids = sorted(znodes.ask_for_children(BROKER_IDS)(), key=lambda name: (len(name), name))
    documents = znodes.documents([f"{BROKER_IDS}/{broker}" for broker in ids])
    found = zip(ids, documents, strict=True)
    return tuple(advertised(broker, document) for broker, document in found if document is not None)


def advertised(broker: str, document: Any) -> str:
    """Return `host:port` of a broker's plaintext listener, or of its first listener where it has no plaintext one.

    `document` is the JSON of /brokers/ids/BROKER. Raises KafkaToolError where Kafka did not write it so.
    """
    try:
        # Since 0.9 `host` and `port` are those of the listener PLAINTEXT, or null and -1.
        host, port = document["host"], document["port"]
        if host and port > 0:
            return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return str(document["endpoints"][0].partition("://")[2])
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise KafkaToolError(f"The znode {BROKER_IDS}/{broker} is not as Kafka writes it.") from error


def _first_address(document: Any) -> Address:
    address = addresses.parse(document["endpoints"][0].partition("://")[2], 9092)
    if address is None:
        raise ValueError("no address")
    return address


def _voters(client: Any) -> int | None:
    """Count the servers that vote, from the dynamic configuration that ZooKeeper 3.5 and later keeps in a znode."""
    from kazoo.exceptions import NoAuthError, NoNodeError

    # The znode belongs to the ensemble, not to the cluster: it is outside the chroot.
    root, client.chroot = client.chroot, ""
    try:
        text = client.get(CONFIG)[0].decode(errors="replace")
    except (NoAuthError, NoNodeError):
        return None
    finally:
        client.chroot = root
    return voters(text)


def voters(config: str) -> int | None:
    """Count the servers that vote in lines such as `server.1=zk1:2888:3888:participant;2181`.

    Returns None where no server is named: a server on its own has an empty configuration.
    """
    servers = [line for line in config.splitlines() if line.startswith("server.")]
    return sum(":observer" not in line for line in servers) or None
