"""A connection to a cluster's brokers, and why there is none."""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Any

from kafka_tools.brokers.library import confluent_kafka
from kafka_tools.errors import UnreachableError

CONNECT_SECONDS = 5.0
"""How long an unreachable cluster is waited for."""

REQUEST_SECONDS = 35.0
"""How long an answer of a reachable cluster is waited for."""


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


@dataclass(frozen=True, slots=True)
class AdminSession:
    """An open admin client that reaches its cluster."""

    client: Any
    bootstrap_servers: str
    causes: Causes

    def cluster(self) -> Any:
        """Return the cluster's metadata (confluent_kafka.admin.ClusterMetadata): all brokers and topics.

        Raises UnreachableError after CONNECT_SECONDS without an answer.
        """
        kafka = confluent_kafka()
        try:
            return _interruptible(lambda: self.client.list_topics(timeout=CONNECT_SECONDS))
        except kafka.KafkaException as error:
            self.client.poll(0)
            raise self.causes.unreachable(self.bootstrap_servers) from error

    def result(self, future: Any) -> Any:
        """Wait for one answer.

        Raises confluent_kafka.KafkaException, as the cluster gave it, and UnreachableError where it gave none in time.
        """
        try:
            return future.result(timeout=REQUEST_SECONDS)
        except TimeoutError as error:
            raise UnreachableError(
                f"{self.bootstrap_servers} gave no answer to a request within {REQUEST_SECONDS:.0f} s.",
                "Whether a change was carried out is not known: look before you try again.",
            ) from error


def _interruptible(call: Callable[[], Any]) -> Any:
    """Return what `call`, a wait inside librdkafka, returns; unlike the call itself this ends on Ctrl-C at once."""
    future: Future[Any] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001  handed on to the caller
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future.result()


@contextmanager
def admin(bootstrap_servers: str, config: Mapping[str, str]) -> Iterator[AdminSession]:
    """Open an admin client; whether it reaches its cluster shows at the first request."""
    confluent_kafka()
    from confluent_kafka.admin import AdminClient

    causes = Causes()
    client = AdminClient(client_settings(bootstrap_servers, config, causes))
    yield AdminSession(client, bootstrap_servers, causes)
