"""Client settings in librdkafka's words, for confluent-kafka."""

from collections.abc import Iterable

from kafka_tools.errors import KafkaToolError, nearest
from kafka_tools.model.security import OAuth, Sasl, Security, Tls
from kafka_tools.settings.values import Values

JAVA_TEXT = """
auto.include.jmx.reporter bootstrap.controllers bootstrap.resolve.timeout.ms buffer.memory
buffer.memory.allocation.strategy compression.gzip.level compression.lz4.level compression.zstd.level config.providers
default.api.timeout.ms exclude.internal.topics fetch.max.wait.ms interceptor.classes internal.auto.downgrade.txn.commit
internal.leave.group.on.close internal.throw.on.fetch.stable.offset.unsupported key.deserializer key.serializer
max.block.ms max.request.size metadata.cluster.check.enable metadata.max.idle.ms metric.reporters metrics.num.samples
metrics.recording.level metrics.sample.window.ms partitioner.adaptive.partitioning.enable
partitioner.availability.timeout.ms partitioner.class partitioner.ignore.keys partitioner.rack.aware
receive.buffer.bytes sasl.client.callback.handler.class sasl.jaas.config sasl.kerberos.ticket.renew.jitter
sasl.kerberos.ticket.renew.window.factor sasl.login.callback.handler.class sasl.login.class
sasl.login.connect.timeout.ms sasl.login.read.timeout.ms sasl.login.refresh.buffer.seconds
sasl.login.refresh.min.period.seconds sasl.login.refresh.window.factor sasl.login.refresh.window.jitter
sasl.login.retry.backoff.max.ms sasl.login.retry.backoff.ms sasl.oauthbearer.allow.unverified.audience
sasl.oauthbearer.allow.unverified.issuer sasl.oauthbearer.assertion.template.file sasl.oauthbearer.clock.skew.seconds
sasl.oauthbearer.expected.audience sasl.oauthbearer.expected.issuer sasl.oauthbearer.header.urlencode
sasl.oauthbearer.jwks.endpoint.refresh.ms sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms
sasl.oauthbearer.jwks.endpoint.retry.backoff.ms sasl.oauthbearer.jwks.endpoint.url sasl.oauthbearer.jwt.retriever.class
sasl.oauthbearer.jwt.validator.class sasl.oauthbearer.scope.claim.name security.providers send.buffer.bytes
share.acquire.mode socket.connection.setup.timeout.max.ms ssl.enabled.protocols ssl.engine.factory.class
ssl.keymanager.algorithm ssl.keystore.certificate.chain ssl.keystore.key ssl.keystore.type ssl.protocol ssl.provider
ssl.secure.random.implementation ssl.trustmanager.algorithm ssl.truststore.certificates ssl.truststore.location
ssl.truststore.password ssl.truststore.type transaction.two.phase.commit.enable value.deserializer value.serializer
"""
JAVA = frozenset(JAVA_TEXT.split())
"""What the clients of Kafka 2.8.2, 3.9.1, 4.3.1 and 4.4.0 know (AdminClientConfig, …) beyond librdkafka."""

