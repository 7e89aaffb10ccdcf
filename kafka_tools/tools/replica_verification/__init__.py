"""`ktools replica-verification`: kafka-replica-verification.sh.

Source: org.apache.kafka.tools.ReplicaVerificationTool, Kafka 3.9; that of 4.4 does the same.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import click

from kafka_tools import render
from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, conflict
from kafka_tools.cli.options import ACTION, CLUSTER, FILTERS, OUTPUT, option
from kafka_tools.console.process import ShowProgress, note, show_nothing
from kafka_tools.errors import KafkaToolError, UsageError
from kafka_tools.model.java_dates import compile_format
from kafka_tools.model.offsets import LATEST
from kafka_tools.model.target import Brokers
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings

if TYPE_CHECKING:
    from kafka_tools.backends import Replicas
    from kafka_tools.model.replicas import Finding
    from kafka_tools.tools.replica_verification.verifying import Verification, Verified

DESCRIPTION = """\
Read all replicas of partitions from their brokers, and compare them batch by batch, until Ctrl-C.

As far as the records are committed. A replica that stops holds up its partitions, and is named on stderr. With --once
all that is there now is compared: status 0 where all replicas are the same, 1 where one is not, or was not read.

Compared are the bytes, not the checksums in them alone: a record that was damaged on a disk is found, too. Of compacted
topics those records are compared that several replicas still have, as each broker cleans its own log. It needs READ on
the topics. At most 8 MiB of each broker are in memory."""

PATIENCE_SECONDS = 5.0
"""How long --once waits for replicas that come no further: a follower hears of what is committed within 0.5 s."""

# The pause is between two rounds of --once that came no further, the frame is how often the live table is drawn.
PAUSE_SECONDS = 0.1
FRAME_SECONDS = 1.0
# Those of Apache's tool: max.partition.fetch.bytes of consumers, and two numbers of its own.
DEFAULT_FETCH_SIZE, DEFAULT_WAIT_MS, DEFAULT_INTERVAL_MS = 1 << 20, 1000, 30_000
# DATE_FORMAT of ReplicaVerificationTool, in local time as SimpleDateFormat has it.
written = compile_format("yyyy-MM-dd HH:mm:ss,SSS")


class VerifyReplicas(NamedTuple):
    """Asks for the comparison of the replicas of topics that match a pattern, from a time (ms, or a number of TIMES;
    None: from the start) on; `fetch_size` is in bytes, `wait_ms` and `interval_ms` in ms."""

    target: Brokers
    pattern: str
    time: int | None
    fetch_size: int
    wait_ms: int
    interval_ms: int


def check(_: str, given: frozenset[str]) -> None:
    """Refuse both names of the pattern, in the words of Apache's tool (3.9)."""
    # Its help says that the older name is ignored; checkInvalidArgs refuses it all the same.
    if {"topics_include", "topic_white_list"} <= given:
        raise conflict("topics_include", "topic_white_list")


