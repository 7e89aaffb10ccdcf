"""One connection to one broker: requests and answers in turn, in versions that both know."""

from _socket import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from struct import Struct
from time import monotonic
from typing import TYPE_CHECKING, Any

from kafka_tools import __version__
from kafka_tools.errors import KafkaToolError, UnreachableError
from kafka_tools.wire.api_versions import API_VERSIONS
from kafka_tools.wire.codec import MalformedError
from kafka_tools.wire.errors import UNSUPPORTED_VERSION
from kafka_tools.wire.schema import Message
from kafka_tools.wire.sockets import LEAST_SECONDS, Address, BrokenConnectionError, open_socket, text

if TYPE_CHECKING:
    from kafka_tools.model.security import Security

CONNECT_SECONDS = 5.0
"""How long an unreachable broker is waited for."""

ANSWER_SECONDS = 35.0
"""How long an answer of a reachable broker is waited for; in a login CONNECT_SECONDS."""

FOREVER = float("inf")
LIFE_USED = 0.85
"""So much of a login's time is used (org.apache.kafka.common.security.authenticator.SaslClientAuthenticator 3.9.1)."""

MAX_ANSWER_BYTES = 100_000_000
MAX_FIRST_ANSWER_BYTES = 1_000_000
"""No broker answers with more, nor to the first question with more than that: what says so is no broker."""

CHUNK_BYTES = 1 << 20
CLIENT = "ktools"
SIZE = Struct(">i")
ANSWER_HEADER = Struct(">ii")
ERROR_CODE = Struct(">h")
Answer = dict[str, Any]
ASKING = "is this a Kafka listener, and a plaintext one?"


class UnsupportedError(KafkaToolError):
    """The broker knows no version of a request that is known here."""


class LostAnswerError(UnreachableError):
    """A request was sent and not answered: nobody knows whether it was carried out."""


