"""`ktools console-share-consumer` on real brokers: what nobody took comes again, and nothing comes twice."""

import subprocess

from tests.support.clusters import KTOOLS, Cluster

RECORDS = 600


def test_what_the_reader_of_the_pipe_did_not_take_goes_to_the_next_member(kafka4: Cluster) -> None:
    topic = kafka4.topic()
    lines = "".join(f"record {number:04} {'x' * 40}\n" for number in range(RECORDS))
    assert kafka4.run("console-producer", "--topic", topic, stdin=lines.encode()).returncode == 0
    reset = ("--reset-offsets", "--group", topic, "--topic", topic, "--to-earliest", "--execute")
    assert kafka4.run("share-groups", *reset).returncode == 0
    argv = ("console-share-consumer", "--topic", topic, "--group", topic)
    first = kafka4.run(*argv, "--max-messages", "2").stdout.decode()
    command = f"{' '.join((*KTOOLS, *argv))} | head -n 1"
    second = subprocess.run(
        ["sh", "-c", command], env=kafka4.env, capture_output=True, text=True, timeout=60, check=True
    )
    assert "Unable to write to standard out, closing consumer." in second.stderr
    rest = kafka4.run(*argv, "--max-messages", str(RECORDS - 2)).stdout.decode()
    # head used one record and took more: all that it was given comes again.
    assert second.stdout == rest.splitlines(keepends=True)[0]
    assert first + rest == lines