LIBRDKAFKA_TEXT = """
acks allow.auto.create.topics api.version.fallback.ms api.version.request api.version.request.timeout.ms
auto.commit.enable auto.commit.interval.ms auto.offset.reset batch.num.messages batch.size bootstrap.servers
broker.address.family broker.address.ttl broker.version.fallback check.crcs client.dns.lookup client.id client.rack
compression.codec compression.level compression.type connections.max.idle.ms consume.callback.max.messages
coordinator.query.interval.ms debug delivery.report.only.error delivery.timeout.ms enable.auto.commit
enable.auto.offset.store enable.gapless.guarantee enable.idempotence enable.metrics.push enable.partition.eof
enable.random.seed enable.sasl.oauthbearer.unsecure.jwt enable.ssl.certificate.verification fetch.error.backoff.ms
fetch.max.bytes fetch.message.max.bytes fetch.min.bytes fetch.queue.backoff.ms fetch.wait.max.ms group.id
group.instance.id group.protocol group.protocol.type group.remote.assignor heartbeat.interval.ms https.ca.location
https.ca.pem internal.termination.signal isolation.level linger.ms log.connection.close log.queue log.thread.name
log_level max.in.flight max.in.flight.requests.per.connection max.partition.fetch.bytes max.poll.interval.ms
max.poll.records message.copy.max.bytes message.max.bytes message.send.max.retries message.timeout.ms
metadata.broker.list metadata.max.age.ms metadata.recovery.rebootstrap.trigger.ms metadata.recovery.strategy
offset.store.method offset.store.path offset.store.sync.interval.ms partition.assignment.strategy partitioner
plugin.library.paths produce.offset.report queue.buffering.backpressure.threshold queue.buffering.max.kbytes
queue.buffering.max.messages queue.buffering.max.ms queued.max.messages.kbytes queued.min.messages queuing.strategy
receive.message.max.bytes reconnect.backoff.jitter.ms reconnect.backoff.max.ms reconnect.backoff.ms
request.required.acks request.timeout.ms retries retry.backoff.max.ms retry.backoff.ms sasl.kerberos.keytab
sasl.kerberos.kinit.cmd sasl.kerberos.min.time.before.relogin sasl.kerberos.principal sasl.kerberos.service.name
sasl.mechanism sasl.mechanisms sasl.oauthbearer.assertion.algorithm sasl.oauthbearer.assertion.claim.aud
sasl.oauthbearer.assertion.claim.exp.seconds sasl.oauthbearer.assertion.claim.iss
sasl.oauthbearer.assertion.claim.jti.include sasl.oauthbearer.assertion.claim.nbf.seconds
sasl.oauthbearer.assertion.claim.sub sasl.oauthbearer.assertion.file sasl.oauthbearer.assertion.jwt.template.file
sasl.oauthbearer.assertion.private.key.file sasl.oauthbearer.assertion.private.key.passphrase
sasl.oauthbearer.assertion.private.key.pem sasl.oauthbearer.client.credentials.client.id
sasl.oauthbearer.client.credentials.client.secret sasl.oauthbearer.client.id sasl.oauthbearer.client.secret
sasl.oauthbearer.config sasl.oauthbearer.extensions sasl.oauthbearer.grant.type
sasl.oauthbearer.metadata.authentication.type sasl.oauthbearer.method sasl.oauthbearer.scope
sasl.oauthbearer.sub.claim.name sasl.oauthbearer.token.endpoint.url sasl.password sasl.username security.protocol
session.timeout.ms share.acknowledgement.mode socket.blocking.max.ms socket.connection.setup.timeout.ms
socket.keepalive.enable socket.max.fails socket.nagle.disable socket.receive.buffer.bytes socket.send.buffer.bytes
socket.timeout.ms ssl.ca.certificate.stores ssl.ca.location ssl.ca.pem ssl.certificate.location ssl.certificate.pem
ssl.cipher.suites ssl.crl.location ssl.curves.list ssl.endpoint.identification.algorithm ssl.engine.id
ssl.engine.location ssl.key.location ssl.key.password ssl.key.pem ssl.keystore.location ssl.keystore.password
ssl.providers ssl.sigalgs.list statistics.interval.ms sticky.partitioning.linger.ms topic.blacklist
topic.metadata.propagation.max.ms topic.metadata.refresh.fast.cnt topic.metadata.refresh.fast.interval.ms
topic.metadata.refresh.interval.ms topic.metadata.refresh.sparse transaction.timeout.ms transactional.id
"""
LIBRDKAFKA = frozenset(LIBRDKAFKA_TEXT.split())
"""What librdkafka 2.16 knows (rd_kafka_conf_properties_show), without what only a program can set."""

KNOWN = JAVA | LIBRDKAFKA

OTHERS_PREFIXES = (
    "schema.registry.",
    "basic.auth.",
    "bearer.auth.",
    "confluent.",
    "config.providers",
    "java.security.",
    "zookeeper.",
)
"""What stands in the same files for other programs."""

