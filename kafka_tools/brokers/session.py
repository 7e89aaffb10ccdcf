"""What every client of librdkafka here shares: its settings, and why it reaches no broker."""

import re
from collections.abc import Mapping
from typing import Any

from kafka_tools.errors import UnreachableError

CONNECT_SECONDS = 5.0
"""How long an unreachable cluster is waited for."""


class Causes:
    """What librdkafka says of connections that fail: pass it as `error_cb`, ask it why a cluster cannot be reached."""

    def __init__(self) -> None:
        self._reasons: dict[str, str] = {}

    def __call__(self, error: Any) -> None:
        """Keep one report of librdkafka (confluent_kafka.KafkaError): the newest reason for each server."""
        server, _, reason = error.str().partition(": ")
        if reason:
            self._reasons[server] = _plain_reason(reason)

    def unreachable(self, bootstrap_servers: str) -> UnreachableError:
        """Return the error that names the servers and, as far as known, the cause for each."""
        reasons = set(self._reasons.values()) or {f"no answer within {CONNECT_SECONDS:.0f} s"}
        advertised = sorted(server for server in self._reasons if not server.endswith("/bootstrap"))
        if advertised and len(advertised) == len(self._reasons):
            address, _, broker = advertised[0].rpartition("/")
            return UnreachableError(
                f"{bootstrap_servers} answers, but broker {broker}, which it advertises at {address}, "
                f"cannot be reached ({', '.join(sorted(reasons))}).",
                "Check the broker's advertised.listeners.",
            )
        return UnreachableError(
            f"cannot reach {bootstrap_servers} ({', '.join(sorted(reasons))}).",
            "Is the broker up? Another address: --bootstrap-server HOST:PORT.",
        )


def _plain_reason(reason: str) -> str:
    """Return librdkafka's reason without its addresses and times: `connection refused`."""
    reason = re.sub(r" \(after .*$", "", reason)
    connect = re.match(r"Connect to \S+ failed: (.*)", reason)
    if connect:
        return connect[1].lower()
    resolve = re.match(r"Failed to resolve '(.*?)(?::\d+)?': (.*)", reason)
    if resolve:
        return f"the name {resolve[1]} does not resolve"
    if "Connection setup timed out" in reason:
        return "connection timed out"
    if "Disconnected" in reason or "ApiVersionRequest failed" in reason:
        return "connection closed by the other side: is this a Kafka listener, and a plaintext one?"
    return reason


def client_settings(bootstrap_servers: str, config: Mapping[str, str], causes: Causes) -> dict[str, Any]:
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
        "error_cb": causes,
    } | dict(config)
