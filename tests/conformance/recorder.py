"""Renews recorded cases: runs Apache's tools from their jars on a sandbox cluster and writes down what they did."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException

from kafka_tools.sandbox import jars, java
from kafka_tools.sandbox.progress import shown
from tests.conformance.case import Case, names, read, write
from tests.conformance.normalise import outcome
from tests.conformance.stage import Stage

KTOOLS = (sys.executable, "-m", "kafka_tools")
JVM = ("-Xmx256M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SILENT = "log4j.rootLogger=OFF\n"
SILENT_4 = ("-Dorg.apache.logging.log4j.level=OFF", "-Dlog4j2.StatusLogger.level=OFF")
"""The same for log4j 2, which Kafka 4 has."""
SECONDS = 120
UNWANTED = ("JAVA_TOOL_OPTIONS", "KTOOLS_BOOTSTRAP_SERVERS", "KTOOLS_ZOOKEEPER", "KTOOLS_COMMAND_CONFIG")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A sandbox that runs. `env` is the environment in which ktools finds it."""

    bootstrap: str
    zookeeper: str
    env: dict[str, str]

    def run(self, *argv: str) -> Any:
        """Run ktools."""
        return subprocess.run([*KTOOLS, *argv], env=self.env, check=True, capture_output=True, timeout=SECONDS)


def main() -> int:
    """Record what the command line names; return 1 if a case could not be recorded."""
    parser = argparse.ArgumentParser(prog="scripts/record", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="TOOL, TOOL/CASE or a part of it; all without any")
    parser.add_argument("--ktools", action="store_true", help="cases with a difference: record what ktools does there")
    parser.add_argument("--here", action="store_true", help="on the sandbox that is up, instead of a new one")
    parser.add_argument("--missing", action="store_true", help="only cases that have no record yet")
    parser.add_argument("--list", action="store_true", help="list the cases and record nothing")
    arguments = parser.parse_args()
    parts = arguments.cases or [""]
    wanted = [read(name) for name in names() if any(part in name for part in parts)]
    if arguments.ktools:
        wanted = [case for case in wanted if case.difference]
    if arguments.missing:
        wanted = [case for case in wanted if not (case.ktools if arguments.ktools else case.apache)]
    if arguments.list or not wanted:
        sys.stdout.write("".join(f"{case.name}\n" for case in wanted))
        return 0 if wanted else 1
    failed = 0
    with silenced() as log4j:
        for kraft in (False, True):
            cases = [case for case in wanted if case.kraft == kraft]
            if cases:
                with sandbox(arguments.here, kraft) as cluster:
                    failed += sum(not renewed(case, cluster, None if arguments.ktools else log4j) for case in cases)
    return min(failed, 1)


@contextmanager
def sandbox(here: bool, kraft: bool) -> Iterator[Cluster]:
    """The sandbox that is up, or a new cluster of three brokers, ended afterwards."""
    env = {name: value for name, value in os.environ.items() if name not in UNWANTED}
    if here:
        yield Cluster(*_addresses(env), env)
        return
    with tempfile.TemporaryDirectory(prefix="ktools-record-") as folder:
        env["KTOOLS_SANDBOX_DIR"] = folder
        try:
            mode = "kraft" if kraft else "zookeeper"
            up = [*KTOOLS, "sandbox", "up", "--brokers", "3", "--mode", mode]
            subprocess.run(up, env=env, check=True, stdout=sys.stderr)
            yield Cluster(*_addresses(env), env)
        finally:
            subprocess.run([*KTOOLS, "sandbox", "down"], env=env, check=False, capture_output=True)


@contextmanager
def silenced() -> Iterator[Path]:
    """A log4j configuration that logs nothing: what a tool says itself is recorded, not its log."""
    with tempfile.TemporaryDirectory(prefix="ktools-record-") as folder:
        path = Path(folder, "log4j.properties")
        path.write_text(SILENT, encoding="utf-8")
        yield path


def renewed(case: Case, cluster: Cluster, log4j: Path | None) -> bool:
    """Record one case, with Apache's tool or (without `log4j`) with ktools; say whether its file could be written."""
    command = (*KTOOLS, case.tool) if log4j is None else _java(case.kafka, case.main, log4j)
    try:
        with Stage(case, cluster.bootstrap, cluster.zookeeper, cluster.run).prepared() as stage:
            recorded = _run(command, case, stage, cluster.env)
    except subprocess.TimeoutExpired:
        sys.stderr.write(f"{case.name}: did not end within {SECONDS} s\n")
        return False
    except (KafkaException, TimeoutError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{case.name}: {error}\n")
        return False
    if log4j is None:
        parts = [part for part in case.compared(recorded) if recorded[part] != case.apache[part]]
        new = replace(case, ktools={part: recorded[part] for part in parts})
    else:
        new = replace(case, apache=recorded)
    write(new)
    sys.stderr.write(f"{case.name}: {'as before' if new == case else 'recorded'}\n")
    return True


def _run(command: Sequence[str], case: Case, stage: Stage, env: Mapping[str, str]) -> dict[str, str]:
    stdin = stage.filled(case.stdin).encode("utf-8", "surrogateescape")
    ran = subprocess.run(
        [*command, *stage.argv()], input=stdin, env=env, capture_output=True, timeout=SECONDS, check=False
    )
    left = stage.leaves(None if ran.returncode == 0 else "")
    return outcome(ran.stdout, ran.stderr, ran.returncode, left, case, stage.placeholders)


@cache
def _java(version: str, main_class: str, log4j: Path) -> tuple[str, ...]:
    with shown() as progress:
        path = jars.class_path(version, progress, with_tools=not version.startswith("2."))
    silent = f"-Dlog4j.configuration=file:{log4j}"
    return (str(java.find(version)), *JVM, silent, *SILENT_4, "-cp", os.pathsep.join(map(str, path)), main_class)


def _addresses(env: dict[str, str]) -> tuple[str, str]:
    """Return what goes for {bootstrap} and for {zookeeper}."""
    status = (*KTOOLS, "sandbox", "status", "--output", "json")
    servers = json.loads(subprocess.run(status, env=env, check=True, capture_output=True).stdout)
    addresses = {role: [s["address"] for s in servers if role in s["role"]] for role in ("broker", "zookeeper")}
    return ",".join(addresses["broker"]), ",".join(addresses["zookeeper"])


if __name__ == "__main__":
    sys.exit(main())
