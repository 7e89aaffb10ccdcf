"""A secured sandbox's ZooKeeper: a login that its brokers and tools share, and TLS on a port of its own.

The port without TLS stays, for the four letter words; what brokers write nobody may change without the login.
"""

from pathlib import Path

from kafka_tools.sandbox import credentials, security
from kafka_tools.sandbox.credentials import BROKER, ZOOKEEPER_USER
from kafka_tools.sandbox.endpoints import HOST, ZOOKEEPER_CONFIG
from kafka_tools.sandbox.state_file import Sandbox, Server

CONTEXT = "sandbox-zookeeper"
MODULE = "org.apache.zookeeper.server.auth.DigestLoginModule"
NETTY = "org.apache.zookeeper.ClientCnxnSocketNetty"


def jaas_path(home: Path) -> Path:
    """Return the file with the sections Server and Client, which Java's programs take as their login configuration."""
    return home / credentials.FOLDER / "zookeeper.jaas"


def jaas(home: Path) -> str:
    """Return that file's text."""
    password = credentials.password(home, ZOOKEEPER_USER)
    server = f'{MODULE} required user_{ZOOKEEPER_USER}="{password}";'
    client = f'{MODULE} required username="{ZOOKEEPER_USER}" password="{password}";'
    return f"Server {{\n  {server}\n}};\nClient {{\n  {client}\n}};\n"


def jvm_flags(sandbox: Sandbox, home: Path) -> tuple[str, ...]:
    """Return what makes a JVM, ZooKeeper's or a broker's, know the login."""
    if not (sandbox.zookeepers and security.has_sasl(sandbox)):
        return ()
    return (f"-Djava.security.auth.login.config={jaas_path(home)}",)


def server_settings(server: Server, sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Return what zoo.cfg says of logins and TLS."""
    settings = {}
    if security.has_sasl(sandbox):
        settings["authProvider.1"] = "org.apache.zookeeper.server.auth.SASLAuthenticationProvider"
    if server.secure_port is not None:
        settings |= {
            "secureClientPort": str(server.secure_port),
            "secureClientPortAddress": HOST,
            "serverCnxnFactory": "org.apache.zookeeper.server.NettyServerCnxnFactory",
            "ssl.clientAuth": "none",
            "ssl.keyStore.location": str(credentials.certificate_path(home, BROKER)),
            "ssl.keyStore.type": "PEM",
            "ssl.trustStore.location": str(credentials.ca_path(home)),
            "ssl.trustStore.type": "PEM",
        }
    return settings


def broker_settings(sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Return how a broker reaches ZooKeeper."""
    addresses = {"zookeeper.connect": connect(sandbox)}
    if security.has_sasl(sandbox):
        addresses["zookeeper.set.acl"] = "true"
    return addresses | _tls_settings(sandbox, home)


def client_settings(sandbox: Sandbox, home: Path) -> dict[str, str]:
    """Return the properties of a client of ZooKeeper."""
    login = {}
    if security.has_sasl(sandbox):
        password = credentials.password(home, ZOOKEEPER_USER)
        login = {"zookeeper.sasl.username": ZOOKEEPER_USER, "zookeeper.sasl.password": password}
    return login | _tls_settings(sandbox, home)


def context(sandbox: Sandbox) -> str:
    """Return the table of the context that goes through ZooKeeper."""
    return f'[contexts.{CONTEXT}]\nzookeeper = "{connect(sandbox)}"\ncommand-config = "{ZOOKEEPER_CONFIG}"\n'


def connect(sandbox: Sandbox) -> str:
    """Return the connect string, of the ports with TLS where there are such."""
    return ",".join(f"{HOST}:{server.secure_port or server.port}" for server in sandbox.zookeepers)


def _tls_settings(sandbox: Sandbox, home: Path) -> dict[str, str]:
    if not security.has_tls(sandbox):
        return {}
    return {
        "zookeeper.ssl.client.enable": "true",
        "zookeeper.clientCnxnSocket": NETTY,
        "zookeeper.ssl.truststore.location": str(credentials.ca_path(home)),
        "zookeeper.ssl.truststore.type": "PEM",
    }
