"""What a context allows: no change of a read-only cluster, and one of a protected cluster only when that is said.

The protection follows the cluster, not the name: a context of the user's also guards its addresses when a flag, a file,
a variable or another context names them, and the cluster behind them, by its id, under any address: that is remembered
when the context is used.
"""

import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from typing import TypeVar

from kafka_tools.errors import KafkaToolError
from kafka_tools.model import addresses
from kafka_tools.model.addresses import KAFKA_PORT, ZOOKEEPER_PORT
from kafka_tools.model.shown import safe
from kafka_tools.model.target import Brokers, ContextRules, Target
from kafka_tools.settings import contexts
from kafka_tools.settings.contexts import Context

LOOPBACK = ("localhost", "::1")
CLUSTERS = "clusters.json"
"""In the state folder: the id of each guarded cluster, by the name of its context."""

Reached = TypeVar("Reached", bound=Target)


def check_change(target: Reached, yes: bool = False) -> Reached:
    """Return the target where a change of its cluster may be made; `yes`: it was said beforehand (`--yes`).

    What is returned looks once more, at the cluster's id, when that is known (brokers only: ZooKeeper would have to be
    asked for it). A protected context asks for its name on a terminal. Raises KafkaToolError where the change must not
    be made.
    """
    rules = list(_rules(target))
    _check(rules, yes)
    if isinstance(target, Brokers) and contexts.remembered(CLUSTERS):
        return target._replace(on_cluster=_looks_again(target, yes, {each.context for each in rules}))
    return target


def remember_cluster(context: str, cluster: str) -> None:
    """Remember which cluster a context names."""
    there = contexts.remembered(CLUSTERS)
    if there.get(context) == cluster:
        return
    from kafka_tools.settings import edit_contexts

    with suppress(OSError):  # a home that cannot be written to keeps nobody from reading topics
        edit_contexts.remember(CLUSTERS, there | {context: cluster})


def _looks_again(target: Brokers, yes: bool, checked: Collection[str]) -> Callable[[str], None]:
    def check(cluster: str) -> None:
        if target.on_cluster is not None:
            target.on_cluster(cluster)
        named = {name for name, known in contexts.remembered(CLUSTERS).items() if known == cluster}
        own = contexts.own_contexts()
        _check([own[name].rules for name in sorted(named & own.keys() - set(checked))], yes)

    return check


def _check(rules: Sequence[ContextRules], yes: bool) -> None:
    # read-only is looked at for every context that guards the cluster before protected is: a --yes for one of them must
    # not get past the other.
    for each in rules:
        if each.read_only:
            raise KafkaToolError(f"context {each.context} is read-only: nothing was changed")
    protecting = next((each.context for each in rules if each.protected), None)
    if protecting is None or yes:
        return
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        raise KafkaToolError(f"context {protecting} is protected: nothing was changed", "--yes says that it may be.")
    sys.stderr.write(f"This changes {safe(protecting)}, which is protected. Its name, to go on: ")
    sys.stderr.flush()
    # The name, not y: whoever answers y to everything has not read which cluster it is.
    if sys.stdin.readline().strip() != protecting:
        raise KafkaToolError("that is not its name: nothing was changed")


def _rules(target: Target) -> Iterator[ContextRules]:
    """Yield the rules of the context that named the cluster, then those of each that guards one of its addresses."""
    if target.rules is not None:
        yield target.rules
    asked = _servers(target)
    # Only the user's own contexts guard: a repository's could else keep the user from changing a cluster of theirs.
    for context in contexts.own_contexts().values():
        if (context.read_only or context.protected) and not asked.isdisjoint(_guarded(context, target)):
            yield context.rules


def _guarded(context: Context, target: Target) -> set[tuple[str, int, str]]:
    if not isinstance(target, Brokers):
        return _servers_of_ensemble(context.zookeeper)
    if context.bootstrap_servers:
        return _servers_of_brokers(context.bootstrap_servers)
    from kafka_tools.settings.precedence import SERVERS, of_context

    named = (each.value for each in of_context(context) if each.name in SERVERS)
    return {server for servers in named for server in _servers_of_brokers(servers)}


def _servers(target: Target) -> set[tuple[str, int, str]]:
    if isinstance(target, Brokers):
        return _servers_of_brokers(target.bootstrap_servers)
    return _servers_of_ensemble(target.connect)


def _servers_of_brokers(servers: str) -> set[tuple[str, int, str]]:
    return {_server(each, KAFKA_PORT, "") for each in servers.split(",") if each.strip()}


def _servers_of_ensemble(connect: str) -> set[tuple[str, int, str]]:
    """Return its servers with the chroot: below another one stands another cluster."""
    servers, _, chroot = connect.partition("/")
    return {_server(each, ZOOKEEPER_PORT, chroot.strip("/")) for each in servers.split(",") if each.strip()}


def _server(text: str, port: int, chroot: str) -> tuple[str, int, str]:
    """Return host, port and chroot so that two spellings of one server are equal."""
    where = text.strip().rpartition("://")[2]
    host, port = addresses.parse(where, port) or (where, port)
    # All of 127.0.0.0/8 is this machine, and so is ::1: a tunnel's end is guarded by whichever name it is called.
    host = host.lower().rstrip(".")
    return "localhost" if host in LOOPBACK or host.startswith("127.") else host, port, chroot
