"""Renews recorded cases: runs Apache's tools from their jars on a sandbox cluster and writes down what they did."""

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from confluent_kafka import KafkaException

from kafka_tools.render.progress import stages
from kafka_tools.sandbox import endpoints, jars, launch, state_file
from kafka_tools.shims import apache
from kafka_tools.shims import folder as shims
from kafka_tools.tools import names as tool_names
from tests.support.clusters import KINDS, KTOOLS, Cluster, interrupted, running, sandbox
from tests.support.conformance import differences, idiom
from tests.support.conformance.case import Case, write
from tests.support.conformance.idiom import Idiom
from tests.support.conformance.normalise import outcome
from tests.support.conformance.stage import MOVING, Stage

JVM = ("-Xmx256M", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
SILENT = "log4j.rootLogger=OFF\n"
SILENT_4 = ("-Dorg.apache.logging.log4j.level=OFF", "-Dlog4j2.StatusLogger.level=OFF")
"""The same for log4j 2, which Kafka 4 has."""
SECONDS = 120


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
    os.environ.pop("JAVA_TOOL_OPTIONS", None)  # it would be told in the first line of stderr
    with silenced() as log4j:
        for kind, cluster in clusters({_kind(each) for each in wanted}, arguments.here):
            cases = [each for each in wanted if _kind(each) == kind]
            failed += sum(not renewed(each, cluster, None if arguments.ktools else log4j) for each in cases)
    differences.renew()
    return min(failed, 1)


def _shown_name(each: Case | Idiom) -> str:
    return each.name if isinstance(each, Case) else f"idioms/{each.name}"


def _listed(each: Case | Idiom) -> str:
    waits = () if isinstance(each, Case) else each.waits_for
    return f"{_shown_name(each)}  (waits for {', '.join(waits)})" if waits else _shown_name(each)


def _kind(each: Case | Idiom) -> str:
    return each.cluster if isinstance(each, Case) else "kafka39"


def clusters(kinds: set[str], here: bool) -> Iterator[tuple[str, Cluster]]:
    """Start a cluster of each kind, one after the other; or give the one that is up, if it is of one of them."""
    if here:
        kind, cluster = running_kind(endpoints.folder())
        if kinds - {kind}:
            sys.stderr.write(f"left out, as {kind} is up: what needs {', '.join(sorted(kinds - {kind}))}\n")
        yield kind, cluster
        return
    for kind in sorted(kinds):
        with tempfile.TemporaryDirectory(prefix="ktools-record-") as folder:
            for cluster in sandbox(Path(folder), *KINDS[kind]):
                yield kind, cluster


def running_kind(home: Path) -> tuple[str, Cluster]:
    """Return the sandbox that is up, and what kind of cluster it is."""
    found = state_file.load(home)
    assert found is not None, "no sandbox is up"
    version = found.kafka_version[0] if found.mode == "kraft" else found.kafka_version[:3].replace(".", "")
    return f"kafka{version}{'' if found.security == 'plaintext' else '_secured'}", running(home)


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
    with Stage(case, cluster).prepared() as stage:
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
        with idiom.IdiomStage(asked, cluster).prepared() as stage:
            found = idiom.run(asked, stage, home, cluster.env, None)
    if log4j is None:
        new = replace(asked, ktools={part: found[part] for part in idiom.PARTS if found[part] != asked.apache[part]})
    else:
        new = replace(asked, apache=found)
    idiom.write(new)
    return new == asked


def _run(command: Sequence[str], case: Case, stage: Stage, env: Mapping[str, str]) -> dict[str, str]:
    stdin = stage.filled(case.stdin).encode("utf-8", "surrogateescape")
    argv = [*command, *stage.argv()]
    if case.until:
        ran = interrupted(argv, env, case.until)
    else:
        ran = subprocess.run(argv, input=stdin, env=env, capture_output=True, timeout=SECONDS, check=False)
    # What failed leaves nothing, but for moves and throttles that were there before.
    left = stage.leaves("" if ran.returncode and case.tool != MOVING else None)
    return outcome(ran.stdout, ran.stderr, ran.returncode, left, case, stage.placeholders)


@cache
def _class_path(version: str) -> tuple[Path, ...]:
    with stages() as progress:
        return tuple(jars.class_path(version, progress, with_tools=not version.startswith(("1.", "2."))))


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


if __name__ == "__main__":
    sys.exit(main())
