r"""The file of one case: what is run, what Apache's tool did with it, and where ktools differs on purpose.

A file begins with its head: one sentence, then `key: value` lines.

    kafka: 3.9.1                        version of the jars it was recorded from
    main: org.apache.kafka.tools…       main class in those jars
    cluster: kraft                      a key of CLUSTERS; without it Kafka 3.9 with ZooKeeper, three brokers
    setup: topic {topic} 1:2,2:3        a step before the run (see `stage.Stage`); any number
    argv: --bootstrap-server {bootstrap} --describe --topic {topic}      split as a shell does
    show: {topic}                       lines of stdout with none of these words are dropped (other topics)
    order: any                          the lines of stdout have no order
    widths: any                         columns are as wide as names of others make them: blanks count as two
    until: 3                            Ctrl-C ends it when it has printed so many lines, which are compared
    names: fixed                        {topic} is the same in every run (the order of the lines depends on it)
    difference: …                       why ktools does something else here, on purpose

The words of `cluster`: `kraft` (the newest Kafka 4, three nodes), `kafka28` (one broker, for forms with --zookeeper),
`secured` (3.9 with ZooKeeper) and `secured-kraft`, both one broker with SASL, ACLs and delegation tokens.

In argv, setup and stdin stand `{bootstrap}`, `{zookeeper}`, `{controllers}` (without ZooKeeper), `{config}` (a file),
names of the case's own, which begin a topic's, group's, user's or client's: `{topic}`, `{group}`, `{user}`, `{client}`,
an address `{ip}`, the folder of the sandbox `{home}`, files of partitions `{files}`; where it is secured `{admin}` and
`{reader}`, files for
--command-config: the administrator's, and of somebody with few rights. What the run leaves under the case's own names,
and in config keys that the case names, is compared and then taken away: topics, records, offsets, leaders, delegation
tokens; of tools beside topics and the console tools configs, quotas, SCRAM users (without what is drawn by lot) and
ACLs: as znodes where there is a ZooKeeper, with the notifications of changes where argv has {zookeeper}.

Then sections: `=== stdin`, and what `scripts/record` writes: `=== apache stdout`, `=== apache stderr` (first line),
`=== apache status`, `=== apache leaves` (what the run left in the cluster). Where ktools differs, `=== ktools stdout`
and so on stand beside them; what has no such section is the same. A section holds the text with tab, backslash, a blank
at the end of a line and what is not UTF-8 written as `\t`, `\\`, `\x20` and `\xHH`; `\c` at the end: no newline.
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "conformance" / "cases"
PARTS = ("stdout", "stderr", "status", "leaves")
CLUSTERS = {
    "kraft": "kafka4",
    "kafka28": "kafka28",
    "secured": "kafka39_secured",
    "secured-kraft": "kafka4_secured",
}
"""The word in a case's head -> the kind of its cluster (`tests.support.clusters.KINDS`)."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case. `apache` and `ktools` map parts (stdout, stderr, status, leaves) to normalised text."""

    name: str
    title: str
    kafka: str
    main: str
    argv: tuple[str, ...]
    setup: tuple[str, ...] = ()
    show: tuple[str, ...] = ()
    any_order: bool = False
    any_widths: bool = False
    fixed_names: bool = False
    until: int = 0
    difference: str = ""
    cluster: str = "kafka39"
    stdin: str = ""
    apache: dict[str, str] = field(default_factory=dict)
    ktools: dict[str, str] = field(default_factory=dict)

    @property
    def tool(self) -> str:
        """The tool's name in ktools."""
        return self.name.partition("/")[0]

    @property
    def expected(self) -> dict[str, str]:
        """What ktools has to do."""
        return self.apache | self.ktools

    def compared(self, ktools: Mapping[str, str]) -> tuple[str, ...]:
        """Return the parts in which `ktools` has to do what Apache's tool did, or what the difference says.

        Where a tool fails with its message on stdout, stderr is free for a hint: Apache's tools write their log there,
        which was silenced for the record.
        """
        hint = ktools["status"] != "0\n" and ktools["stdout"] and not self.apache["stderr"]
        return tuple(part for part in PARTS if not (hint and part == "stderr"))


