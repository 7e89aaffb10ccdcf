"""Reads many znodes at once, with ZooKeeper's multiRead where the server has it."""

import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from kafka_tools.model.znodes import Znode, ZnodeStat
from kafka_tools.zookeeper.answers import INT, NonsenseError, UnreadableAnswerError, check_data

FEW = 200
"""Up to this many znodes are asked for one by one: that takes less than the request for the server's version."""

SINGLES_UNDER_WAY = 1000
"""How many requests may wait for their answers: kazoo keeps each in memory, and the server answers them in order."""

PATHS_A_REQUEST, REQUESTS_UNDER_WAY = 1000, 4
"""1,000 paths give an answer of some 100 kB. A server hangs up on a request above 1 MB (jute.maxbuffer)."""

NOTHING_MORE, GET_DATA = -1, 4
RESULT = struct.Struct("!iBii")
"""A MultiHeader (operation, whether it is the last, error), and what follows it: the data's length, or the error."""

HEADER = struct.Struct("!iBi")
STAT = struct.Struct("!qqqqiiiqiiq")
NO_NODE = -101
Found = TypeVar("Found", bytes, Znode)


class Znodes:
    """The znodes of one session, read in as few round trips as its server allows."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._multi_read: bool | None = None

    def ask_for_children(self, path: str) -> Callable[[], list[str] | None]:
        """Ask for the children of a znode, and return a function that waits for their names.

        It returns None where there is no such znode.
        """
        request = self._client.get_children_async(path)

        def children() -> list[str] | None:
            from kazoo.exceptions import NoNodeError

            try:
                names: list[str] = request.get()
            except NoNodeError:
                return None
            return names

        return children

    def ask_for_data(self, paths: Sequence[str]) -> Iterator[bytes | None]:
        """Ask for a few znodes at once, and return an iterator that waits for them as `data` does."""
        return _single_data(iter([self._client.get_async(path) for path in paths]))

    def data(self, paths: Sequence[str]) -> Iterator[bytes | None]:
        """Yield what each znode holds, None where there is no such znode."""
        # In this order: who asks for few znodes does not pay for the look at the server's version.
        if len(paths) > FEW and self.serves_multi_read():
            return self._in_bulk(paths, results)
        return _single_data(pipelined(map(self._client.get_async, paths), SINGLES_UNDER_WAY))

    def whole(self, paths: Sequence[str]) -> Iterator[Znode | None]:
        """Yield each znode with its stat, None where there is no such znode."""
        if len(paths) > FEW and self.serves_multi_read():
            return self._in_bulk(paths, whole_results)
        return _single(pipelined(map(self._client.get_async, paths), SINGLES_UNDER_WAY))

    def stats(self, paths: Sequence[str]) -> Iterator[ZnodeStat | None]:
        """Yield the stat of each znode, None where there is none: no right to read a znode is needed for that."""
        for request in pipelined(map(self._client.exists_async, paths), SINGLES_UNDER_WAY):
            stat = request.get()
            yield None if stat is None else ZnodeStat._make(stat)

    def _in_bulk(
        self, paths: Sequence[str], read: Callable[[tuple[bytes, int], int], Iterator[Found | int]]
    ) -> Iterator[Found | None]:
        from kazoo.exceptions import EXCEPTIONS

        # Only the last request has fewer paths.
        counts = (min(PATHS_A_REQUEST, len(paths) - start) for start in range(0, len(paths), PATHS_A_REQUEST))
        for request in pipelined(self._bulk_requests(paths), REQUESTS_UNDER_WAY):
            for result in self._results(request, next(counts), read):
                if not isinstance(result, int):
                    yield result
                elif result == NO_NODE:
                    yield None
                else:
                    raise EXCEPTIONS[result]()

    def _results(
        self, request: Any, count: int, read: Callable[[tuple[bytes, int], int], Iterator[Found | int]]
    ) -> list[Found | int]:
        from kazoo.exceptions import EXCEPTIONS

        answer = request.get()
        try:
            found = list(read(answer, count))
            unknown = [each for each in found if isinstance(each, int) and each not in EXCEPTIONS]
            if unknown:
                raise NonsenseError(f"error {unknown[0]}")
        except (NonsenseError, struct.error) as error:
            raise UnreadableAnswerError(self._client.handler.connect, error) from error
        return found

    def _bulk_requests(self, paths: Sequence[str]) -> Iterator[Any]:
        for start in range(0, len(paths), PATHS_A_REQUEST):
            answer = self._client.handler.async_result()
            whole = [self._client.chroot + path for path in paths[start : start + PATHS_A_REQUEST]]
            # What kazoo's own get_async does for its requests (kazoo.client, 2.11); it has no public way for others.
            self._client._call(MultiRead(whole), answer)
            yield answer

    def serves_multi_read(self) -> bool:
        """Tell whether the server knows multiRead, by its version; a server before 3.6 closes the connection on it."""
        if self._multi_read is None:
            self._multi_read = self._server_version() >= (3, 6)
        return self._multi_read

    def _server_version(self) -> tuple[int, ...]:
        import re

        try:
            answer = self._client.command(b"srvr")
        # AttributeError: kazoo's connection has no socket for the moment, because it was lost.
        except (AttributeError, OSError):
            answer = ""
        # A server tells no version where `srvr` is not in its 4lw.commands.whitelist: it is taken for an old one.
        match = re.match(r"Zookeeper version: (\d{1,9})\.(\d{1,9})", answer)
        return tuple(map(int, match.groups())) if match else ()


class MultiRead:
    """The request multiRead (ZooKeeper 3.6; org.apache.zookeeper.MultiOperationRecord), which kazoo does not have.

    It has the attributes that kazoo's session expects of a request. The answer is the raw buffer, read by `results`.
    40,000 znodes take 0.13 s with it, and 21 s one by one.
    """

    type = 22

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths

    def serialize(self) -> bytes:
        """Return the body of the request: an operation for each path."""
        # Each operation ends with a byte that says whether to watch the znode; a command is over before it changes.
        start, end = HEADER.pack(GET_DATA, False, -1), HEADER.pack(NOTHING_MORE, True, -1)
        encoded = [path.encode() for path in self._paths]
        return b"".join([*(start + INT.pack(len(path)) + path + b"\0" for path in encoded), end])

    @staticmethod
    def deserialize(buffer: bytes, offset: int) -> tuple[bytes, int]:
        """Return the answer unread: kazoo calls this in the thread that reads the socket, and must go on reading."""
        return buffer, offset


def is_znode_name(name: str) -> bool:
    """Tell whether a znode can have this name, by ZooKeeper's rules (org.apache.zookeeper.common.PathUtils 3.8)."""
    import re

    forbidden = r"[/\x00-\x1f\x7f-\x9f\ud800-\uf8ff\ufff0-\uffff]"
    return name not in ("", ".", "..") and not re.search(forbidden, name)


