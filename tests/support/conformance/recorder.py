"""Renews recorded cases: runs Apache's tools from their jars on a sandbox cluster and writes down what they did."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException

from kafka_tools.render.progress import stages
from kafka_tools.sandbox import jars, launch
from kafka_tools.shims import apache
from kafka_tools.shims import folder as shims
from kafka_tools.tools import names as tool_names
from tests.support.conformance import differences, idiom
from tests.support.conformance.case import Case, write
from tests.support.conformance.idiom import Idiom
from tests.support.conformance.normalise import outcome
from tests.support.conformance.stage import Stage

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

    def run(self, *argv: str, timeout: float = SECONDS) -> Any:
        """Run ktools."""
        return subprocess.run([*KTOOLS, *argv], env=self.env, check=True, capture_output=True, timeout=timeout)


def main() -> int:
    """Record what the command line names; return 1 if a case could not be recorded."""
    parser = argparse.ArgumentParser(prog="scripts/record", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="TOOL, TOOL/CASE or a part of it; all without any")
    parser.add_argument("--ktools", action="store_true", help="cases with a difference: record what ktools does there")
    parser.add_argument("--here", action="store_true", help="on the sandbox that is up, instead of a new one")
    parser.add_argument("--missing", action="store_true", help="only cases that have no record yet")
    parser.add_argument("--list", action="store_true", help="list the cases and record nothing")
    parser.add_argument("--differences", action="store_true", help="write DIFFERENCES.md and record nothing")
    arguments = parser.parse_args()
    if arguments.differences:
        differences.renew()
        return 0
    wanted = [
        each for each in differences.every() if any(part in _shown_name(each) for part in arguments.cases or [""])
    ]
    if arguments.ktools:
        wanted = [each for each in wanted if each.difference]
    if arguments.missing:
        wanted = [each for each in wanted if not (each.ktools if arguments.ktools else each.apache)]
    if arguments.list or not wanted:
        sys.stdout.write("".join(f"{_listed(each)}\n" for each in wanted))
        waiting = sum(isinstance(each, Idiom) and bool(each.waits_for) for each in wanted)
        sys.stderr.write(f"{len(wanted)} in all, {waiting} of them idioms that wait for a tool\n")
        return 0 if wanted else 1
    failed = 0
    with silenced() as log4j:
        for kraft in (False, True):
            here = [each for each in wanted if kraft == (isinstance(each, Case) and each.kraft)]
            if here:
                with sandbox(arguments.here, kraft) as cluster:
                    failed += sum(not renewed(each, cluster, None if arguments.ktools else log4j) for each in here)
    differences.renew()
    return min(failed, 1)


def _shown_name(each: Case | Idiom) -> str:
    return each.name if isinstance(each, Case) else f"idioms/{each.name}"


def _listed(each: Case | Idiom) -> str:
    waits = () if isinstance(each, Case) else each.waits_for
    return f"{_shown_name(each)}  (waits for {', '.join(waits)})" if waits else _shown_name(each)


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


def renewed(each: Case | Idiom, cluster: Cluster, log4j: Path | None) -> bool:
    """Record one, with Apache's tools or (without `log4j`) with ktools; say whether its file could be written."""
    name = _shown_name(each)
    try:
        same = _case(each, cluster, log4j) if isinstance(each, Case) else _idiom(each, cluster, log4j)
    except subprocess.TimeoutExpired as expired:
        sys.stderr.write(f"{name}: did not end within {expired.timeout} s\n")
        return False
    except (KafkaException, TimeoutError, subprocess.CalledProcessError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return False
    sys.stderr.write(f"{name}: {'as before' if same else 'recorded'}\n")
    return True


def _case(case: Case, cluster: Cluster, log4j: Path | None) -> bool:
    """Record one case; say whether it is as before."""
    command = (*KTOOLS, case.tool) if log4j is None else (*_java(case.kafka, log4j), case.main)
    with Stage(case, cluster.bootstrap, cluster.zookeeper, cluster.run).prepared() as stage:
        recorded = _run(command, case, stage, cluster.env)
    if log4j is None:
        parts = [part for part in case.compared(recorded) if recorded[part] != case.apache[part]]
        new = replace(case, ktools={part: recorded[part] for part in parts})
    else:
        new = replace(case, apache=recorded)
    write(new)
    return new == case


def _idiom(asked: Idiom, cluster: Cluster, log4j: Path | None) -> bool:
    """Record one idiom; say whether it is as before."""
    with tempfile.TemporaryDirectory(prefix="ktools-record-") as folder:
        home = Path(folder)
        if log4j is None:
            shims.install(home / "bin", apache.scripts(tool_names()), force=False)
        else:
            idiom.write_apaches_scripts(home, _java(asked.kafka, log4j), _main_classes(asked.kafka))
        with idiom.IdiomStage(asked, cluster.bootstrap, cluster.zookeeper, cluster.run).prepared() as stage:
            found = idiom.run(asked, stage, home, cluster.env, None)
    if log4j is None:
        new = replace(asked, ktools={part: found[part] for part in idiom.PARTS if found[part] != asked.apache[part]})
    else:
        new = replace(asked, apache=found)
    idiom.write(new)
    return new == asked


def _run(command: Sequence[str], case: Case, stage: Stage, env: Mapping[str, str]) -> dict[str, str]:
    stdin = stage.filled(case.stdin).encode("utf-8", "surrogateescape")
    ran = subprocess.run(
        [*command, *stage.argv()], input=stdin, env=env, capture_output=True, timeout=SECONDS, check=False
    )
    left = stage.leaves(None if ran.returncode == 0 else "")
    return outcome(ran.stdout, ran.stderr, ran.returncode, left, case, stage.placeholders)


@cache
def _class_path(version: str) -> tuple[Path, ...]:
    with stages() as progress:
        return tuple(jars.class_path(version, progress, with_tools=not version.startswith("2.")))


def _java(version: str, log4j: Path) -> tuple[str, ...]:
    """Return the command line of Apache's tools up to the main class."""
    silent = f"-Dlog4j.configuration=file:{log4j}"
    path = os.pathsep.join(map(str, _class_path(version)))
    return (str(launch.find_java(version)), *JVM, silent, *SILENT_4, "-cp", path)


@cache
def _main_classes(version: str) -> dict[str, str]:
    """Return the main class of each tool that this version has: the newest that is in its jars."""
    there = {
        name.removesuffix(".class").replace("/", ".")
        for jar in _class_path(version)
        if "kafka" in jar.name or "zookeeper" in jar.name
        for name in zipfile.ZipFile(jar).namelist()
    }
    found = {tool: [each for each in classes if each in there] for tool, classes in apache.MAIN_CLASSES.items()}
    return {tool: classes[-1] for tool, classes in found.items() if classes}


def _addresses(env: dict[str, str]) -> tuple[str, str]:
    """Return what goes for {bootstrap} and for {zookeeper}."""
    status = (*KTOOLS, "sandbox", "status", "--output", "json")
    servers = json.loads(subprocess.run(status, env=env, check=True, capture_output=True).stdout)
    addresses = {role: [s["address"] for s in servers if role in s["role"]] for role in ("broker", "zookeeper")}
    return ",".join(addresses["broker"]), ",".join(addresses["zookeeper"])


if __name__ == "__main__":
    sys.exit(main())