RANGES = {
    "auto.commit.interval.ms": (10, 86400000),
    "batch.size": (1, 2147483647),
    "connections.max.idle.ms": (0, 2147483647),
    "delivery.timeout.ms": (0, 2147483647),
    "fetch.max.bytes": (0, 2147483135),
    "fetch.min.bytes": (0, 2147483647),
    "fetch.wait.max.ms": (0, 300000),
    "heartbeat.interval.ms": (1, 3600000),
    "linger.ms": (0, 900000),
    "max.in.flight.requests.per.connection": (1, 1000000),
    "max.partition.fetch.bytes": (1, 1000000000),
    "max.poll.interval.ms": (1, 86400000),
    "max.poll.records": (1, 2147483647),
    "message.max.bytes": (1000, 1000000000),
    "metadata.max.age.ms": (1, 86400000),
    "metadata.recovery.rebootstrap.trigger.ms": (0, 2147483647),
    "queue.buffering.max.kbytes": (1, 2147483647),
    "reconnect.backoff.max.ms": (0, 3600000),
    "reconnect.backoff.ms": (0, 3600000),
    "request.timeout.ms": (1, 900000),
    "retries": (0, 2147483647),
    "retry.backoff.max.ms": (1, 300000),
    "retry.backoff.ms": (1, 300000),
    "session.timeout.ms": (1, 3600000),
    "socket.connection.setup.timeout.ms": (1000, 2147483647),
    "socket.receive.buffer.bytes": (0, 100000000),
    "socket.send.buffer.bytes": (0, 100000000),
    "socket.timeout.ms": (10, 300000),
    "transaction.timeout.ms": (1000, 2147483647),
}
"""Numbers of which librdkafka 2.16 takes only these; Java takes more."""

RENAMED = {
    "send.buffer.bytes": "socket.send.buffer.bytes",
    "receive.buffer.bytes": "socket.receive.buffer.bytes",
    "fetch.max.wait.ms": "fetch.wait.max.ms",
    "max.request.size": "message.max.bytes",
}
"""Java's name -> librdkafka's, of the same meaning."""

COOPERATIVE = "cooperative-sticky"
ASSIGNORS = {
    "org.apache.kafka.clients.consumer.RangeAssignor": "range",
    "org.apache.kafka.clients.consumer.RoundRobinAssignor": "roundrobin",
    "org.apache.kafka.clients.consumer.CooperativeStickyAssignor": COOPERATIVE,
}

RESETS = {"earliest": "earliest", "latest": "latest", "none": "error", "smallest": "earliest", "largest": "latest"}

NOT_PASSED_ON = frozenset(
    (
        "bootstrap.servers",
        "metadata.broker.list",
        "allow.auto.create.topics",
        "api.version.request",
        "ssl.cipher.suites",
    )
)
"""Who is asked is told apart from how; reading never creates a topic; Java's cipher names are not OpenSSL's."""

SECURITY_PREFIXES = ("security.", "sasl.", "ssl.", "https.", "enable.ssl.", "enable.sasl.")
KEPT_SECURITY = (
    "ssl.ca.certificate.stores",
    "ssl.crl.location",
    "ssl.curves.list",
    "ssl.engine.id",
    "ssl.engine.location",
    "ssl.providers",
    "ssl.sigalgs.list",
    "sasl.oauthbearer.assertion.",
    "sasl.oauthbearer.grant.type",
    "sasl.oauthbearer.sub.claim.name",
    "sasl.oauthbearer.metadata.authentication.type",
)
"""What of TLS and SASL (beginnings of names) librdkafka alone has a word for."""


def unknown(names: Iterable[str]) -> list[str]:
    """Return a sentence for each setting that neither Java's clients nor librdkafka know."""
    sentences: list[str] = []
    names = tuple(names)
    if "process.roles" in names:  # a server's own file, as `metadata-quorum add-controller` takes it
        return sentences
    for name in names:
        if name not in KNOWN and not name.startswith(OTHERS_PREFIXES):
            near = nearest(name, KNOWN, likeness=0.75)
            sentences.append(f"{name} is not known and has no effect{f': did you mean {near[0]}?' if near else ''}")
    return sentences


def settings(values: Values, names: Iterable[str], security: Security) -> dict[str, str]:
    """Return librdkafka's settings. Raises KafkaToolError for a number that is none."""
    found: dict[str, str] = {}
    own = set(names)
    # Where a file has both names of a setting, for Java and for librdkafka, the latter is what its writer meant for us.
    for name in own:
        target = RENAMED.get(name, name)
        if name == target or target not in own:
            found |= _translated(target, values.text(name))
    # librdkafka's request.timeout.ms is the broker's time for a produce request; how long any response is waited for,
    # as Java means it, is socket.timeout.ms.
    if "request.timeout.ms" in found:
        found.setdefault("socket.timeout.ms", _in_range("socket.timeout.ms", found["request.timeout.ms"]))
    found |= _of_security(security)
    for name, value in found.items():
        if value[:1].isspace():
            raise KafkaToolError(f"{name} begins with a blank, which librdkafka would leave out")
    return found


