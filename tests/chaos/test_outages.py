"""Outages of what brokers need to change anything: ZooKeeper, the controller, a majority of a KRaft quorum.

What Metadata knows is shown, leaders and in-sync replicas first; what could not be asked is said; no change is called
done, and nothing is called safe. A few commands run at once: each of them has its own time to wait.
"""

import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from kafka_tools.brokers.share_groups import open_share_groups
from kafka_tools.model.topics import TopicPartition
from tests.support.brokers import wait_until_whole
from tests.support.clusters import Cluster
from tests.support.conformance.streams_member import StreamsMember
from tests.support.waiting import wait_until

MOST_SECONDS = 15.0
"""What is promised are 5 s for a view and 6 s for a change, on a machine that does nothing else."""

PARTITIONS = 3
VIEWS = ("describe", "list", "layout")
CHANGES = ("create", "alter", "delete")
REHEARSALS = ("create --dry-run", "alter --dry-run", "delete --dry-run")
CAUSE = re.compile(r"controller|ZooKeeper|quorum|majority", re.IGNORECASE)
NOT_KNOWN = "Whether it was carried out is not known"


class Outcome(NamedTuple):
    """How a command ended, and after how many seconds."""

    status: int
    out: str
    err: str
    seconds: float

    @property
    def said(self) -> str:
        return self.out + self.err


def commands(cluster: Cluster, topic: str, doomed: str, suspect: int) -> dict[str, tuple[str, ...]]:
    """Return all commands by name: `doomed` is the topic to delete, `suspect` the broker whose loss is asked about."""
    to = ("--bootstrap-server", cluster.bootstrap)
    create = ("topics", *to, "--create", "--topic", f"{topic}-new", "--partitions", "1", "--replication-factor", "1")
    alter = ("topics", *to, "--alter", "--topic", topic, "--partitions", str(PARTITIONS + 1))
    delete = ("topics", *to, "--delete", "--topic", doomed)
    return {
        "describe": ("topics", *to, "--describe", "--topic", topic),
        "list": ("topics", *to, "--list"),
        "layout": ("layout", *to, "--topic", topic),
        "layout --without-broker": ("layout", *to, "--topic", topic, "--without-broker", str(suspect)),
        "create": create,
        "alter": alter,
        "delete": delete,
        "create --dry-run": (*create, "--dry-run"),
        "alter --dry-run": (*alter, "--dry-run"),
        "delete --dry-run": (*delete, "--dry-run"),
        "doctor": ("doctor", *to),
    }


def outcomes(cluster: Cluster, argvs: Mapping[str, Sequence[str]]) -> dict[str, Outcome]:
    """Run these commands at once, show how long each took, and check that none took too long."""

    def ran(argv: Sequence[str]) -> Outcome:
        began = time.monotonic()
        process = cluster.run(*argv, timeout=120)
        return Outcome(process.returncode, process.stdout.decode(), process.stderr.decode(), time.monotonic() - began)

    with ThreadPoolExecutor(len(argvs)) as pool:
        found = dict(zip(argvs, pool.map(ran, argvs.values()), strict=True))
    for name, each in found.items():
        sys.stderr.write(f"{name:24} {each.seconds:5.1f} s  status {each.status}  {each.err.strip()}\n")
    assert {name: each.seconds for name, each in found.items() if each.seconds > MOST_SECONDS} == {}
    return found


def all_outcomes(cluster: Cluster, topic: str, doomed: str, suspect: int) -> dict[str, Outcome]:
    """Look first, then rehearse, then change; return how each command ended."""
    argvs = commands(cluster, topic, doomed, suspect)
    others = tuple(name for name in argvs if name not in VIEWS + REHEARSALS + CHANGES)
    found: dict[str, Outcome] = {}
    for names in (VIEWS, others, REHEARSALS, CHANGES):
        found |= outcomes(cluster, {name: argvs[name] for name in names})
    return found


def check_views(found: Mapping[str, Outcome], topic: str) -> None:
    assert {name: found[name].status for name in VIEWS} == dict.fromkeys(VIEWS, 0), found
    shown = re.findall(r"\tPartition: (\d+)\tLeader: (\d+|none)\tReplicas: [\d,]+\tIsr: [\d,]+", found["describe"].out)
    assert [int(partition) for partition, _ in shown] == list(range(PARTITIONS))
    assert CAUSE.search(found["describe"].err), found["describe"]
    assert topic in found["list"].out.splitlines()
    assert len(re.findall(rf"^replica\t{topic}\t", found["layout"].out, re.MULTILINE)) == PARTITIONS * 3
    assert CAUSE.search(found["layout"].err), found["layout"]


