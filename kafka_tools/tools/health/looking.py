"""Looks at a cluster, once or until all is well, by its brokers, its ZooKeeper or both."""

import shlex
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from kafka_tools.errors import KafkaToolError, UnreachableError, UsageError
from kafka_tools.model.addresses import ZOOKEEPER_PORT, parse
from kafka_tools.model.findings import BROKERS
from kafka_tools.model.verdict import Finding, Severity
from kafka_tools.render.progress import waiting
from kafka_tools.report import Stages

if TYPE_CHECKING:
    from kafka_tools.model.health import Troubled
    from kafka_tools.model.snapshot import Snapshot
    from kafka_tools.settings.roads import Roads

Shape = Literal["lines", "nagios", "prometheus"]

PAUSE_SECONDS = 0.5
"""How long to wait before the next look with --wait."""

WITHOUT_SETTINGS = ("doctor", "cluster", "metadata-quorum")
"""Recommended tools that have no option -X."""

MOST_SECONDS = 30.0
"""How long one look may take, in s. Each ends much earlier by itself: this ends one that hangs against expectation."""


class Flags(NamedTuple):
    """The options that named the cluster on the command line, for the commands that a finding recommends."""

    bootstrap_server: str | None = None
    zookeeper: str | None = None
    command_config: str | None = None
    client_settings: Sequence[str] = ()

    def named(self, command: str) -> str:
        """Return a command to type with the options that name the cluster that was looked at."""
        # The sandbox is found by itself, and takes no address.
        if not command or command.startswith("ktools sandbox"):
            return command
        # The other tools take one of the two.
        both = command.split()[1] in ("health", "doctor", "zookeeper") or not self.bootstrap_server
        given = {
            "--bootstrap-server": self.bootstrap_server,
            "--zookeeper": self.zookeeper if both else None,
            "--command-config": self.command_config,
        }
        words = [command, *(f"{name} {shlex.quote(value)}" for name, value in given.items() if value)]
        takes_settings = command.split()[1] not in WITHOUT_SETTINGS
        return " ".join([*words, *(f"-X {shlex.quote(each)}" for each in self._harmless() if takes_settings)])

    def _harmless(self) -> list[str]:
        """Return the settings without the secrets: whoever reads the verdict must not see them."""
        # What `shown` changes has a secret in it. The command still works for who types the setting again.
        from kafka_tools.settings.secrets import shown

        pairs = (each.partition("=") for each in self.client_settings)
        return [f"{name}={value}" for name, _, value in pairs if shown(name.strip(), value) == value]


class CheckHealth(NamedTuple):
    """Asks how a cluster is, or whether the server `before_restart` may go down: a broker or controller by its id, a
    ZooKeeper server by HOST[:PORT].

    Where something may still heal it is looked at again for `seconds`.
    """

    roads: "Roads"
    before_restart: str | None
    seconds: float
    shape: Shape
    flags: Flags

    @property
    def name(self) -> str:
        """What the cluster is called: its addresses."""
        names = [self.roads.brokers.bootstrap_servers] if self.roads.brokers else []
        return ", ".join([*names, *([f"ZooKeeper {self.roads.ensemble.connect}"] if self.roads.ensemble else [])])


class Looked(NamedTuple):
    """What was found, and by what: None where the cluster was not reached, or where one server was asked about."""

    findings: Sequence[Finding]
    snapshot: "Snapshot | None" = None
    troubled: "Troubled | None" = None


def until_well(request: CheckHealth) -> Looked:
    """Look at a cluster until all is well, or what is left does not heal by waiting, or the time is up.

    Raises KafkaToolError for a server that is not there, AuthenticationError for who is not let in.
    """
    from time import monotonic, sleep

    deadline = monotonic() + request.seconds
    with waiting() if request.seconds else nullcontext(Stages()) as progress:
        while True:
            looked = _look(request)
            # Who would wait for a throttle that was left over waits in vain.
            healing = [each for each in looked.findings if each.heals and each.severity.status]
            # Not only at the deadline: another pause would end behind it.
            if not healing or monotonic() + PAUSE_SECONDS > deadline:
                findings = [replace(each, command=request.flags.named(each.command)) for each in looked.findings]
                return looked._replace(findings=findings)
            progress.stage(f"waiting: {healing[0].subject} ({healing[0].severity.value}, {healing[0].check})")
            sleep(PAUSE_SECONDS)