class Connection:
    """A connection to the broker at `address` that is ready for requests; from `expires` on (time.monotonic, s) the
    broker takes none without another login. An answer is waited for `patience` seconds."""

    def __init__(self, address: Address, opened: socket, deadline: float) -> None:
        """Agree on versions with the broker at the other end of a new socket until `deadline` (time.monotonic, s).

        Raises BrokenConnectionError.
        """
        self.address = address
        self.expires = FOREVER
        self.patience = CONNECT_SECONDS
        self._socket = opened
        self._sent = 0
        self._asked = API_VERSIONS, API_VERSIONS.last, deadline
        self._versions = self._agree(deadline)

    def ask(self, message: Message, values: Mapping[str, Any]) -> Answer:
        """Send one request and return its answer. Raises as `send` and `receive` do."""
        self.send(message, values)
        return self.receive()

    def send(self, message: Message, values: Mapping[str, Any]) -> None:
        """Send one request; its answer is to be received before the next.

        Raises UnsupportedError, BrokenConnectionError where the broker hangs up.
        """
        if not self.supports(message):
            raise UnsupportedError(f"The broker at {text(self.address)} does not support {message.name} requests.")
        self._send(message, self.newest(message), values, monotonic() + self.patience)

    def receive(self) -> Answer:
        """Return the answer to the request sent last, its fields by name.

        Raises BrokenConnectionError where the broker hangs up, LostAnswerError where it gives no answer in time,
        KafkaToolError for an answer that cannot be read.
        """
        message, version, _ = self._asked
        try:
            return message.decode(version, self._receive())
        except TimeoutError as error:
            raise LostAnswerError(
                f"{text(self.address)} gave no answer to a {message.name} request within {self.patience:.0f} s."
            ) from error
        except MalformedError as error:
            raise KafkaToolError(
                f"{text(self.address)} gave an answer to a {message.name} request (version {version}) that cannot be "
                f"read: {error.message}."
            ) from error

    def supports(self, message: Message) -> bool:
        """Tell whether the broker knows a version of this request that is known here."""
        lowest, highest = self._versions.get(message.key, (0, -1))
        return max(lowest, message.first) <= min(highest, message.last)

    def newest(self, message: Message) -> int:
        """Return the version of a request that both know, the newest."""
        return min(self._versions[message.key][1], message.last)

    @property
    def known(self) -> int:
        """How many kinds of requests the broker knows."""
        return len(self._versions)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _agree(self, deadline: float) -> dict[int, tuple[int, int]]:
        began = monotonic()
        try:
            answer = self._known_versions(deadline)
        except TimeoutError as error:
            raise BrokenConnectionError(f"no answer within {max(deadline - began, 0):.0f} s") from error
        except MalformedError as error:
            raise BrokenConnectionError(f"the answer is not Kafka's: {ASKING}", hopeless=True) from error
        return {api["api_key"]: (api["min_version"], api["max_version"]) for api in answer["api_keys"]}

    def _known_versions(self, deadline: float) -> Answer:
        """Return what the broker knows; one before 2.4 refuses new versions of the question itself, in version 0."""
        client = {"client_software_name": CLIENT, "client_software_version": __version__}
        self._send(API_VERSIONS, API_VERSIONS.last, client, deadline)
        answer = self._receive(MAX_FIRST_ANSWER_BYTES)
        if not answer.startswith(ERROR_CODE.pack(UNSUPPORTED_VERSION)):
            return API_VERSIONS.decode(API_VERSIONS.last, answer)
        self._send(API_VERSIONS, 0, {}, deadline)
        return API_VERSIONS.decode(0, self._receive(MAX_FIRST_ANSWER_BYTES))

    def _send(self, message: Message, version: int, values: Mapping[str, Any], deadline: float) -> None:
        self._sent += 1
        self._asked = message, version, deadline
        request = message.encode(version, values, self._sent, CLIENT)
        with self._closed_on_failure():
            self._socket.settimeout(max(deadline - monotonic(), LEAST_SECONDS))
            self._socket.sendall(SIZE.pack(len(request)) + request)

    def _receive(self, most_bytes: int = MAX_ANSWER_BYTES) -> bytes:
        """Return the answer to what was sent last, after its correlation id. Raises TimeoutError at the deadline."""
        with self._closed_on_failure():
            size, answered = ANSWER_HEADER.unpack(self._read(ANSWER_HEADER.size))
            if not 4 <= size <= most_bytes or answered != self._sent:
                raise MalformedError("it does not answer the request")
            return self._read(size - 4)

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        """Close the connection when something goes wrong: what still comes would be taken for the next answer."""
        try:
            yield
        except TimeoutError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise BrokenConnectionError(_why_closed(error)) from error
        except BaseException:
            self.close()
            raise

    def _read(self, size: int) -> bytes:
        deadline, chunks = self._asked[2], []
        while size:
            self._socket.settimeout(max(deadline - monotonic(), LEAST_SECONDS))
            chunk = self._socket.recv(min(size, CHUNK_BYTES))
            if not chunk:
                raise ConnectionResetError("it ends too early")
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)


def _why_closed(error: OSError) -> str:
    if type(error).__module__ == "ssl":  # else nobody imported it: TLS is not spoken here
        from kafka_tools.tls import cause

        return cause(error)
    return f"connection closed by the other side: {ASKING}"


def connect(address: Address, deadline: float, security: "Security | None" = None) -> Connection:
    """Connect to a broker, agree on versions and log in until `deadline` (time.monotonic, s).

    Raises BrokenConnectionError, AuthenticationError where the broker does not let the client in.
    """
    opened = open_socket(address, deadline)
    try:
        if security is not None and security.tls is not None:
            from kafka_tools.wire.tls import encrypted

            opened = encrypted(opened, security.tls, address, deadline)
        connection = Connection(address, opened, deadline)
        if security is not None and security.sasl is not None:
            from kafka_tools.wire.sasl import log_in

            lifetime = log_in(connection, security.sasl)
            connection.expires = monotonic() + lifetime / 1000 * LIFE_USED if lifetime else FOREVER
        connection.patience = ANSWER_SECONDS
    except BrokenConnectionError as error:
        opened.close()
        raise explained(error, address, deadline, security) from error
    except BaseException:
        opened.close()
        raise
    return connection


def explained(
    error: BrokenConnectionError, address: Address, deadline: float, security: "Security | None"
) -> BrokenConnectionError:
    """Return the failure, or a better one where the listener was spoken to in the wrong way."""
    if error.hopeless or monotonic() >= deadline:
        return error
    from kafka_tools.wire.listener import mistaken

    return mistaken(address, security is not None and security.tls is not None, deadline) or error
