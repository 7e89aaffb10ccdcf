"""The servers' configuration files as text: pure, so that every line can be looked at in a test."""

from pathlib import Path

from kafka_tools.sandbox import security
from kafka_tools.sandbox.endpoints import HOST
from kafka_tools.sandbox.state_file import Sandbox, Server

SESSION_TIMEOUT_MS = 6000
CONNECTION_TIMEOUT_MS = 60_000
"""How long a broker that starts waits for ZooKeeper: on a busy machine TLS and a login take longer than a session."""

LOG4J = """\
log4j.rootLogger=INFO, stdout
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
log4j.appender.stdout.layout.ConversionPattern=[%d] %p %m (%c)%n
"""
"""How Kafka before 4 (reload4j) logs: everything to stdout, which is the server's log file."""

LOG4J2 = """\
status=error
appender.stdout.type=Console
appender.stdout.name=stdout
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=[%d] %p %m (%c)%n
rootLogger.level=info
rootLogger.appenderRef.stdout.ref=stdout
"""
"""The same for Kafka 4 (log4j 2)."""

TOPOLOGY_PLUGIN = "org.apache.kafka.server.streams.InMemoryTopologyDescriptionPlugin"


def zookeeper_properties(server: Server, sandbox: Sandbox, home: Path) -> str:
    """Return zoo.cfg of one ZooKeeper server; several are made an ensemble (ZooKeeper's administrator's guide)."""
    settings = {
        "dataDir": str(home / server.name / "data"),
        # Sessions end in steps of a tick: a short one, so that a killed broker is missed soon after its timeout.
        "tickTime": "500",
        "initLimit": "40",
        "syncLimit": "20",
        "maxSessionTimeout": "60000",
        "maxClientCnxns": "0",
        "admin.enableServer": "false",
        "4lw.commands.whitelist": "*",
        # No session waits for a slow disk. A killed server loses nothing by it: what it wrote is with the system.
        "forceSync": "no",
        "clientPort": str(server.port),
        "clientPortAddress": HOST,
    }
    if len(sandbox.zookeepers) > 1:
        peers = {f"server.{each.id}": _zookeeper_peer(each) for each in sandbox.zookeepers}
        settings |= {"quorumListenOnAllIPs": "false", **peers}
    return properties(settings | security.zookeeper_settings(server, sandbox, home))


def broker_properties(server: Server, sandbox: Sandbox, home: Path) -> str:
    """Return server.properties of one broker: Kafka's defaults, but small, quick to start, quick to miss a dead one."""
    # One broker less than the replicas: the cluster goes on writing when one is killed, and says so when two are.
    in_sync = min(2, len(sandbox.brokers))
    replicas = min(3, len(sandbox.brokers))
    settings = {
        "log.dirs": str(home / server.name / "data"),
        # A misspelled name in a walk or a test is an error, not a new topic.
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": "0",
        # So that a consumer that was killed need not be missed for longer than somebody who tries it likes to wait.
        "group.min.session.timeout.ms": "1000",
        "offsets.topic.num.partitions": "5",
        "offsets.topic.replication.factor": str(replicas),
        "transaction.state.log.num.partitions": "5",
        "transaction.state.log.replication.factor": str(replicas),
        "transaction.state.log.min.isr": str(in_sync),
        # Brokers that stop together have nobody to hand their partitions to and would try three times, 5 s apart.
        "controlled.shutdown.retry.backoff.ms": "200",
        # Every five minutes the controller would give leadership back to the first replica: what somebody tried by
        # killing and starting brokers would look another way while he looks at it.
        "auto.leader.rebalance.enable": "false",
        # The cleaner's own default is 128 MiB a broker, a quarter of the heap.
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }
    if server.rack:
        settings["broker.rack"] = server.rack
    if sandbox.kafka_version.startswith("4."):
        settings |= {
            "share.coordinator.state.topic.num.partitions": "5",
            "share.coordinator.state.topic.replication.factor": str(replicas),
            "share.coordinator.state.topic.min.isr": str(in_sync),
        }
        if tuple(map(int, sandbox.kafka_version.split(".")[:2])) >= (4, 4):
            # Without a plug-in brokers keep no topologies of applications (KIP-1331). This one, Kafka's own, forgets
            # them when its broker ends; then the applications tell them again.
            settings["group.streams.topology.description.plugin.class"] = TOPOLOGY_PLUGIN
    own = _kraft_settings if sandbox.mode == "kraft" else _zookeeper_mode_settings
    return properties({**own(server, sandbox, home), **settings, **security.broker_settings(sandbox, home)})


def _zookeeper_peer(server: Server) -> str:
    quorum, election = server.peer_ports
    return f"{HOST}:{quorum}:{election}"


def _zookeeper_mode_settings(server: Server, sandbox: Sandbox, home: Path) -> dict[str, str]:
    return {
        "broker.id": str(server.id),
        "listeners": f"{sandbox.protocol}://{server.address}",
        "security.inter.broker.protocol": sandbox.protocol,
        "zookeeper.session.timeout.ms": str(SESSION_TIMEOUT_MS),
        "zookeeper.connection.timeout.ms": str(CONNECTION_TIMEOUT_MS),
        **security.connect_settings(sandbox, home),
    }


def _kraft_settings(server: Server, sandbox: Sandbox, _: Path) -> dict[str, str]:
    protocol = sandbox.protocol
    # A static quorum: dynamic ones (KIP-853) need Kafka 3.9, and 3.3 runs here, too.
    voters = (f"{each.id}@{HOST}:{each.peer_ports[0]}" for each in sandbox.brokers)
    return {
        "process.roles": "broker,controller",
        "node.id": str(server.id),
        "listeners": f"{protocol}://{server.address},CONTROLLER://{HOST}:{server.peer_ports[0]}",
        "advertised.listeners": f"{protocol}://{server.address}",
        "inter.broker.listener.name": protocol,
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": f"{protocol}:{protocol},CONTROLLER:{protocol}",
        "controller.quorum.voters": ",".join(voters),
        "broker.session.timeout.ms": str(SESSION_TIMEOUT_MS),
        # By default the controller writes a record that says nothing each half second (KIP-835), which all nodes fetch
        # and read: half of the CPU of a node that nobody uses (measured with 4.4: 3.2 %, now 1.7 %).
        "metadata.max.idle.interval.ms": "10000",
    }


def properties(settings: dict[str, str]) -> str:
    return "".join(f"{key}={_escaped(value)}\n" for key, value in settings.items())


def _escaped(value: str) -> str:
    """Escape what java.util.Properties, which reads ISO 8859-1, would take for something else (paths may hold it)."""
    units = value.replace("\\", "\\\\").encode("utf-16-be")
    letters = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(chr(letter) if letter < 0x7F else f"\\u{letter:04x}" for letter in letters)
