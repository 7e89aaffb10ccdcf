"""What every client of librdkafka here shares: its settings."""

from collections.abc import Mapping
from typing import Any


class Silence:
    """A logger that says nothing: what goes wrong reaches its user as an error, and `log_level` 0 lets fatal ones
    through."""

    def log(self, *message: object) -> None:
        """Say nothing."""


def client_settings(bootstrap_servers: str, config: Mapping[str, str]) -> dict[str, Any]:
    """Return librdkafka's settings that every client here shares: silent, fast to connect, never creating a topic."""
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": "ktools",
        "allow.auto.create.topics": False,
        "enable.sparse.connections": False,
        "reconnect.backoff.ms": 5,
        "reconnect.backoff.max.ms": 1000,
        "socket.connection.setup.timeout.ms": 4000,
        "socket.nagle.disable": True,  # as Java's clients do
        "log_level": 0,
        "logger": Silence(),
    } | dict(config)
