"""One connection to one broker: requests and responses in turn, in versions that both sides know."""

from _socket import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from struct import Struct
from time import monotonic
from typing import Any

from kafka_tools import __version__
from kafka_tools.errors import UNSUPPORTED_VERSION, KafkaToolError, UnreachableError, UnsupportedError, a_request
from kafka_tools.model.addresses import Address, text
from kafka_tools.model.codec import MalformedError
from kafka_tools.wire.messages import API_VERSIONS
from kafka_tools.wire.schema import Message, Response
from kafka_tools.wire.sockets import LEAST_SECONDS, BrokenConnectionError

CONNECT_SECONDS = 5.0
"""How long an unreachable broker is waited for."""

RESPONSE_SECONDS = 35.0
"""How long a response of a reachable broker is waited for where the request may take long."""

# An `expires` that is never reached: of a listener without logins, or one whose logins do not end.
FOREVER = float("inf")
MAX_FIRST_RESPONSE_BYTES = 1_000_000
"""The longest response to ApiVersions that is taken for one."""

CHUNK_BYTES = 1 << 20
CLIENT = "ktools"
SOFTWARE = {"client_software_name": CLIENT, "client_software_version": __version__}
"""What ApiVersions tells brokers of the client: letters, digits, dots and dashes, and never nothing (KIP-511)."""

SIZE = Struct(">i")
RESPONSE_HEADER = Struct(">ii")
ERROR_CODE = Struct(">h")
# A listener for TLS takes the length of a request for a record of TLS, and hangs up without a word.
ASKING = "is this a Kafka listener, and a plaintext one?"


class LostResponseError(UnreachableError):
    """A request was sent and not answered: nobody knows whether it was carried out."""