def without_word(values: Values, names: Iterable[str]) -> dict[str, str]:
    """Return the settings of Java's clients that librdkafka does not know in any form; TLS and SASL are another's."""
    # Not those that are renamed: they have an effect already.
    without = JAVA - RENAMED.keys()
    return {name: values.text(name) for name in names if name in without and not name.startswith(SECURITY_PREFIXES)}


def _translated(name: str, value: str) -> dict[str, str]:
    if name not in LIBRDKAFKA or name in NOT_PASSED_ON or not value:
        return {}
    # TLS and SASL come from the one description that all roads share (`_of_security`): two readings of one file could
    # send a password over a connection that only the other one checked.
    if name.startswith(SECURITY_PREFIXES) and not name.startswith(KEPT_SECURITY):
        return {}
    if name in RANGES:
        return {name: _in_range(name, value)}
    if name == "partition.assignment.strategy":
        assignors = [ASSIGNORS.get(each.strip(), each.strip()) for each in value.split(",")]
        usable = [each for each in assignors if each in ASSIGNORS.values()]
        eager = [each for each in usable if each != COOPERATIVE]  # librdkafka takes no mixture, Java goes by these then
        usable = eager or usable
        return {name: ",".join(usable)} if usable else {}
    if name == "auto.offset.reset":
        # by_duration:… (Kafka 4, KIP-1106) has no counterpart, and counts as not set.
        word = RESETS.get(value.lower())
        return {name: word} if word else {}
    return {name: value}


def _in_range(name: str, value: str) -> str:
    """Return the number, or the nearest to it that librdkafka takes."""
    # Clamped, not refused: a file that serves Java's programs may have Integer.MAX_VALUE where librdkafka stops at
    # 900,000, and means "as long as it takes" by it.
    lowest, highest = RANGES[name]
    try:
        return str(min(max(int(value), lowest), highest))
    except ValueError:
        raise KafkaToolError(f"{name} cannot be '{value}': it is a whole number") from None


def _of_security(security: Security) -> dict[str, str]:
    found = {} if security.protocol == "PLAINTEXT" else {"security.protocol": security.protocol}
    if security.tls:
        found |= _of_tls(security.tls)
    if security.sasl:
        found |= _of_sasl(security.sasl)
    return {name: value for name, value in found.items() if value}


def _of_tls(tls: Tls) -> dict[str, str]:
    return {
        "ssl.ca.pem": tls.ca,
        "ssl.ca.location": tls.ca_folder,
        "ssl.certificate.pem": tls.certificates,
        "ssl.key.pem": tls.key,
        "ssl.key.password": tls.key_password,
        # Said in any case: librdkafka's default was none before 2.0.
        "ssl.endpoint.identification.algorithm": "https" if tls.check_hostname else "none",
        "enable.ssl.certificate.verification": "" if tls.verify else "false",
    }


def _of_sasl(sasl: Sasl) -> dict[str, str]:
    if sasl.oauth is None:
        return {"sasl.mechanism": sasl.mechanism, "sasl.username": sasl.username, "sasl.password": sasl.password}
    return {"sasl.mechanism": sasl.mechanism} | _of_oauth(sasl.oauth)


def _of_oauth(oauth: OAuth) -> dict[str, str]:
    extensions = {"sasl.oauthbearer.extensions": _joined(oauth.extensions, ",")}
    if not oauth.token_endpoint:
        # librdkafka's word for the claim `sub` is principal, and its own token has no signature (for tests).
        claims = [("principal" if name == "sub" else name, value) for name, value in oauth.claims]
        return extensions | {
            "enable.sasl.oauthbearer.unsecure.jwt": "true",
            "sasl.oauthbearer.config": _joined(claims, " "),
        }
    return extensions | {
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.token.endpoint.url": oauth.token_endpoint,
        "sasl.oauthbearer.client.id": oauth.client_id,
        "sasl.oauthbearer.client.secret": oauth.client_secret,
        "sasl.oauthbearer.scope": oauth.scope,
        "https.ca.pem": oauth.ca,
    }


def _joined(pairs: Iterable[tuple[str, str]], separator: str) -> str:
    return separator.join(f"{name}={value}" for name, value in pairs)
