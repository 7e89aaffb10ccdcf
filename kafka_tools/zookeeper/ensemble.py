"""How a ZooKeeper ensemble is: each server asked by itself, and what a session shows of it and of Kafka's cluster."""

import re
import socket
from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model import addresses
from kafka_tools.zookeeper.topics import BROKER_IDS, TOPICS
from kafka_tools.zookeeper.znodes import Znodes

if TYPE_CHECKING:
    from kafka_tools.model.security import Tls

CONFIG, CLUSTER_ID, CONTROLLER = "/zookeeper/config", "/cluster/id", "/controller"
OFFSETS = f"{TOPICS}/__consumer_offsets"
Address = tuple[str, int]


class Server(NamedTuple):
    """One server that serves: its `mode` is leader, follower, observer or standalone, "" where it does not tell."""

    mode: str
    version: str
    seconds: float


def ask(server: Address, tls: "Tls | None", seconds: float) -> Server:
    """Ask a server how it is (the four letter word `srvr`).

    Raises KafkaToolError with the cause where it does not serve.
    """
    began = monotonic()
    try:
        with socket.create_connection(server, timeout=seconds) as connection:
            answer = _answer(connection, server[0], tls)
    except socket.gaierror:
        raise KafkaToolError(f"the name {server[0]} does not resolve") from None
    except TimeoutError:
        raise KafkaToolError(f"no answer within {seconds:.0f} s") from None
    except OSError as error:
        raise KafkaToolError(_words(error)) from None
    return _server(answer, monotonic() - began)


def _answer(connection: socket.socket, host: str, tls: "Tls | None") -> str:
    if tls is None:
        return _said(connection)
    from kafka_tools.tls import context

    with context(tls).wrap_socket(connection, server_hostname=host) as secured:
        return _said(secured)


def _said(connection: socket.socket) -> str:
    connection.sendall(b"srvr")
    chunks = []
    while chunk := connection.recv(4096):
        chunks.append(chunk)
    return b"".join(chunks).decode(errors="replace")


def _server(answer: str, seconds: float) -> Server:
    version = re.match(r"Zookeeper version: ([\w.]+)", answer)
    mode = re.search(r"^Mode: (\w+)", answer, re.MULTILINE)
    if version:
        return Server(mode[1] if mode else "", version[1], seconds)
    if "not in the whitelist" in answer:
        return Server("", "", seconds)
    if "not currently serving" in answer:
        hint = "Start the others: a majority of the servers must be up, and reach each other."
        raise KafkaToolError("it runs, but does not serve: there is no quorum", hint)
    raise KafkaToolError(
        "connection closed: is this a ZooKeeper server, and does it speak TLS?"
        if not answer
        else "this is no ZooKeeper"
    )


def _words(error: OSError) -> str:
    if type(error).__module__ == "ssl":
        from kafka_tools.tls import cause

        return cause(error, "server")
    return (error.strerror or str(error)).lower()


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
