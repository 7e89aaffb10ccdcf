"""ZooKeeper's connect strings: `host:port[,host:port…][/chroot]`."""

from kafka_tools.errors import UsageError
from kafka_tools.model import addresses

DEFAULT_PORT = 2181


def parse_connect(connect: str) -> tuple[tuple[tuple[str, int], ...], str]:
    """Split a connect string into servers and chroot (`""` for none); 2181 where a port is missing.

    Raises UsageError.
    """
    hosts, slash, path = connect.partition("/")
    chroot = f"/{path}".rstrip("/") if slash else ""
    servers = tuple(_server(host.strip()) for host in hosts.split(",") if host.strip())
    if not servers:
        raise UsageError(f"--zookeeper '{connect}' names no server", "Give HOST:PORT[,HOST:PORT…][/chroot]")
    return servers, chroot


def _server(text: str) -> tuple[str, int]:
    server = addresses.parse(text, DEFAULT_PORT)
    if server is None:
        raise UsageError(f"--zookeeper: '{text}' is not HOST:PORT")
    return server
