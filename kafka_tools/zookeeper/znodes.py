"""Reading znodes, many at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from kafka_tools.errors import KafkaToolError

FEW = 200
"""So many znodes are asked for one by one without further ado."""

SINGLES_UNDER_WAY = 1000
PATHS_A_REQUEST, REQUESTS_UNDER_WAY = 1000, 4


class Znodes:
    """The znodes of one session, read in as few round trips as its server knows."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._multi_read: bool | None = None

    def ask_for_children(self, path: str) -> Callable[[], list[str]]:
        """Send the request; return what waits for the names of the children, none where there is no such znode."""
        request = self._client.get_children_async(path)

        def children() -> list[str]:
            from kazoo.exceptions import NoNodeError

            try:
                names: list[str] = request.get()
            except NoNodeError:
                return []
            return names

        return children

    def ask_for_documents(self, paths: Sequence[str]) -> Iterator[Any]:
        """Send the requests for a few znodes; return what waits for them as `documents` does."""
        return _decoded(paths, _single_data(iter([self._client.get_async(path) for path in paths])))

    def documents(self, paths: Sequence[str]) -> Iterator[Any]:
        """Yield the JSON document of each znode, None where there is none. Raises KafkaToolError for other text."""
        if len(paths) > FEW and self._serves_multi_read():
            return _decoded(paths, self._in_bulk(paths))
        return _decoded(paths, _single_data(_under_way(map(self._client.get_async, paths), SINGLES_UNDER_WAY)))

    def _in_bulk(self, paths: Sequence[str]) -> Iterator[bytes | None]:
        from kazoo.exceptions import EXCEPTIONS

        from kafka_tools.zookeeper.multi_read import NO_NODE, results

        counts = (min(PATHS_A_REQUEST, len(paths) - start) for start in range(0, len(paths), PATHS_A_REQUEST))
        for request in _under_way(self._bulk_requests(paths), REQUESTS_UNDER_WAY):
            for result in results(request.get(), next(counts)):
                if isinstance(result, bytes):
                    yield result
                elif result == NO_NODE:
                    yield None
                else:
                    raise EXCEPTIONS[result]()

    def _bulk_requests(self, paths: Sequence[str]) -> Iterator[Any]:
        from kafka_tools.zookeeper.multi_read import MultiRead

        for start in range(0, len(paths), PATHS_A_REQUEST):
            answer = self._client.handler.async_result()
            whole = [self._client.chroot + path for path in paths[start : start + PATHS_A_REQUEST]]
            self._client._call(MultiRead(whole), answer)
            yield answer

    def _serves_multi_read(self) -> bool:
        """Ask the server for its version, once: one before 3.6 drops the connection on a multiRead."""
        if self._multi_read is None:
            self._multi_read = self._server_version() >= (3, 6)
        return self._multi_read

    def _server_version(self) -> tuple[int, ...]:
        import re

        try:
            answer = self._client.command(b"srvr")
        except OSError:
            answer = ""
        match = re.match(r"Zookeeper version: (\d+)\.(\d+)", answer)
        return tuple(map(int, match.groups())) if match else ()  # not told: the command is not in the server's list


def decoded(path: str, data: bytes) -> Any:
    """Return the JSON document that a znode holds. Raises KafkaToolError for other text."""
    import json

    try:
        return json.loads(str(data, "utf-8"))
    except (ValueError, RecursionError) as error:
        raise KafkaToolError(f"The znode {path} holds no JSON: {data[:80]!r}") from error


def _decoded(paths: Iterable[str], found: Iterable[bytes | None]) -> Iterator[Any]:
    for path, data in zip(paths, found, strict=True):
        yield None if data is None else decoded(path, data)


def _single_data(requests: Iterable[Any]) -> Iterator[bytes | None]:
    from kazoo.exceptions import NoNodeError

    for request in requests:
        try:
            yield request.get()[0] or b""
        except NoNodeError:
            yield None


def _under_way(requests: Iterator[Any], most: int) -> Iterator[Any]:
    """Yield each request, so many further ones sent before anybody waits for it."""
    sent: deque[Any] = deque()
    for request in requests:
        sent.append(request)
        if len(sent) > most:
            yield sent.popleft()
    yield from sent
