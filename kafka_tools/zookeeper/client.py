"""kazoo's client, kept from waiting for ever and from believing whatever a server sends.

Import `library.kazoo_client` and call it before this module: it imports kazoo without the parts that nothing here uses.
"""

import select
import struct
from contextlib import suppress
from time import monotonic
from typing import Any

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.handlers.threading import AsyncResult, KazooTimeoutError, SequentialThreadingHandler
from kazoo.protocol.connection import AUTH_XID, STOP_CONNECTING, ConnectionHandler

from kafka_tools.errors import KafkaToolError
from kafka_tools.zookeeper.answers import (
    NoAnswerError,
    NonsenseError,
    UnreadableAnswerError,
    check_answer,
    check_count,
    check_length,
)

ANSWER_SECONDS = 10.0
"""How long one answer is waited for. A server answers in milliseconds, and with a slow disk in a second or two."""

PATIENCE_SECONDS = 25.0
"""How long slow answers of one session are waited for in all; what comes within SLOW_SECONDS does not count.

Without it a server that takes 9 s for each of ten answers would hold a command for a minute and a half.
"""
SLOW_SECONDS = 1.0

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)
"""What Python raises in kazoo's thread where bytes are not what kazoo expects, or a socket not in the state it is."""


class Answer(AsyncResult):  # type: ignore[misc]
    """The answer to one request, which is waited for only so long."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Return the answer, or raise what went wrong. Raises NoAnswerError where it does not come in time."""
        if not block or self.ready():
            return super().get(block)
        handler: Handler = self._handler
        seconds = max(min(handler.patience, timeout or ANSWER_SECONDS), SLOW_SECONDS)
        began = monotonic()
        try:
            return super().get(timeout=seconds)
        except KazooTimeoutError:
            handler.silence = NoAnswerError(handler.connect, seconds)
            raise handler.silence from None
        finally:
            waited = monotonic() - began
            handler.patience -= waited if waited > SLOW_SECONDS else 0

    def set_exception(self, exception: BaseException) -> None:
        """Give the request an error instead of an answer; one of Python's own means that the bytes made no sense."""
        if not isinstance(exception, (KazooException, KazooTimeoutError, KafkaToolError)):
            exception = UnreadableAnswerError(self._handler.connect, exception)
        super().set_exception(exception)


class Handler(SequentialThreadingHandler):  # type: ignore[misc]
    """Runs kazoo's threads and sockets; with `tls` (ssl.SSLContext) it encrypts connections.

    It waits for sockets by poll(). kazoo's own `select` makes and closes an epoll instance for each wait, which is half
    of the time that a request takes.
    """

    def __init__(self, connect: str, tls: Any = None) -> None:
        super().__init__()
        self.connect, self.patience = connect, PATIENCE_SECONDS
        self.silence: NoAnswerError | None = None
        self._tls, self._hostname = tls, ""

    def async_result(self) -> Answer:
        """Return the place for one answer."""
        return Answer(self)

    def create_connection(self, address: Any, hostname: Any = None, timeout: Any = None, **_: Any) -> Any:
        """Connect to a server, within `timeout` seconds."""
        plain = super().create_connection(address, timeout=timeout)
        if self._tls is None:
            return plain
        # kazoo's connection gives the host's name here; its `command` (srvr) gives the port by mistake.
        if isinstance(hostname, str):
            self._hostname = hostname
        # Closes the plain socket where the handshake fails; wrap_socket has taken it over where it does not.
        with plain:
            return self._tls.wrap_socket(plain, server_hostname=self._hostname)

    def select(self, readers: Any, writers: Any, _: Any, timeout: float | None = None) -> Any:
        """Wait until one of the sockets is ready, `timeout` seconds at most."""
        poll = select.poll()
        waiting = {each.fileno(): each for each in (*readers, *writers)}
        for each in readers:
            poll.register(each, select.POLLIN)
        for each in writers:
            poll.register(each, select.POLLOUT)
        # Bytes that OpenSSL has already decrypted are not in the socket any more: poll() would wait for ever.
        decrypted = [each for each in readers if self._tls is not None and getattr(each, "pending", int)()]
        wait = 0 if decrypted else timeout
        ready = [waiting[fd] for fd, _ in poll.poll(None if wait is None else wait * 1000)] + decrypted
        return [each for each in readers if each in ready], [each for each in writers if each in ready], []


class Connection(ConnectionHandler):  # type: ignore[misc]
    """The loop of kazoo's thread, which ends quietly and says why where it cannot read what the server sent.

    In kazoo the thread dies with a traceback on the terminal, and the request whose answer it was reading never ends.
    """

    failure: BaseException | None = None
    _received = 0

    def _connect_loop(self, retry: Any) -> Any:
        try:
            return super()._connect_loop(retry)
        except UNREADABLE as error:
            # Noted before the loop ends: ending gives all requests under way ConnectionLoss, and who waits for them
            # looks here for the cause.
            self.failure = error
            return STOP_CONNECTING

    def _read(self, length: int, timeout: float) -> Any:
        # Before anything is received: kazoo would allocate as much as the server says.
        check_length(length, self._received)
        self._received += length
        return super()._read(length, timeout)

    def _read_header(self, timeout: float) -> Any:
        header, buffer, offset = super()._read_header(timeout)
        # kazoo takes it as the answer "True" to whatever waits first; only the shell's `addauth` asks for one.
        if header.xid == AUTH_XID and not self.client.auth_data:
            raise NonsenseError("an answer to a request that nobody sent")
        return header, buffer, offset

    def _read_response(self, header: Any, buffer: Any, offset: int) -> Any:
        # kazoo takes the request off its queue before it looks at the answer: nobody but this would end it.
        waiting = self.client._pending[0][1]
        try:
            return super()._read_response(header, buffer, offset)
        except UNREADABLE as error:
            if waiting is not None:
                waiting.set_exception(error)
            raise


class CheckedRequest:
    """A request of kazoo's, whose answer is checked after kazoo read it."""

    __slots__ = ("request",)

    def __init__(self, request: Any) -> None:
        self.request = request

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """The request's class: kazoo tells by it whether children are watched, or a znode itself."""
        return self.request.__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self.request, name)

    def deserialize(self, buffer: bytes, offset: int) -> Any:
        """Read the answer. Raises NonsenseError where it is not one to this request."""
        check_count(self.request, buffer, offset)
        answer = self.request.deserialize(buffer, offset)
        check_answer(self.request, answer, buffer, offset)
        return answer


class Client(KazooClient):  # type: ignore[misc]
    """A session with an ensemble."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._connection = Connection(self, self._conn_retry.copy(), logger=self.logger)

    @property
    def failure(self) -> BaseException | None:
        """What could not be read, if that ended the session."""
        failure: BaseException | None = self._connection.failure
        return failure

    def end(self) -> None:
        """End the session on the server and close the sockets, whatever state they are in."""
        with suppress(KazooException, *UNREADABLE):
            self.stop()
            self.close()

    def _call(self, request: Any, answer: Any) -> Any:
        # An answer that is still due would be taken for that of a later request: the session is of no use any more.
        if self.handler.silence is not None:
            answer.set_exception(self.handler.silence)
            return False
        return super()._call(CheckedRequest(request), answer)