def names(folder: Path = FOLDER) -> list[str]:
    """Return the names (TOOL/CASE) of all cases."""
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob("*/*.txt"))


def read(name: str, folder: Path = FOLDER) -> Case:
    """Read one case; raises ValueError where the file does not follow the rules above."""
    head, *sections = re.split(r"^=== (.+)\n", (folder / f"{name}.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    texts = dict(zip(sections[::2], map(unescaped, sections[1::2]), strict=True))
    unknown = set(texts) - {"stdin", *(f"{who} {part}" for who in ("apache", "ktools") for part in PARTS)}
    if unknown:
        raise ValueError(f"{name}: unknown sections {unknown}")
    apache, ktools = (
        {part: texts[f"{who} {part}"] for part in PARTS if f"{who} {part}" in texts} for who in ("apache", "ktools")
    )
    return replace(_head(name, head), stdin=texts.get("stdin", ""), apache=apache, ktools=ktools)


def write(case: Case, folder: Path = FOLDER) -> None:
    """Renew the recorded sections in a case's file; its head and its stdin stay as they are."""
    path = folder / f"{case.name}.txt"
    kept = re.split(r"^=== (?:apache|ktools) ", path.read_text(encoding="utf-8"), maxsplit=1, flags=re.MULTILINE)[0]
    if "\n=== stdin\n" not in kept:
        kept = kept.rstrip("\n") + "\n\n"
    for who, parts in (("apache", case.apache), ("ktools", case.ktools)):
        kept += "".join(section(f"{who} {part}", parts[part]) for part in PARTS if part in parts)
    path.write_text(kept, encoding="utf-8")


def section(title: str, text: str) -> str:
    """Return one section of a case's file."""
    return f"=== {title}\n{escaped(text)}"


def escaped(text: str) -> str:
    """Write output so that every editor leaves it as it is."""
    text = text.replace("\\", "\\\\").replace("\t", "\\t").replace("\r", "\\x0d")
    text = "".join(f"\\x{ord(c) - 0xDC00:02x}" if "\udc80" <= c <= "\udcff" else c for c in text)
    text = re.sub(r" $", r"\\x20", re.sub(r"^=", r"\\x3d", text, flags=re.MULTILINE), flags=re.MULTILINE)
    return f"{text}\\c\n" if text and not text.endswith("\n") else text


def unescaped(text: str) -> str:
    """The opposite of `escaped`."""
    return re.sub(r"\\(?:t|\\|c\n|x[0-9a-f]{2})", lambda found: _character(found[0]), text)


def _character(escape: str) -> str:
    if escape.startswith("\\x"):
        code = int(escape[2:], 16)
        return chr(code if code < 0x80 else 0xDC00 + code)
    return {"\\t": "\t", "\\\\": "\\", "\\c\n": ""}[escape]


def _head(name: str, head: str) -> Case:
    title, *lines = [line for line in head.splitlines() if line.strip()]
    pairs = [line.partition(":")[::2] for line in lines]
    values = {key: value.strip() for key, value in pairs}
    known = {"kafka", "main", "cluster", "setup", "argv", "show", "order", "widths", "until", "names", "difference"}
    unknown = set(values) - known
    if unknown:
        raise ValueError(f"{name}: unknown keys {unknown}")
    return Case(
        name=name,
        title=title,
        kafka=values["kafka"],
        main=values["main"],
        argv=tuple(shlex.split(values["argv"])),
        setup=tuple(value.strip() for key, value in pairs if key == "setup"),
        show=tuple(values.get("show", "").split()),
        any_order=values.get("order") == "any",
        any_widths=values.get("widths") == "any",
        until=int(values.get("until", 0)),
        fixed_names=values.get("names") == "fixed",
        difference=values.get("difference", ""),
        cluster=CLUSTERS[values["cluster"]] if "cluster" in values else "kafka39",
    )
