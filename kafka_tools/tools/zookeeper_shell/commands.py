"""What each command of ZooKeeper's shell does and prints (package org.apache.zookeeper.cli 3.8)."""

import time
from collections.abc import Callable, Mapping

from kafka_tools import __version__
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.znodes import (
    CONTAINER,
    EPHEMERAL,
    OPEN,
    SEQUENTIAL,
    WITH_TTL,
    ZnodeAcl,
    ZnodeError,
    ZnodeStat,
    parse_acl,
)
from kafka_tools.tools.zookeeper_shell.grammar import COMMANDS, Line, Session
from kafka_tools.tools.zookeeper_shell.quotas import delete_quota, list_quota, set_quota

MOST_TTL_MS = 0xFFFFFFFFFF
"""org.apache.zookeeper.server.EphemeralType.TTL: the upper bits of a session's id say that it is none."""

WATCH_MODES = ("PERSISTENT", "PERSISTENT_RECURSIVE")
WATCHES = {"c": 1, "d": 2}
"""Option -> which watches are removed (org.apache.zookeeper.Watcher.WatcherType)."""

ANY = 3
MEMBERS = ("server.", "group", "weight")
"""How the lines of a configuration of an ensemble begin (QuorumPeerConfig.parseDynamicConfig)."""

BATCH = 1000
UNSIGNED = (1 << 64) - 1


def warn_of_old_words(shell: Session, line: Line) -> None:
    """Warn of a second word, which once meant to watch or a version and is ignored: options say that now."""
    if len(line.words) > 1 and COMMANDS[line.command].watches:
        # LsCommand 3.8 has this shorter usage in its warning only.
        usage = COMMANDS[line.command].usage.replace("[-s] [-w] [-R]", "[-w]")
        shell.err(f"'{line.command} path [watch]' has been deprecated. Please use '{line.command} {usage}' instead.")
    if line.command == "delete" and len(line.words) > 1:
        shell.err("'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.")


def add_auth(shell: Session, line: Line) -> None:
    """Log in: `addauth digest user:password`."""
    shell.znodes.add_auth(line.words[0], line.words[1] if len(line.words) > 1 else "")


def add_watch(shell: Session, line: Line) -> None:
    """Watch a znode until that is removed, and all below it unless the mode is PERSISTENT."""
    mode = line.values.get("m", WATCH_MODES[1]).upper()
    if mode not in WATCH_MODES:
        # AddWatchCommand.parse (3.8) knows no words for it but the usage.
        raise KafkaToolError(f"addWatch {COMMANDS['addWatch'].usage}")
    shell.znodes.add_watch(line.words[0], mode != WATCH_MODES[0])


def config(shell: Session, line: Line) -> None:
    """Print the members of the ensemble, or with -c where clients reach them."""
    data, stat = shell.znodes.config("w" in line.flags)
    text = _text(data)
    shell.out(client_config(text) if "c" in line.flags else text)
    if "s" in line.flags:
        print_stat(shell, stat)


def create(shell: Session, line: Line) -> None:
    """Create a znode, say its name on stderr."""
    # `create /a` makes a znode without data (null), `create /a ""` one with no bytes: `get` shows them differently.
    path, data, acl_text = (*line.words, None, None)[:3]
    acl = _acl(shell, acl_text) if acl_text is not None else list(OPEN)
    flags, ttl = _create_mode(line)
    # ZooKeeper.validateACL refuses it before it is sent, in an exception without a path: hence the `null`.
    if not acl:
        shell.err("KeeperErrorCode = InvalidACL")
        raise KafkaToolError("Acl is not valid : null")
    # Bytes of the command line that are no UTF-8 come back as they were typed.
    content = data.encode("utf-8", "surrogateescape") if data is not None else None
    try:
        made = shell.znodes.create(path or "", content, acl, flags, ttl)
    except ZnodeError as error:
        if error.kind == "InvalidACL":
            shell.err(error.keeper_message)
        raise
    # On stderr, where ZooKeeperMain 3.8 prints it; with -s `made` has the number that the server added.
    shell.err(f"Created {made}")


def delete(shell: Session, line: Line) -> None:
    """Delete a znode."""
    shell.znodes.delete(line.words[0], line.number("v", -1))


def delete_all(shell: Session, line: Line) -> None:
    """Delete a znode with all below it."""
    # BATCH is ZKUtil's default of requests at once.
    batch = line.number("b", BATCH, "-b argument must be an int value")
    if not shell.znodes.delete_tree(line.words[0], max(1, batch)):
        # With status 0, as DeleteAllCommand (3.8).
        shell.err("Failed to delete some node(s) in the subtree!")


def get(shell: Session, line: Line) -> None:
    """Print what a znode holds."""
    data, stat = shell.znodes.data(line.words[0], "w" in line.flags)
    shell.out(_text(data))
    if "s" in line.flags:
        print_stat(shell, stat)


