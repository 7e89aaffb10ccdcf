"""A session with a cluster's brokers: confluent-kafka's AdminClient, and behind it a session of `kafka_tools.wire`."""

from _thread import start_new_thread
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

from kafka_tools.brokers.errors import (
    CANNOT_BE_READ,
    UNREADABLE,
    NoResponseError,
    broker_error,
    is_local,
    is_refused,
    refused_settings,
    unreadable,
    was_sent,
    words,
)
from kafka_tools.brokers.library import confluent_kafka, new_client
from kafka_tools.errors import (
    INVALID_TOPIC,
    NOTHING_CHANGED,
    BrokerError,
    KafkaToolError,
    UnreachableError,
    a_request,
)
from kafka_tools.model.target import Brokers, unreachable_hint
from kafka_tools.slim import Silence

if TYPE_CHECKING:
    from concurrent.futures import Future

    from confluent_kafka import KafkaError
    from confluent_kafka.admin import AdminClient, ClusterMetadata

    from kafka_tools.wire.session import WireSession

Key = TypeVar("Key")
Result = TypeVar("Result")
Failure = TypeVar("Failure", bound=KafkaToolError)

CONNECT_SECONDS = 10.0
"""How long librdkafka is waited for where our own connection has just reached the cluster."""

RESPONSE_SECONDS = 35.0
"""How long a response of a reachable broker is waited for: Java's request.timeout.ms, and 5 s for the way."""

CONTROLLER_SECONDS = 4.0
"""How long the controller, or ZooKeeper, is waited for before a change is sent: a new one is elected in 1 to 3 s."""

MOST_BYTES = 12_000_000
"""The longest answer that AdminClient takes: Metadata of some 280,000 partitions, and 250 MiB in memory."""

MOST_BROKERS = 2000
"""So many brokers a cluster may have: librdkafka gives each a thread and 110 KiB, and of 3,000 it takes minutes."""

ABANDONED: list[object] = []
"""AdminClients whose end would take as long as their threads: of more brokers, or of a server that is silent while a
user presses Ctrl-C. The process ends them."""

NOBODYS_QUOTAS = {"components": [{"entity_type": "user", "match_type": 0, "match": "ktools"}], "strict": True}
"""A question about quotas that a broker answers by one znode, which need not be there."""

LATE_SECONDS = 1.0
"""How much longer than the request's own time the answers of several brokers are waited for, which come at its end."""

QUIET_SECONDS = 0.3
"""How long there may be neither a response nor an error before the diagnosis begins."""

FIRST_SLICE_SECONDS, SLICE_SECONDS = 0.002, 0.05
"""The waits between two looks at what librdkafka reports, short at first: a response on loopback takes 3 ms."""


def client_settings(bootstrap_servers: str, config: Mapping[str, str]) -> dict[str, Any]:
    """Return librdkafka's settings for every client here, console tools and AdminClient alike.

    `config` holds the user's own, all of TLS and SASL among them; they win over those given here.
    """
    return {
        "bootstrap.servers": bootstrap_servers,
        "client.id": "ktools",
        # To ask for a topic's metadata would create it (librdkafka's default for consumers is false, for others true).
        "allow.auto.create.topics": False,
        # All bootstrap servers are connected to at once. Else the first request races the first connection, and takes
        # 54 ms instead of 2 to 5 where it loses (2.16.1); and one silent server would hide the others.
        "enable.sparse.connections": False,
        # Where a server refuses, the next try comes after 5 ms, later up to a second apart. The defaults, 100 ms and
        # 10 s, would leave a broker that has just started unnoticed for 10 s.
        "reconnect.backoff.ms": 5,
        "reconnect.backoff.max.ms": 1000,
        # A server that is silent is given up before the tools' own 5 s are over (the default is 30 s).
        "socket.connection.setup.timeout.ms": 4000,
        "socket.nagle.disable": True,  # as Java's clients do
        # librdkafka writes some 20 lines/s to stderr where brokers are down: no level, and a logger that drops them.
        "log_level": 0,
        "logger": Silence(),
    } | dict(config)


