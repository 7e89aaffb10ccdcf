"""Reads ZooKeeper's connect strings: `host:port[,host:port…][/chroot]`."""

from kafka_tools.errors import UsageError
from kafka_tools.model import addresses

DEFAULT_PORT = 2181


def parse_connect(connect: str) -> tuple[tuple[tuple[str, int], ...], str]:
    """Split a connect string into its servers (host, port) and its chroot.

    A server without a port has 2181, a string without a chroot has the chroot "". Raises UsageError for any other text.
    """
    # There is one chroot, after the last server (org.apache.zookeeper.client.ConnectStringParser): the first slash ends
    # the list of servers.
    hosts, slash, path = connect.partition("/")
    chroot = _chroot(f"/{path}".rstrip("/")) if slash else ""
    servers = tuple(_server(host.strip()) for host in hosts.split(",") if host.strip())
    if not servers:
        raise UsageError(
            f"--zookeeper '{addresses.without_password(connect)}' names no server",
            "Give HOST:PORT[,HOST:PORT…][/chroot]",
        )
    return servers, chroot


def _server(text: str) -> tuple[str, int]:
    server = addresses.parse(text, DEFAULT_PORT)
    if server is None:
        raise UsageError(f"--zookeeper: '{addresses.without_password(text)}' is not HOST:PORT")
    return server


def _chroot(path: str) -> str:
    """Check a chroot by ZooKeeper's rules (org.apache.zookeeper.common.PathUtils 3.8). Raises UsageError."""
    names = path.split("/")[1:]
    if {"", ".", ".."}.intersection(names) or not path.isprintable():
        raise UsageError(
            f"--zookeeper: {path!r} is no chroot", "Between its slashes stands a name, without '.' or '..': /kafka/prod"
        )
    return path
