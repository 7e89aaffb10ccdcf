"""Checks configs of brokers, users, clients and IP addresses as Kafka 2.8.2 does before it writes them to ZooKeeper.

No broker checks them there before they are in force, so the client has to.
Source: kafka.server.DynamicConfig and DynamicBrokerConfig, org.apache.kafka.common.config.internals.QuotaConfigs.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping

from kafka_tools.errors import KafkaToolError, UsageError, nearest
from kafka_tools.model.configs import SCRAM_MECHANISMS
from kafka_tools.model.java_hash_order import properties_order
from kafka_tools.model.topic_config import INT, LONG, SHORT, Number, Words, boolean

Check = Callable[[str, str], None]


def _any(_name: str, _value: str) -> None:
    """Take any text: lists of names, classes and files are the broker's to judge."""


QUOTAS: Mapping[str, Check] = {
    "producer_byte_rate": Number(LONG).check,
    "consumer_byte_rate": Number(LONG).check,
    # None: a double.
    "request_percentage": Number(None).check,
    "controller_mutation_rate": Number(None).check,
}
"""The quotas of clients, and of the clients of a user."""

OF_USERS: Mapping[str, Check] = {**dict.fromkeys(SCRAM_MECHANISMS, _any), **QUOTAS}
OF_IPS: Mapping[str, Check] = {"connection_creation_rate": Number(INT, 0).check}

ANYTIME = frozenset(
    {
        "leader.replication.throttled.rate",
        "follower.replication.throttled.rate",
        "replica.alter.log.dirs.io.max.bytes.per.second",
    }
)
"""What Kafka 2.8 changes through ZooKeeper also while brokers run, which take it up."""

ENCODER = "password.encoder."
"""How the names of the settings for encrypting begin: they are given with the configs and never stored."""

OF_BROKERS: Mapping[str, Check] = {
    **dict.fromkeys(ANYTIME, Number(LONG, 0).check),
    "background.threads": Number(INT, 1).check,
    "log.cleaner.backoff.ms": Number(LONG, 0).check,
    "log.cleaner.dedupe.buffer.size": Number(LONG).check,
    "log.cleaner.delete.retention.ms": Number(LONG).check,
    "log.cleaner.io.buffer.load.factor": Number(None).check,
    "log.cleaner.io.buffer.size": Number(INT, 0).check,
    "log.cleaner.io.max.bytes.per.second": Number(None).check,
    "log.cleaner.max.compaction.lag.ms": Number(LONG).check,
    "log.cleaner.min.cleanable.ratio": Number(None).check,
    "log.cleaner.min.compaction.lag.ms": Number(LONG).check,
    "log.cleaner.threads": Number(INT, 0).check,
    "log.cleanup.policy": Words(("compact", "delete"), a_list=True).check,
    "log.flush.interval.messages": Number(LONG, 1).check,
    "log.flush.interval.ms": Number(LONG).check,
    "log.index.interval.bytes": Number(INT, 0).check,
    "log.index.size.max.bytes": Number(INT, 4).check,
    "log.message.downconversion.enable": boolean,
    "log.message.timestamp.difference.max.ms": Number(LONG).check,
    "log.message.timestamp.type": Words(("CreateTime", "LogAppendTime")).check,
    "log.preallocate": boolean,
    "log.retention.bytes": Number(LONG).check,
    "log.retention.ms": Number(LONG).check,
    "log.roll.jitter.ms": Number(LONG).check,
    "log.roll.ms": Number(LONG).check,
    # The smallest message, which a segment has to have room for (LegacyRecord.RECORD_OVERHEAD_V0).
    "log.segment.bytes": Number(INT, 14).check,
    "log.segment.delete.delay.ms": Number(LONG, 0).check,
    "max.connection.creation.rate": Number(INT, 0).check,
    "max.connections": Number(INT, 0).check,
    "max.connections.per.ip": Number(INT, 0).check,
    "message.max.bytes": Number(INT, 0).check,
    "min.insync.replicas": Number(INT, 1).check,
    "num.io.threads": Number(INT, 1).check,
    "num.network.threads": Number(INT, 1).check,
    "num.recovery.threads.per.data.dir": Number(INT, 1).check,
    "num.replica.fetchers": Number(INT).check,
    "sasl.kerberos.min.time.before.relogin": Number(LONG).check,
    "sasl.kerberos.ticket.renew.jitter": Number(None).check,
    "sasl.kerberos.ticket.renew.window.factor": Number(None).check,
    "sasl.login.refresh.buffer.seconds": Number(SHORT).check,
    "sasl.login.refresh.min.period.seconds": Number(SHORT).check,
    "sasl.login.refresh.window.factor": Number(None).check,
    "sasl.login.refresh.window.jitter": Number(None).check,
    "ssl.client.auth": Words(("required", "requested", "none")).check,
    "unclean.leader.election.enable": boolean,
}
"""The checks of a broker's dynamic configs that Kafka can judge by their text; all others are taken as they are."""