@click.command(
    "replica-verification",
    cls=ToolCommand,
    help=DESCRIPTION,
    purpose="Validate that all replicas for a set of topics have the same data.",
    check=check,
    error_style=ErrorStyle(""),
)
@option(ACTION, "--once", help="Compare what is there now and end: status 0 if all replicas are the same, else 1.")
@options.bootstrap_server
@option(CLUSTER, "--broker-list", type=types.BOOTSTRAP_SERVER, help="Apache's name of --bootstrap-server, which wins.")
@options.command_config
@options.client_settings
@options.wait
@option(FILTERS, "--topics-include", type=types.Text("REGEX", "topic"), help="Only topics that match; default all.")
@option(
    FILTERS,
    "--topic-white-list",
    type=types.Text("REGEX", "topic"),
    help="The older name of --topics-include.",
)
@option(
    FILTERS,
    "--time",
    type=types.WholeNumber(64, "MS"),
    help="Begin at the first record from this time on (ms since 1970), at the end (-1, the default), or at the start "
    "(-2, the default with --once).",
)
@option(
    CLUSTER,
    "--fetch-size",
    type=types.WholeNumber(32, "BYTES"),
    help="Read so much of a replica at once; default 1 MiB. A larger batch comes whole.",
)
@option(
    CLUSTER,
    "--max-wait-ms",
    type=types.WholeNumber(32, "MS"),
    help="How long a broker waits for records where there are none; default 1000.",
)
@option(
    OUTPUT,
    "--report-interval-ms",
    type=types.WholeNumber(64, "MS"),
    help="How often the largest lag is told; default 30000.",
)
@click.pass_context
def command(
    ctx: click.Context,
    *,
    once: bool,
    bootstrap_server: str | None,
    broker_list: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    topics_include: str | None,
    topic_white_list: str | None,
    time: int | None,
    fetch_size: int | None,
    max_wait_ms: int | None,
    report_interval_ms: int | None,
) -> Report | int:
    """Choose the cluster and verify its replicas: once, or until Ctrl-C."""
    output = ctx.params["output"]
    servers = bootstrap_server or broker_list
    target = settings.choose_brokers(servers, command_config, client_settings, wait or 0.0)
    request = VerifyReplicas(
        target,
        # Two options and not one with two names: joptsimple refuses a second value of one
        # option, and both of these together.
        _pattern(topics_include or topic_white_list or ".*"),
        # None stands for the start of the logs that all replicas have, which -2 (the leader's start) need not be.
        time if time is not None or once else LATEST,
        _positive("fetch-size", DEFAULT_FETCH_SIZE if fetch_size is None else fetch_size),
        max(0, DEFAULT_WAIT_MS if max_wait_ms is None else max_wait_ms),
        DEFAULT_INTERVAL_MS if report_interval_ms is None else report_interval_ms,
    )
    if once:
        from kafka_tools.render.progress import RecordsBar

        is_plain = render.is_plain(output)
        return verify_once(request, render.say if is_plain else lambda _: None, RecordsBar)
    if output not in (None, "plain", "table"):
        raise UsageError(f"--output {output} needs --once: without it there is no end, and so no whole document")
    # A terminal that cannot move its cursor gets lines, as a pipe does.
    if render.is_plain(output) or (output is None and os.environ.get("TERM", "dumb") == "dumb"):
        return follow(request)
    return watch(request)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise KafkaToolError(f"{text} is an invalid regex") from error
    return text


def _positive(name: str, number: int) -> int:
    if number < 1:
        raise UsageError(f"--{name}: '{number}' is below 1")
    return number


def follow(request: VerifyReplicas) -> int:
    """Compare until a signal ends it, and write Apache's lines; return 1 where batches lie differently.

    There Apache's tool (3.9.1) calls exit(1) in a thread that its shutdown hook waits for, and hangs. Raises
    KafkaToolError where no topic matches or no broker is reached in the beginning.
    """
    from kafka_tools.backends import open_replicas
    from kafka_tools.tools.replica_verification.verifying import Verification, begin

    with open_replicas(request.target) as replicas:
        partitions = begin(replicas, request.pattern, request.time, ends=False)
        verification = Verification(replicas, partitions, request.fetch_size)
        render.say(f"{_now()}: verification process is started")
        reported, silent = _milliseconds(), dict[int, str]()
        while True:
            began = time.monotonic()
            # Brokers wait for new records only where the last round found nothing: a backlog is read at full speed.
            for partition, finding in verification.round(0 if verification.progressed else request.wait_ms):
                render.say(_line(partition, finding))
                if partition.is_over:
                    return 1
            # Each broker once, when it goes and when it comes back, and not in each round.
            silent = _tell_silent(partitions, silent)
            # On the wall clock and with `>`, as verifyCheckSum; a negative interval tells it in every round.
            if _milliseconds() - reported > request.interval_ms:
                render.say(lag_line(verification))
                reported = _milliseconds()
            if not verification.progressed:
                # Of a partition one of whose replicas has stopped, the others answer at once, again and again.
                time.sleep(max(0.0, began + request.wait_ms / 1000 - time.monotonic()))