def check_nothing_is_called_safe(found: Mapping[str, Outcome]) -> None:
    asked = found["layout --without-broker"]
    assert asked.status == 1, asked
    assert CAUSE.search(asked.err), asked


def check_changes(found: Mapping[str, Outcome]) -> None:
    for name in CHANGES:
        assert found[name].status == 1, (name, found[name])
        assert CAUSE.search(found[name].said), (name, found[name])
        assert "Nothing was changed" in found[name].said or NOT_KNOWN in found[name].said, (name, found[name])
    for name in REHEARSALS:
        assert NOT_KNOWN not in found[name].said, (name, found[name])
    assert found["create --dry-run"].status == 1, found["create --dry-run"]


def check_all(cluster: Cluster, topic: str, suspect: int) -> None:
    found = all_outcomes(cluster, topic, topic, suspect)
    check_views(found, topic)
    check_nothing_is_called_safe(found)
    check_changes(found)
    assert found["doctor"].status == 1, found["doctor"]


@contextmanager
def killing(cluster: Cluster) -> Iterator[Callable[[str], None]]:
    """Give what kills a server with SIGKILL, at once and without waiting for others to notice.

    With the end of the block they are started again, in the order in which they died.
    """
    rows = json.loads(cluster.run("sandbox", "status", "--output", "json").stdout)
    running = {row["name"]: row["pid"] for row in rows}
    killed: list[str] = []

    def kill(name: str) -> None:
        os.kill(running[name], signal.SIGKILL)
        killed.append(name)

    try:
        yield kill
    finally:
        started = [cluster.run("sandbox", "start", name, timeout=180) for name in killed]
    assert [each.returncode for each in started] == [0] * len(killed), started


def controller(cluster: Cluster) -> int:
    return int(cluster.admin().list_topics(timeout=10).controller_id)


def test_without_zookeeper_and_then_without_the_controller_too(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=PARTITIONS, replication_factor=3)
    ruler = controller(kafka39)
    with killing(kafka39) as kill:
        kill("zookeeper-1")
        check_all(kafka39, topic, suspect=ruler)
        kill(f"broker-{ruler}")
        check_all(kafka39, topic, suspect=ruler % 3 + 1)
    wait_until_whole(kafka39, topic, 3)


def test_a_controller_that_died_just_now(kafka39: Cluster) -> None:
    """Another one is elected within seconds: what comes later than that succeeds, or fails for another reason."""
    topic, doomed = (kafka39.topic(partitions=PARTITIONS, replication_factor=3) for _ in range(2))
    ruler = controller(kafka39)
    with killing(kafka39) as kill:
        kill(f"broker-{ruler}")
        found = all_outcomes(kafka39, topic, doomed, suspect=ruler % 3 + 1)
        assert {name: found[name].status for name in VIEWS} == dict.fromkeys(VIEWS, 0), found
        assert len(re.findall(r"\tPartition: \d+\tLeader: \d+\t", found["describe"].out)) == PARTITIONS
        asked = found["layout --without-broker"]
        assert (asked.status == 1 and CAUSE.search(asked.err)) or controller(kafka39) not in (-1, ruler), asked
        for name in CHANGES:
            known = found[name].status == 0 or "larger than available brokers" in found[name].out
            assert known or CAUSE.search(found[name].said), (name, found[name])
        wait_until(lambda: controller(kafka39) not in (-1, ruler), "another controller is elected")


def has_controller(cluster: Cluster) -> bool:
    """Tell whether a controller answers the doctor. One that hears of no majority goes on for 3 s, and then resigns."""
    rows = json.loads(cluster.run("doctor", "--bootstrap-server", cluster.bootstrap, "--output", "json").stdout)
    return any(row["check"] == "controller" and row["state"] == "ok" for row in rows)


def commit(cluster: Cluster, topic: str, groups: Sequence[str]) -> None:
    """Have groups without members commit offset 0: again and again, as the last test may have killed a coordinator.

    In processes of their own: AdminClient (2.16) may end its process where the response to a request comes that it has
    given up (librdkafka's issue 3663).
    """
    argv = ("--reset-offsets", *named(groups), "--topic", topic, "--to-earliest", "--execute", "--timeout", "20000")
    wait_until(lambda: cluster.run("consumer-groups", *argv).returncode == 0, "all groups have committed")