def _look(request: CheckHealth) -> Looked:
    server = request.before_restart
    # Brokers and controllers have ids, ZooKeeper servers addresses: the brokers are not asked for these.
    if server is not None and not server.isdecimal():
        return Looked(_before_server_restart(request.roads, server))
    snapshot, unreached = _snapshot(request.roads)
    # Nothing was reached, and no ensemble was named: what is left to say is that no broker answers.
    if snapshot is None:
        return Looked(unreached)
    if server is not None:
        from kafka_tools.model.restart import before_restart

        return Looked((*unreached, *before_restart(snapshot, int(server))))
    from kafka_tools.model.findings import examine
    from kafka_tools.model.health import troubled

    # A broker may be registered and hang: a copy that moves to it does not come to its end.
    found = troubled(snapshot.topics, snapshot.live, snapshot.live - snapshot.unreached.keys())
    return Looked((*unreached, *examine(snapshot, found)), snapshot, found)


def _snapshot(roads: "Roads") -> "tuple[Snapshot | None, tuple[Finding, ...]]":
    """Look at the cluster by its brokers, and at its ensemble, at once; by ZooKeeper alone where no broker answers.

    That none does is a finding. Raises KafkaToolError.
    """
    from time import monotonic

    from kafka_tools.brokers import health as by_brokers
    from kafka_tools.parallel import TooLateError, in_parallel
    from kafka_tools.zookeeper import health as by_zookeeper

    # There a finding recommends `ktools sandbox start N`, which would start nothing anywhere else.
    in_sandbox = roads.source == "the sandbox"
    if roads.brokers is None:
        return roads.ensemble and by_zookeeper.look(roads.ensemble)._replace(in_sandbox=in_sandbox), ()
    calls: dict[str, Callable[[], Any]] = {"brokers": partial(by_brokers.look, roads.brokers)}
    if roads.ensemble is not None:
        calls["ensemble"] = partial(by_zookeeper.look_at_ensemble, roads.ensemble)
    found: dict[str, Any] = in_parallel(calls, monotonic() + MOST_SECONDS)
    failures = [each for each in found.values() if isinstance(each, KafkaToolError)]
    if not failures:
        return found["brokers"]._replace(ensemble=found.get("ensemble"), in_sandbox=in_sandbox), ()
    # A refused login, say: ZooKeeper would answer, and hide what has to be mended.
    if not isinstance(failures[0], UnreachableError | TooLateError):
        raise failures[0]
    snapshot = roads.ensemble and by_zookeeper.look(roads.ensemble)._replace(in_sandbox=in_sandbox)
    return snapshot, (_unreached(failures[0]),)


def _unreached(error: KafkaToolError) -> Finding:
    words, advice = f"no broker answers: {error.message.rstrip('.')}", error.hint or "Start the brokers."
    # `heals`: with --wait it is looked at again, as brokers that start answer in a while.
    return Finding(Severity.CRITICAL, BROKERS, "cluster", words, advice, "ktools doctor", heals=True)


def _before_server_restart(roads: "Roads", server: str) -> tuple[Finding, ...]:
    """Look at the ensemble alone. Raises UsageError for what is no server, or where no ensemble is named."""
    from kafka_tools.model.restart import before_server_restart
    from kafka_tools.zookeeper import health as by_zookeeper

    address = parse(server, ZOOKEEPER_PORT)
    if address is None:
        raise UsageError(f"--before-restart: '{server}' is no broker's id and no HOST[:PORT] of a ZooKeeper server")
    if roads.ensemble is None:
        raise UsageError(
            "--before-restart HOST[:PORT] asks for a ZooKeeper server", "Name all: --zookeeper HOST:PORT,…"
        )
    # `parse` fills in 2181. Without a port in the option a server of any port on that host is
    # meant, if there is one only.
    port = address[1] if server.endswith(f":{address[1]}") else None
    return before_server_restart(by_zookeeper.look_at_ensemble(roads.ensemble), address[0], port)