def watch(request: VerifyReplicas) -> int:
    """Compare until a signal ends it, and show on the terminal how far it is. Raises as `follow`."""
    from kafka_tools.backends import open_replicas
    from kafka_tools.render.live import watch as shown_live
    from kafka_tools.render.output_options import OutputOptions
    from kafka_tools.tools.replica_verification.verifying import Verification, begin

    with open_replicas(request.target) as replicas:
        partitions = begin(replicas, request.pattern, request.time, ends=False)
        verification = Verification(replicas, partitions, request.fetch_size)

        def frame() -> Report:
            # Many rounds in a frame, so that drawing does not hold up reading.
            until = time.monotonic() + FRAME_SECONDS
            list(verification.round(0))
            while verification.progressed and time.monotonic() < until:
                list(verification.round(0))
            return _report(replicas, verification, is_live=True)

        return shown_live(frame, FRAME_SECONDS, OutputOptions())


def verify_once(
    request: VerifyReplicas, say: Callable[[str], None], show_progress: ShowProgress = show_nothing
) -> Report:
    """Compare what is there now; `say` gets Apache's lines as they come.

    Status 0 where all replicas are the same, 1 where some are not or could not be compared. Raises KafkaToolError where
    no topic matches, or no broker is reached.
    """
    from kafka_tools.backends import open_replicas
    from kafka_tools.tools.replica_verification.verifying import Verification, begin

    with open_replicas(request.target) as replicas:
        partitions = begin(replicas, request.pattern, request.time, ends=True)
        verification = Verification(replicas, partitions, request.fetch_size)
        say(f"{_now()}: verification process is started")
        words = f"verifying {len(partitions)} partitions"
        # In offsets, not records: compacted logs have gaps, and the bar still ends at its end.
        total = sum((each.end or 0) - each.start for each in partitions)
        with show_progress(words, total) as progress:
            for line in _pass(verification):
                if line:
                    say(line)
                done = sum(each.offset - each.start for each in partitions)
                progress.advance(done, done)
        return _report(replicas, verification)


def _pass(verification: "Verification") -> Iterator[str]:
    """Compare until all is compared, or nothing comes any more; yield Apache's lines, and "" after each round."""
    until = time.monotonic() + PATIENCE_SECONDS
    while any(each.is_pending for each in verification.partitions) and time.monotonic() < until:
        yield from (_line(*found) for found in verification.round(0))
        yield ""
        # A slow follower gets its time again whenever any partition came further, so that a
        # large cluster is not given up.
        if verification.progressed:
            until = time.monotonic() + PATIENCE_SECONDS
        else:
            time.sleep(PAUSE_SECONDS)


def _report(replicas: "Replicas", verification: "Verification", is_live: bool = False) -> Report:
    from kafka_tools.tools.replica_verification import views

    # Asks for the ends of all logs, once more and now: hence inside the session.
    found = views.rows(replicas, verification.partitions)
    return Report(
        rows=found,
        columns=views.COLUMNS,
        plain=[lag_line(verification)],
        tables=lambda: [views.table(found, verification.partitions, with_reasons=is_live)],
        notes=[*replicas.topics.notes(), *views.notes(verification.partitions)],
        status=int(any(row.verdict not in views.SOUND for row in found)),
    )


def _tell_silent(partitions: "list[Verified]", told: dict[int, str]) -> dict[int, str]:
    """Say on stderr which replicas cannot be read any more, and which can be again; return why, by broker."""
    silent = {broker: why for each in partitions for broker, why in each.failures.items()}
    for broker in silent.keys() - told.keys():
        note(f"ktools: broker {broker} is not read: {silent[broker]} Its partitions wait.")
    for broker in told.keys() - silent.keys():
        note(f"ktools: broker {broker} is read again.")
    return silent


def lag_line(verification: "Verification") -> str:
    """Return Apache's line of the partition that is furthest behind, the first of several."""
    # max() keeps the first of equals; verifyCheckSum compares with `>`, and so does it.
    worst = max(verification.partitions, key=lambda each: each.lag)
    name = f"{worst.name.topic}-{worst.name.partition}"
    return (
        f"{_now()}: max lag is {worst.lag} for partition {name} at offset {worst.offset} among "
        f"{len(verification.partitions)} partitions"
    )


def _line(partition: "Verified", finding: "Finding") -> str:
    return f"{_now()}: partition {partition.name.topic}-{partition.name.partition}{finding.words}"


def _now() -> str:
    return written(_milliseconds())


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