def results(answer: tuple[bytes, int], count: int) -> Iterator[bytes | int]:
    """Yield for each of `count` paths the data of its znode, or ZooKeeper's error code.

    Raises NonsenseError or struct.error where the answer has other results, or more or less than them.
    Source: org.apache.zookeeper.MultiResponse 3.8.
    """
    buffer = answer[0]
    for start, end in _spans(answer, count):
        yield buffer[start:end] if end >= 0 else start


def whole_results(answer: tuple[bytes, int], count: int) -> Iterator[Znode | int]:
    """Yield what `results` does, the data with the stat behind it. Raises as `results` does."""
    buffer = answer[0]
    for start, end in _spans(answer, count):
        yield Znode(buffer[start:end], ZnodeStat._make(STAT.unpack_from(buffer, end))) if end >= 0 else start


def _spans(answer: tuple[bytes, int], count: int) -> Iterator[tuple[int, int]]:
    """Yield where the data of each znode begins and ends, or ZooKeeper's error code and -1."""
    buffer, offset = answer
    for _ in range(count):
        operation, _, _, length = RESULT.unpack_from(buffer, offset)
        offset += RESULT.size
        if operation != GET_DATA:
            if operation != NOTHING_MORE:
                raise NonsenseError(f"a result of operation {operation}")
            yield length, -1
            continue
        if length < -1:  # -1: the znode holds no data
            raise NonsenseError(f"a length of {length:,}")
        end = offset + max(length, 0)
        check_data(buffer[offset:end])
        yield offset, end
        offset = end + STAT.size
    operation, done, _ = HEADER.unpack_from(buffer, offset)
    if (operation, done, len(buffer)) != (NOTHING_MORE, 1, offset + HEADER.size):
        raise NonsenseError(f"{len(buffer):,} bytes are no {count} results")


def _single_data(requests: Iterable[Any]) -> Iterator[bytes | None]:
    from kazoo.exceptions import NoNodeError

    for request in requests:
        try:
            yield request.get()[0] or b""
        except NoNodeError:
            yield None


def _single(requests: Iterable[Any]) -> Iterator[Znode | None]:
    from kazoo.exceptions import NoNodeError

    for request in requests:
        try:
            data, stat = request.get()
        except NoNodeError:
            yield None
        else:
            yield Znode(data or b"", ZnodeStat._make(stat[: len(ZnodeStat._fields)]))


def pipelined(requests: Iterator[Any], most: int) -> Iterator[Any]:
    """Yield requests in their order, each after up to `most` later ones were sent.

    So the server works on the next while the answer of one is read: a round trip is waited for once, not for each.
    """
    sent: deque[Any] = deque()
    for request in requests:
        sent.append(request)
        if len(sent) > most:
            yield sent.popleft()
    yield from sent
