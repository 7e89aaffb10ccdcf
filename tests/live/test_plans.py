"""`ktools reassign-partitions --plan`, carried out while data flows; killed, interrupted, and taken back."""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from kafka_tools.sandbox import state_file
from tests.support.clusters import Cluster, ended, sandbox
from tests.support.reassignment import throttles, unthrottle
from tests.support.waiting import wait_until

PARTITIONS = 60
RECORDS = 40_000
KILLS = 20
LINE = b"%0498d\n"
Placed = dict[tuple[str, int], tuple[int, ...]]


@pytest.fixture(scope="module")
def racks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Five brokers on three racks, with sixty partitions of one replica or three; one topic has data."""
    for cluster in sandbox(tmp_path_factory.mktemp("racks"), "--brokers", "5", "--racks", "3"):
        two_in_sync = ("--config", "min.insync.replicas=2")
        for topic, partitions, factor, more in (("flow", "40", "1", ()), ("still", "20", "3", two_in_sync)):
            sizes = ("--partitions", partitions, "--replication-factor", factor, *more)
            assert cluster.run("topics", "--create", "--topic", topic, *sizes).returncode == 0
        sent = cluster.run("console-producer", "--topic", "still", stdin=lines(range(2 * RECORDS)))
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


def test_each_kind_of_plan_is_carried_out_while_data_flows(racks: Cluster, tmp_path: Path) -> None:
    consume = ("console-consumer", "--topic", "flow", "--from-beginning", "--max-messages", str(RECORDS))
    with (
        ended(racks.popen(*consume, stdout=subprocess.PIPE)) as consumer,
        ended(racks.popen("console-producer", "--topic", "flow", stdin=subprocess.PIPE)) as producer,
    ):
        assert producer.stdin is not None
        producer.stdin.write(lines(range(RECORDS // 2)))
        # One topic gets a replica, the other one loses one. Broker 3, on a rack of its own, goes, comes back for
        # broker 4, one of two on a rack, and that one is filled. (--rebalance: below, after a broker died.)
        for goal, argument, brokers in (
            ("--set-replication-factor", "2", {1, 2, 3, 4, 5}),
            ("--remove-broker", "3", {1, 2, 4, 5}),
            ("--replace-broker", "4:3", {1, 2, 3, 5}),
            ("--add-broker", "4", {1, 2, 3, 4, 5}),
        ):
            before, file = placed(racks), tmp_path / f"plan{goal}.json"
            copied = sum(len(row["copied_to"]) for row in planned(racks, file, goal, argument))
            # One for each partition of a topic, each replica on a broker, as many as a broker is to have: there is no
            # plan with fewer copies.
            least = {"--set-replication-factor": 40, "--add-broker": 2 * PARTITIONS // 5}
            assert copied == (least[goal] if goal in least else held(before, int(argument[0])))
            ran = racks.run(*execute(file, "--throttle", "20000000", batch=30))
            assert ran.returncode == 0, ran.stdout + ran.stderr
            expect_balance(racks, brokers)
        producer.stdin.write(lines(range(RECORDS // 2, RECORDS)))
        producer.stdin.close()
        assert producer.wait(60) == 0
        read = consumer.communicate(timeout=60)[0].splitlines()
    assert sorted(map(int, read)) == list(range(RECORDS))


def expect_balance(cluster: Cluster, brokers: set[int]) -> None:
    """Replicas and leaders are even on these brokers, replicas are on two racks, and nothing is left of the run."""
    now = placed(cluster)
    assert len(now) == PARTITIONS
    assert is_even(Counter(broker for each in now.values() for broker in each), brokers)
    # The broker that is asked may hear of the last elections after the one that `ktools` asked.
    wait_until(lambda: is_even(leaders(cluster), brokers), "leaders are even")
    assert all(len(each) == len({(broker - 1) % 3 for broker in each}) == 2 for each in now.values())
    assert is_left(cluster) == ""


def test_a_run_that_was_killed_at_20_moments_goes_on_and_one_that_was_interrupted_is_taken_back(
    racks: Cluster, tmp_path: Path
) -> None:
    before, file = placed(racks), tmp_path / "plan.json"
    began = monotonic()
    rows = planned(racks, file, "--remove-broker", "5")
    usual_seconds = monotonic() - began
    wanted = before | {(row["topic"], row["partition"]): tuple(row["planned"]) for row in rows}
    # At 1 B/s nothing comes to an end, however slow the machine is: brokers let one fetch through each 10 s.
    for number in range(KILLS - 1):
        with pytest.raises(subprocess.TimeoutExpired):  # what has not ended by then is killed with SIGKILL
            racks.run(*execute(file, "--throttle", "1"), timeout=usual_seconds * (number + 1) / 10)
    # On a quiet machine all of these may come before the first move: the last one comes behind it.
    with ended(racks.popen(*execute(file, "--throttle", "1"), stderr=subprocess.PIPE)) as run:
        says(run, b"Moving")
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


def test_a_broker_dies_and_one_freezes_amid_a_plan_and_directories_are_evened_out_while_data_flows(
    racks: Cluster, tmp_path: Path
) -> None:
    file, dirs, even = (tmp_path / f"{name}.json" for name in ("plan", "dirs", "even"))
    admin, before = racks.admin(), placed(racks)
    moves = planned(racks, file, "--remove-broker", "1")
    wanted = before | {(row["topic"], row["partition"]): tuple(row["planned"]) for row in moves}
    with (
        ended(racks.popen("console-producer", "--topic", "flow", stdin=subprocess.PIPE)) as producer,
        # What is begun does not come to an end before somebody lets it.
        ended(racks.popen(*execute(file, "--throttle", "1"), stderr=subprocess.PIPE)) as run,
    ):
        assert producer.stdin is not None
        assert run.stderr is not None
        producer.stdin.write(lines(range(RECORDS, RECORDS + 10_000)))
        says(run, b"Moving")
        assert racks.run("sandbox", "kill", "4").returncode == 0
        says(run, b"Paused (broker 4 is down)")
        producer.stdin.write(lines(range(RECORDS + 10_000, RECORDS + 20_000)))
        with (racks.home / "broker-4" / "server.properties").open("a") as settings:
            # What broker 4 leads is out of sync while another one is still taken to be alive.
            settings.write(f"log.dirs={','.join(folders(racks))}\nreplica.lag.time.max.ms=2000\n")
        with ended(racks.popen("sandbox", "start", "4", stdout=subprocess.DEVNULL)) as start:
            wait_until(lambda: leads(racks, 4), "broker 4 leads again")
            controller = admin.describe_cluster().result(20).controller.id
            with frozen(racks, 2 if controller == 5 else 5):
                says(run, b"Paused (below min ISR: still-")
            unthrottle(admin)
            says(run, b"Moving")
            more = run.stderr.read()
            assert run.wait(60) == 0, more
            assert start.wait(60) == 0
        assert placed(racks) == wanted
        assert is_left(racks) == ""

        uneven = sizes(racks)
        rows = planned(racks, dirs, "--balance-log-dirs", "4")
        assert {row["broker"] for row in rows} == {4}
        argv = ("--reassignment-json-file", str(dirs))
        begun = racks.run("reassign-partitions", "--execute", *argv)
        assert begun.returncode == 0, begun.stdout + begun.stderr
        producer.stdin.write(lines(range(RECORDS + 20_000, RECORDS + 30_000)))
        verify, done = ("reassign-partitions", "--verify", *argv), b" completed successfully."
        wait_until(lambda: racks.run(*verify).stdout.count(done) == len(rows), "all are in their directories")
        one, other = sizes(racks)
        assert abs(one - other) < min(max(uneven) / 4, max(uneven) - min(uneven))

        assert planned(racks, even, "--rebalance")
        ran = racks.run(*execute(even, batch=30))
        assert ran.returncode == 0, ran.stdout + ran.stderr
        producer.stdin.close()
        assert producer.wait(60) == 0
    expect_balance(racks, {1, 2, 3, 4, 5})
    read = racks.run("console-consumer", "--topic", "flow", "--from-beginning", "--until-end").stdout.splitlines()
    assert sorted(each for each in map(int, read) if each >= RECORDS) == list(range(RECORDS, RECORDS + 30_000))


def says(run: subprocess.Popen[bytes], words: bytes) -> None:
    """Read what a run says until a line begins with these words."""
    assert run.stderr is not None
    said = []
    for line in run.stderr:
        said.append(line)
        if line.startswith(words):
            return
    raise AssertionError(b"".join(said))


def leads(cluster: Cluster, broker: int) -> bool:
    """Have preferred replicas lead; tell whether a broker leads what has to have two replicas in sync."""
    cluster.run("leader-election", "--election-type", "preferred", "--all-topic-partitions")
    still = cluster.admin().list_topics("still", timeout=20).topics["still"].partitions.values()
    return any(each.leader == broker for each in still)


@contextmanager
def frozen(cluster: Cluster, broker: int) -> Iterator[None]:
    """Keep a broker from doing anything while the block runs."""
    kept = state_file.load(cluster.home)
    assert kept is not None
    [process] = [each.process for each in kept.brokers if each.id == broker]
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def folders(cluster: Cluster) -> list[str]:
    return [f"{cluster.home}/broker-4/{name}" for name in ("data", "data-2")]


def sizes(cluster: Cluster) -> list[int]:
    """Return how many bytes the directories of broker 4 hold."""
    ran = cluster.run("log-dirs", "--describe", "--broker-list", "4", "--output", "json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = dict.fromkeys(folders(cluster), 0)
    for row in json.loads(ran.stdout):
        found[row["log_dir"]] += row["size"] or 0
    return list(found.values())
