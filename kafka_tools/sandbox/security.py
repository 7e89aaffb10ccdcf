"""The settings of a secured sandbox: its brokers', its clients', and the contexts that name them."""

from pathlib import Path

from kafka_tools.sandbox import credentials
from kafka_tools.sandbox.credentials import ADMIN, BROKER, PRINCIPALS, USER
from kafka_tools.sandbox.endpoints import ADMIN_CONFIG, CONTEXTS, ZOOKEEPER_CONFIG
from kafka_tools.sandbox.state_file import Sandbox

PROTOCOLS = {"plaintext": "PLAINTEXT", "sasl": "SASL_PLAINTEXT", "tls": "SSL", "sasl-tls": "SASL_SSL"}
"""What `--security` takes -> Kafka's security.protocol, which is the listener's name too."""

CONFIGS = {ADMIN: ADMIN_CONFIG, USER: "user.properties"}
MECHANISM = "SCRAM-SHA-512"
"""What the clients' files use; the brokers take PLAIN and SCRAM-SHA-256 as well."""

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
MODULES = "org.apache.kafka.common.security"
AUTHORIZERS = {
    "zookeeper": "kafka.security.authorizer.AclAuthorizer",
    "kraft": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
}


def protocol(sandbox: Sandbox) -> str:
    """Return Kafka's security.protocol of the sandbox."""
    return PROTOCOLS[sandbox.security]


def has_tls(sandbox: Sandbox) -> bool:
    """Say whether connections are encrypted."""
    return protocol(sandbox).endswith("SSL")


def has_sasl(sandbox: Sandbox) -> bool:
    """Say whether clients log in with a password."""
    return protocol(sandbox).startswith("SASL")


def broker_settings(sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Return what makes a broker ask who is there, and whether he may; nothing for a plaintext sandbox."""
    if sandbox.security == "plaintext":
        return {}
    settings = {
        "authorizer.class.name": AUTHORIZERS[sandbox.mode],
        "super.users": f"User:{BROKER};User:{ADMIN}",
    }
    if has_sasl(sandbox):
        settings |= _sasl_settings(sandbox, home)
    if has_tls(sandbox):
        settings |= _tls_settings(home, BROKER) | {
            "ssl.client.auth": "none" if has_sasl(sandbox) else "requested",
            "ssl.principal.mapping.rules": "RULE:^CN=([^,]+)$/$1/,DEFAULT",
        }
    return settings


def _sasl_settings(sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Brokers, and in KRaft mode controllers, log in to each other with PLAIN: SCRAM's users stand in the cluster."""
    listener = f"listener.name.{protocol(sandbox).lower()}"
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
        "security.protocol": protocol(sandbox),
    }
    if has_sasl(sandbox):
        login = {"username": principal, "password": credentials.password(home, principal)}
        settings |= {
            "sasl.mechanism": MECHANISM,
            "sasl.jaas.config": _module("scram.ScramLoginModule", login),
        }
    if has_tls(sandbox):
        settings |= _tls_settings(home, "" if has_sasl(sandbox) else principal)
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
