"""From client settings to a ZooKeeper client's TLS and login.

The names are those of Kafka's `--zk-tls-config-file` (kafka.server.KafkaConfig 2.8.2) or, in KAFKA_OPTS, of ZooKeeper's
system properties. The login is that of the section Client of the JAAS file, or
`zookeeper.sasl.username` and `zookeeper.sasl.password`, which are ktools' own.
"""

from collections.abc import Callable, Iterable, Mapping

from kafka_tools.errors import KafkaToolError, nearest
from kafka_tools.model.security import Tls, ZooKeeperSecurity
from kafka_tools.settings.jaas import LOGIN_CONFIG, login_module, system_properties
from kafka_tools.settings.values import OWN, Access, Values

PREFIX = "zookeeper."
DIGEST = "org.apache.zookeeper.server.auth.DigestLoginModule"
USED = frozenset(
    (
        "zookeeper.sasl.client",
        "zookeeper.sasl.clientconfig",
        "zookeeper.sasl.password",
        "zookeeper.sasl.username",
        "zookeeper.ssl.client.enable",
        "zookeeper.ssl.endpoint.identification.algorithm",
        "zookeeper.ssl.keystore.location",
        "zookeeper.ssl.keystore.password",
        "zookeeper.ssl.truststore.location",
        "zookeeper.ssl.truststore.password",
    )
)
WITHOUT_EFFECT = frozenset(
    (
        "zookeeper.clientcnxnsocket",
        "zookeeper.connect",
        "zookeeper.connection.timeout.ms",
        "zookeeper.max.in.flight.requests",
        "zookeeper.metadata.migration.enable",
        "zookeeper.session.timeout.ms",
        "zookeeper.set.acl",
        "zookeeper.ssl.cipher.suites",
        "zookeeper.ssl.crl.enable",
        "zookeeper.ssl.enabled.protocols",
        "zookeeper.ssl.keystore.type",
        "zookeeper.ssl.ocsp.enable",
        "zookeeper.ssl.protocol",
        "zookeeper.ssl.truststore.type",
    )
)
"""What Kafka knows too, in lower case: a broker's settings may stand in the same file; a store shows its own type."""

SYSTEM_NAMES = {
    "zookeeper.client.secure": "zookeeper.ssl.client.enable",
    "zookeeper.ssl.hostnameverification": "zookeeper.ssl.endpoint.identification.algorithm",
}
"""ZooKeeper's system property, in lower case -> Kafka's setting; the others differ in case only."""


def security(
    settings: Mapping[str, str], ask: Callable[[str], str] | None = None, access: Access = OWN
) -> ZooKeeperSecurity | None:
    """Return how the settings say an ensemble is reached, None: in plaintext, without a login.

    `ask` returns a password that is not among them, by user. Raises KafkaToolError: a file cannot be read, something is
    missing, the login is none of DIGEST-MD5, or `access` does not allow what a setting refers to.
    """
    # KAFKA_OPTS first, so that a setting of the same name wins over it: it is nearer to the command.
    given = system_properties() if access.kafka_opts else {}
    named = {_name(name): value for name, value in given.items() if name.startswith(PREFIX)}
    named |= {_name(name): value for name, value in settings.items() if name.startswith((PREFIX, LOGIN_CONFIG))}
    how = ZooKeeperSecurity(_tls(named, access), *_login(Values(named, access), ask))
    return how if how.tls or how.username else None


def unknown(names: Iterable[str]) -> list[str]:
    """Return a sentence for each setting of ZooKeeper's that is none."""
    known = USED | WITHOUT_EFFECT | SYSTEM_NAMES.keys()
    sentences = []
    for name in names:
        if name.startswith(PREFIX) and name.lower() not in known:
            near = nearest(name, known, likeness=0.75)
            sentences.append(f"{name} is not known and has no effect{f': did you mean {near[0]}?' if near else ''}")
    return sentences


def _name(name: str) -> str:
    return SYSTEM_NAMES.get(name.lower(), name.lower())


def _tls(named: Mapping[str, str], access: Access) -> Tls | None:
    if Values(named, access).text("zookeeper.ssl.client.enable").lower() != "true":
        return None
    from kafka_tools.settings.security import tls

    # Without their prefix they are a broker's own names, which the reader of stores and certificates knows.
    own = {name.removeprefix(PREFIX): value for name, value in named.items()}
    checks = own.get("ssl.endpoint.identification.algorithm", "https").strip().lower() not in ("", "false")
    return tls(Values(own, access))._replace(check_hostname=checks)


def _login(values: Values, ask: Callable[[str], str] | None) -> tuple[str, str]:
    """Return user and password, both "" where nobody logs in."""
    # ZooKeeper's own switch (ZKClientConfig.ENABLE_CLIENT_SASL_KEY), for a JAAS file that has a section Client anyway.
    if values.text("zookeeper.sasl.client").lower() == "false":
        return "", ""
    username, password = values.text("zookeeper.sasl.username"), values.text("zookeeper.sasl.password")
    # Java knows no user and password among the settings: who gives them means them, whatever the JAAS file says.
    if not username:
        module, options = login_module(values, values.text("zookeeper.sasl.clientconfig") or "Client")
        if not module:
            return "", ""
        if module != DIGEST:
            raise KafkaToolError(
                f"a login to ZooKeeper by {module.rpartition('.')[2]} is not supported: DigestLoginModule is",
                "-X zookeeper.sasl.client=false goes without a login.",
            )
        username, password = options.get("username", ""), options.get("password", "")
    password = password or (ask(username) if ask and username else "")
    if not username or not password:
        raise KafkaToolError(
            "a login to ZooKeeper needs a user and a password: neither the section Client of the JAAS file "
            f"({LOGIN_CONFIG}) has them, nor zookeeper.sasl.username and zookeeper.sasl.password"
        )
    return username, password