def sends_proofs_to_anybody(target: Brokers) -> bool:
    """Tell whether librdkafka would log in by SCRAM to a server that no certificate vouches for.

    Java's client refuses fewer than 4096 iterations (ScramSaslClient 3.9.1): whoever poses as a broker and asks for one
    can guess the password from the proof that it is sent. librdkafka 2.16.1 takes 1 (rdkafka_sasl_scram.c), has no
    setting for it, and sends some 30 proofs a second to such a server. So our own connection logs in first: it takes no
    fewer, and ends unless the server proves in turn that it knows the password. That keeps out everybody but one who
    passes on a whole login to the true broker before; against those only TLS helps.
    """
    how = target.security
    if how is None or how.sasl is None or not how.sasl.mechanism.startswith("SCRAM"):
        return False
    return how.tls is None or not how.tls.verify


def check_proofs(target: Brokers) -> None:
    """Log in with a connection of our own where `sends_proofs_to_anybody`.

    Raises UnreachableError where no server answers, AuthenticationError where one does not let the client in, or cannot
    prove that it knows the password.
    """
    if sends_proofs_to_anybody(target):
        from kafka_tools.wire.session import WireSession

        with WireSession(target.bootstrap_servers, target.security, wait_seconds=target.wait_seconds):
            pass


@contextmanager
def open_session(target: Brokers) -> "Iterator[Session]":
    """Open a session with the brokers of `target`, close it at the end.

    Raises KafkaToolError for settings that librdkafka refuses. Nobody is connected to before the first request.
    """
    session = Session(target)
    try:
        yield session
    finally:
        session.close()


