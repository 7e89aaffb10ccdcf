"""Writes the settings of a secured sandbox: for brokers, ZooKeeper and clients, and the contexts that name them.

Brokers and tools share one login to ZooKeeper, which gets a port with TLS besides. Its port without TLS stays for the
four letter words; what brokers write nobody may change without the login.
"""

from pathlib import Path

from kafka_tools.sandbox import credentials
from kafka_tools.sandbox.credentials import ADMIN, BROKER, PRINCIPALS, TOKEN_SECRET, USER, ZOOKEEPER_USER
from kafka_tools.sandbox.endpoints import ADMIN_CONFIG, CONTEXTS, HOST, ZOOKEEPER_CONFIG
from kafka_tools.sandbox.state_file import Sandbox, Server

CONFIGS = {ADMIN: ADMIN_CONFIG, USER: "user.properties"}
MECHANISM = "SCRAM-SHA-512"
"""What the clients' files use; the brokers take PLAIN and SCRAM-SHA-256 as well."""

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
MODULES = "org.apache.kafka.common.security"
ZOOKEEPER_CONTEXT = "sandbox-zookeeper"
DIGEST_MODULE = "org.apache.zookeeper.server.auth.DigestLoginModule"
NETTY = "org.apache.zookeeper.ClientCnxnSocketNetty"
AUTHORIZERS = {
    "zookeeper": "kafka.security.authorizer.AclAuthorizer",
    "kraft": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
}


