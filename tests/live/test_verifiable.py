"""The clients that print an event of JSON a line, on real brokers: what they print is what the brokers have."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.support.clusters import Cluster, ended
from tests.support.console import stored

Event = dict[str, Any]
SERVED_QUICKLY = ("-X", "heartbeat.interval.ms=200")


def events(lines: bytes) -> list[Event]:
    return [json.loads(line) for line in lines.splitlines()]


def named(name: str, found: list[Event]) -> list[Event]:
    return [each for each in found if each["name"] == name]


def produced(cluster: Cluster, topic: str, records: int, *options: str) -> list[Event]:
    ran = cluster.run("verifiable-producer", "--topic", topic, "--max-messages", str(records), *options)
    assert (ran.returncode, ran.stderr) == (0, b"")
    return events(ran.stdout)


def reader(cluster: Cluster, topic: str, *options: str) -> subprocess.Popen[bytes]:
    """Start a member of the group that is called as the topic."""
    return cluster.popen("verifiable-consumer", "--topic", topic, "--group-id", topic, *options, stdout=subprocess.PIPE)


def until(name: str, running: subprocess.Popen[bytes]) -> Iterator[Event]:
    """Yield the events that a process prints, up to the first of this name."""
    assert running.stdout is not None
    for line in running.stdout:
        event: Event = json.loads(line)
        yield event
        if event["name"] == name:
            return


def rest(running: subprocess.Popen[bytes], by: signal.Signals) -> list[Event]:
    """End a process by a signal, and return the events that it printed since."""
    running.send_signal(by)
    return events(running.communicate(timeout=60)[0])


def committed(cluster: Cluster, topic: str, partitions: int = 1) -> list[int]:
    client = Consumer({"bootstrap.servers": cluster.bootstrap, "group.id": topic})
    found = client.committed([TopicPartition(topic, number) for number in range(partitions)], timeout=30)
    client.close()
    return [each.offset for each in found]


def offsets(found: list[Event]) -> list[int]:
    """Return the offsets of all records that are told of in a topic of one partition."""
    parts = [part for each in named("records_consumed", found) for part in each["partitions"]]
    return [offset for part in parts for offset in range(part["minOffset"], part["maxOffset"] + 1)]


def test_each_record_that_is_acknowledged_is_where_its_event_says(kafka39: Cluster) -> None:
    topic = kafka39.topic(3)
    found = produced(kafka39, topic, 20_000, "--repeating-keys", "7", "--value-prefix", "4")
    there = stored(kafka39, topic, 3)
    sent = sorted(named("producer_send_success", found), key=lambda each: (each["partition"], each["offset"]))
    assert [each["value"].encode() for each in sent] == there
    assert {each["value"] for each in sent} == {f"4.{number}" for number in range(20_000)}
    assert [(each["sent"], each["acked"]) for each in named("tool_data", found)] == [(20_000, 20_000)]


def test_a_signal_ends_both_with_their_last_events_and_the_group_has_what_was_printed(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    with ended(reader(kafka39, topic)) as reading:
        before = list(until("partitions_assigned", reading))
        options = ("--topic", topic, "--throughput", "300")
        with ended(kafka39.popen("verifiable-producer", *options, stdout=subprocess.PIPE)) as sending:
            sent = list(until("producer_send_success", sending))
            before += until("offsets_committed", reading)
            sent += rest(sending, signal.SIGINT)
        assert (sending.returncode, [each["name"] for each in sent[-2:]]) == (130, ["shutdown_complete", "tool_data"])
        there = stored(kafka39, topic)
        assert (sent[-1]["sent"], sent[-1]["acked"]) == (len(there), len(there))
        while len(offsets(before)) < len(there):
            before += until("offsets_committed", reading)
        found = before + rest(reading, signal.SIGTERM)
    assert reading.returncode == 143
    assert [each["name"] for each in found[-2:]] == ["partitions_revoked", "shutdown_complete"]
    assert offsets(found) == list(range(len(there)))
    assert committed(kafka39, topic) == [len(there)]


def test_a_killed_member_loses_nothing_and_the_next_goes_on_where_it_was_committed(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    produced(kafka39, topic, 5000)
    static = ("--group-instance-id", "one", *SERVED_QUICKLY)  # the next one takes its place at once
    with ended(reader(kafka39, topic, *static)) as killed:
        first = [*until("offsets_committed", killed), *until("offsets_committed", killed)]
        killed.kill()
        assert killed.stdout is not None
        first += events(b"".join(line for line in killed.stdout if line.endswith(b"\n")))
    [begins] = committed(kafka39, topic)
    with ended(reader(kafka39, topic, "--max-messages", str(5000 - begins), *static)) as next_one:
        second = events(next_one.communicate(timeout=60)[0])
    assert next_one.returncode == 0
    assert offsets(second) == list(range(begins, 5000))
    assert sorted({*offsets(first), *offsets(second)}) == list(range(5000))
    assert committed(kafka39, topic) == [5000]


def test_members_share_partitions_and_each_record_has_one_reader(kafka39: Cluster) -> None:
    topic = kafka39.topic(2)
    with ended(reader(kafka39, topic, *SERVED_QUICKLY)) as one, ended(reader(kafka39, topic, *SERVED_QUICKLY)) as two:
        found = {one: list[Event](), two: list[Event]()}
        has: dict[Any, set[int]] = {one: set(), two: set()}
        while not has[one] or not has[two]:
            waiting = two if has[one] else one
            for event in until("partitions_assigned", waiting):
                found[waiting].append(event)
                has[waiting] |= {each["partition"] for each in event.get("partitions", ())}
        sent = named("producer_send_success", produced(kafka39, topic, 400, "--repeating-keys", "50"))
        assert {each["partition"] for each in sent} == {0, 1}
        for each in (one, two):
            found[each] += until("offsets_committed", each)
        while sum(each["count"] for all_of in found.values() for each in named("records_consumed", all_of)) < 400:
            behind = min(found, key=lambda each: sum(n["count"] for n in named("records_consumed", found[each])))
            found[behind] += until("offsets_committed", behind)
        ends = [found[each] + rest(each, signal.SIGINT) for each in (one, two)]
    read = [(part["partition"], part["count"]) for all_of in ends for part in _parts(all_of)]
    assert sum(count for _, count in read) == 400
    assert [{part["partition"] for part in _parts(all_of)} for all_of in ends] in ([{0}, {1}], [{1}, {0}])
    assert sum(committed(kafka39, topic, 2)) == 400


def _parts(found: list[Event]) -> list[Event]:
    return [part for each in named("records_consumed", found) for part in each["partitions"]]


@pytest.mark.parametrize("tool", ["verifiable-producer", "verifiable-consumer"])
def test_a_reader_that_goes_ends_it_silently(kafka39: Cluster, tool: str) -> None:
    topic = kafka39.topic()
    produced(kafka39, topic, 2000)
    group = ("--group-id", topic, "--verbose") if tool.endswith("consumer") else ()
    running = kafka39.popen(tool, "--topic", topic, *group, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with ended(running):
        assert running.stdout is not None
        taken = [json.loads(running.stdout.readline()) for _ in range(3)]
        running.stdout.close()
        assert running.stderr is not None
        assert running.stderr.read() == b""
        assert running.wait(60) == 0
    assert taken[0]["name"] == "startup_complete"


def test_a_wrong_password_is_told_in_one_line_before_any_event(kafka39_secured: Cluster, tmp_path: Path) -> None:
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    wrong = kafka39_secured.config(
        "user", tmp_path, sasl_jaas_config=f'{module} required username="user" password="hunter2";'
    )
    for tool, *more in (("verifiable-producer",), ("verifiable-consumer", "--group-id", "g")):
        ran = kafka39_secured.run(tool, "--topic", "t", *more, "--command-config", wrong)
        assert (ran.returncode, ran.stdout) == (1, b"")
        assert b"does not let user in with SCRAM-SHA-512: Authentication failed" in ran.stderr.splitlines()[0]
        assert b"hunter2" not in ran.stderr
