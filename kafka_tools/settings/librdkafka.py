"""Client settings in librdkafka's words, for confluent-kafka."""

from collections.abc import Iterable

from kafka_tools.errors import KafkaToolError, nearest
from kafka_tools.model.security import OAuth, Sasl, Security, Tls
from kafka_tools.settings.names import JAVA, LIBRDKAFKA, OTHERS_PREFIXES, RANGES
from kafka_tools.settings.values import Values

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
    known = JAVA | LIBRDKAFKA
    sentences = []
    for name in names:
        if name not in known and not name.startswith(OTHERS_PREFIXES):
            near = nearest(name, known, likeness=0.75)
            sentences.append(f"{name} is not known and has no effect{f': did you mean {near[0]}?' if near else ''}")
    return sentences


def settings(values: Values, names: Iterable[str], security: Security) -> dict[str, str]:
    """Return librdkafka's settings. Raises KafkaToolError for a number that is none."""
    found: dict[str, str] = {}
    own = set(names)
    for name in own:
        target = RENAMED.get(name, name)
        if name == target or target not in own:
            found |= _translated(target, values.text(name))
    if "request.timeout.ms" in found:
        found.setdefault("socket.timeout.ms", _in_range("socket.timeout.ms", found["request.timeout.ms"]))
    return found | _of_security(security)


def without_word(values: Values, names: Iterable[str]) -> dict[str, str]:
    """Return the settings of Java's clients that librdkafka does not know in any form; TLS and SASL are another's."""
    without = JAVA - LIBRDKAFKA - RENAMED.keys()
    return {name: values.text(name) for name in names if name in without and not name.startswith(SECURITY_PREFIXES)}


def _translated(name: str, value: str) -> dict[str, str]:
    if name not in LIBRDKAFKA or name in NOT_PASSED_ON or not value:
        return {}
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
        word = RESETS.get(value.lower())
        return {name: word} if word else {}
    return {name: value}


def _in_range(name: str, value: str) -> str:
    """Return the number, or the nearest to it that librdkafka takes."""
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
