"""The requests of ZooKeeper's own shell, one method each, and ZooKeeper's words where a server refuses one.

Everything else in this room reads what Kafka wrote; this is for whoever wants to see and change znodes as they are.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from kafka_tools.errors import UnreachableError
from kafka_tools.model.znodes import CONFIG, CONTAINER, SEQUENTIAL, ZnodeAcl, ZnodeError, ZnodeStat, check_path
from kafka_tools.zookeeper.watches import PERSISTENT, RECURSIVE, Watches

INT, LONG = struct.Struct("!i"), struct.Struct("!q")
SIBLINGS_AT_ONCE = 500
"""How many znodes are asked for their children before the first answer is needed: a tree costs few round trips."""

CREATE, REMOVE_WATCHES, CREATE_CONTAINER, CREATE_TTL = 1, 18, 19, 21
GET_EPHEMERALS, GET_ALL_CHILDREN_NUMBER, ADD_WATCH, WHO_AM_I = 103, 104, 106, 107
"""Operations (org.apache.zookeeper.ZooDefs.OpCode 3.8)."""

# Byte for byte ZooKeeper's, its slips (`commmitted`, the blank before a colon) among them.
REFUSALS = {
    "NoNode": "Node does not exist: {}",
    "NoChildrenForEphemerals": "Ephemerals cannot have children: {}",
    "NodeExists": "Node already exists: {}",
    "NotEmpty": "Node not empty: {}",
    "NotReadOnlyCall": "Not a read-only call: {}",
    "InvalidACL": "Acl is not valid : {}",
    "NoAuth": "Insufficient permission : {}",
    "BadArguments": "Arguments are not valid : {}",
    "BadVersion": "version No is not valid : {}",
    "ReconfigInProcess": "Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)",
    "NewConfigNoQuorum": "No quorum of new config is connected and up-to-date with the leader of last commmitted config"
    " - try invoking reconfiguration after new servers are connected and synced",
    "QuotaExceeded": "Quota has exceeded : {}",
}
"""What kazoo calls an error -> what the shell says of it (org.apache.zookeeper.cli.CliWrapperException 3.8)."""

CODES = {
    "NoChildrenForEphemerals": "NoChildrenForEphemerals",
    "ReconfigDisabled": "Reconfig is disabled",
    "SessionExpired": "Session expired",
    "SessionMoved": "Session moved",
    "NoWatcher": "No such watcher",
    "ConnectionClosed": "ConnectionLoss",
}
"""What kazoo calls an error -> KeeperException.getCodeMessage (3.8), where these differ."""

LOST = ("ConnectionLoss", "ConnectionClosed", "SessionExpired")


class _Request(NamedTuple):
    """A request that kazoo has not: its operation, its bytes, and what reads the answer from a buffer at an offset."""

    type: int
    content: bytes
    read: Callable[[bytes, int], Any]

    def serialize(self) -> bytes:
        """Return its bytes."""
        return self.content

    def deserialize(self, buffer: bytes, offset: int) -> Any:
        """Read its answer."""
        return self.read(buffer, offset)


@dataclass(slots=True)
class _Asked:
    """A znode whose children are wanted, and where the answer will be once they are asked for."""

    path: str
    answer: Any = None


class ZooKeeperShell:
    """A session of a shell.

    Every method raises ZnodeError where the server refuses, KafkaToolError where a path is none, UnreachableError where
    the session is broken, all in ZooKeeper's words.
    """

    def __init__(self, client: Any, on_event: Callable[[str, str], None]) -> None:
        """`on_event` gets the type (`NodeDeleted`) and the path of what happens to a znode that is watched."""
        self._client, self._on_event = client, on_event
        self._watches = Watches(client, on_event)

    @property
    def state(self) -> str:
        """What the session is, in Java's word (org.apache.zookeeper.ZooKeeper.States)."""
        if not self._client.connected:
            return "CONNECTING"
        return "CONNECTEDREADONLY" if self._client.client_state == "CONNECTED_RO" else "CONNECTED"

    def children(self, path: str, watch: bool = False) -> tuple[list[str], ZnodeStat]:
        """Return the names of a znode's children, sorted, and its stat."""
        with _asking(path):
            names, stat = self._client.get_children(
                path, watch=self._watches.tell if watch else None, include_data=True
            )
        return sorted(names), _stat(stat)

    def tree(self, path: str, watch: bool = False) -> Iterator[str]:
        """Yield a znode, its children, and what is below each of them (org.apache.zookeeper.ZKUtil 3.8)."""
        self.data(path, watch)
        yield path
        yield from self._below(path, watch)

    def data(self, path: str, watch: bool = False) -> tuple[bytes | None, ZnodeStat]:
        """Return what a znode holds (None: null, which is not the same as empty) and its stat."""
        with _asking(path):
            data, stat = self._client.get(path, watch=self._watches.tell if watch else None)
        return data, _stat(stat)

    def stat(self, path: str, watch: bool = False) -> ZnodeStat | None:
        """Return the stat of a znode, None where there is none."""
        with _asking(path):
            found = self._client.exists(path, watch=self._watches.tell if watch else None)
        return None if found is None else _stat(found)

    def create(
        self, path: str, data: bytes | None, acl: Sequence[ZnodeAcl], flags: int = 0, ttl_ms: int | None = None
    ) -> str:
        """Create a znode and return its path; `ttl_ms`: ZooKeeper removes it when it was not changed for so long."""
        # A sequential znode is called by a number behind the path, which may then end with a slash.
        with _asking(path, path + "1" if flags & SEQUENTIAL else path):
            from kazoo.protocol.serialization import Create, read_string

            # kazoo has no request for containers and for znodes with a TTL: their body is that of Create, and the TTL.
            content = Create(self._client.chroot + path, data, _acls(acl), flags).serialize()
            operation = CREATE_CONTAINER if flags == CONTAINER else CREATE if ttl_ms is None else CREATE_TTL
            content += LONG.pack(ttl_ms) if ttl_ms is not None else b""
            made = self._ask(_Request(operation, content, lambda buffer, offset: read_string(buffer, offset)[0]))
            return str(self._client.unchroot(made))

    def set(self, path: str, data: bytes, version: int = -1) -> ZnodeStat:
        """Write a znode, if it still has this version (-1: whichever), and return its stat."""
        with _asking(path):
            return _stat(self._client.set(path, data, version))

    def delete(self, path: str, version: int = -1) -> None:
        """Delete a znode without children, if it still has this version (-1: whichever)."""
        with _asking(path):
            self._client.delete(path, version)

    def delete_tree(self, path: str, batch: int) -> bool:
        """Delete a znode with all below it, `batch` of them a transaction; return whether all of it is gone."""
        there = [path, *self._below(path)]
        # A parent has fewer slashes than what is below it: nothing is deleted before what it holds.
        there.sort(key=lambda each: each.count("/"), reverse=True)
        whole = True
        for first in range(0, len(there), batch):
            with _asking(path):
                transaction = self._client.transaction()
                for each in there[first : first + batch]:
                    transaction.delete(each)
                whole = not any(isinstance(each, Exception) for each in transaction.commit()) and whole
        return whole

    def acl(self, path: str) -> tuple[list[ZnodeAcl], ZnodeStat]:
        """Return the rules of a znode and its stat."""
        with _asking(path):
            rules, stat = self._client.get_acls(path)
        return [ZnodeAcl(each.id.scheme, each.id.id, each.perms) for each in rules], _stat(stat)

    def set_acl(self, path: str, acl: Sequence[ZnodeAcl], version: int = -1) -> ZnodeStat:
        """Replace the rules of a znode, if these still have this version (-1: whichever), and return its stat."""
        with _asking(path):
            return _stat(self._client.set_acls(path, _acls(acl), version))

    def sync(self, path: str) -> None:
        """Wait until the server knows what the leader of its ensemble knows."""
        with _asking(path):
            self._client.sync(path)

    def add_auth(self, scheme: str, credential: str) -> None:
        """Log in by one of ZooKeeper's own schemes: digest, `user:password`."""
        with _asking():
            self._client.add_auth(scheme, credential)

    def who_am_i(self) -> list[tuple[str, str]]:
        """Return (scheme, identity) of whoever the server takes this session for."""

        def read(buffer: bytes, offset: int) -> list[tuple[str, str]]:
            from kazoo.protocol.serialization import read_string

            (count,) = INT.unpack_from(buffer, offset)
            offset += INT.size
            found = []
            for _ in range(count):
                scheme, offset = read_string(buffer, offset)
                identity, offset = read_string(buffer, offset)
                found.append((scheme, identity))
            return found

        with _asking():
            return list(self._ask(_Request(WHO_AM_I, b"", read)))

    def ephemerals(self, prefix: str) -> list[str]:
        """Return the paths of this session's ephemeral znodes that begin with `prefix`."""

        def read(buffer: bytes, offset: int) -> list[str]:
            from kazoo.protocol.serialization import GetChildren

            found: list[str] = GetChildren.deserialize(buffer, offset)  # both answers are a list of texts
            return found

        with _asking(prefix):
            found = self._ask(_Request(GET_EPHEMERALS, self._path(prefix), read))
            return [str(self._client.unchroot(each)) for each in found]

    def count_below(self, path: str) -> int:
        """Return how many znodes are below one."""
        with _asking(path):
            return int(self._ask(_Request(GET_ALL_CHILDREN_NUMBER, self._path(path), _read_int)))

    def config(self, watch: bool = False) -> tuple[bytes | None, ZnodeStat]:
        """Return the members of the ensemble, a line each, as the servers keep them, and the stat of that znode."""
        with _asking(CONFIG):
            from kazoo.protocol.serialization import GetData

            # Not client.get, which would look below the chroot: this znode is the ensemble's.
            data, stat = self._ask(GetData(CONFIG, self._watches.tell if watch else None))
        return data, _stat(stat)

    def reconfigure(self, joining: str | None, leaving: str | None, members: str | None, version: int) -> bytes:
        """Change the members of the ensemble, if the config has this version (-1: whichever); return the new one."""
        with _asking():
            data, _ = self._client.reconfig(joining, leaving, members, version)
        return bytes(data)

    def add_watch(self, path: str, recursive: bool) -> None:
        """Watch a znode, which need not be there, until that is removed, or with `recursive` all below it, too."""
        with _asking(path):
            mode = RECURSIVE if recursive else PERSISTENT
            self._ask(_Request(ADD_WATCH, self._path(path) + INT.pack(mode), _read_nothing))
            self._watches.stay(self._at(path), mode)

    def remove_watches(self, path: str, kind: int) -> None:
        """Watch a znode no longer: not its CHILDREN, its DATA or ANY of both and what stays (`watches`)."""
        with _asking(path):
            from kazoo.exceptions import NoWatcherError

            self._ask(_Request(REMOVE_WATCHES, self._path(path) + INT.pack(kind), _read_nothing))
            gone = tuple(self._watches.removed(self._at(path), kind))
            if not gone:
                raise NoWatcherError
        for each in gone:
            self._on_event(each, path)

    def _ask(self, request: Any) -> Any:
        answer = self._client.handler.async_result()
        self._client._call(request, answer)  # kazoo's way for a request of any kind
        return answer.get()

    def _path(self, path: str) -> bytes:
        from kazoo.protocol.serialization import write_string

        content: bytes = write_string(self._at(path))
        return content

    def _at(self, path: str) -> str:
        return str(self._client.chroot + path).rstrip("/") or "/"

    def _below(self, path: str, watch: bool = False) -> Iterator[str]:
        """Yield the children of a znode, and what is below each of them; one that is deleted meanwhile has none.

        Raises ZnodeError where `path` itself is not there.
        """
        # A stack, for the order of ZKUtil.visitSubTreeDFS (3.8): all children of a znode by their names, then what is
        # below the first of them. The next ones on it are asked for ahead.
        waiting = [_Asked(path, self._ask_for_children(path, watch))]
        while waiting:
            asked = waiting.pop()
            for each in (asked, *waiting[: -SIBLINGS_AT_ONCE - 1 : -1]) if asked.answer is None else ():
                each.answer = each.answer or self._ask_for_children(each.path, watch)
            try:
                with _asking(asked.path):
                    names = sorted(asked.answer.get()) if asked.answer else []
            except ZnodeError as error:
                if asked.path == path or error.kind != "NoNode":
                    raise
                continue
            children = [f"{asked.path.rstrip('/')}/{name}" for name in names]
            yield from children
            waiting += map(_Asked, reversed(children))

    def _ask_for_children(self, path: str, watch: bool) -> Any:
        with _asking(path):
            return self._client.get_children_async(path, watch=self._watches.tell if watch else None)


