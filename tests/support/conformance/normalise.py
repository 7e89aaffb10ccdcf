"""What differs from run to run without meaning anything, taken out of an output."""

import re
from collections.abc import Mapping

from tests.support.conformance.case import Case

CHANGING = (
    (re.compile(r"(?<=TopicId: )[A-Za-z0-9_-]{22}"), "{id}"),
    (re.compile(r"(?<=LogAppendTime:)\d{13}"), "{time}"),
    (re.compile(r"(?<=tokenId : )[\w-]{22}$|^[\w-]{22}(?= [\w+/]{86}==)", re.MULTILINE), "{id}"),
    (re.compile(r"(?<=config for )[\w-]{22}(?=\.$)", re.MULTILINE), "{id}"),
    (re.compile(r"[\w+/]{86}=="), "{secret}"),  # the HMAC of a delegation token
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d\b"), "{date}"),
    (re.compile(r"kt-(?:client|instance)-[0-9a-f-]{36}"), "{member}"),
    (re.compile(r"(?<= )[\w+/-]{22}(?= +/127\.0\.0\.1 )"), "{member}"),  # of the protocol of KIP-848
    (re.compile(r"127\.0\.0\.1:\d+ {1,2}\(\d\) +"), "{coordinator} "),
    (re.compile(r"(?<=Cluster ID: )[\w-]{22}|(?<=ClusterId: {14})[\w-]{22}"), "{id}"),
    (re.compile(r"(?<=Epoch: )\d+$", re.MULTILINE), "{epoch}"),
    (re.compile(r"(?<=Local controller )\d"), "{id}"),
    (re.compile(r"(?<=[0-9] {10}127\.0\.0\.1 )\d{5}|(?<=127\.0\.0\.1:)\d{5}(?= \(id: )", re.MULTILINE), "{port}"),
    (re.compile(r"(?<=[cmp]Zxid = )0x[0-9a-f]+"), "{zxid}"),
    (re.compile(r"(?<=[cm]time = )[^\n]+"), "{date}"),
    (re.compile(r"\[I@[0-9a-f]+"), "[I@{address}"),  # an int[] as Java prints it (2.8.2, unequal replica lists)
)

OF_QUORUM = (
    (
        re.compile(r"(?<=^LeaderId: {15})\d|(?<=^LeaderEpoch: {12})\d+|(?<=^HighWatermark: {10})\d+", re.MULTILINE),
        "{n}",
    ),
    (re.compile(r"(?<=^MaxFollowerLag: {9})\d+|(?<=^MaxFollowerLagTimeMs: {3})\d+", re.MULTILINE), "{lag}"),
    (re.compile(r"(?<=CONTROLLER://127\.0\.0\.1:)\d{5}"), "{port}"),
    (re.compile(r"(?<=with directory id )[\w-]{22}(?= and)"), "{id}"),
    (re.compile(r"^\d(?= {5}\t[\w-]{22}\t)|(?<=\t)\d+ *(?=\t)|(?<=\t)\d+ ms ago *(?=\t)", re.MULTILINE), "{n}"),
)
"""What changes in the output of metadata-quorum: who leads, how far the log is, times and ports."""

OF_TRANSACTIONS = ((re.compile(r"(?:(?<=\t)|(?<=^))(?!60000 )\d+ *(?=\t)", re.MULTILINE), "{n}"),)
"""What changes in the output of transactions: brokers, ids and epochs of producers, times; the timeout does not."""

OF_REPLICAS = (
    (re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}(?=: )", re.MULTILINE), "{time}"),
    (re.compile(r"(?<='s checksum )\d+"), "{checksum}"),
)
"""What changes in the output of replica-verification: a checksum covers the times of the records."""

OF_VERIFIABLE = (
    (re.compile(r'(?<="timestamp":)\d{13}(?=,)'), "{time}"),
    (re.compile(r'(?<="avg_throughput":)(?!0\.0\})[\d.E]+(?=\})'), "{rate}"),
)
"""What changes in the events of verifiable clients; a rate of 0 stays."""

OF_SHARING = ((re.compile(r"(?<=, )\d+(?=$| for share)", re.MULTILINE), "#"),)
"""What changes at the end of the lines of share-consumer-perf-test: how long it took."""

OF_TOOL = {
    "metadata-quorum": OF_QUORUM,
    "transactions": OF_TRANSACTIONS,
    "replica-verification": OF_REPLICAS,
    "verifiable-consumer": OF_VERIFIABLE,
    "verifiable-producer": OF_VERIFIABLE,
    "share-consumer-perf-test": OF_SHARING,
}

TRACE = re.compile(
    r"^(?:[a-z]\w*\.)+\w+(?:Exception|Error)\b[^\n]*\n(?:\tat [^\n]*\n|Caused by: [^\n]*\n|\t\.\.\. [^\n]*\n)+\n?",
    re.MULTILINE,
)
"""A stack trace of Java's, which AclCommand prints on stdout behind the message that it repeats."""

