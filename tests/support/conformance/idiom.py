r"""Idioms: short scripts such as people write around Apache's tools, run once with those and replayed with the shims.

A file of `idioms/` begins with its head: one sentence, then `key: value` lines.

    kafka: 3.9.1          version of Apache's tools it was recorded with (2.8.2: what uses --zookeeper)
    shell: bash           or sh; default bash
    setup: …              a step before the run (see `stage.Stage`); any number
    order: any            the lines of stdout have no order
    difference: …         why ktools does something else here, on purpose

Then `=== script` and what `scripts/record idioms` writes: `=== apache stdout`, `=== apache status`, `=== apache leaves`
(topics, records and committed offsets afterwards; `=== ktools …` where a difference is). The script finds the tools on
PATH and in $KAFKA_HOME/bin, the cluster in $BOOTSTRAP and $ZOOKEEPER, names of its own in $TOPIC (a prefix) and $GROUP;
it runs in an empty folder. It uses POSIX tools only. An idiom whose tools are not in ktools yet waits for them.
"""

import os
import re
import shlex
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kafka_tools.shims import apache
from kafka_tools.tools import names as tool_names
from tests.support.clusters import Cluster
from tests.support.conformance import aftermath
from tests.support.conformance.case import Case, section, unescaped
from tests.support.conformance.normalise import normalise, with_placeholders
from tests.support.conformance.stage import Stage

FOLDER = Path(__file__).parents[2] / "conformance" / "idioms"
PARTS = ("stdout", "status", "leaves")
SECONDS = 150
RUNS = re.compile(r"(?:kafka|zookeeper|connect)-[a-z0-9]+(?:-[a-z0-9]+)*|(?:kafka|org\.apache)\.[A-Za-z.]+[A-Z]\w+")
"""Scripts of Apache's and main classes, as a script names them."""


@dataclass(frozen=True, slots=True)
class Idiom:
    """One idiom. `apache` and `ktools` map parts (stdout, status, leaves) to normalised text."""

    name: str
    title: str
    kafka: str
    script: str
    shell: str = "bash"
    setup: tuple[str, ...] = ()
    any_order: bool = False
    difference: str = ""
    apache: dict[str, str] = field(default_factory=dict)
    ktools: dict[str, str] = field(default_factory=dict)

    @property
    def tools(self) -> frozenset[str]:
        """The tools that the script calls, by their names in ktools."""
        by_script = apache.scripts(apache.MAIN_CLASSES)
        found = (by_script.get(word) or apache.tool_of(word) for word in RUNS.findall(self.script))
        return frozenset(tool for tool in found if tool)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """The tools that ktools does not have yet."""
        return tuple(sorted(self.tools - set(tool_names())))

    @property
    def expected(self) -> dict[str, str]:
        """What has to come of it with the shims."""
        return self.apache | self.ktools

    def as_case(self) -> Case:
        """Return what a stage needs to know."""
        argv = tuple(word for word, mark in (("{group}", "$GROUP"), ("--delete", "--delete")) if mark in self.script)
        with_records = any(step.startswith("record ") for step in self.setup)
        kind = "console-consumer" if with_records else "topics"
        return Case(f"{kind}/{self.name}", self.title, self.kafka, "", argv, self.setup, any_order=self.any_order)


def names(folder: Path = FOLDER) -> list[str]:
    """Return the names of all idioms."""
    return sorted(path.stem for path in folder.glob("*.txt"))


