"""Parses and writes HOST:PORT as Kafka and ZooKeeper do."""

import re

from kafka_tools.errors import UsageError

KAFKA_PORT = 9092
ZOOKEEPER_PORT = 2181
DEFAULT_BOOTSTRAP_SERVERS = "localhost:9092"
DEFAULT_ZOOKEEPER = "localhost:2181"
Address = tuple[str, int]
"""A host, by name or address, and a port."""

MASK = "********"
# The lengths are limited: without that, a long line without an @ would be searched from each // to its end.
USER_IN_URL = re.compile(r"//\S{0,2048}@")
QUERY_OF_URL = re.compile(r"(//[^\s?]{0,2048})\?[^\s#]+")

LISTENER = re.compile(r"[0-9A-Za-z_.%-]*://")
"""The name of a broker's listener, as it stands before an address: `SASL_SSL://`, `EXTERNAL://`."""

IPV6 = re.compile(r"[0-9a-fA-F:.]+(%[0-9A-Za-z_.~-]+)?")
"""An IPv6 address, of this machine's own links with their zone: `fe80::1%eth0`."""


def text(address: Address) -> str:
    """Return `HOST:PORT`, an IPv6 address in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse(server: str, default_port: int) -> Address | None:
    """Parse `HOST[:PORT]`; the brackets of an IPv6 address are dropped. Returns None for any other text."""
    # The last colon: an IPv6 address has some before it.
    host, colon, port = server.rpartition(":")
    if not colon or port.endswith("]"):  # no port, or the colons of an IPv6 address in brackets
        host, port = server, str(default_port)
    if not (port.isdecimal() and port.isascii() and len(port) <= 5 and 0 < int(port) < 65536):
        return None
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        return (host, int(port)) if IPV6.fullmatch(host) else None
    is_name = host != "" and host.isprintable() and not any(letter.isspace() or letter in ":[]" for letter in host)
    return (host, int(port)) if is_name else None


def checked(servers: str, source: str) -> str:
    """Return a list of brokers' addresses without blanks and listeners; `source` is who named it, for the error.

    Raises UsageError for what is no such list.
    """
    listed = [_without_listener(address.strip()) for address in servers.split(",") if address.strip()]
    if listed and all(parse(address, KAFKA_PORT) for address in listed):
        return ",".join(listed)
    raise UsageError(f"{source}: '{without_password(servers)}' is not HOST:PORT[,HOST:PORT…]")


def _without_listener(address: str) -> str:
    """Return `HOST:PORT` of `PLAINTEXT://HOST:PORT`, as people copy it from a broker's listeners.

    Apache's tools take whatever stands before a host, and ignore it; no host means this machine
    (org.apache.kafka.clients.ClientUtils 3.9). librdkafka refuses a listener's name that is no protocol's.
    """
    listener = LISTENER.match(address)
    if listener is None:
        return address
    rest = address[listener.end() :]
    return f"localhost{rest}" if rest.startswith(":") else rest


def without_secrets(text: str) -> str:
    """Return text with the user, password and query of every URL in it masked, to be shown."""
    return QUERY_OF_URL.sub(f"\\1?{MASK}", USER_IN_URL.sub(f"//{MASK}@", text))


def without_password(address: str) -> str:
    """Return an address that is none with what stands before an `@` in it masked, to be shown."""
    # The last @ as well: a password may have one.
    _, at, rest = without_secrets(address).rpartition("@")
    return f"{MASK}@{rest}" if at else rest
