"""Asks all servers of an ensemble how they are, beside a session with whichever of them gives one."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, TypeVar

from kafka_tools.errors import KafkaToolError
from kafka_tools.model import addresses
from kafka_tools.model.addresses import Address
from kafka_tools.model.target import ZooKeeper
from kafka_tools.model.znodes import CONFIG
from kafka_tools.model.zookeeper_state import Member
from kafka_tools.parallel import in_parallel
from kafka_tools.zookeeper.connect_string import parse_connect
from kafka_tools.zookeeper.diagnosis import Server, ask

SERVER_SECONDS = 2.0
"""How long a server is waited for, while a session is opened."""

EVERYWHERE = ("", "0.0.0.0", "[::]", "[0:0:0:0:0:0:0:0]")

Found = TypeVar("Found")
Servers = Mapping[Address, Server | KafkaToolError]


def survey(
    target: ZooKeeper, in_session: Callable[[ZooKeeper], Found], seconds: float
) -> tuple[Servers, Found | KafkaToolError]:
    """Ask all servers that are named, and call `in_session`, which opens a session, at once, within `seconds`.

    An ensemble that may be starting is waited for before: one of its servers would be told as refused, though it serves
    in a moment.
    """
    if target.wait_seconds:
        with suppress(KafkaToolError):
            in_session(target)
    # Asked beside the session, not after it: kazoo tries one server after the other, and does not tell of those away.
    named, _ = parse_connect(target.connect)
    calls: dict[Address | None, Callable[[], Any]] = {server: partial(_ask, target, server) for server in named}
    calls[None] = partial(in_session, target._replace(wait_seconds=0.0))
    found = in_parallel(calls, monotonic() + seconds)
    session = found.pop(None)
    return found, session  # type: ignore[return-value]


def ask_others(target: ZooKeeper, members: Sequence[Member], named: Servers) -> Servers:
    """Ask the members of an ensemble that the target does not name, where it is known where they listen.

    With TLS nobody is asked: the port in the ensemble's configuration is the one without it. Nor is anybody where a
    server was named by another name than the ensemble knows it by: it would count twice.
    """
    if target.security is not None and target.security.tls is not None:
        return {}
    others = [each.client for each in members if each.client is not None and each.client not in named]
    if len(named) + len(others) > len(members):
        return {}
    calls = {server: partial(_ask, target, server) for server in others}
    return in_parallel(calls, monotonic() + SERVER_SECONDS)


def _ask(target: ZooKeeper, server: Address) -> Server:
    return ask(server, target.security.tls if target.security else None, SERVER_SECONDS)


def read_config(client: Any) -> str | None:
    """Read the dynamic configuration that ZooKeeper 3.5 and later keeps in a znode; None where it may not be read."""
    from kazoo.exceptions import NoAuthError, NoNodeError

    # The znode belongs to the ensemble, not to the cluster: it is outside the chroot.
    root, client.chroot = client.chroot, ""  # kazoo has no request outside of it
    try:
        text: str = (client.get(CONFIG)[0] or b"").decode(errors="replace")
    except (NoAuthError, NoNodeError):
        return None
    finally:
        client.chroot = root
    return text


def members(config: str) -> tuple[Member, ...]:
    """Return the servers in lines such as `server.1=zk1:2888:3888:participant;2181`, none where no server is named.

    A server on its own has an empty configuration. Source: QuorumPeer.QuorumServer of ZooKeeper 3.8.
    """
    found = re.findall(r"^server\.(\d{1,9})=([^;\s]*)(?:;(\S*))?$", config, re.MULTILINE)
    return tuple(_member(int(number), *each) for number, *each in found)


def voters(config: str) -> int | None:
    """Count the servers that vote; None where no server is named: it is one on its own."""
    return sum(each.votes for each in members(config)) or None


def _member(number: int, peer: str, client: str) -> Member:
    # Several addresses of one server (3.6) are separated by bars: the first is enough to name it.
    first = re.match(r"(\[[^\]|]*\]|[^:|\[]+):\d{1,5}", peer)
    return Member(number, first[0] if first else peer, ":observer" not in peer, _client(first and first[1], client))


def _client(host: str | None, client: str) -> Address | None:
    """Return where clients reach a server: `2181` and `0.0.0.0:2181` are all addresses of its host."""
    listens, _, port = client.rpartition(":")
    return addresses.parse(f"{host if listens in EVERYWHERE else listens}:{port}", 0) if host and port else None