def read(name: str, folder: Path = FOLDER) -> Idiom:
    """Read one idiom; raises ValueError or KeyError where the file does not follow the rules above."""
    head, *sections = re.split(r"^=== (.+)\n", (folder / f"{name}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    texts = dict(zip(sections[::2], sections[1::2], strict=True))
    title, *lines = [line for line in head.splitlines() if line.strip()]
    pairs = [(key, value.strip()) for key, _, value in (line.partition(":") for line in lines)]
    values = dict(pairs)
    unknown = set(values) - {"kafka", "shell", "setup", "order", "difference"}
    unknown |= set(texts) - {"script", *(f"{who} {part}" for who in ("apache", "ktools") for part in PARTS)}
    if unknown:
        raise ValueError(f"{name}: unknown {unknown}")
    recorded = [
        {part: unescaped(texts[f"{who} {part}"]) for part in PARTS if f"{who} {part}" in texts}
        for who in ("apache", "ktools")
    ]
    return Idiom(
        name=name,
        title=title,
        kafka=values["kafka"],
        script=texts["script"],
        shell=values.get("shell", "bash"),
        setup=tuple(value for key, value in pairs if key == "setup"),
        any_order=values.get("order") == "any",
        difference=values.get("difference", ""),
        apache=recorded[0],
        ktools=recorded[1],
    )


def write(idiom: Idiom, folder: Path = FOLDER) -> None:
    """Renew the recorded sections in an idiom's file; its head and its script stay as they are."""
    path = folder / f"{idiom.name}.txt"
    kept = re.split(r"^=== (?:apache|ktools) ", path.read_text(encoding="utf-8"), maxsplit=1, flags=re.MULTILINE)[0]
    for who, parts in (("apache", idiom.apache), ("ktools", idiom.ktools)):
        kept += "".join(section(f"{who} {part}", parts[part]) for part in PARTS if part in parts)
    path.write_text(kept, encoding="utf-8")


class IdiomStage(Stage):
    """The cluster around an idiom."""

    def __init__(self, idiom: Idiom, cluster: Cluster) -> None:
        super().__init__(idiom.as_case(), cluster)
        self.idiom = idiom

    def _changes(self) -> bool:
        return True

    def _found(self) -> str:
        lines = aftermath.topics(self.admin, self.topic, ())
        if "console-producer" in self.idiom.tools:
            lines += aftermath.records(self.config, self.admin, self.topic)
        if "$GROUP" in self.idiom.script:
            lines += aftermath.committed(self.config, self.group, self.topic)
        return with_placeholders("".join(lines), self.placeholders)


def run(idiom: Idiom, stage: IdiomStage, home: Path, env: Mapping[str, str], expected: str | None) -> dict[str, str]:
    """Run the script with the tools of `home`/bin; return what came of it, part by part."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script")
        script.write_text(idiom.script, encoding="utf-8")
        Path(folder, "work").mkdir()
        ran = subprocess.run(
            [idiom.shell, script],
            env=_environment(env, stage, home),
            cwd=Path(folder, "work"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    if b"Traceback" in ran.stderr:
        raise AssertionError(ran.stderr.decode())
    shown = normalise(ran.stdout.decode("utf-8", "surrogateescape"), stage.case, stage.placeholders)
    return {"stdout": shown, "status": f"{ran.returncode}\n", "leaves": stage.leaves(expected)}


def _environment(env: Mapping[str, str], stage: IdiomStage, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in env.items() if not name.startswith(("KTOOLS_", "KAFKA_", "JMX_", "LOG_"))}
    return kept | {
        "PATH": f"{home / 'bin'}{os.pathsep}{env['PATH']}",
        "KAFKA_HOME": str(home),
        "BOOTSTRAP": stage.placeholders["{bootstrap}"],
        "ZOOKEEPER": stage.placeholders.get("{zookeeper}", ""),
        "TOPIC": stage.topic,
        "GROUP": stage.group,
        "LC_ALL": "C.UTF-8",
    }


def write_apaches_scripts(home: Path, java: Sequence[str], there: Mapping[str, str]) -> None:
    """Write Apache's start scripts into `home`/bin: `java` is the command line up to the main class, `there` the main
    class of each tool."""
    (home / "bin").mkdir()
    options = "while :; do case $1 in -name) shift 2 ;; -daemon | -loggc) shift ;; *) break ;; esac; done\n"
    for script, tool in apache.scripts({*there, "run-class"}).items():
        words = [*java, *([there[tool]] if tool in there else [])]
        path = home / "bin" / script
        before = options if tool == "run-class" else ""
        words += ["-server"] if tool == "zookeeper-shell" else []
        path.write_text(f'#!/bin/sh\n{before}exec {shlex.join(words)} "$@"\n', encoding="utf-8")
        path.chmod(0o755)
