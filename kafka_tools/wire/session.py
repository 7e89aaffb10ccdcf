"""A session with a cluster in Kafka's protocol: the first contact, and a connection to each broker that is asked."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from kafka_tools.errors import (
    INVALID_TOPIC,
    NOT_CONTROLLER,
    OUTCOME_UNKNOWN,
    KafkaToolError,
    UnreachableError,
    UsageError,
    a_request,
    check_code,
)
from kafka_tools.model import addresses
from kafka_tools.model.addresses import Address, text
from kafka_tools.wire.connection import CONNECT_SECONDS, RESPONSE_SECONDS, Connection, LostResponseError
from kafka_tools.wire.diagnosis import advertised, connect
from kafka_tools.wire.messages import METADATA
from kafka_tools.wire.schema import Message, Response
from kafka_tools.wire.sockets import BrokenConnectionError, RefusedError

if TYPE_CHECKING:
    from kafka_tools.model.security import Security

DEFAULT_PORT = 9092

TURN_SECONDS = 1.0
"""The longest that one of several servers may hold up the others."""

PAUSE_SECONDS = 0.1
"""How long to wait before a server that failed is tried again."""

LATE_SECONDS = 1.0
"""How much longer than their own time the answers of several brokers are waited for: on a busy machine threads lag."""

LOGIN_HINT = "Does it want a login? security.protocol and sasl.mechanism in a --command-config file say which."

LANES = 4
"""How many requests one broker is given at once: half of its threads (num.io.threads is 8) stay free for others."""


class WireSession:
    """Requests to the brokers of one cluster; as a context manager it closes its connections at the end.

    A connection is opened when it is needed, and kept.
    """

    def __init__(
        self,
        bootstrap_servers: str,
        security: "Security | None" = None,
        seconds: float | None = None,
        wait_seconds: float = 0.0,
        controllers: bool = False,
    ) -> None:
        """Connect to the first of the servers `host:port[,host:port…]` that answers, as `security` says.

        Servers that are silent are tried for `seconds` (None: CONNECT_SECONDS). Where every one of them refuses, that
        is told at once, unless they may be starting and are to be tried for `wait_seconds`. Raises UsageError for what
        is no such list, UnreachableError where nobody answers, AuthenticationError where nobody lets the client in.

        With `controllers` they are controllers of a cluster without ZooKeeper, and stand wherever a broker is named.
        """
        self._controllers = controllers
        self._bootstrap_servers = bootstrap_servers
        self._security = security
        self._seconds = seconds
        self._wait_seconds = wait_seconds
        self._servers = parse(bootstrap_servers)
        self._brokers: dict[int, Address] = {}
        self._controller: int | None = None
        self._connections: dict[int | None, Connection] = {}
        self._connection(None)

    def __enter__(self) -> "WireSession":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        # Threads of `ask_brokers` that Ctrl-C left to themselves may still add theirs.
        for connection in tuple(self._connections.values()):
            connection.close()

    def ask(
        self, message: Message, values: Mapping[str, Any], broker: int | None = None, seconds: float = RESPONSE_SECONDS
    ) -> Response:
        """Send a request that changes nothing to a broker (None: whichever is connected), and return the response.

        It takes no longer than `seconds`, with the connection. Raises UnsupportedError where the broker does not know
        the request, UnreachableError where it is not there or does not respond, KafkaToolError for a response that
        cannot be read.
        """
        deadline = monotonic() + seconds
        connection = self._connection(broker, seconds)
        try:
            return connection.ask(message, values, deadline - monotonic())
        except BrokenConnectionError:
            # Tried again, once, on a new connection: a broker closes those that were idle, and one that restarts closes
            # all. Nothing else is ever tried again: not a request that was not answered in time (it would take as long
            # once more), and no change (`change`): it may have been carried out before the connection broke.
            self._forget(connection)
        return self._ask_once(message, values, broker, deadline - monotonic())

    def ask_brokers(
        self, message: Message, requests: Mapping[int, Mapping[str, Any]], seconds: float = RESPONSE_SECONDS
    ) -> dict[int, Response | KafkaToolError]:
        """Send each broker, by its id, a request of its own that changes nothing, all at once, as `ask` does.

        Returns what each responded, or why it did not: one that is silent costs `seconds`, and only its own response.
        Raises UnreachableError where no broker tells who is there.
        """
        from kafka_tools.parallel import TooLateError, in_parallel  # with threading, for which no short command waits

        # Before the threads begin: from here on each uses only the connection of its own broker.
        if not requests.keys() <= self._brokers.keys():
            self._learn()
        # Who is not there gets no thread: it would ask once more for the brokers, on the connection of another thread.
        there = {broker: values for broker, values in requests.items() if broker in self._brokers}
        calls = {broker: partial(self.ask, message, values, broker, seconds) for broker, values in there.items()}
        found = in_parallel(calls, monotonic() + seconds + LATE_SECONDS)
        silence = f"gave no answer to {a_request(message.name)} within {seconds:.0f} s."
        return {broker: self._absent(broker) for broker in requests} | {
            broker: UnreachableError(f"Broker {broker} {silence}") if isinstance(each, TooLateError) else each
            for broker, each in found.items()
        }

    def ask_each(
        self, message: Message, requests: Sequence[Mapping[str, Any]], seconds: float = RESPONSE_SECONDS
    ) -> Iterator[Response]:
        """Send requests that change nothing to one broker, and yield their responses in order.

        LANES of them are under way at once; each response is waited for `seconds`. Raises as `ask` does.
        """
        if len(requests) == 1:
            yield self.ask(message, requests[0], seconds=seconds)
            return
        # A broker works on one request of a connection at a time (kafka.network.Processor mutes the channel until the
        # response is out), so that sending ahead on a single connection would gain nothing: each lane is a connection.
        # Lanes take turns: lane N's response is received just before its next request is sent. The order of
        # responses is that of the requests, and no lane has two of them under way. Measured: configs of 2,000 topics in
        # 1.5 s, nearly all of it the broker's own work (1 ms a topic where it looks into ZooKeeper).
        address = self._connection(None).address
        lanes: list[Connection] = []
        try:
            while len(lanes) < min(LANES, len(requests)):
                lanes.append(connect(address, monotonic() + CONNECT_SECONDS, self._security))
            for turn in range(len(requests) + len(lanes)):
                lane = lanes[turn % len(lanes)]
                response = lane.receive() if turn >= len(lanes) else None
                # Sent before the response is handed out: the broker works on it while the caller works on this one.
                if turn < len(requests):
                    lane.send(message, requests[turn], seconds)
                if response is not None:
                    yield response
        except BrokenConnectionError as error:
            raise UnreachableError(
                f"{text(address)} does not answer {a_request(message.name)} ({error.cause})."
            ) from error
        finally:
            for lane in lanes:
                lane.close()

    def ask_controller(
        self, message: Message, values: Mapping[str, Any], seconds: float = RESPONSE_SECONDS
    ) -> Response:
        """Send a request that changes nothing to the controller, and return the response, which has an error code.

        The response is waited for `seconds`, a controller that is being elected for as long, CONNECT_SECONDS at most.
        Raises as `ask` does.
        """
        return self._at_controller(lambda broker: self.ask(message, values, broker, seconds), seconds)

    def change(
        self,
        message: Message,
        values: Mapping[str, Any],
        result: Callable[[Response], Response] = lambda whole: whole,
        seconds: float = RESPONSE_SECONDS,
        broker: int | None = None,
    ) -> Response:
        """Send a request that changes something to the controller, once; return its `result`, which has the error code.

        Where a `broker` is named, it goes to that one instead. The response is waited for `seconds`. Raises
        LostResponseError where nobody knows whether it was carried out, else as `ask_controller` does.
        """
        # A port that wants a login hangs up: on this question, so that nobody has to wonder whether a change was made.
        if self._controller is None and not self._logs_in:
            self._learn()
        try:
            if broker is not None:
                return result(self._ask_once(message, values, broker, seconds))
            return self._at_controller(lambda broker: result(self._ask_once(message, values, broker, seconds)), seconds)
        except LostResponseError as error:
            raise LostResponseError(error.message, OUTCOME_UNKNOWN) from error

    def metadata(self, topics: Sequence[str] | None) -> Response:
        """Return what Metadata says of these topics (None: all); none is created by it. Raises as `ask` does."""
        # None asks for all topics, an empty list for none (from version 1 on): the two are easily confused.
        named = None if topics is None else [{"name": topic} for topic in topics]
        response = self.ask(METADATA, {"topics": named})
        check_metadata(response)
        self._brokers = addresses_of(response)
        self._controller = response["controller_id"]
        return response

    def brokers(self) -> Mapping[int, Address]:
        """Return the addresses of the brokers that are alive, by id, as the cluster advertises them now."""
        self._learn()
        return self._brokers

    def _learn(self) -> None:
        """Ask for the brokers and the controller, and remember them."""
        if not self._controllers:
            self.metadata(())
            return
        from kafka_tools.wire.config_messages import CONTROLLER_ENDPOINTS, DESCRIBE_CLUSTER

        response = self.ask(DESCRIBE_CLUSTER, {"endpoint_type": CONTROLLER_ENDPOINTS})
        check_code(response["error_code"], response["error_message"])
        self._brokers = {each["broker_id"]: (each["host"], each["port"]) for each in response["brokers"]}
        self._controller = response["controller_id"]

    def supports(self, message: Message) -> bool:
        """Tell whether the brokers know this request."""
        return self._connection(None).supports(message)

    def oldest(self, message: Message) -> int:
        """Return the oldest version of a request that the brokers know, -1 where they know none."""
        return self._connection(None).oldest(message)

    @property
    def _logs_in(self) -> bool:
        return self._security is not None and self._security.sasl is not None

    def _ask_once(
        self, message: Message, values: Mapping[str, Any], broker: int | None, seconds: float = RESPONSE_SECONDS
    ) -> Response:
        connection = self._connection(broker, seconds)
        try:
            return connection.ask(message, values, seconds)
        except BrokenConnectionError as error:
            self._forget(connection)
            hint = "" if self._logs_in else LOGIN_HINT
            raise LostResponseError(
                f"{text(connection.address)} hung up on {a_request(message.name)}.", hint
            ) from error

    def _at_controller(self, ask: Callable[[int | None], Response], seconds: float) -> Response:
        deadline = monotonic() + min(seconds, CONNECT_SECONDS)
        # Whichever broker is connected is asked first: on KRaft it passes the request on, and with ZooKeeper it says
        # NOT_CONTROLLER, which costs one round trip where to look for the controller first would always cost one.
        response = ask(None)  # without ZooKeeper every broker passes it on
        unreachable: UnreachableError | None = None
        while response["error_code"] == NOT_CONTROLLER and monotonic() < deadline:
            try:
                response, unreachable = ask(self._controller_id()), None
            # A request that was sent and not answered is the end: another try may carry a change out twice.
            except LostResponseError:
                raise
            except UnreachableError as error:
                unreachable = error
            if response["error_code"] == NOT_CONTROLLER:
                # Forgotten, so that the next round asks who it is: with ZooKeeper an election takes a second or two.
                self._controller = None
                sleep(PAUSE_SECONDS)
        if response["error_code"] == NOT_CONTROLLER:
            raise unreachable or self._without_controller()
        return response

    def _connection(self, broker: int | None, seconds: float = CONNECT_SECONDS) -> Connection:
        connection = self._connections.get(broker)
        if connection is not None and connection.expires < monotonic():  # the broker would hang up on the next request
            connection.close()
            self._forget(connection)
            connection = None
        if connection is None:
            connection = self._first_contact() if broker is None else self._connect(broker, seconds)
            self._connections[broker] = connection
        return connection

    def _forget(self, broken: Connection) -> None:
        # One by one, not a new dict: another thread (`ask_brokers`) may be adding its broker's connection.
        for broker in [broker for broker, each in tuple(self._connections.items()) if each is broken]:
            del self._connections[broker]

    def _controller_id(self) -> int:
        if self._controller is None:
            self._learn()
        if self._controller is None or self._controller < 0:
            raise self._without_controller()
        return self._controller

    def _without_controller(self) -> UnreachableError:
        return UnreachableError(f"{self._bootstrap_servers} answers, but the cluster has no controller now.")

    def _connect(self, broker: int, seconds: float) -> Connection:
        if broker not in self._brokers:
            self._learn()
        if broker not in self._brokers:
            raise self._absent(broker)
        address = self._brokers[broker]
        first = self._connection(None)
        # The bootstrap server is often the broker that is meant: one connection serves both.
        if first.address == address:
            return first
        try:
            return connect(address, monotonic() + min(seconds, CONNECT_SECONDS), self._security)
        except BrokenConnectionError as error:
            raise advertised(self._bootstrap_servers, broker, address, error.cause) from error

    def _absent(self, broker: int) -> UnreachableError:
        return UnreachableError(f"{self._bootstrap_servers} answers, but broker {broker} is not there.")

    def _first_contact(self) -> Connection:
        """Try the servers in turn, again and again: one that is silent must not hide another that answers."""
        began = monotonic()
        patience = CONNECT_SECONDS if self._seconds is None else self._seconds
        deadline = began + max(patience, self._wait_seconds)
        causes: dict[Address, BrokenConnectionError] = {}
        turn = min(TURN_SECONDS, patience / len(self._servers))
        left = list(self._servers)
        while left and (not causes or deadline - monotonic() > turn / 2):
            server = left.pop(0)
            if server in causes:
                sleep(PAUSE_SECONDS)
            # The last server that is left gets all the time there is: nobody else is held up by it any more.
            seconds = turn if left else max(turn, min(patience, deadline - monotonic()))
            try:
                return connect(server, monotonic() + seconds, self._security)
            except BrokenConnectionError as error:
                causes[server] = error
                # A name that does not resolve or a certificate that is not trusted stays so within five seconds.
                if not error.hopeless:
                    left.append(server)
            if self._all_refuse(causes) and monotonic() - began >= self._wait_seconds:
                break
        raise self._unreachable(causes.values())

    def _all_refuse(self, causes: Mapping[Address, BrokenConnectionError]) -> bool:
        """Tell whether no server is left that may answer: each refuses the connection, or failed for good."""
        failures = [causes.get(server) for server in self._servers]
        return all(failure and (failure.hopeless or isinstance(failure, RefusedError)) for failure in failures)

    def _unreachable(self, failures: Collection[BrokenConnectionError]) -> UnreachableError:
        causes = sorted({failure.cause for failure in failures})
        hints = sorted({failure.hint for failure in failures})
        usual = "Is the broker up? Another address: --bootstrap-server HOST:PORT."
        return UnreachableError(
            f"cannot reach {self._bootstrap_servers} ({', '.join(causes)}).", hints[0] or usual if hints else usual
        )


def check_metadata(metadata: Response) -> None:
    """Raise KafkaToolError for a response to Metadata that is an error, or has a topic without a name.

    From version 12 on a name may be null: where a topic was asked for by its id and is not there. Nobody asks so here.
    No broker of Apache's has a topic whose name is empty.
    """
    check_code(metadata["error_code"])
    # An empty name that somebody asked for comes back with this error.
    asked = "", INVALID_TOPIC
    if not all(each["name"] or (each["name"], each["error_code"]) == asked for each in metadata["topics"]):
        raise KafkaToolError("A broker's answer to a Metadata request cannot be read: a topic has no name.")


def addresses_of(metadata: Response) -> dict[int, Address]:
    """Return where the brokers in a response to Metadata are advertised, by id."""
    return {broker["node_id"]: (broker["host"], broker["port"]) for broker in metadata["brokers"]}


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
