"""What console-consumer shows on a terminal: a table that grows, and how far it is."""

import json
from pathlib import Path

import pexpect
import pytest

from tests.support.clusters import KTOOLS, Cluster
from tests.support.console import committed, produce

ROW = r"0 +%d +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +%s\r\n"
STYLED = r"(?:\x1b\[[\d;]*m)*"


@pytest.fixture
def env(kafka39: Cluster) -> dict[str, str]:
    return kafka39.env | {"TERM": "xterm", "LC_ALL": "C.UTF-8"}


def test_a_table_grows_until_ctrl_c(kafka39: Cluster, env: dict[str, str]) -> None:
    topic = kafka39.topic()
    keyed = ("--property", "parse.key=true")
    produce(kafka39, topic, b"k1\tone\nk2\ttwo\n", *keyed)
    argv = ["-m", "kafka_tools", "console-consumer", "--topic", topic, "--group", f"g-{topic}", "--from-beginning"]
    screen = pexpect.spawn(KTOOLS[0], [*argv, "--output", "table"], env=env, dimensions=(40, 90), encoding="utf-8")
    try:
        screen.expect("Partition.*Offset.*Timestamp.*Key.*Value", timeout=30)
        screen.expect(ROW % (1, "k2 +two"), timeout=30)
        produce(kafka39, topic, b"k3\t" + b"word " * 20 + b"end\n", *keyed)
        screen.expect(ROW % (2, "k3 +word (word ?)+"), timeout=30)
        screen.expect(r"\r\n {40,}(word ?)+.* end\r\n", timeout=30)
        screen.sendintr()
        screen.expect("Processed a total of 3 messages", timeout=30)
        screen.expect(pexpect.EOF, timeout=30)
    finally:
        screen.close()
    assert screen.exitstatus == 130
    assert committed(kafka39, f"g-{topic}", topic, 1) == [3]


def test_a_table_in_a_pipe(kafka39: Cluster) -> None:
    topic = kafka39.topic()
    records = [
        {"key": {"base64": "/wA="}, "value": "v" * 200, "headers": [{"key": "h", "value": "1"}]},
        {"key": None, "value": "[red]\u001b[31m\n"},
    ]
    produce(kafka39, topic, "".join(f"{json.dumps(each)}\n" for each in records).encode(), "--input", "jsonl")
    shown = ("--output", "table", "--property", "print.timestamp=false", "--from-beginning", "--until-end")
    ran = kafka39.run("console-consumer", "--include", topic, *shown)
    assert ran.returncode == 0, ran.stderr
    topics = len(topic)
    assert ran.stdout.decode().splitlines() == [
        f"{'Topic':{topics}}  Partition  Offset  Key       Headers  Value",
        f"{topic}          0       0  \\xff\\x00  h:1      {'v' * 200}",
        f"{topic}          0       1  null               [red]\\x1b[31m\\n",
    ]


def test_how_far_it_is(kafka39: Cluster, env: dict[str, str], tmp_path: Path) -> None:
    topic, records = kafka39.topic(), tmp_path / "records"
    produce(kafka39, topic, b"1\n2\n3\n")
    command = f"exec {' '.join(KTOOLS)} console-consumer --topic {topic} --from-beginning --max-messages 4 > {records}"
    screen = pexpect.spawn("sh", ["-c", command], env=env, dimensions=(40, 100), encoding="utf-8")
    try:
        screen.expect(f"consuming {topic}  ━+{STYLED}[╸╺]{STYLED}━+{STYLED}  3 records  75 %", timeout=30)
        produce(kafka39, topic, b"4\n")
        screen.expect(r"━━  4 records  100 %  [\d,]+/s  in 0:00:\d\d", timeout=30)
        screen.expect("Processed a total of 4 messages", timeout=30)
        screen.expect(pexpect.EOF, timeout=30)
    finally:
        screen.close()
    assert (screen.exitstatus, records.read_bytes()) == (0, b"1\n2\n3\n4\n")


def test_in_a_pipe_nothing_is_said_of_it(kafka39: Cluster, env: dict[str, str]) -> None:
    topic = kafka39.topic()
    produce(kafka39, topic, b"1\n")
    options = f"console-consumer --topic {topic} --from-beginning --max-messages 2 --timeout-ms 6000"
    screen = pexpect.spawn("sh", ["-c", f"{' '.join(KTOOLS)} {options} | cat"], env=env, encoding="utf-8")
    screen.expect(pexpect.EOF, timeout=30)
    screen.close()
    assert sorted(filter(None, (screen.before or "").split("\r\n"))) == ["1", "Processed a total of 1 messages\x1b[K"]