PASSWORDS = (
    "sasl.jaas.config",
    "ssl.key.password",
    "ssl.keystore.certificate.chain",
    "ssl.keystore.key",
    "ssl.keystore.password",
    "ssl.truststore.certificates",
    "ssl.truststore.password",
)
"""How the names of dynamic configs that are stored encrypted end (DynamicBrokerConfig.DynamicPasswordConfigs)."""

_SECURITY = (
    *PASSWORDS[1:],
    *(f"ssl.{store}.{what}" for store in ("keystore", "truststore") for what in ("location", "type")),
)
"""What a broker takes dynamically only with the prefix of a listener (SslConfigs.RECONFIGURABLE_CONFIGS)."""

_PER_BROKER = frozenset(
    (
        *_SECURITY,
        *("advertised.listeners", "listeners", "listener.security.protocol.map", "principal.builder.class"),
        *("sasl.enabled.mechanisms", "sasl.jaas.config", "sasl.mechanism.inter.broker.protocol"),
        *(f"sasl.kerberos.{name}" for name in ("kinit.cmd", "min.time.before.relogin", "principal.to.local.rules")),
        *(f"sasl.kerberos.{name}" for name in ("service.name", "ticket.renew.jitter", "ticket.renew.window.factor")),
        *(f"sasl.login.refresh.{name}" for name in ("buffer.seconds", "min.period.seconds")),
        *(f"sasl.login.refresh.window.{name}" for name in ("factor", "jitter")),
        *(f"ssl.{name}" for name in ("cipher.suites", "client.auth", "enabled.protocols", "protocol", "provider")),
        *("ssl.endpoint.identification.algorithm", "ssl.engine.factory.class", "ssl.secure.random.implementation"),
        *("ssl.keymanager.algorithm", "ssl.trustmanager.algorithm"),
    )
)
"""What is of one broker and cannot be a default of all (DynamicBrokerConfig.PerBrokerConfigs)."""

_OF_ALL_LISTENERS = ("max.connections", "max.connection.creation.rate")
"""What may be a default of all brokers for one listener (DynamicBrokerConfig.ClusterLevelListenerConfigs)."""

_OTHERS = """
    compression.gzip.level compression.lz4.level compression.type compression.zstd.level log.local.retention.bytes
    log.local.retention.ms log.message.timestamp.after.max.ms log.message.timestamp.before.max.ms
    max.connections.per.ip.overrides metric.reporters producer.id.expiration.ms remote.fetch.max.wait.ms
    remote.log.index.file.cache.total.size.bytes remote.log.manager.copy.max.bytes.per.second
    remote.log.manager.fetch.max.bytes.per.second transaction.partition.verification.enable
"""
NAMES = frozenset((*OF_BROKERS, *_PER_BROKER, *_OTHERS.split()))
"""The dynamic configs of brokers up to Kafka 3.9, without the prefix of a listener."""