def get_acl(shell: Session, line: Line) -> None:
    """Print the rules of a znode."""
    rules, stat = shell.znodes.acl(line.words[0])
    for rule in rules:
        # Jute's text of an Id (`'world,'anyone`), and then its permissions on a line of their own: `: cdrwa`.
        shell.out(f"'{rule.scheme},'{rule.id}\n: {rule.letters}")
    if "s" in line.flags:
        print_stat(shell, stat)


def get_all_children_number(shell: Session, line: Line) -> None:
    """Print how many znodes are below one."""
    shell.out(str(shell.znodes.count_below(line.words[0])))


def get_ephemerals(shell: Session, line: Line) -> None:
    """Print this session's ephemeral znodes."""
    shell.out(f"[{', '.join(shell.znodes.ephemerals(line.words[0] if line.words else '/'))}]")


def ls(shell: Session, line: Line) -> None:
    """Print the children of a znode, or with -R all below it."""
    path, watch = line.words[0], "w" in line.flags
    if "R" in line.flags:
        for each in shell.znodes.tree(path, watch):
            shell.out(each)
        return
    children, stat = shell.znodes.children(path, watch)
    shell.out(f"[{', '.join(children)}]")
    if "s" in line.flags:
        print_stat(shell, stat)


def reconfig(shell: Session, line: Line) -> None:
    """Change who is a member of the ensemble."""
    given = line.values
    # The checks and words of ReconfigCommand.parse (3.8).
    if not given.keys() & {"file", "members", "add", "remove"}:
        raise KafkaToolError(f"reconfig {COMMANDS['reconfig'].usage}")
    if given.keys() & {"file", "members"} and given.keys() & {"add", "remove"}:
        raise KafkaToolError(
            "Can't use -file or -members together with -add or -remove (mixing incremental and non-incremental modes is"
            " not allowed)"
        )
    if {"file", "members"} <= given.keys():
        raise KafkaToolError("Can't use -file and -members together (conflicting non-incremental modes)")
    try:
        # Hexadecimal, as `config` prints it; -1 is whatever version there is.
        version = int(given["v"], 16) if "v" in given else -1
    except ValueError:
        raise KafkaToolError("-v must be followed by a long (configuration version)") from None
    # ReconfigCommand lowers all three, host names, too.
    joining, leaving, members = (given.get(each, "").lower() or None for each in ("add", "remove", "members"))
    # What a file says is taken as it is written.
    members = _members(given["file"]) if "file" in given else members
    new = shell.znodes.reconfigure(joining, leaving, members, version)
    shell.out(f"Committed new configuration:\n{_text(new)}")


def remove_watches(shell: Session, line: Line) -> None:
    """Watch a znode no longer: with -c not its children, with -d not its data. -l says nothing to who has a session."""
    shell.znodes.remove_watches(line.words[0], next((WATCHES[each] for each in "cd" if each in line.flags), ANY))


def set_(shell: Session, line: Line) -> None:
    """Write a znode."""
    path, data = line.words[:2]
    stat = shell.znodes.set(path, data.encode("utf-8", "surrogateescape"), line.number("v", -1))
    if "s" in line.flags:
        print_stat(shell, stat)


def set_acl(shell: Session, line: Line) -> None:
    """Replace the rules of a znode, or with -R of all below it, too."""
    path, acl, version = line.words[0], _acl(shell, line.words[1]), line.number("v", -1)
    if "R" not in line.flags:
        if not acl:
            raise KafkaToolError("Acl is not valid : null")
        found = shell.znodes.set_acl(path, acl, version)
        if "s" in line.flags:
            print_stat(shell, found)
        return
    refused = []
    # A znode that refuses does not keep those below it from being set: their rules are their own.
    for each in shell.znodes.tree(path):
        try:
            if not acl:
                raise ZnodeError("InvalidACL", "", "KeeperErrorCode = InvalidACL")
            shell.znodes.set_acl(each, acl, version)
        except ZnodeError as error:
            refused.append(error.keeper_message)
    if refused:
        # ZooKeeper's shell writes them all in one line without an end, and ends with 0 as if nothing had happened.
        raise KafkaToolError(f"{len(refused)} znodes keep their rules: {', '.join(sorted(set(refused))[:3])}")


def stat(shell: Session, line: Line) -> None:
    """Print the stat of a znode."""
    found = shell.znodes.stat(line.words[0], "w" in line.flags)
    if found is None:
        raise KafkaToolError(f"Node does not exist: {line.words[0]}")
    print_stat(shell, found)


def sync(shell: Session, line: Line) -> None:
    """Wait until the server knows what its leader knows."""
    shell.znodes.sync(line.words[0])
    shell.out("Sync is OK")


def version(shell: Session, line: Line) -> None:
    """Print the version of ktools, where ZooKeeper's shell has its own."""
    if line.words:
        raise KafkaToolError("version ")
    shell.out(f"ZooKeeper CLI version: ktools {__version__}")


def who_am_i(shell: Session, _: Line) -> None:
    """Print whom the server takes this session for."""
    found = shell.znodes.who_am_i()
    shell.out("Auth scheme: User")
    for scheme, identity in found:
        shell.out(f"{scheme}: {identity}")


