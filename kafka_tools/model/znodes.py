"""A znode as ZooKeeper tells of it, and its rules of access in the words of ZooKeeper's shell."""

from collections.abc import Iterator
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError

PERMISSIONS = {"c": 4, "d": 8, "r": 1, "w": 2, "a": 16}
"""Letter -> bit of org.apache.zookeeper.ZooDefs.Perms, in the order in which ZKUtil.getPermString writes them."""


CONFIG = "/zookeeper/config"
"""The znode of the ensemble's members (ZooKeeper 3.5 and later)."""

EPHEMERAL, SEQUENTIAL, CONTAINER, WITH_TTL = 1, 2, 4, 5
"""Flags of a new znode (org.apache.zookeeper.CreateMode 3.8). With a TTL a sequential one is WITH_TTL + 1."""


class ZnodeStat(NamedTuple):
    """What ZooKeeper keeps beside a znode's data (org.apache.zookeeper.data.Stat): zxids, times in ms since 1970,
    numbers of changes, the session that owns it (0: none), bytes, children."""

    czxid: int
    mzxid: int
    ctime: int
    mtime: int
    version: int
    cversion: int
    aversion: int
    ephemeral_owner: int
    data_length: int
    num_children: int
    pzxid: int


class Znode(NamedTuple):
    """A znode as it was read: what it holds, and its stat."""

    data: bytes
    stat: ZnodeStat


class ZnodeAcl(NamedTuple):
    """One rule of a znode: what an identity may do. `permissions` are bits of PERMISSIONS."""

    scheme: str
    id: str
    permissions: int

    @property
    def letters(self) -> str:
        """The permissions as letters: `cdrwa`."""
        return "".join(letter for letter, bit in PERMISSIONS.items() if self.permissions & bit)


OPEN = (ZnodeAcl("world", "anyone", sum(PERMISSIONS.values())),)
"""Everybody may do everything (org.apache.zookeeper.ZooDefs.Ids.OPEN_ACL_UNSAFE): what ZooKeeper's shell gives."""


class ZnodeError(KafkaToolError):
    """ZooKeeper refused a request: `message` in the words of its shell, `keeper_message` in those of KeeperException.

    `kind` is kazoo's name of it without "Error": `NoNode`.
    """

    def __init__(self, kind: str, message: str, keeper_message: str) -> None:
        super().__init__(message)
        self.kind, self.keeper_message = kind, keeper_message


def parse_acl(text: str, complaints: list[str]) -> Iterator[ZnodeAcl]:
    """Yield the rules of `scheme:id:letters[,…]`; what cannot be read is left out and told by a sentence in
    `complaints`, as ZooKeeper's AclParser (3.8) does."""
    for rule in text.split(","):
        scheme, _, rest = rule.partition(":")
        # The last colon: `digest:user:hash:cdrwa` has one in the identity.
        identity, colon, letters = rest.rpartition(":")
        if not colon:
            complaints.append(f"{rule} does not have the form scheme:id:perm")
            continue
        complaints += [f"Unknown perm type: {letter}" for letter in letters if letter not in PERMISSIONS]
        # A set, as a letter that stands twice is one bit. What is unknown counts 0 and was complained of.
        yield ZnodeAcl(scheme, identity, sum({PERMISSIONS.get(letter, 0) for letter in letters}))


def check_path(path: str) -> None:
    """Raise KafkaToolError for what is no path of a znode, in the words of ZooKeeper's PathUtils (3.8)."""
    if not path:
        raise KafkaToolError("Path length must be > 0")
    if not path.startswith("/"):
        raise KafkaToolError("Path must start with / character")
    if path != "/" and path.endswith("/"):
        raise KafkaToolError("Path must not end with / character")
    at, names = 0, path.split("/")[1:] if path != "/" else []
    for name in names:
        # For the slash before each name: positions count letters of the path, in Java as here.
        at += 1
        if not name:
            raise _invalid(path, f"empty node name specified @{at}")
        if name in (".", ".."):
            raise _invalid(path, f"relative paths not allowed @{at + len(name) - 1}")
        for position, letter in enumerate(name):
            if letter == "\0":
                raise _invalid(path, f"null character not allowed @{at + position}")
            # Controls, surrogates and the private area: what PathUtils refuses in a name.
            if "\1" <= letter <= "\x1f" or "\x7f" <= letter <= "\x9f" or "\ud800" <= letter <= "\uf8ff":
                raise _invalid(path, f"invalid character @{at + position}")
        at += len(name)


def _invalid(path: str, reason: str) -> KafkaToolError:
    return KafkaToolError(f'Invalid path string "{path}" caused by {reason}')