_STATIC_NAMES = """
    advertised.host.name advertised.port alter.config.policy.class.name alter.log.dirs.replication.quota.window.num
    alter.log.dirs.replication.quota.window.size.seconds authorizer.class.name auto.create.topics.enable
    auto.leader.rebalance.enable broker.heartbeat.interval.ms broker.id broker.id.generation.enable broker.rack
    broker.session.timeout.ms client.quota.callback.class connection.failed.authentication.delay.ms
    connections.max.idle.ms connections.max.reauth.ms control.plane.listener.name controlled.shutdown.enable
    controlled.shutdown.max.retries controlled.shutdown.retry.backoff.ms controller.listener.names
    controller.quorum.append.linger.ms controller.quorum.election.backoff.max.ms
    controller.quorum.election.timeout.ms controller.quorum.fetch.timeout.ms controller.quorum.request.timeout.ms
    controller.quorum.retry.backoff.ms controller.quorum.voters controller.quota.window.num
    controller.quota.window.size.seconds controller.socket.timeout.ms create.topic.policy.class.name
    default.replication.factor delegation.token.expiry.check.interval.ms delegation.token.expiry.time.ms
    delegation.token.master.key delegation.token.max.lifetime.ms delegation.token.secret.key
    delete.records.purgatory.purge.interval.requests delete.topic.enable fetch.max.bytes
    fetch.purgatory.purge.interval.requests group.initial.rebalance.delay.ms group.max.session.timeout.ms
    group.max.size group.min.session.timeout.ms host.name initial.broker.registration.timeout.ms
    inter.broker.listener.name inter.broker.protocol.version kafka.metrics.polling.interval.secs
    kafka.metrics.reporters leader.imbalance.check.interval.seconds leader.imbalance.per.broker.percentage
    log.cleaner.enable log.dir log.dirs log.flush.offset.checkpoint.interval.ms log.flush.scheduler.interval.ms
    log.flush.start.offset.checkpoint.interval.ms log.message.format.version log.retention.check.interval.ms
    log.retention.hours log.retention.minutes log.roll.hours log.roll.jitter.hours
    max.incremental.fetch.session.cache.slots metadata.log.dir metrics.num.samples metrics.recording.level
    metrics.sample.window.ms node.id num.partitions num.replica.alter.log.dirs.threads offset.metadata.max.bytes
    offsets.commit.required.acks offsets.commit.timeout.ms offsets.load.buffer.size
    offsets.retention.check.interval.ms offsets.retention.minutes offsets.topic.compression.codec
    offsets.topic.num.partitions offsets.topic.replication.factor offsets.topic.segment.bytes
    password.encoder.cipher.algorithm password.encoder.iterations password.encoder.key.length
    password.encoder.keyfactory.algorithm password.encoder.old.secret password.encoder.secret port process.roles
    producer.purgatory.purge.interval.requests queued.max.request.bytes queued.max.requests quota.consumer.default
    quota.producer.default quota.window.num quota.window.size.seconds replica.fetch.backoff.ms
    replica.fetch.max.bytes replica.fetch.min.bytes replica.fetch.response.max.bytes replica.fetch.wait.max.ms
    replica.high.watermark.checkpoint.interval.ms replica.lag.time.max.ms replica.selector.class
    replica.socket.receive.buffer.bytes replica.socket.timeout.ms replication.quota.window.num
    replication.quota.window.size.seconds request.timeout.ms reserved.broker.max.id
    sasl.client.callback.handler.class sasl.login.callback.handler.class sasl.login.class
    sasl.mechanism.controller.protocol sasl.server.callback.handler.class sasl.server.max.receive.size
    security.inter.broker.protocol security.providers socket.connection.setup.timeout.max.ms
    socket.connection.setup.timeout.ms socket.receive.buffer.bytes socket.request.max.bytes socket.send.buffer.bytes
    ssl.principal.mapping.rules transaction.abort.timed.out.transaction.cleanup.interval.ms
    transaction.max.timeout.ms transaction.remove.expired.transaction.cleanup.interval.ms
    transaction.state.log.load.buffer.size transaction.state.log.min.isr transaction.state.log.num.partitions
    transaction.state.log.replication.factor transaction.state.log.segment.bytes transactional.id.expiration.ms
    zookeeper.clientCnxnSocket zookeeper.connect zookeeper.connection.timeout.ms zookeeper.max.in.flight.requests
    zookeeper.session.timeout.ms zookeeper.set.acl zookeeper.ssl.cipher.suites zookeeper.ssl.client.enable
    zookeeper.ssl.crl.enable zookeeper.ssl.enabled.protocols zookeeper.ssl.endpoint.identification.algorithm
    zookeeper.ssl.keystore.location zookeeper.ssl.keystore.password zookeeper.ssl.keystore.type
    zookeeper.ssl.ocsp.enable zookeeper.ssl.protocol zookeeper.ssl.truststore.location
    zookeeper.ssl.truststore.password zookeeper.ssl.truststore.type zookeeper.sync.time.ms
"""
_STATIC = frozenset(_STATIC_NAMES.split())
"""What a broker reads from its server.properties only (DynamicConfig.Broker.nonDynamicProps)."""


