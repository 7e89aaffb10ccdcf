"""ZooKeeper's quotas: how many znodes, and bytes, may be below a znode (Quotas and StatsTrack of ZooKeeper 3.8)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.znodes import OPEN, ZnodeError
from kafka_tools.tools.zookeeper_shell.grammar import Line, Session

if TYPE_CHECKING:
    from kafka_tools.zookeeper.shell import ZooKeeperShell

ROOT = "/zookeeper/quota"
LIMITS, STATS = "zookeeper_limits", "zookeeper_stats"
KEYS = {"n": "count", "b": "bytes", "N": "countHardLimit", "B": "byteHardLimit"}
"""Option -> the key of its limit; -1 is none."""


def set_quota(shell: Session, line: Line) -> None:
    """Limit what may be below a znode: softly (ZooKeeper logs that it is too much) or hard (it refuses)."""
    path = line.words[0]
    if path.startswith(ROOT):
        raise KafkaToolError(f"cannot set a quota under the path: {ROOT}")
    # One, as the four are a group (`parse`).
    [option] = line.values
    # SetQuotaCommand.checkOptionValue (3.8).
    least = 1 if option in "nN" else 0
    wanted = line.number(option, -1, "NumberFormatException happens when parsing the option value")
    if wanted < least:
        kind = "num quota must be greater than zero" if least else "bytes quota must be greater than or equal to zero"
        raise KafkaToolError(f"the {kind}")
    znodes = shell.znodes
    if znodes.stat(path) is None:
        raise KafkaToolError(f"{path} does not exist.")
    # Before the parents are made: what is refused leaves nothing behind.
    _check_no_other(znodes, path)
    _make_parents(znodes, path)
    limits, stats = f"{ROOT}{path}/{LIMITS}", f"{ROOT}{path}/{STATS}"
    if znodes.stat(limits) is None:
        there = dict.fromkeys(KEYS.values(), -1) | {KEYS[option]: wanted}
        znodes.create(limits, written(there), OPEN)
        znodes.create(stats, written({"count": 0, "bytes": 0}), OPEN)
    else:
        # The other limits of the znode stay.
        there = _read(znodes, limits) | {KEYS[option]: wanted}
        znodes.set(limits, written(there))
    # The server counts what is there when the znode of the statistics is made
    # (DataTree.createNode 3.8): read behind it.
    _warn(shell, there, _read(znodes, stats))


def list_quota(shell: Session, line: Line) -> None:
    """Print the limits of a znode and what is below it."""
    path = line.words[0]
    # Printed before the session is asked, also where there is no quota.
    shell.err(f"absolute path is {ROOT}{path}/{LIMITS}")
    try:
        limits, stats = _read(shell.znodes, f"{ROOT}{path}/{LIMITS}"), _read(shell.znodes, f"{ROOT}{path}/{STATS}")
    except ZnodeError as error:
        if error.kind != "NoNode":
            raise
        shell.err(f"quota for {path} does not exist.")
        return
    shell.out(f"Output quota for {path} {written(limits).decode()}")
    shell.out(f"Output stat for {path} {written(stats).decode()}")


def delete_quota(shell: Session, line: Line) -> None:
    """Take one limit of a znode away, or without an option all of them."""
    path, znodes = line.words[0], shell.znodes
    limits = f"{ROOT}{path}/{LIMITS}"
    if znodes.stat(limits) is None:
        shell.out(f"Quota does not exist for {path}")
        return
    if line.flags:
        znodes.set(limits, written(_read(znodes, limits) | {KEYS[each]: -1 for each in line.flags}))
        return
    at = f"{ROOT}{path}"
    # Limits and statistics, which are leaves.
    for child in znodes.children(at)[0]:
        znodes.delete(f"{at}/{child}")
    # Upwards until another quota holds a parent: set_quota made these znodes.
    while at != ROOT and not znodes.children(at)[0]:
        znodes.delete(at)
        at = at.rpartition("/")[0]


def written(values: Mapping[str, int]) -> bytes:
    """Return limits as StatsTrack writes them: `count=5,bytes=-1=;countHardLimit=-1`.

    Versions before 3.7 read no further than the third equals sign.
    """
    first = f"count={values.get('count', -1)},bytes={values.get('bytes', -1)}"
    others = [f";{key}={values[key]}" for key in sorted(values) if key not in ("count", "bytes")]
    return (first + ("=" if others else "") + "".join(others)).encode()


def _read(znodes: "ZooKeeperShell", path: str) -> dict[str, int]:
    text = (znodes.data(path)[0] or b"").decode("utf-8", "replace")
    try:
        # `bytes=-1=` splits into three, of which the third is empty: the first two count.
        pairs = [each.split("=") for each in text.replace(";", ",").split(",") if each]
        return {pair[0]: int(pair[1] or -1) for pair in pairs}
    except (ValueError, IndexError):
        raise KafkaToolError(f"{path} holds no quota: {text[:60]!r}") from None


def _check_no_other(znodes: "ZooKeeperShell", path: str) -> None:
    """Raise KafkaToolError where a parent or a znode below has a quota: ZooKeeper counts each znode once."""
    own = f"{ROOT}{path}"
    below = list(znodes.tree(own)) if znodes.stat(own) is not None else []
    for each in below:
        if each.endswith(f"/{LIMITS}") and each != f"{own}/{LIMITS}":
            where = each.removesuffix(f"/{LIMITS}").removeprefix(ROOT)
            raise KafkaToolError(f"{path} has a child {where} which has a quota")
    parent = path.rpartition("/")[0]
    while parent:
        if znodes.stat(f"{ROOT}{parent}/{LIMITS}") is not None:
            raise KafkaToolError(f"{path} has a parent {parent} which has a quota")
        parent = parent.rpartition("/")[0]


def _make_parents(znodes: "ZooKeeperShell", path: str) -> None:
    names = f"{ROOT}{path}".strip("/").split("/")
    for last in range(1, len(names) + 1):
        each = "/" + "/".join(names[:last])
        # Somebody may make it in between: the error is told, and setquota can be repeated.
        if znodes.stat(each) is None:
            znodes.create(each, None, OPEN)


def _warn(shell: Session, limits: Mapping[str, int], stats: Mapping[str, int]) -> None:
    for kind, keys in (("count", ("count", "countHardLimit")), ("bytes", ("bytes", "byteHardLimit"))):
        there = stats.get(kind, -1)
        # -1 is no limit. Only a warning: what is there stays.
        if any(-1 < limits.get(key, -1) < there for key in keys):
            shell.out(f"[Warning]: the {kind} quota you create is less than the existing {kind}:{there}")
