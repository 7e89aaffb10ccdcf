"""Shows what is in ZooKeeper: servers, brokers and what waits, as rows, lines and tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model import addresses
from kafka_tools.model.snapshot import Ensemble
from kafka_tools.model.units import count, duration
from kafka_tools.model.verdict import Severity, judge_quorum
from kafka_tools.model.zookeeper_state import KeptBroker, KeptController, Member, Waiting, ZooKeeperState
from kafka_tools.render.views import NOTHING, Level, Mark, Table, level
from kafka_tools.report import Report
from kafka_tools.zookeeper.diagnosis import Server

if TYPE_CHECKING:
    from kafka_tools.zookeeper.ensemble import Servers

COLUMNS = {"section": "Section", "name": "Name", "since_ms": "Since", "facts": "Facts"}
LEVELS = {Severity.WARNING: Level.RISK, Severity.CRITICAL: Level.BROKEN}

STUCK_MS = 60_000
"""How many ms something may wait for the controller before it is marked: it needs far less."""

QUEUES = {
    "/isr_change_notification": "ISR changes",
    "/log_dir_event_notification": "failed directories",
    "/config/changes": "config changes",
    "/kafka-acl-changes": "ACL changes",
    "/kafka-acl-extended-changes": "ACL changes, prefixed",
    "/delegation_token/token_changes": "token changes",
}
LEFT_TO_READ = {"/isr_change_notification", "/log_dir_event_notification"}
"""The queues that are empty where there is a controller; the others keep what every broker has read."""


@dataclass(frozen=True, slots=True)
class StateRow:
    """One thing in ZooKeeper; the names of the fields are the keys of json. `since_ms` counts from 1970."""

    section: str
    name: str
    since_ms: int | None
    facts: Mapping[str, Any]


class ServerView(NamedTuple):
    """A server of the ensemble for a person."""

    server: str
    id: int | None
    mode: Mark
    mean: Mark | None
    longest: Mark | None
    waiting: Mark | None
    connections: int | None
    znodes: int | None
    zxid: str | None
    version: str | None


class BrokerView(NamedTuple):
    """A broker for a person."""

    broker: int
    listeners: str
    rack: str | None
    since: str | None
    state: Mark


class WaitingView(NamedTuple):
    """Something that waits, or is kept, for a person."""

    what: str
    number: Mark
    oldest: Mark
    which: str
    path: str


SERVER_COLUMNS = {
    "server": "Server",
    "id": "Id",
    "mode": "Mode",
    "mean": "Mean ms",
    "longest": "Longest",
    "waiting": "Waiting",
    "connections": "Connections",
    "znodes": "Znodes",
    "zxid": "Zxid",
    "version": "Version",
}
BROKER_COLUMNS = {
    "broker": "Broker",
    "listeners": "Listeners",
    "rack": "Rack",
    "since": "Registered",
    "state": "State",
}
WAITING_COLUMNS = {"what": "What", "number": "Number", "oldest": "Oldest", "which": "Which", "path": "Znode"}


def report(
    connect: str, servers: "Servers", members: Sequence[Member], found: ZooKeeperState | KafkaToolError
) -> Report:
    """Return what was found; `members` are those that the ensemble itself names.

    Where there is an error instead of the cluster's znodes, only the servers are shown, and it is the failure.
    """
    failure = found if isinstance(found, KafkaToolError) else None
    state = found if isinstance(found, ZooKeeperState) else None
    rows = [*_server_rows(servers, members), *(_state_rows(state) if state else ())]
    malformed = state.malformed if state else ()
    return Report(
        rows=rows,
        columns=COLUMNS,
        plain=map(line, rows),
        tables=lambda: [_servers(connect, servers, members, failure), *(_state_tables(state) if state else ())],
        notes=[error.message for error in malformed],
        status=int(bool(malformed)),
        failure=failure,
    )


def line(row: StateRow) -> str:
    """Return `SECTION NAME SINCE FACTS`, separated by tabs; `-` where there is nothing."""
    facts = " ".join(f"{name}={_plain(value)}" for name, value in row.facts.items() if value is not None)
    return f"{row.section}\t{row.name}\t{'-' if row.since_ms is None else row.since_ms}\t{facts or '-'}"


def _plain(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _ids(servers: "Servers", members: Sequence[Member]) -> dict[addresses.Address, int]:
    """Return which member each server is: by the port for clients, else by the host where it has one member only."""
    of_client = {member.client: member.id for member in members if member.client is not None}
    # `host:2888:3888` without the election port; a host of IPv6 stands in brackets, an address of ours has none.
    hosts = [member.peer.rpartition(":")[0].strip("[]") for member in members]
    of_host = {host: member.id for host, member in zip(hosts, members, strict=True) if hosts.count(host) == 1}
    named = [host for host, _ in servers]
    found = {
        # Three servers on one host (a sandbox) differ in their ports only, which the ensemble may
        # not tell: then none has an id.
        server: of_client.get(server, of_host.get(server[0]) if named.count(server[0]) == 1 else None)
        for server in servers
    }
    return {server: number for server, number in found.items() if number is not None}


def _server_rows(servers: "Servers", members: Sequence[Member]) -> Iterator[StateRow]:
    ids = _ids(servers, members)
    for address, server in servers.items():
        facts: dict[str, Any] = {"id": ids.get(address)}
        # An address that a connect string names and that does not answer stays a row: it is what somebody looks for.
        if isinstance(server, KafkaToolError):
            facts["error"] = server.message
        else:
            facts |= {
                "mode": server.mode or None,
                "version": server.version or None,
                "latency_ms": server.latency,
                "connections": server.connections,
                "outstanding": server.outstanding,
                "zxid": server.zxid,
                "znodes": server.znodes,
            }
        yield StateRow("server", addresses.text(address), None, facts)
    # Not joined with the servers above: a member may listen for clients where nobody outside can tell.
    for member in members:
        facts = {"peer": member.peer, "role": "participant" if member.votes else "observer"}
        yield StateRow("member", str(member.id), None, facts)


def _state_rows(state: ZooKeeperState) -> Iterator[StateRow]:
    yield StateRow("cluster", _shown(state.cluster_id), None, {"topics": state.topics, "partitions": state.partitions})
    yield _controller_row(state)
    for broker, found in state.brokers.items():
        if isinstance(found, KafkaToolError):
            yield StateRow("broker", str(broker), None, {"error": found.message})
        else:
            yield StateRow("broker", str(broker), found.since_ms, {"listeners": found.endpoints, "rack": found.rack})
    for broker, replicas in state.absent.items():
        yield StateRow("absent broker", str(broker), None, {"replicas": replicas})
    for section, waiting in _waiting(state).items():
        yield from (StateRow(section, each.name, each.since_ms, {}) for each in waiting)
    # `signs` is `+3 -1`: broker 3 is being added, broker 1 removed (KIP-455).
    for partition, signs in state.reassignments.items():
        yield StateRow("reassignment", f"{partition.topic}-{partition.partition}", None, {"replicas": signs})
    for queue in state.queues:
        yield StateRow("queue", queue.path, queue.oldest_ms, {"length": queue.length})
    for group in state.old_groups:
        yield StateRow("old consumers", group.group, None, {"members": group.members, "topics": group.topics})
    yield from _feature_rows(state)


def _controller_row(state: ZooKeeperState) -> StateRow:
    controller, epoch = state.controller, _value(state.controller_epoch)
    if isinstance(controller, KeptController):
        facts = {"epoch": epoch, "kraft_epoch": controller.kraft_epoch}
        return StateRow("controller", str(controller.broker), controller.since_ms, facts)
    # None: the znode /controller is not there, which is ephemeral: no broker is elected at this moment.
    return StateRow("controller", "-", None, {"epoch": epoch, "error": controller and controller.message})


def _feature_rows(state: ZooKeeperState) -> Iterator[StateRow]:
    if isinstance(state.features, KafkaToolError):
        yield StateRow("features", "-", None, {"error": state.features.message})
    elif state.features is not None:
        enabled = "enabled" if state.features.is_enabled else "disabled"
        yield StateRow("features", enabled, None, state.features.levels)
    if isinstance(state.migration, KafkaToolError):
        yield StateRow("migration", "-", None, {"error": state.migration.message})
    elif state.migration is not None:
        yield StateRow("migration", _migrated(state), None, state.migration._asdict())


def _waiting(state: ZooKeeperState) -> Mapping[str, Sequence[Waiting]]:
    return {"deletion": state.deletions, "asked reassignment": state.asked_moves, "election": state.elections}


def _servers(connect: str, servers: "Servers", members: Sequence[Member], failure: KafkaToolError | None) -> Table:
    ids = _ids(servers, members)
    views = [_server(address, server, ids.get(address)) for address, server in servers.items()]
    columns = {name: heading for name, heading in SERVER_COLUMNS.items() if name != "id" or ids}
    # Of the servers that were asked; where the leader is not among them, none is named.
    leader = next((addresses.text(each) for each, server in servers.items() if _mode(server) == "leader"), None)
    others = [member.peer for member in members if not member.votes]
    facts = [f"leader {leader}"] if leader else []
    facts += [f"observers {', '.join(others)}"] if others else []
    return Table(
        rows=views,
        columns=columns,
        title=f"ZooKeeper {connect}",
        facts=facts,
        spare=("znodes", "zxid", "connections", "longest", "version"),
        summary=_quorum(servers, members, failure),
    )


def _quorum(servers: "Servers", members: Sequence[Member], failure: KafkaToolError | None) -> Mark:
    """Return how many servers serve; where not all were asked, that a majority does, as there is a session."""
    modes = {address: each.mode if isinstance(each, Server) else each for address, each in servers.items()}
    # None where the ensemble does not tell its members (ZooKeeper before 3.5): then those that were named are all.
    voters = sum(member.votes for member in members) or None
    counts = Ensemble(modes, voters).counts
    # Fewer were asked than vote. That there was a session proves a majority, more is not known.
    if counts is None:
        return Mark(f"{voters} servers vote, and a majority serves; {len(servers)} are named: the others are not asked")
    judged = judge_quorum("servers", *counts)
    words = f"{judged.found} · {judged.advice}" if judged.advice else judged.found
    return Mark(words, Level.BROKEN if failure else LEVELS.get(judged.severity, Level.QUIET))


def _mode(server: Server | KafkaToolError) -> str:
    return server.mode if isinstance(server, Server) else ""


def _server(address: addresses.Address, server: Server | KafkaToolError, number: int | None) -> ServerView:
    name = addresses.text(address)
    if isinstance(server, KafkaToolError):
        return ServerView(name, number, Mark(server.message, Level.BROKEN), *(None,) * 7)
    # Of `srvr`, in ms since the server's start: minimum, mean, maximum.
    _, mean, longest = server.latency or (None, None, None)
    return ServerView(
        name,
        number,
        Mark(server.mode or "it does not tell"),
        None if mean is None else Mark(f"{mean:,.1f}"),
        None if longest is None else Mark(f"{longest:,.0f}"),
        None if server.outstanding is None else Mark(f"{server.outstanding:,}"),
        server.connections,
        server.znodes,
        server.zxid,
        server.version or None,
    )


def _state_tables(state: ZooKeeperState) -> Iterator[Table]:
    now = time() * 1000
    controller = state.controller
    facts = [count(state.topics, "topic"), count(state.partitions, "partition")]
    if isinstance(controller, KeptController):
        kind = (
            f"KRaft controller {controller.broker}"
            if controller.kraft_epoch is not None
            else f"controller {controller.broker}"
        )
        facts.insert(0, f"{kind} for {_age(controller.since_ms, now)}, epoch {_shown(state.controller_epoch)}")
    # A column for racks only where some broker has one (broker.rack).
    has_racks = any(isinstance(each, KeptBroker) and each.rack for each in state.brokers.values())
    yield Table(
        rows=[*_brokers(state, now)],
        columns={name: heading for name, heading in BROKER_COLUMNS.items() if name != "rack" or has_racks},
        title=f"Cluster {_shown(state.cluster_id)}",
        facts=facts,
        spare=("since",),
        breakable=("listeners",),
        summary=_trouble(state),
    )
    title = "Under way, waiting, or kept from before"
    yield Table([*_kept(state, now)], WAITING_COLUMNS, title, spare=("path",), breakable=("which",))


def _trouble(state: ZooKeeperState) -> Mark | None:
    """Return what is wrong with the cluster itself: malformed znodes of which there is one, no controller."""
    single = (state.cluster_id, state.controller, state.controller_epoch, state.features, state.migration)
    sentences = [each.message for each in single if isinstance(each, KafkaToolError)]
    controller = state.controller
    if controller is None:
        sentences.append("no broker is the controller: no leader is elected, no topic is made")
    elif not isinstance(controller, KafkaToolError) and not _is_there(controller, state):
        sentences.append(f"broker {controller.broker} is the controller, and is not registered")
    return Mark(" · ".join(sentences), Level.BROKEN) if sentences else None


def _is_there(controller: KeptController, state: ZooKeeperState) -> bool:
    # While a cluster migrates (KIP-866) a KRaft controller holds /controller, and
    # controllers do not register as brokers.
    return controller.kraft_epoch is not None or controller.broker in state.brokers


def _brokers(state: ZooKeeperState, now: float) -> Iterator[BrokerView]:
    controller = state.controller.broker if isinstance(state.controller, KeptController) else None
    for broker, replicas in state.absent.items():
        away = f"not registered, has {count(replicas, 'replica')}"
        yield BrokerView(broker, "", None, None, Mark(away, Level.BROKEN))
    for broker, found in state.brokers.items():
        if isinstance(found, KeptBroker):
            is_it = Mark("controller") if broker == controller else NOTHING
            since = f"for {_age(found.since_ms, now)}"
            yield BrokerView(broker, ", ".join(found.endpoints), found.rack, since, is_it)
        else:
            yield BrokerView(broker, "", None, None, Mark(found.message, Level.BROKEN))


def _kept(state: ZooKeeperState, now: float) -> Iterator[WaitingView]:
    yield _view("topics being deleted", state.deletions, "/admin/delete_topics", now)
    moved = [f"{each.topic}-{each.partition} ({signs})" for each, signs in state.reassignments.items()]
    yield WaitingView("reassignments", _number(len(moved)), NOTHING, ", ".join(moved), "/brokers/topics/TOPIC")
    # Both are znodes of Kafka up to 2.8, which later ones make only where an old tool asks: no
    # row where they are not there.
    for name, waiting, path in (
        ("moves that were asked for", state.asked_moves, "/admin/reassign_partitions"),
        ("elections", state.elections, "/admin/preferred_replica_election"),
    ):
        if waiting:
            yield _view(name, waiting, path, now)
    for queue in state.queues:
        # Only the controller takes these away. Change notifications stay for 15 min, read or not (changeExpirationMs of
        # ZkNodeChangeNotificationListener 3.9).
        is_stuck = queue.path in LEFT_TO_READ and _is_old(queue.oldest_ms, now)
        oldest = NOTHING if queue.oldest_ms is None else _old(queue.oldest_ms, now, is_stuck)
        which = "the controller has not read them" if is_stuck else ""
        yield WaitingView(QUEUES[queue.path], _number(queue.length), oldest, which, queue.path)
    groups = [f"{each.group} ({count(each.members, 'member')})" for each in state.old_groups]
    yield WaitingView("old consumers", _number(len(groups)), NOTHING, ", ".join(groups), "/consumers")
    if state.features is not None and not isinstance(state.features, KafkaToolError):
        levels = [f"{name} {each}" for name, each in state.features.levels.items()]
        words = ", ".join(levels) if state.features.is_enabled else "disabled"
        yield WaitingView("features", _number(len(levels)), NOTHING, words, "/feature")
    if state.migration is not None:
        yield WaitingView("migration to KRaft", NOTHING, NOTHING, _migrated(state), "/migration")


def _view(what: str, waiting: Sequence[Waiting], path: str, now: float) -> WaitingView:
    oldest = min((each.since_ms for each in waiting if each.since_ms is not None), default=None)
    old = NOTHING if oldest is None else _old(oldest, now, _is_old(oldest, now))
    return WaitingView(what, _number(len(waiting)), old, ", ".join(each.name for each in waiting), path)


def _migrated(state: ZooKeeperState) -> str:
    migration = state.migration
    if migration is None or isinstance(migration, KafkaToolError):
        return "-" if migration is None else migration.message
    # -1 is that of ZkMigrationLeadershipState.EMPTY, with which the znode is made.
    if migration.controller < 0:
        return "not begun"
    controller = state.controller
    if isinstance(controller, KeptController) and controller.kraft_epoch is not None:
        return f"controller {migration.controller} writes here what its log says, up to offset {migration.offset}"
    # The znode stays where a migration was rolled back: ZooKeeper elects the controller again.
    return f"begun by controller {migration.controller}, up to offset {migration.offset}; a broker is the controller"


def _number(number: int) -> Mark:
    return Mark(f"{number:,}" if number else "none")


def _is_old(since_ms: int | None, now: float) -> bool:
    return since_ms is not None and now - since_ms > STUCK_MS


def _old(since_ms: int, now: float, is_stuck: bool) -> Mark:
    return Mark(_age(since_ms, now), level(False, is_stuck))


def _age(since_ms: int, now: float) -> str:
    # The clock of ZooKeeper's leader may be ahead of ours.
    return duration(max(now - since_ms, 0) / 1000)


def _value(found: Any) -> Any:
    return None if isinstance(found, KafkaToolError) else found


def _shown(found: object) -> str:
    return "-" if found is None or isinstance(found, KafkaToolError) else str(found)