def check_user(configs: Mapping[str, str], quotas_only: bool = False) -> None:
    """Check the configs of a user, with `quotas_only` of all users or of a user's clients. Raises KafkaToolError."""
    _check_known(configs, QUOTAS if quotas_only else OF_USERS)


def check_client(configs: Mapping[str, str]) -> None:
    """Check the quotas of a client. Raises UsageError for names, KafkaToolError for values, in Kafka's words."""
    _check_known(configs, QUOTAS)


def check_ip(configs: Mapping[str, str]) -> None:
    """Check the quota of an IP address. Raises UsageError for names, KafkaToolError for values, in Kafka's words."""
    _check_known(configs, OF_IPS)


def check_broker(configs: Mapping[str, str], is_default: bool) -> None:
    """Check the dynamic configs of a broker, or with `is_default` those of all brokers.

    What Kafka does not know is taken, as plug-ins have configs of their own. Raises KafkaToolError in Kafka's words.
    Source: DynamicBrokerConfig.validateConfigs.
    """
    # The order of the checks is Kafka's: of two mistakes the same one is told.
    _refuse("Cannot update these configs dynamically", "Set", configs.keys() & _STATIC)
    _refuse(
        "These security configs can be dynamically updated only per-listener using the listener prefix",
        "HashSet",
        configs.keys() & {*_SECURITY},
    )
    # What is not in the table is taken as it is: a plug-in of the broker may know it.
    for name, value in configs.items():
        base = _base(name)
        OF_BROKERS.get(base, _any)(base, value)
    if is_default:
        per_broker = [name for name in configs if name in _PER_BROKER or _base(name) not in (name, *_OF_ALL_LISTENERS)]
        _refuse("Cannot update these configs at default cluster level, broker id must be specified", "Set", per_broker)


def is_password(name: str) -> bool:
    """Tell whether a broker's config is stored encrypted (DynamicBrokerConfig.isPasswordConfig)."""
    return name.endswith(PASSWORDS)


def may_be_secret(name: str) -> bool:
    """Tell whether the value of a broker's config must not be shown: by Kafka's own list, and by what a name says.

    Plugins have configs of their own, of which nobody else knows which are secret.
    """
    # A name too many is masked rather than one too few.
    return is_password(name) or any(word in name.lower() for word in ("password", "secret", "credential", "jaas"))


def shown_set(kind: str, names: Iterable[str]) -> str:
    """Return a set of names as Scala prints it: `Set(a, b)`."""
    return f"{kind}({', '.join(properties_order(names))})"


def _base(name: str) -> str:
    """Return the name of a config without the prefix of a listener (`listener.name.NAME.`)."""
    # `listener.name.external.ssl.keystore.location` is ssl.keystore.location of the listener EXTERNAL alone.
    listener = re.fullmatch(r"listener\.name\.[^.]*\.(.*)", name)
    return listener[1] if listener else name


def _check_known(configs: Mapping[str, str], checks: Mapping[str, Check]) -> None:
    unknown = [name for name in configs if name not in checks]
    if unknown:
        # Kafka 2.8 names all that it does not know; the hint is about the first, which is mostly the only one.
        near = nearest(unknown[0], checks)
        raise UsageError(
            f"requirement failed: Unknown Dynamic Configuration: {shown_set('HashSet', unknown)}.",
            f"Did you mean {near[0]}?" if near else "",
        )
    for name, value in configs.items():
        checks[name](name, value)


def _refuse(why: str, kind: str, names: Collection[str]) -> None:
    if names:
        raise KafkaToolError(f"{why}: {shown_set(kind, names)}")