RULES = re.compile(r"(?:^ ?\t\(principal=.*\) ?\n)+", re.MULTILINE)
"""The rules of a resource as AclCommand prints them: in the order of Java's addresses in memory."""


EVENTS = re.compile(r"\nWATCHER::\n\n(WatchedEvent [^\n]*\n)")
"""What ZooKeeper's shell prints of its session and of watched znodes, in a thread of its own: whenever it comes."""

COMPLAINT = re.compile(rb"usage: .*?^([\w.-]+:\s+error:\s.*?)(?:\n\n|\Z)", re.DOTALL | re.MULTILINE)
"""What argparse4j says of a wrong command line: its usage, then what is wrong, in lines filled up with blanks."""

ADVERTISEMENT = b"The consumer rebalance protocol (KIP-848) is production-ready!"
"""Kafka 4's consumer begins with it: a line that has nothing to do with what was asked."""


PERFORMANCE = frozenset({"producer-perf-test", "consumer-perf-test", "share-consumer-perf-test", "e2e-latency"})
"""Tools that measure: of a figure only its form is compared."""

FIGURES = (
    (re.compile(r"^\d+ records sent, .* max latency\.\n", re.MULTILINE), ""),  # of an interval: where a run was slow
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d:\d{3}\b"), "{time}"),
    (re.compile(r"-?\b\d+\.(\d+)\b(?!\.)"), lambda found: f"#.{'#' * len(found[1])}"),
    (re.compile(r"\b\d+(?= ms [59])|(?<=th = )\d+|(?<=0\t)#[.#]+"), "#"),
    (re.compile(r"(?<=#, )-?\d+, -?\d+(?=, #)"), "#, #"),
)


def normalise(text: str, case: Case, placeholders: Mapping[str, str]) -> str:
    """Return `text` with ids left out and `placeholders` ("{topic}" -> "kt-1f3a", …) for names and addresses.

    Where the case asks for it, lines about other topics are dropped and the rest is sorted.
    """
    text = with_placeholders(text, placeholders)
    for pattern, replacement in (*CHANGING, *OF_TOOL.get(case.tool, ())):
        text = pattern.sub(replacement, text)
    if case.tool in PERFORMANCE:
        for pattern, figure in FIGURES:
            text = pattern.sub(figure, text)
    if case.tool == "zookeeper-shell":
        text = EVENTS.sub("", text) + "".join(
            sorted(each for each in EVENTS.findall(text) if " type:None " not in each)
        )
    text = RULES.sub(_sorted_rules, TRACE.sub("", text))
    if case.any_order and case.tool == "acls" and not case.show:
        return _sorted_resources(text)
    if case.any_widths:
        text = re.sub(r" {2,}", "  ", re.sub(r" +(?=\t)", "", text) if case.tool == "transactions" else text)
    lines = text.splitlines(keepends=True)
    if case.show:
        lines = [line for line in lines if any(word in line for word in case.show)]
    return "".join(sorted(lines) if case.any_order else lines)


def with_placeholders(text: str, placeholders: Mapping[str, str]) -> str:
    """Return `text` with placeholders for their values, the longest first: a folder begins the path of a file in it."""
    for placeholder, value in sorted(placeholders.items(), key=lambda each: len(each[1]), reverse=True):
        text = text.replace(value, placeholder)
    return text


def _sorted_rules(found: re.Match[str]) -> str:
    """Return the rules of one resource sorted; the blanks before and behind all of them stay where they are."""
    start, end = " " * found[0].startswith(" "), " " * found[0].endswith(" \n")
    return start + "\n".join(sorted(line.strip(" ") for line in found[0].splitlines())) + end + "\n"


def _sorted_resources(text: str) -> str:
    """Return the paragraphs of resources sorted, for each principal where the rules of one after another are listed."""
    sections = re.split(r"(?m)^(?=ACLs for principal)", text)
    split = (re.split(r"(?<=\n\n)|(?<=`\n)(?=Current)", section) for section in sections)
    return "".join(part for parts in split for part in sorted(parts))


def _unwrapped(stderr: bytes) -> bytes:
    """Return argparse4j's complaint as one line: lines break at blanks, and behind a dash within a name."""
    found = COMPLAINT.match(stderr)
    if not found:
        return stderr
    line = re.sub(rb"\s+", b" ", re.sub(rb"-\s+(?=[a-z-])", b"-", found[1])).strip()
    return line.replace(b"argument (s)", b"argument(s)") + b"\n"


def outcome(
    stdout: bytes, stderr: bytes, status: int, leaves: str, case: Case, placeholders: Mapping[str, str]
) -> dict[str, str]:
    """Return what a run did, part by part, as it is recorded and compared; of stderr the first line."""
    said_lines = [line for line in _unwrapped(stderr).splitlines(keepends=True) if not line.startswith(ADVERTISEMENT)]
    shown, said = (
        normalise(text.decode("utf-8", "surrogateescape"), case, placeholders)
        for text in (stdout, b"".join(said_lines[:1]))
    )
    return {"stdout": shown, "stderr": said, "status": f"{status}\n", "leaves": leaves}
