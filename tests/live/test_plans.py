"""`ktools reassign-partitions --plan`, carried out while data flows; killed, interrupted, and taken back."""

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.support.clusters import Cluster, ended, sandbox
from tests.support.reassignment import throttles
from tests.support.waiting import wait_until

RECORDS = 40_000
KILLS = 20
LINE = b"%0498d\n"
Placed = dict[tuple[str, int], tuple[int, ...]]


@pytest.fixture(scope="module")
def racks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Five brokers on three racks, with thirty partitions of two replicas, a part of which have data."""
    for cluster in sandbox(tmp_path_factory.mktemp("racks"), "--brokers", "5", "--racks", "3"):
        for topic in ("flow", "still"):
            sizes = ("--partitions", "15", "--replication-factor", "2")
            assert cluster.run("topics", "--create", "--topic", topic, *sizes).returncode == 0
        sent = cluster.run("console-producer", "--topic", "still", stdin=lines(range(3 * RECORDS)))
        assert sent.returncode == 0, sent.stderr
        yield cluster


def lines(numbers: range) -> bytes:
    return b"".join(LINE % number for number in numbers)


def placed(cluster: Cluster) -> Placed:
    found = cluster.admin().list_topics(timeout=20).topics
    return {
        (name, each.id): tuple(each.replicas) for name in ("flow", "still") for each in found[name].partitions.values()
    }


def leaders(cluster: Cluster) -> Counter[int]:
    found = cluster.admin().list_topics(timeout=20).topics
    return Counter(each.leader for name in ("flow", "still") for each in found[name].partitions.values())


def planned(cluster: Cluster, file: Path, *goal: str) -> list[dict[str, Any]]:
    argv = ("--plan", "--exclude-internal", "--reassignment-json-file", str(file), *goal, "--output", "json")
    ran = cluster.run("reassign-partitions", *argv)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    rows: list[dict[str, Any]] = json.loads(ran.stdout)
    return rows


def execute(file: Path, *more: str, batch: int = 4) -> tuple[str, ...]:
    at_once = ("--batch-size", str(batch))
    return ("reassign-partitions", "--execute", "--reassignment-json-file", str(file), *at_once, *more)


def is_left(cluster: Cluster) -> str:
    """Return what a run left in the cluster: moves and throttles."""
    listed = cluster.run("reassign-partitions", "--list").stdout.decode()
    set_ = [line for line in throttles(cluster.admin(), "") if "throttled" in line]
    return "".join(set_) + ("" if listed == "No partition reassignments found.\n" else listed)


def is_even(loads: Counter[int], brokers: set[int]) -> bool:
    return set(loads) == brokers and max(loads.values()) - min(loads.values()) <= 1


def held(placed: Placed, broker: int) -> int:
    return sum(broker in each for each in placed.values())


def test_a_broker_is_emptied_replaces_another_and_is_filled_while_data_flows(racks: Cluster, tmp_path: Path) -> None:
    planned_even = planned(racks, tmp_path / "even.json", "--rebalance")
    assert not planned_even or racks.run(*execute(tmp_path / "even.json")).returncode == 0
    consume = ("console-consumer", "--topic", "flow", "--from-beginning", "--max-messages", str(RECORDS))
    with (
        ended(racks.popen(*consume, stdout=subprocess.PIPE)) as consumer,
        ended(racks.popen("console-producer", "--topic", "flow", stdin=subprocess.PIPE)) as producer,
    ):
        assert producer.stdin is not None
        producer.stdin.write(lines(range(RECORDS // 2)))
        # Broker 3, on a rack of its own, goes, comes back for broker 4, one of two on a rack, and that one is filled.
        for goal, argument, brokers in (
            ("--remove-broker", "3", {1, 2, 4, 5}),
            ("--replace-broker", "4:3", {1, 2, 3, 5}),
            ("--add-broker", "4", {1, 2, 3, 4, 5}),
        ):
            before, file = placed(racks), tmp_path / f"plan{goal}.json"
            copied = sum(len(row["copied_to"]) for row in planned(racks, file, goal, argument))
            # Each replica on it moves, or as many come as each broker is to have: there is no plan with fewer copies.
            assert copied == (60 // 5 if goal == "--add-broker" else held(before, int(argument[0])))
            ran = racks.run(*execute(file, "--throttle", "20000000", batch=10))
            assert ran.returncode == 0, ran.stdout + ran.stderr
            assert is_even(Counter(broker for each in placed(racks).values() for broker in each), brokers)
            assert is_even(leaders(racks), brokers)
            assert all(len({(broker - 1) % 3 for broker in each}) == 2 for each in placed(racks).values())
            assert is_left(racks) == ""
        producer.stdin.write(lines(range(RECORDS // 2, RECORDS)))
        producer.stdin.close()
        assert producer.wait(60) == 0
        read = consumer.communicate(timeout=60)[0].splitlines()
    assert sorted(map(int, read)) == list(range(RECORDS))


def test_a_run_that_was_killed_at_20_moments_goes_on_and_one_that_was_interrupted_is_taken_back(
    racks: Cluster, tmp_path: Path
) -> None:
    before, file = placed(racks), tmp_path / "plan.json"
    began = monotonic()
    rows = planned(racks, file, "--remove-broker", "5")
    usual_seconds = monotonic() - began
    wanted = before | {(row["topic"], row["partition"]): tuple(row["planned"]) for row in rows}
    # At 1 B/s nothing comes to an end, however slow the machine is: brokers let one fetch through each 10 s.
    for number in range(KILLS):
        with pytest.raises(subprocess.TimeoutExpired):  # what has not ended by then is killed with SIGKILL
            racks.run(*execute(file, "--throttle", "1"), timeout=usual_seconds * (number + 1) / 14)
    assert "throttled" in is_left(racks)
    with ended(racks.popen(*execute(file, "--throttle", "200000"), stderr=subprocess.PIPE)) as run:
        # What those that were killed had begun moves on by itself: this one is at work where it says so.
        assert run.stderr is not None
        assert run.stderr.readline().startswith(b"Moving")
        wait_until(lambda: moved(before, wanted, placed(racks)) > 0, "some have moved")
        run.send_signal(signal.SIGINT)
        assert run.wait(60) == 130
    assert 0 < moved(before, wanted, placed(racks)) < len(rows)
    # Killed, they could take nothing away. What went on and was interrupted took all of it away.
    assert is_left(racks) == ""
    assert (tmp_path / "plan.state.json").exists()
    assert racks.run(*execute(file)).returncode == 0
    assert placed(racks) == wanted
    # Whoever was killed while it wrote may have left a file of another name (`.ktools-…`): it is no plan, and no state.
    assert [each.name for each in sorted(tmp_path.glob("plan*"))] == ["plan.json", "plan.undo.json"]
    undone = racks.run("reassign-partitions", "--undo", str(tmp_path / "plan.undo.json"))
    assert undone.returncode == 0, undone.stdout + undone.stderr
    assert placed(racks) == before
    assert is_left(racks) == ""


def moved(before: Placed, wanted: Placed, now: Placed) -> int:
    return sum(before[name] != wanted[name] == now[name] for name in wanted)


def test_the_directories_of_a_broker_are_evened_out_while_data_flows(racks: Cluster, tmp_path: Path) -> None:
    folders = [f"{racks.home}/broker-4/{name}" for name in ("data", "data-2")]
    assert racks.run("sandbox", "kill", "4").returncode == 0
    with (racks.home / "broker-4" / "server.properties").open("a") as more:
        more.write(f"log.dirs={','.join(folders)}\n")
    assert racks.run("sandbox", "start", "4").returncode == 0
    behind = ("topics", "--describe", "--under-replicated-partitions")
    wait_until(lambda: racks.run(*behind).stdout == b"", "broker 4 has caught up")
    full, empty = sizes(racks, folders)
    assert empty == 0 < full
    file = tmp_path / "plan.json"
    rows = planned(racks, file, "--balance-log-dirs", "4")
    assert {row["broker"] for row in rows} == {4}
    before, sent = placed(racks), range(RECORDS, RECORDS + 20_000)
    with ended(racks.popen("console-producer", "--topic", "flow", stdin=subprocess.PIPE)) as producer:
        assert producer.stdin is not None
        producer.stdin.write(lines(sent[:10_000]))
        ran = racks.run("reassign-partitions", "--execute", "--reassignment-json-file", str(file))
        assert ran.returncode == 0, ran.stdout + ran.stderr
        producer.stdin.write(lines(sent[10_000:]))
        producer.stdin.close()
        assert producer.wait(60) == 0
    verify = ("reassign-partitions", "--verify", "--reassignment-json-file", str(file))
    wait_until(
        lambda: racks.run(*verify).stdout.count(b" completed successfully.") == len(rows),
        "all are in their directories",
    )
    one, other = sizes(racks, folders)
    assert abs(one - other) < full / 4
    assert placed(racks) == before
    read = racks.run("console-consumer", "--topic", "flow", "--from-beginning", "--until-end").stdout.splitlines()
    assert sorted(each for each in map(int, read) if each >= RECORDS) == list(sent)


def sizes(cluster: Cluster, folders: list[str]) -> list[int]:
    """Return how many bytes the directories of broker 4 hold."""
    ran = cluster.run("log-dirs", "--describe", "--broker-list", "4", "--output", "json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = dict.fromkeys(folders, 0)
    for row in json.loads(ran.stdout):
        found[row["log_dir"]] += row["size"] or 0
    return list(found.values())