class Session:
    """Requests to the brokers of one cluster through AdminClient, waited for in slices that Ctrl-C ends.

    librdkafka says of nearly every failed connection that there is "no transport", and that only when the time of the
    request is up. So where the first request gets no response soon, or an error is reported, the diagnosis looks for
    the cause with a connection of our own (`wire`), which then serves the requests that AdminClient lacks.
    """

    def __init__(self, target: Brokers) -> None:
        self.target = target
        self._wire: WireSession | None = None
        self._reached = False
        self._failure: KafkaError | None = None
        # Whatever settings there are librdkafka checks before anything is asked. Without any, who asks by `wire` alone
        # does not pay for it: a third of the CPU of `consumer-groups --list` (confluent-kafka 2.16.1).
        self._admin = self._opened() if target.config else None

    @property
    def admin(self) -> "AdminClient":
        """The AdminClient, opened when it is needed first."""
        if self._admin is None:
            self._admin = self._opened()
        return self._admin

    def ask(
        self, request: str, send: "Callable[[AdminClient], Future[Result]]", seconds: float = RESPONSE_SECONDS
    ) -> Result:
        """Send one request and return its result; `request` is its name in Kafka's protocol, for error messages.

        `send` calls a method of AdminClient that returns a future: `lambda admin: admin.describe_cluster()`.
        Raises BrokerError with what a broker answered instead, UnreachableError where no broker is reached,
        NoResponseError where none answers within `seconds`.
        """
        return self._result(request, self._sent(send), monotonic() + seconds)

    def ask_each(
        self,
        request: str,
        send: "Callable[[AdminClient], Mapping[Key, Future[Result]]]",
        seconds: float = RESPONSE_SECONDS,
    ) -> dict[Key, Result | BrokerError]:
        """Send one request about several things, and return for each its result or the broker's error.

        `send` calls a method of AdminClient that returns a dict of futures: `lambda admin: admin.delete_topics(names)`.
        Raises UnreachableError and NoResponseError as `ask` does.
        """
        return self.collect(request, self._sent(send), seconds)

    def change_each(
        self,
        request: str,
        send: "Callable[[AdminClient], Mapping[Key, Future[Result]]]",
        seconds: float = RESPONSE_SECONDS,
    ) -> dict[Key, Result | BrokerError]:
        """Send a request that changes several things, as `ask_each` does.

        Raises NoResponseError that says whether it is known that nothing was changed.
        """
        try:
            return self.ask_each(request, send, seconds)
        except NoResponseError as error:
            raise error.of_change() from error

    def collect(
        self, request: str, futures: "Mapping[Key, Future[Result]]", seconds: float = RESPONSE_SECONDS
    ) -> dict[Key, Result | BrokerError]:
        """Return the results of a request that was sent before, as `ask_each` does."""
        return self._collected(request, futures, monotonic() + seconds, BrokerError)

    def collect_known(
        self, request: str, futures: "Mapping[Key, Future[Result]]", seconds: float = RESPONSE_SECONDS
    ) -> dict[Key, Result | KafkaToolError]:
        """Return the results of a request that goes to several brokers, as `collect` does.

        What a broker that does not answer was asked for has a NoResponseError instead of a result. The request was sent
        with `seconds` as its request_timeout: it ends by itself, with the answers of those that are there.
        """
        return self._collected(request, futures, monotonic() + seconds + LATE_SECONDS, BrokerError, NoResponseError)

    def metadata(self, topic: str | None = None) -> "ClusterMetadata":
        """Return brokers, controller and topics (None: all of them) as any one broker knows them.

        No topic comes into being by that. Raises as `ask` does.
        """
        if topic == "":  # librdkafka takes it for a name, and the broker's answer that there is none for nonsense
            raise BrokerError(INVALID_TOPIC)
        # list_topics blocks in C, where neither Ctrl-C nor the diagnosis could get through: a thread waits for it.
        # The thread keeps the client by itself: the session may be closed before it has even begun.
        admin, seconds = self.admin, RESPONSE_SECONDS + self.target.wait_seconds
        future = _in_thread(lambda: admin.list_topics(topic, timeout=seconds))
        found = self._result("Metadata", future, monotonic() + seconds)
        if len(found.brokers) > MOST_BROKERS:
            ABANDONED.append(admin)
            raise KafkaToolError(
                f"{self.target.bootstrap_servers} names {len(found.brokers):,} brokers; more than {MOST_BROKERS:,} are "
                "too many."
            )
        # AdminClient (2.16) takes these in an answer, but raises a ValueError where they are then asked for.
        if not all(found.topics) or any(number < 0 for topic in found.topics.values() for number in topic.partitions):
            why = "a topic has no name, or a partition a number below 0"
            raise unreadable(self.target.bootstrap_servers, "Metadata", why)
        if self.target.on_cluster is not None and found.cluster_id:
            self.target.on_cluster(found.cluster_id)
        return found

    def check_cluster(self) -> None:
        """Call `target.on_cluster` with the cluster's id, which may forbid the change. Raises as `ask` does."""
        check = self.target.on_cluster
        # Who names controllers is checked by their addresses alone: AdminClient cannot ask them (librdkafka 2.16).
        if check is not None and not self.target.controllers:
            # Not by AdminClient: it asks the controller for it, which may be gone, and waits 35 s.
            cluster = self.wire.metadata(()).get("cluster_id")
            if cluster:
                check(cluster)

    def check_broker(self, broker: int) -> None:
        """Check, before a change is sent to one broker, that it is there: AdminClient would wait for it.

        Raises UnreachableError where it is not: nothing was changed then.
        """
        from kafka_tools.wire.messages import METADATA

        try:
            self.wire.ask(METADATA, {"topics": []}, broker, CONTROLLER_SECONDS)
        except UnreachableError as error:
            raise UnreachableError(f"{error.message} {NOTHING_CHANGED}", error.hint) from error

    def check_controller(self, is_written_by_any: bool = False) -> None:
        """Check, before a change is sent, that somebody is there to carry it out, and that those who guard it agree.

        `is_written_by_any`: with ZooKeeper any broker carries such a change out, without the controller. Raises
        UnreachableError where nobody is there: nothing was changed then.
        """
        from kafka_tools.wire.config_messages import DESCRIBE_CLIENT_QUOTAS
        from kafka_tools.wire.messages import DESCRIBE_QUORUM, LIST_PARTITION_REASSIGNMENTS, QUORUM

        self.check_cluster()
        # Controllers refuse at once what only the active one can do.
        if self.target.controllers:
            return
        wire = self.wire
        # A change that waits for a majority, or for ZooKeeper, is given up after 35 s, and may yet be carried out when
        # they come back. So they are asked before for what they alone know, and what changes nothing. Who may not ask
        # is answered, too: by them as well, but for quotas, which a broker refuses without a look into ZooKeeper.
        try:
            if wire.supports(DESCRIBE_QUORUM):
                wire.ask(DESCRIBE_QUORUM, QUORUM, seconds=CONTROLLER_SECONDS)
                return
            if wire.supports(DESCRIBE_CLIENT_QUOTAS):
                wire.ask(DESCRIBE_CLIENT_QUOTAS, NOBODYS_QUOTAS, seconds=CONTROLLER_SECONDS)
            if not is_written_by_any:
                wire.ask_controller(LIST_PARTITION_REASSIGNMENTS, {"topics": []}, CONTROLLER_SECONDS)
        except UnreachableError as error:
            raise UnreachableError(f"{error.message} {NOTHING_CHANGED}", self.question()) from error

    def wait_until_heard(self, is_known: "Callable[[WireSession], bool]", seconds: float, pause: float) -> None:
        """Wait until each of the named servers, one of which the next command will ask, has heard of a change.

        `is_known` asks one of them, every `pause` s, for `seconds` in all. A broker answers when a change is decided:
        the others hear of it afterwards. Raises nothing: the change is made.
        """
        from kafka_tools.wire.session import WireSession

        deadline = monotonic() + seconds
        # One after another, in one time limit: nobody waits longer because more servers are named.
        for server in self.target.bootstrap_servers.split(","):
            left = deadline - monotonic()
            if left <= 0:
                return
            try:
                with WireSession(server, self.target.security, left) as session:
                    while not is_known(session) and monotonic() < deadline:
                        sleep(pause)
            # It may be down, or not let us in: only who asks it next may not see the change yet.
            except KafkaToolError:
                continue

    @property
    def wire(self) -> "WireSession":
        """The session for the requests that AdminClient lacks, opened when it is needed first.

        Raises UnreachableError with the cause where nobody answers, AuthenticationError where nobody lets us in.
        """
        if self._wire is None:
            from kafka_tools.wire.session import WireSession

            target = self.target
            try:
                self._wire = WireSession(
                    target.bootstrap_servers,
                    target.security,
                    wait_seconds=target.wait_seconds,
                    controllers=target.controllers,
                )
            except UnreachableError as error:
                raise UnreachableError(error.message, unreachable_hint(target, error.hint)) from error
        return self._wire

    @contextmanager
    def with_controller(self) -> Iterator[None]:
        """Add a hint to what the block raises: the controller or ZooKeeper, which brokers ask for it, may be gone.

        Raises LostResponseError, with that hint, for a request that is not answered in time.
        """
        from kafka_tools.wire.connection import LostResponseError

        try:
            yield
        except LostResponseError as error:
            raise LostResponseError(error.message, error.hint or self.question()) from error

    def question(self) -> str:
        """Return what a user should look at where no controller answers; "" where our own connection is not there."""
        from kafka_tools.wire.messages import DESCRIBE_QUORUM

        try:
            kraft = self.wire.supports(DESCRIBE_QUORUM)
        except KafkaToolError:
            return ""
        return "Have the controllers lost their majority?" if kraft else "Is ZooKeeper gone, or the controller?"

    def close(self) -> None:
        """Close all connections."""
        if self._wire is not None:
            self._wire.close()
        self._admin = None  # AdminClient has no `close`: its end is that of the last reference

    def _opened(self) -> "AdminClient":
        kafka = confluent_kafka()
        from confluent_kafka.admin import AdminClient

        if sends_proofs_to_anybody(self.target):
            _ = self.wire
        settings = client_settings(self.target.bootstrap_servers, self.target.config)
        try:
            own = {"receive.message.max.bytes": MOST_BYTES} | settings | {"error_cb": self._on_error}
            return new_client(AdminClient, own)
        except kafka.KafkaException as error:
            raise refused_settings(error.args[0], self.target.security) from error

    def _on_error(self, error: "KafkaError") -> None:
        self._failure = error

    def _sent(self, send: "Callable[[AdminClient], Result]") -> Result:
        try:
            return send(self.admin)
        except confluent_kafka().KafkaException as error:
            raise KafkaToolError(words(error.args[0])) from error

    def _collected(
        self, request: str, futures: "Mapping[Key, Future[Result]]", deadline: float, *failures: type[Failure]
    ) -> dict[Key, Result | Failure]:
        found: dict[Key, Result | Failure] = {}
        # The futures share one deadline: they are under way together, and waiting for the first is waiting for all.
        for key, future in futures.items():
            try:
                found[key] = self._result(request, future, deadline)
            except failures as error:
                found[key] = error
        return found

    def _result(self, request: str, future: "Future[Result]", deadline: float) -> Result:
        self._wait(request, future, deadline)
        kafka = confluent_kafka()
        try:
            result = future.result()
        except kafka.KafkaException as error:
            reason = error.args[0]
            if is_refused(reason):
                raise KafkaToolError(words(reason)) from error
            if is_local(reason):
                self._explain()
                raise NoResponseError(self._silence(request, words(reason), reason), sent=was_sent(reason)) from error
            # A broker's own words are the best proof that it is reached.
            self._reached = True
            raise broker_error(reason) from error
        except UNREADABLE as error:
            raise NoResponseError(unreadable(self.target.bootstrap_servers, request, error).message) from error
        self._reached = True
        return result

    def _wait(self, request: str, future: "Future[Any]", deadline: float) -> None:
        """Wait until the future is done. Raises UnreachableError where the cluster is not reached or does not answer.

        The diagnosis is made once, and only before the first response: what fails later is an outage, not a mistake.
        """
        from concurrent.futures import wait

        diagnosis, pause = monotonic() + QUIET_SECONDS, FIRST_SLICE_SECONDS
        # Once an answer came, what fails is an outage: the diagnosis would find the bootstrap server in good health.
        looked = self._reached
        began = monotonic()
        while True:
            # error_cb runs in this thread, inside of poll(): without the call no error would ever be reported.
            self.admin.poll(0)  # serves error_cb, and OAUTHBEARER's tokens
            wait([future], pause)
            if future.done():
                return
            # The pauses double: a short command is not kept waiting, a long one does not spin.
            pause = min(2 * pause, SLICE_SECONDS)
            if not looked and (self._failure is not None or monotonic() > diagnosis):
                looked = True
                self._look(future)
                if self._failure is not None:  # our own connection is there: librdkafka's follows soon, or never
                    deadline = min(deadline, monotonic() + CONNECT_SECONDS)
            if monotonic() > deadline:
                why = words(self._failure) if self._failure and not self._reached else ""
                raise NoResponseError(self._silence(request, why or f"within {deadline - began:.0f} s"))

    def _look(self, future: "Future[Any]") -> None:
        """Raise what keeps us from the cluster; nothing where librdkafka got its answer meanwhile."""
        try:
            # Any request would do: the connection itself is what is looked at.
            self.wire.metadata(())
        except KafkaToolError:
            # Both wait about as long. librdkafka may be the first to give up, and knows less of the cause.
            if not future.done() or self._is_local(future):
                raise

    def _is_local(self, future: "Future[Any]") -> bool:
        error = future.exception()
        return isinstance(error, confluent_kafka().KafkaException) and is_local(error.args[0])

    def _explain(self) -> None:
        """Raise the cause of a failure that librdkafka reports, where it lies in the connection."""
        if not self._reached:
            self.wire.metadata(())

    def _silence(self, request: str, why: str, reason: "KafkaError | None" = None) -> str:
        if reason is not None and reason.name() in CANNOT_BE_READ:
            return unreadable(self.target.bootstrap_servers, request, why).message
        return f"{self.target.bootstrap_servers} gave no answer to {a_request(request)} ({why})."


def _in_thread(call: "Callable[[], Result]") -> "Future[Result]":
    """Return the future of a blocking call of librdkafka, made in a thread that nobody waits for at the end."""
    from concurrent.futures import Future

    future: Future[Result] = Future()
    failures = (confluent_kafka().KafkaException, *UNREADABLE)

    def run() -> None:
        try:
            future.set_result(call())
        except failures as error:
            future.set_exception(error)

    start_new_thread(run, ())
    return future
