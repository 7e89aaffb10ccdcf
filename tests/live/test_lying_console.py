"""The console tools with brokers that lie: a group loses no record, and no producer calls sent what is not there."""

import random
from collections.abc import Sequence
from pathlib import Path

from tests.support.clusters import Cluster
from tests.support.mutations import Ended, Pool, Run, measured, summary

GROUPS, PRODUCERS = 60, 30
RECORDS, TAKEN = 40, 25
MORTAL = ("session.timeout.ms=1000", "heartbeat.interval.ms=300", "auto.commit.interval.ms=20")
"""A member that died is missed after a second; what was printed is committed often before it does."""


def check(ended: Sequence[Ended]) -> None:
    said = summary(ended)
    print(said)  # noqa: T201  shown by pytest -s and where this fails
    assert [each for each in ended if each.failed][:3] == [], said


def consumer(topic: str, group: str, *options: str) -> tuple[str, ...]:
    properties = [word for each in MORTAL for word in ("--consumer-property", each)]
    return ("console-consumer", "--topic", topic, "--group", group, "--from-beginning", *options, *properties)


def test_a_group_loses_nothing(kafka39: Cluster, tmp_path: Path) -> None:
    """Who was killed by librdkafka or ended by a changed response goes on with all that was not printed.

    Who ended well may have been told a wrong offset, which nobody can see.
    """
    topic = kafka39.topic(partitions=2, replication_factor=2)
    lines = {f"{number:03}" for number in range(RECORDS)}
    sent = kafka39.run("console-producer", "--topic", topic, stdin="\n".join(sorted(lines)).encode())
    assert sent.returncode == 0, sent.stderr
    pool = Pool(kafka39.bootstrap.split(","), kafka39.env)
    groups = [f"g-{topic}-{seed}" for seed in range(GROUPS)]
    first = [consumer(topic, each, "--max-messages", str(TAKEN), "--timeout-ms", "5000") for each in groups]
    [responses] = measured(pool, [consumer(topic, f"g-{topic}", "--max-messages", str(TAKEN))]).values()
    at = [random.Random(-seed - 1).randrange(responses) for seed in range(GROUPS)]
    files = [(tmp_path / f"{seed}", tmp_path / f"{seed}.rest") for seed in range(GROUPS)]
    for file in (each for pair in files for each in pair):
        file.touch()
    runs = [Run(argv, seed, at[seed], output=str(files[seed][0])) for seed, argv in enumerate(first)]
    ended = pool.make(runs)
    check(ended)
    cut_off = left = [each.run.seed for each in ended if each.status]
    assert left, "some changes end a run"
    for _ in range(3):  # one that died is a member of its group for a second more
        rest = [
            Run(consumer(topic, groups[seed], "--until-end"), seed, -1, output=str(files[seed][1])) for seed in left
        ]
        left = [each.run.seed for each in pool.make(rest) if each.status]
    assert left == []
    found = {seed: set().union(*(file.read_text().split() for file in files[seed])) for seed in cut_off}
    assert {seed: lines - found[seed] for seed in cut_off if lines - found[seed]} == {}


def test_what_a_producer_calls_sent_is_there(kafka39: Cluster, tmp_path: Path) -> None:
    topic = kafka39.topic(partitions=3, replication_factor=3, configs=("min.insync.replicas=2",))
    pool = Pool(kafka39.bootstrap.split(","), kafka39.env)
    # A broker that says nonsense for ever is waited for as long as the user likes: two minutes, if he says nothing.
    argv = ("console-producer", "--topic", topic, "--producer-property", "delivery.timeout.ms=10000")
    [responses] = measured(pool, [argv]).values()
    runs = []
    for seed in range(PRODUCERS):
        file = tmp_path / f"{seed}"
        file.write_text("".join(f"{seed}-{number}\n" for number in range(20)))
        at = random.Random(-seed - 1).randrange(responses + 4)  # each broker that leads a partition gives some more
        runs.append(Run(argv, seed, at, stdin=str(file)))
    ended = pool.make(runs)
    check(ended)
    found = set(
        kafka39.run("console-consumer", "--topic", topic, "--from-beginning", "--until-end").stdout.decode().split()
    )
    sent = {each.run.seed for each in ended if each.status == 0}
    assert len(sent) > PRODUCERS / 3
    assert {seed for seed in sent for number in range(20) if f"{seed}-{number}" not in found} == set()