def broker_settings(sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Return what makes a broker ask who is there, and whether he may; nothing for a plaintext sandbox."""
    if sandbox.security == "plaintext":
        return {}
    settings = {
        "authorizer.class.name": AUTHORIZERS[sandbox.mode],
        "super.users": f"User:{BROKER};User:{ADMIN}",
    }
    if sandbox.has_sasl:
        settings |= _sasl_settings(sandbox, home)
    if sandbox.has_tls:
        settings |= _tls_settings(home, BROKER) | {
            "ssl.client.auth": "none" if sandbox.has_sasl else "requested",
            # Principals are called the same, User:admin, whether a password or a certificate says who it is.
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+)$/$1/,DEFAULT",
        }
    return settings


def _sasl_settings(sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Brokers, and in KRaft mode controllers, log in to each other with PLAIN: SCRAM's users stand in the cluster."""
    listener = f"listener.name.{sandbox.protocol.lower()}"
    own = {f"user_{name}": credentials.password(home, name) for name in PRINCIPALS}
    login = {"username": BROKER, "password": credentials.password(home, BROKER)}
    plain = _module("plain.PlainLoginModule", login | own)
    settings = {
        "sasl.enabled.mechanisms": ",".join(MECHANISMS),
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        f"{listener}.plain.sasl.jaas.config": plain,
        f"{listener}.scram-sha-256.sasl.jaas.config": _module("scram.ScramLoginModule", {}),
        f"{listener}.scram-sha-512.sasl.jaas.config": _module("scram.ScramLoginModule", {}),
    }
    # KIP-900's KRaft has them since 3.6; a broker that does not know the setting warns and goes on. Until 3.0 the
    # setting had another name (KIP-681).
    for name in ("secret", "master") if sandbox.mode == "zookeeper" else ("secret",):
        settings[f"delegation.token.{name}.key"] = credentials.password(home, TOKEN_SECRET)
    if sandbox.mode == "kraft":
        settings |= {
            "sasl.mechanism.controller.protocol": "PLAIN",
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": plain,
        }
    return settings


def client_settings(sandbox: Sandbox, home: Path, principal: str) -> dict[str, str]:
    """Return the client.properties of one principal; Apache's tools take it as ktools does."""
    settings = {
        "bootstrap.servers": ",".join(server.address for server in sandbox.brokers),
        "security.protocol": sandbox.protocol,
    }
    if sandbox.has_sasl:
        login = {"username": principal, "password": credentials.password(home, principal)}
        settings |= {
            "sasl.mechanism": MECHANISM,
            "sasl.jaas.config": _module("scram.ScramLoginModule", login),
        }
    if sandbox.has_tls:
        settings |= _tls_settings(home, "" if sandbox.has_sasl else principal)
    return settings


def contexts() -> str:
    """Return the file of contexts: one for the administrator, one for the user."""
    tables = (f'[contexts.sandbox-{name}]\ncommand-config = "{config}"\n' for name, config in CONFIGS.items())
    return "\n".join(tables)


def own_files() -> tuple[str, ...]:
    """Return the names of the files that are written for clients, beside the credentials' folder."""
    return (*CONFIGS.values(), ZOOKEEPER_CONFIG, CONTEXTS)


def _tls_settings(home: Path, principal: str) -> dict[str, str]:
    settings = {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(credentials.ca_path(home))}
    if principal:
        # In place: from a file, Kafka 2.8 takes only an encrypted key.
        key, certificate = credentials.key_and_certificate(home, principal)
        settings |= {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.key": key,
            "ssl.keystore.certificate.chain": certificate,
        }
    return settings


def _module(name: str, options: dict[str, str]) -> str:
    return " ".join((f"{MODULES}.{name} required", *(f'{key}="{value}"' for key, value in options.items()))) + ";"


def jaas_path(home: Path) -> Path:
    """Return the file with the sections Server and Client, which Java's programs take as their login configuration."""
    return home / credentials.FOLDER / "zookeeper.jaas"


def jaas(home: Path) -> str:
    """Return that file's text."""
    password = credentials.password(home, ZOOKEEPER_USER)
    server = f'{DIGEST_MODULE} required user_{ZOOKEEPER_USER}="{password}";'
    client = f'{DIGEST_MODULE} required username="{ZOOKEEPER_USER}" password="{password}";'
    return f"Server {{\n  {server}\n}};\nClient {{\n  {client}\n}};\n"


def jvm_flags(sandbox: Sandbox, home: Path) -> tuple[str, ...]:
    """Return what makes a JVM, ZooKeeper's or a broker's, know the login."""
    if not (sandbox.zookeepers and sandbox.has_sasl):
        return ()
    return (f"-Djava.security.auth.login.config={jaas_path(home)}",)


def zookeeper_settings(server: Server, sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Return what zoo.cfg says of logins and TLS."""
    settings = {}
    if sandbox.has_sasl:
        settings["authProvider.1"] = "org.apache.zookeeper.server.auth.SASLAuthenticationProvider"
    if server.secure_port is not None:
        settings |= {
            "secureClientPort": str(server.secure_port),
            "secureClientPortAddress": HOST,
            # ZooKeeper speaks TLS through Netty only.
            "serverCnxnFactory": "org.apache.zookeeper.server.NettyServerCnxnFactory",
            "ssl.clientAuth": "none",
            "ssl.keyStore.location": str(credentials.certificate_path(home, BROKER)),
            "ssl.keyStore.type": "PEM",
            "ssl.trustStore.location": str(credentials.ca_path(home)),
            "ssl.trustStore.type": "PEM",
        }
    return settings


def connect_settings(sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Return how a broker reaches ZooKeeper."""
    addresses = {"zookeeper.connect": zookeeper_connect(sandbox)}
    if sandbox.has_sasl:
        addresses["zookeeper.set.acl"] = "true"
    return addresses | _zookeeper_tls(sandbox, home)


def zookeeper_client_settings(sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Return the properties of a client of ZooKeeper."""
    login = {}
    if sandbox.has_sasl:
        password = credentials.password(home, ZOOKEEPER_USER)
        login = {"zookeeper.sasl.username": ZOOKEEPER_USER, "zookeeper.sasl.password": password}
    return login | _zookeeper_tls(sandbox, home)


def zookeeper_context(sandbox: Sandbox) -> str:
    """Return the table of the context that goes through ZooKeeper."""
    servers = zookeeper_connect(sandbox)
    return f'[contexts.{ZOOKEEPER_CONTEXT}]\nzookeeper = "{servers}"\ncommand-config = "{ZOOKEEPER_CONFIG}"\n'


def zookeeper_connect(sandbox: Sandbox) -> str:
    """Return the connect string, of the ports with TLS where there are such."""
    return ",".join(f"{HOST}:{server.secure_port or server.port}" for server in sandbox.zookeepers)


def _zookeeper_tls(sandbox: Sandbox, home: Path) -> dict[str, str]:
    if not sandbox.has_tls:
        return {}
    return {
        "zookeeper.ssl.client.enable": "true",
        "zookeeper.clientCnxnSocket": NETTY,
        "zookeeper.ssl.truststore.location": str(credentials.ca_path(home)),
        "zookeeper.ssl.truststore.type": "PEM",
    }
