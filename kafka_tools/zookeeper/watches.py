"""What a shell watches: once by kazoo's own watches, or until it is removed (ZooKeeper 3.6), which kazoo has not."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

EVENTS = {"CREATED": "NodeCreated", "DELETED": "NodeDeleted", "CHANGED": "NodeDataChanged"}
"""What kazoo calls an event -> Java (org.apache.zookeeper.Watcher.Event.EventType); the others are of children."""

CHILDREN, DATA, ANY = 1, 2, 3
"""Which watches are removed (org.apache.zookeeper.Watcher.WatcherType)."""

PERSISTENT, RECURSIVE = 0, 1
"""How what stays watches: a znode and its children, or all below it (org.apache.zookeeper.AddWatchMode)."""


class _Once(defaultdict[str, set[Any]]):
    """kazoo's watches of one kind, by path. kazoo takes them out when an event comes; those that stay are told, too."""

    def __init__(self, there: "defaultdict[str, set[Any]]", staying: "Callable[[str], Iterable[Any]]") -> None:
        super().__init__(set, there)
        self._staying = staying

    def pop(self, path: str, default: Any = ()) -> Any:
        """Return whom to tell of an event at this path."""
        return [*super().pop(path, default), *self._staying(path)]

    def drop(self, path: str) -> bool:
        """Forget the watches at a path; return whether there were any."""
        return bool(super().pop(path, ()))


class Watches:
    """The watches of a session; `on_event` gets the type (`NodeDeleted`) and the path of what happens.

    Paths are those of the server, with the chroot.
    """

    def __init__(self, client: Any, on_event: Callable[[str, str], None]) -> None:
        self._on_event = on_event
        self._staying: dict[str, int] = {}
        # The event told last. kazoo hands the same object to each watch that it fires.
        self._told: Any = None
        # kazoo makes new ones where a session is lost, and with it all watches at the server.
        self._data = client._data_watchers = _Once(client._data_watchers, self._staying_at)
        self._children = client._child_watchers = _Once(client._child_watchers, self._staying_at)

    def tell(self, event: Any) -> None:
        """Tell of an event once, however many watches saw it, as Java does; not of the end of a session."""
        if event is not self._told and event.type != "NONE":
            self._told = event
            self._on_event(EVENTS.get(event.type, "NodeChildrenChanged"), event.path)

    def stay(self, path: str, mode: int) -> None:
        """Remember what the server now tells of until it is removed."""
        self._staying[path] = mode

    def removed(self, path: str, kind: int) -> Iterator[str]:
        """Forget the watches of a kind at a path; yield the type of the event that Java tells of each."""
        if kind in (CHILDREN, ANY) and self._children.drop(path):
            yield "ChildWatchRemoved"
        if kind in (DATA, ANY) and self._data.drop(path):
            yield "DataWatchRemoved"
        if kind == ANY and self._staying.pop(path, None) is not None:
            yield "PersistentWatchRemoved"

    def _staying_at(self, path: str) -> "Iterable[Callable[[Any], None]]":
        if self._staying.get(path) is not None:
            return (self.tell,)
        # `/a/b` is below `/a` and `/`, which may be watched with all below them.
        parents = (path[:end] or "/" for end, letter in enumerate(path) if letter == "/")
        return (self.tell,) if any(self._staying.get(each) == RECURSIVE for each in parents) else ()