class Connection:
    """A connection to the broker at `address` that is ready for requests.

    From `expires` on (time.monotonic, s) the broker takes none without another login.
    """

    def __init__(self, address: Address, opened: socket, deadline: float) -> None:
        """Agree on versions with the broker at the other end of a new socket until `deadline` (time.monotonic, s).

        Raises BrokenConnectionError.
        """
        self.address = address
        self.expires = FOREVER
        self._socket = opened
        self._sent = 0
        self._seconds = CONNECT_SECONDS
        # What the answer that is due belongs to: the message, its version, and until when it is waited for.
        self._asked = API_VERSIONS, API_VERSIONS.last, deadline
        self._versions = self._agree(deadline)

    def ask(self, message: Message, values: Mapping[str, Any], seconds: float | None = None) -> Response:
        """Send one request and return its response, which is waited for `seconds` (None: CONNECT_SECONDS).

        Raises as `send` and `receive` do.
        """
        self.send(message, values, CONNECT_SECONDS if seconds is None else seconds)
        return self.receive()

    def send(self, message: Message, values: Mapping[str, Any], seconds: float) -> None:
        """Send one request; its response, due in `seconds`, must be received before the next one is sent.

        Raises UnsupportedError, BrokenConnectionError where the broker hangs up.
        """
        # Looked up before a byte is sent: a broker answers an unknown request by closing the connection, as for a
        # failure.
        if not self.supports(message):
            newer = f" of version {message.first} or later" if message.key in self._versions else ""
            raise UnsupportedError(
                f"The broker at {text(self.address)} does not support {message.name} requests{newer}."
            )
        self._send(message, self.newest(message), values, monotonic() + seconds)
        self._seconds = seconds

    def receive(self) -> Response:
        """Return the response to the request that was sent last.

        Raises BrokenConnectionError where the broker hangs up, LostResponseError where it gives no answer in time,
        KafkaToolError for an answer that cannot be read.
        """
        message, version, _ = self._asked
        try:
            return message.decode(version, self._receive(message.most_bytes))
        except TimeoutError as error:
            raise LostResponseError(
                f"{text(self.address)} gave no answer to {a_request(message.name)} within {self._seconds:.0f} s."
            ) from error
        except MalformedError as error:
            raise KafkaToolError(
                f"{text(self.address)} gave an answer to {a_request(message.name)} (version {version}) that cannot be "
                f"read: {error.message}."
            ) from error

    def supports(self, message: Message) -> bool:
        """Tell whether the broker knows a version of this request that is known here."""
        # A kind that is not listed has the range 0 to -1, in which there is no version.
        lowest, highest = self._versions.get(message.key, (0, -1))
        return max(lowest, message.first) <= min(highest, message.last)

    def newest(self, message: Message) -> int:
        """Return the newest version of a request that both sides know."""
        return min(self._versions[message.key][1], message.last)

    def oldest(self, message: Message) -> int:
        """Return the oldest version of a request that the broker knows, -1 where it knows none."""
        return self._versions.get(message.key, (-1, -1))[0]

    @property
    def versions(self) -> Mapping[int, tuple[int, int]]:
        """The oldest and newest version of each kind of request, by its number, that the broker knows."""
        return self._versions

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
            response = self._known_versions(deadline)
        except TimeoutError as error:
            raise BrokenConnectionError(f"no answer within {max(deadline - began, 0):.0f} s") from error
        except MalformedError as error:
            raise BrokenConnectionError(f"the answer is not Kafka's: {ASKING}", hopeless=True) from error
        # Kept for each connection: while a cluster is upgraded, its brokers know different versions.
        return {api["api_key"]: (api["min_version"], api["max_version"]) for api in response["api_keys"]}

    def _known_versions(self, deadline: float) -> Response:
        """Return what the broker knows; one before 2.4 refuses new versions of the question itself, in version 0."""
        self._send(API_VERSIONS, API_VERSIONS.last, SOFTWARE, deadline)
        answer = self._receive(MAX_FIRST_RESPONSE_BYTES)
        # Version 3 and its error look alike up to the code: KIP-511 has the refusal answered in version 0, whose first
        # field is that code, so that nobody has to know the version of an answer that says the version is not known.
        if not answer.startswith(ERROR_CODE.pack(UNSUPPORTED_VERSION)):
            return API_VERSIONS.decode(API_VERSIONS.last, answer)
        self._send(API_VERSIONS, 0, {}, deadline)
        return API_VERSIONS.decode(0, self._receive(MAX_FIRST_RESPONSE_BYTES))

    def _send(self, message: Message, version: int, values: Mapping[str, Any], deadline: float) -> None:
        self._sent += 1
        self._asked = message, version, deadline
        # Before anything is sent, so that a value which cannot be written leaves the connection as it is.
        request = message.encode(version, values, self._sent, CLIENT)
        with self._closed_on_failure():
            # The deadline is that of the whole request: a server that sends a byte a second would else never be late.
            self._socket.settimeout(max(deadline - monotonic(), LEAST_SECONDS))
            self._socket.sendall(SIZE.pack(len(request)) + request)

    def _receive(self, most_bytes: int) -> bytes:
        """Return the answer to what was sent last, after its correlation id. Raises TimeoutError at the deadline."""
        with self._closed_on_failure():
            size, answered = RESPONSE_HEADER.unpack(self._read(RESPONSE_HEADER.size))
            # What is no Kafka shows here: the HTTP of a web server's answer reads as a size of 1.2 GB.
            if not 4 <= size <= most_bytes or answered != self._sent:
                too_long = f"it has {size:,} bytes, more than {most_bytes:,}" if size > most_bytes else ""
                raise MalformedError(too_long or "it does not answer the request")
            return self._read(size - 4)

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        """Close the connection when anything fails: bytes that still come would be taken for the next answer."""
        try:
            yield
        except TimeoutError:
            self.close()
            raise
        except OSError as error:
            self.close()
            raise BrokenConnectionError(_why_closed(error)) from error
        # Ctrl-C in the middle of an answer: the other half of it would be read as the next one's beginning.
        except BaseException:
            self.close()
            raise

    def _read(self, size: int) -> bytes:
        deadline, chunks = self._asked[2], []
        while size:
            self._socket.settimeout(max(deadline - monotonic(), LEAST_SECONDS))
            # In chunks: one recv() of a whole response would have Python make a buffer of the size that was announced,
            # which any server may say and never send.
            chunk = self._socket.recv(min(size, CHUNK_BYTES))
            if not chunk:
                raise ConnectionResetError("it ends too early")
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)


def _why_closed(error: OSError) -> str:
    # By its module and not by isinstance: ssl is not imported only to see that it was not used.
    if type(error).__module__ == "ssl":  # else nobody imported it: TLS is not spoken here
        from kafka_tools.openssl import cause

        return cause(error)
    return f"connection closed by the other side: {ASKING}"