RUNS: Mapping[str, Callable[[Session, Line], None]] = {
    "addWatch": add_watch,
    "addauth": add_auth,
    "config": config,
    "create": create,
    "delete": delete,
    "deleteall": delete_all,
    "delquota": delete_quota,
    "get": get,
    "getAcl": get_acl,
    "getAllChildrenNumber": get_all_children_number,
    "getEphemerals": get_ephemerals,
    "listquota": list_quota,
    "ls": ls,
    "reconfig": reconfig,
    "removewatches": remove_watches,
    "set": set_,
    "setAcl": set_acl,
    "setquota": set_quota,
    "stat": stat,
    "sync": sync,
    "version": version,
    "whoami": who_am_i,
}
"""The commands that are asked of ZooKeeper; the others are the shell's own."""


def client_config(text: str) -> str:
    """Return the version of an ensemble's config and where clients reach its members (ConfigUtils 3.8)."""
    pairs = [line.partition("=") for line in text.splitlines()]
    found = {key.strip(): value.strip() for key, _, value in pairs}
    # server.1=HOST:PEER-PORT:ELECTION-PORT[:ROLE];[CLIENT-HOST:]CLIENT-PORT
    clients = (value.partition(";") for key, value in found.items() if key.startswith("server."))
    addresses = (
        client if ":" in client else f"{server.split(':')[0]}:{client}" for server, _, client in clients if client
    )
    return f"{found.get('version', '')} {','.join(addresses)}"


def print_stat(shell: Session, stat: ZnodeStat) -> None:
    """Print what ZooKeeper keeps beside a znode's data (org.apache.zookeeper.cli.StatPrinter 3.8)."""
    for name, value in (
        ("cZxid", f"0x{stat.czxid:x}"),
        ("ctime", _date(stat.ctime)),
        ("mZxid", f"0x{stat.mzxid:x}"),
        ("mtime", _date(stat.mtime)),
        ("pZxid", f"0x{stat.pzxid:x}"),
        ("cversion", stat.cversion),
        ("dataVersion", stat.version),
        ("aclVersion", stat.aversion),
        # A session id is a signed long, which Java prints as hexadecimal without a sign.
        ("ephemeralOwner", f"0x{stat.ephemeral_owner & UNSIGNED:x}"),
        ("dataLength", stat.data_length),
        ("numChildren", stat.num_children),
    ):
        shell.out(f"{name} = {value}")


def _members(path: str) -> str:
    """Return the members that a file names, as -members takes them. Raises KafkaToolError in ZooKeeper's words."""
    from kafka_tools.model.folders import MOST_BYTES_OF_TEXT, read_file
    from kafka_tools.settings import properties

    try:
        found = properties.parse(read_file(path, MOST_BYTES_OF_TEXT))
    except OSError as error:
        # Java's message is `PATH (No such file or directory)`, and ReconfigCommand puts the path before it once more.
        raise KafkaToolError(f"Error processing {path}{path} ({error.strerror})") from None
    except ValueError as error:
        raise KafkaToolError(f"Error processing {path}{error}") from None
    for name in found:
        if not name.startswith(MEMBERS) and name != "version":
            raise KafkaToolError(f"Error processing {path}Unrecognised parameter: {name}")
    return ",".join(f"{name}={value}" for name, value in found.items())


def _date(milliseconds: int) -> str:
    """Return a time as java.util.Date prints it, in the local zone."""
    return time.strftime("%a %b %d %H:%M:%S %Z %Y", time.localtime(milliseconds // 1000))


def _text(data: bytes | None) -> str:
    return "null" if data is None else data.decode("utf-8", "replace")


def _acl(shell: Session, text: str) -> list[ZnodeAcl]:
    complaints: list[str] = []
    found = list(parse_acl(text, complaints))
    for each in complaints:
        shell.err(each)
    return found


def _create_mode(line: Line) -> tuple[int, int | None]:
    """Return the flags of a create request and its time to live. Raises KafkaToolError for what contradicts itself."""
    given = line.flags | line.values.keys()
    if "c" in given and given & {"e", "s"}:
        raise KafkaToolError("-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.")
    ttl = line.number("t", 0, "-t argument must be a long value")
    # The mode of a request is a sum of flags (CreateMode.toFlag): 1 ephemeral, 2 sequential; 4 is a container.
    if "t" not in given:
        return CONTAINER if "c" in given else EPHEMERAL * ("e" in given) + SEQUENTIAL * ("s" in given), None
    for other, kind in (("e", "Ephemeral"), ("c", "Container")):
        if other in given:
            raise KafkaToolError(f"TTLs cannot be used with {kind} znodes")
    if not 0 < ttl <= MOST_TTL_MS:
        raise KafkaToolError(f"ttl must be positive and cannot be larger than: {MOST_TTL_MS}")
    # 5 is PERSISTENT_WITH_TTL, 6 the same with a sequence number.
    return WITH_TTL + ("s" in given), ttl