def known_coordinators(cluster: Cluster, tool: str, groups: Sequence[str]) -> dict[str, int]:
    """Return the broker that coordinates each group, as soon as that is known of all."""
    found: dict[str, int] = {}

    def are_known() -> bool:
        states = cluster.run(tool, "--describe", "--state", *named(groups), "--output", "json")
        found.update({row["group"]: row["coordinator"] for row in json.loads(states.stdout or b"[]")})
        return found.keys() == set(groups)

    wait_until(are_known, f"all coordinators answer {tool}")
    return found


def named(groups: Sequence[str]) -> list[str]:
    return [word for group in groups for word in ("--group", group)]


def test_a_coordinator_that_died_just_now(kafka39: Cluster) -> None:
    topic = kafka39.topic(partitions=PARTITIONS, replication_factor=3)
    groups = [f"{topic}-{number}" for number in range(8)]
    commit(kafka39, topic, groups)
    coordinators = known_coordinators(kafka39, "consumer-groups", groups)
    victim = coordinators[groups[0]]
    with killing(kafka39) as kill:
        kill(f"broker-{victim}")
        found = outcomes(
            kafka39,
            {
                "describe": ("consumer-groups", "--describe", *named(groups), "--output", "json"),
                "lag": ("consumer-groups", "--lag-seconds", *named(groups), "--output", "json"),
            },
        )
    for outcome in found.values():
        # Its groups may have another coordinator by now; none is left out without a word.
        shown = {row["group"] for row in json.loads(outcome.out)}
        assert {group for group, broker in coordinators.items() if broker != victim} <= shown
        assert all(group in shown or f"'{group}' is not known" in outcome.err for group in groups), outcome
        assert outcome.status == (0 if shown == set(groups) and "not known" not in outcome.err else 1)
    wait_until_whole(kafka39, topic, 3)


GROUP_TOOLS = ("consumer-groups", "share-groups", "streams-groups")


def groups_of_all_types(cluster: Cluster, topic: str) -> dict[str, dict[str, int]]:
    """Make groups without members; return for each tool the coordinator of each."""
    groups = {tool: [f"{topic}-{tool}-{number}" for number in range(4)] for tool in GROUP_TOOLS}
    commit(cluster, topic, groups["consumer-groups"])
    with open_share_groups(cluster.brokers(), 60) as share_groups:
        for group in groups["share-groups"]:
            share_groups.commit(group, {TopicPartition(topic, number): 0 for number in range(PARTITIONS)})
    for group in groups["streams-groups"]:
        member = StreamsMember(cluster.brokers(), group, topic)
        wait_until(member.join, f"{group} has a member")
        member.leave()
    return {tool: known_coordinators(cluster, tool, names) for tool, names in groups.items()}


def check_groups(cluster: Cluster, groups: Mapping[str, Mapping[str, int]], dead: Collection[int]) -> None:
    """Check that what coordinators which live know is shown, and all else is named."""
    to = ("--bootstrap-server", cluster.bootstrap, "--output", "json")
    views = {
        f"{tool} {view}": (tool, "--describe", view, *named(list(groups[tool])), *to)
        for tool in GROUP_TOOLS
        for view in ("--state", "--offsets")
    }
    lists = {tool: (tool, "--list", *to) for tool in ("groups", *GROUP_TOOLS)}
    found = outcomes(cluster, lists) | outcomes(cluster, views)
    for name, each in found.items():
        tool = name.split()[0]
        known = {group: at for of, some in groups.items() if tool in (of, "groups") for group, at in some.items()}
        shown = {row["group"] for row in json.loads(each.out)}
        missing = [group for group in known if group not in shown]
        if name in lists:
            assert not missing or "groups may be missing" in each.err, (name, each)
        elif name != "streams-groups --offsets":  # those read nothing: their members are gone
            assert all(f"'{group}' is" in each.err or f"'{group}' has" in each.err for group in missing), (name, each)
        assert not missing or each.status == 1 or name == "streams-groups --offsets", (name, each)
        if not name.endswith("--offsets"):
            assert {group for group, at in known.items() if at not in dead} <= shown, (name, each)


def test_a_quorum_without_a_majority(kafka4: Cluster) -> None:
    topic = kafka4.topic(partitions=PARTITIONS, replication_factor=3)
    groups = groups_of_all_types(kafka4, topic)
    with killing(kafka4) as kill:
        kill("broker-2")
        check_groups(kafka4, groups, {2})
        kill("broker-3")
        check_groups(kafka4, groups, {2, 3})
        wait_until(lambda: all(not has_controller(kafka4) for _ in range(2)), "the last controller resigns")
        check_all(kafka4, topic, suspect=2)
    wait_until_whole(kafka4, topic, 3)
