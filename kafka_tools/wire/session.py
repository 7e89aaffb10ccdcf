"""A cluster's brokers: the first contact, and a connection to each broker that is asked."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from kafka_tools.errors import UnreachableError, UsageError
from kafka_tools.model import addresses
from kafka_tools.wire.connection import CONNECT_SECONDS, Answer, Connection, LostAnswerError, connect
from kafka_tools.wire.errors import NOT_CONTROLLER, check
from kafka_tools.wire.metadata import METADATA
from kafka_tools.wire.schema import Message
from kafka_tools.wire.sockets import Address, BrokenConnectionError, text

if TYPE_CHECKING:
    from kafka_tools.model.security import Security

DEFAULT_PORT = 9092

TURN_SECONDS = 1.0
"""How long one of several servers may hold up the others at most."""

PAUSE_SECONDS = 0.1
"""How long to wait before a server that refused is tried again: it may be starting."""

LOGIN_HINT = "Does it want a login? security.protocol and sasl.mechanism in a --command-config file say which."

LANES = 4
"""How many requests one broker works on at once: half of its threads (num.io.threads) stay free for others."""


@contextmanager
def cluster(
    bootstrap_servers: str, security: "Security | None" = None, seconds: float | None = None
) -> "Iterator[Session]":
    """Open a session with the cluster behind `host:port[,host:port…]`, as `security` says; close it at the end.

    Raises UsageError for what is no such list, UnreachableError where nobody answers within so many seconds (None:
    CONNECT_SECONDS), AuthenticationError where a broker does not let the client in.
    """
    session = Session(bootstrap_servers, security, seconds)
    try:
        yield session
    finally:
        session.close()


class Session:
    """The brokers of one cluster. A connection is opened when it is needed, and kept."""

    def __init__(
        self, bootstrap_servers: str, security: "Security | None" = None, seconds: float | None = None
    ) -> None:
        """Connect to the first of the servers that answers. Raises as `cluster` does."""
        self._bootstrap_servers = bootstrap_servers
        self._security = security
        self._seconds = seconds
        self._servers = parse(bootstrap_servers)
        self._brokers: dict[int, Address] = {}
        self._controller: int | None = None
        self._connections: dict[int | None, Connection] = {}
        self._connection(None)

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.values():
            connection.close()

    def ask(self, message: Message, values: Mapping[str, Any], broker: int | None = None) -> Answer:
        """Send a request that changes nothing to a broker (None: whichever is connected), return the answer.

        Where the broker hangs up it is sent once more, on a new connection. Raises UnsupportedError, UnreachableError
        where the broker is not there or does not answer, KafkaToolError for an answer that cannot be read.
        """
        connection = self._connection(broker)
        try:
            return connection.ask(message, values)
        except BrokenConnectionError:
            self._forget(connection)
        return self._ask_once(message, values, broker)

    def ask_each(self, message: Message, requests: Sequence[Mapping[str, Any]]) -> Iterator[Answer]:
        """Send requests that change nothing, yield their answers in order.

        The broker works on LANES of them at once, each on a connection of its own. Raises as `ask` does.
        """
        if len(requests) == 1:
            yield self.ask(message, requests[0])
            return
        address = self._connection(None).address
        lanes: list[Connection] = []
        try:
            while len(lanes) < min(LANES, len(requests)):
                lanes.append(connect(address, monotonic() + CONNECT_SECONDS, self._security))
            for turn in range(len(requests) + len(lanes)):
                lane = lanes[turn % len(lanes)]
                if turn >= len(lanes):
                    yield lane.receive()
                if turn < len(requests):
                    lane.send(message, requests[turn])
        except BrokenConnectionError as error:
            raise UnreachableError(
                f"{text(address)} does not answer a {message.name} request ({error.cause})."
            ) from error
        finally:
            for lane in lanes:
                lane.close()

    def ask_controller(self, message: Message, values: Mapping[str, Any]) -> Answer:
        """Send a request that changes nothing to the controller, return the answer, its error code at the top.

        A controller that is being elected is waited for CONNECT_SECONDS. Raises as `ask` does.
        """
        return self._at_controller(lambda broker: self.ask(message, values, broker))

    def change(self, message: Message, values: Mapping[str, Any], result: Callable[[Answer], Answer]) -> Answer:
        """Send a request that changes something to the controller, once; return its `result`: what has the error code.

        Raises LostAnswerError where nobody knows whether it was carried out, else as `ask_controller` does.
        """
        try:
            return self._at_controller(lambda broker: result(self._ask_once(message, values, broker)))
        except LostAnswerError as error:
            hint = "Whether it was carried out is not known: look before you try again."
            raise LostAnswerError(error.message, hint) from error

    def metadata(self, topics: Sequence[str] | None) -> Answer:
        """Return the answer to METADATA about these topics (None: all); none is created by it. Raises as `ask` does."""
        named = None if topics is None else [{"name": topic} for topic in topics]
        answer = self.ask(METADATA, {"topics": named})
        check(answer["error_code"])
        self._brokers = {broker["node_id"]: (broker["host"], broker["port"]) for broker in answer["brokers"]}
        self._controller = answer["controller_id"]
        return answer

    def supports(self, message: Message) -> bool:
        """Tell whether the brokers know this request."""
        return self._connection(None).supports(message)

    def _ask_once(self, message: Message, values: Mapping[str, Any], broker: int | None) -> Answer:
        connection = self._connection(broker)
        try:
            return connection.ask(message, values)
        except BrokenConnectionError as error:
            self._forget(connection)
            hint = "" if self._security and self._security.sasl else LOGIN_HINT
            raise LostAnswerError(f"{text(connection.address)} hung up on a {message.name} request.", hint) from error

    def _at_controller(self, ask: Callable[[int | None], Answer]) -> Answer:
        deadline = monotonic() + CONNECT_SECONDS
        answer = ask(None)  # without ZooKeeper every broker passes it on
        unreachable: UnreachableError | None = None
        while answer["error_code"] == NOT_CONTROLLER and monotonic() < deadline:
            try:
                answer, unreachable = ask(self._controller_id()), None
            except LostAnswerError:
                raise
            except UnreachableError as error:
                unreachable = error
            if answer["error_code"] == NOT_CONTROLLER:
                self._controller = None
                sleep(PAUSE_SECONDS)
        if answer["error_code"] == NOT_CONTROLLER:
            raise unreachable or self._without_controller()
        return answer

    def _connection(self, broker: int | None) -> Connection:
        connection = self._connections.get(broker)
        if connection is not None and connection.expires < monotonic():  # the broker would hang up on the next request
            connection.close()
            self._forget(connection)
            connection = None
        if connection is None:
            connection = self._first_contact() if broker is None else self._connect(broker)
            self._connections[broker] = connection
        return connection

    def _forget(self, broken: Connection) -> None:
        self._connections = {broker: each for broker, each in self._connections.items() if each is not broken}

    def _controller_id(self) -> int:
        if self._controller is None:
            self.metadata(())
        if self._controller is None or self._controller < 0:
            raise self._without_controller()
        return self._controller

    def _without_controller(self) -> UnreachableError:
        return UnreachableError(f"{self._bootstrap_servers} answers, but the cluster has no controller now.")

    def _connect(self, broker: int) -> Connection:
        if broker not in self._brokers:
            self.metadata(())
        if broker not in self._brokers:
            raise UnreachableError(f"{self._bootstrap_servers} answers, but broker {broker} is not there.")
        address = self._brokers[broker]
        first = self._connection(None)
        if first.address == address:
            return first
        try:
            return connect(address, monotonic() + CONNECT_SECONDS, self._security)
        except BrokenConnectionError as error:
            raise advertised(self._bootstrap_servers, broker, address, error.cause) from error

    def _first_contact(self) -> Connection:
        """Try the servers in turn, again and again: one that is silent must not hide another that answers."""
        patience = CONNECT_SECONDS if self._seconds is None else self._seconds
        deadline = monotonic() + patience
        causes: dict[Address, BrokenConnectionError] = {}
        turn = min(TURN_SECONDS, patience / len(self._servers))
        left = list(self._servers)
        while left and (not causes or deadline - monotonic() > turn / 2):
            server = left.pop(0)
            if server in causes:
                sleep(PAUSE_SECONDS)
            seconds = turn if left else max(turn, deadline - monotonic())
            try:
                return connect(server, monotonic() + seconds, self._security)
            except BrokenConnectionError as error:
                causes[server] = error
                if not error.hopeless:
                    left.append(server)
        raise self._unreachable(causes.values())

    def _unreachable(self, failures: Collection[BrokenConnectionError]) -> UnreachableError:
        causes = sorted({failure.cause for failure in failures})
        hints = sorted({failure.hint for failure in failures})
        usual = "Is the broker up? Another address: --bootstrap-server HOST:PORT."
        return UnreachableError(
            f"cannot reach {self._bootstrap_servers} ({', '.join(causes)}).", hints[0] or usual if hints else usual
        )


def advertised(bootstrap_servers: str, broker: int, address: Address, cause: str) -> UnreachableError:
    """Return the failure to reach a broker where it is advertised."""
    return UnreachableError(
        f"{bootstrap_servers} answers, but broker {broker}, which it advertises at {text(address)}, "
        f"cannot be reached ({cause}).",
        "Check the broker's advertised.listeners.",
    )


def parse(bootstrap_servers: str) -> tuple[Address, ...]:
    """Split `host:port,host:port`; 9092 where a port is missing, IPv6 addresses in brackets. Raises UsageError."""
    servers = tuple(_address(server.strip()) for server in bootstrap_servers.split(",") if server.strip())
    if not servers:
        raise UsageError(f"--bootstrap-server: '{bootstrap_servers}' names no server", "Give HOST:PORT[,HOST:PORT…]")
    return servers


def _address(server: str) -> Address:
    address = addresses.parse(server, DEFAULT_PORT)
    if address is None:
        raise UsageError(f"--bootstrap-server: '{server}' is not HOST:PORT")
    return address