@contextmanager
def _asking(path: str | None = None, checked: str | None = None) -> Iterator[None]:
    """Check a path (`checked`, where that is another one), and say in ZooKeeper's words what went wrong with it."""
    if path is not None:
        check_path(path if checked is None else checked)
    from kazoo.exceptions import KazooException

    try:
        yield
    except KazooException as error:
        # kazoo's classes are named as Java's codes, but for a word at the end: NoNodeError, NoNode.
        kind = type(error).__name__.removesuffix("Error")
        keeper = f"KeeperErrorCode = {CODES.get(kind, kind)}" + (f" for {path}" if path is not None else "")
        if kind in LOST:
            raise UnreachableError(keeper) from error
        raise ZnodeError(kind, REFUSALS.get(kind, keeper).format(path), keeper) from error


def _stat(found: Any) -> ZnodeStat:
    return ZnodeStat._make(found)  # kazoo has the same fields, in the order of the answer


def _acls(acl: Sequence[ZnodeAcl]) -> list[Any]:
    from kazoo.security import ACL, Id

    return [ACL(each.permissions, Id(each.scheme, each.id)) for each in acl]


def _read_nothing(_: bytes, __: int) -> None:
    """Read an answer that says no more than that it was done."""


def _read_int(buffer: bytes, offset: int) -> int:
    return int(INT.unpack_from(buffer, offset)[0])
