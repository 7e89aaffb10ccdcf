"""`ktools dump-log`: kafka-dump-log.sh (kafka.tools.DumpLogSegments, Kafka 3.9)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from kafka_tools.cli import types
from kafka_tools.cli.command import ErrorStyle, ToolCommand
from kafka_tools.cli.options import FILTERS, OTHER, OUTPUT, option
from kafka_tools.errors import UsageError
from kafka_tools.logs import decoders, indexes
from kafka_tools.logs.batches import Batch, batches
from kafka_tools.logs.checksums import is_fast
from kafka_tools.logs.files import CorruptFileError, LogFile
from kafka_tools.logs.records import records
from kafka_tools.report import Report
from kafka_tools.tools.dump_log.lines import CONTROL_TYPES, DumpRow, Problems, RecordSeen, Said, Seen, line, row

DESCRIPTION = """\
Show what is in the files of a partition, as a broker keeps them: segments (.log), indexes (.index, .timeindex,
.txnindex), producers (.snapshot) and snapshots of the metadata log (.checkpoint). No cluster is asked.

The broker may be running. Batches that are damaged or not whole are told; status 1 where an index does not fit its
segment, or a checksum its batch."""

COLUMNS = {"file": "File", "kind": "Kind", "offset": "Offset", "timestamp": "Timestamp", "fields": "Fields"}
# Integer.MAX_VALUE and 5 MiB: the defaults of --max-bytes and --max-message-size.
LARGEST = 2**31 - 1
MESSAGE_BYTES = 5 << 20
SLOW_BYTES = 32 << 20
SLOWLY = (
    "Checksums were computed in Python. A library does it a hundred times as fast: pip install 'kafka-ktools[logs]'"
)
"""The advice after a segment of more than SLOW_BYTES, which take 3 s."""

CLASSES = tuple(decoders.API + name for name in decoders.CLASSES)
INTERNAL_TOPICS = (
    decoders.offsets,
    decoders.transaction_log,
    decoders.cluster_metadata,
    decoders.remote_log_metadata,
    decoders.share_group_state,
)
# `00000000000000000042-0000000003.checkpoint`: end offset and epoch (org.apache.kafka.snapshot.Snapshots).
SNAPSHOT = re.compile(r"(\d{20})-(\d{10})\.checkpoint$")
BOOTSTRAP = "bootstrap.checkpoint"


@dataclass(frozen=True, slots=True)
class DumpLog:
    """Dumps these files; `deep` reads records, too, and `contents` shows them by the decoder."""

    files: tuple[str, ...]
    deep: bool
    contents: bool
    with_metadata: bool
    verify_only: bool
    sanity_only: bool
    max_message_size: int
    max_bytes: int
    decoder: decoders.Decoder
    deprecated: tuple[str, ...] = ()


def _check(_: str, given: frozenset[str]) -> None:
    if "files" not in given:
        raise UsageError('Missing required argument "[files]"')


@click.command("dump-log", cls=ToolCommand, help=DESCRIPTION, check=_check, error_style=ErrorStyle(""))
@option(FILTERS, "--files", type=types.FILES, help="The files, separated by commas.")
@option(FILTERS, "--max-bytes", type=types.INTEGER, help="Read so many bytes of each segment at most.")
@option(
    FILTERS, "--max-message-size", type=types.INTEGER, help="The size of the largest batch, for .index; default: 5 MiB."
)
@option(OUTPUT, "--print-data-log", help="Show keys and values of records, too; every decoder implies it.")
@option(OUTPUT, "--deep-iteration", help="Show each record, not only batches; --print-data-log implies it.")
@option(OUTPUT, "--skip-record-metadata", help="Of records show only keys and values.")
@option(OUTPUT, "--offsets-decoder", help="The records are those of __consumer_offsets.")
@option(OUTPUT, "--transaction-log-decoder", help="The records are those of __transaction_state.")
@option(OUTPUT, "--cluster-metadata-decoder", help="The records are those of __cluster_metadata.")
@option(OUTPUT, "--share-group-state-decoder", help="The records are those of __share_group_state.")
@option(OUTPUT, "--remote-log-metadata-decoder", help="The records are those of __remote_log_metadata.")
@option(
    OUTPUT,
    "--value-decoder-class",
    type=types.words("CLASS", CLASSES),
    bare=CLASSES[0],
    help="What values are: one of Apache's decoders (StringDecoder, LongDecoder, IntegerDecoder, DefaultDecoder: hex).",
)
@option(OUTPUT, "--key-decoder-class", type=types.words("CLASS", CLASSES), bare=CLASSES[0], help="What keys are.")
@option(OTHER, "--verify-index-only", help="Compare indexes with their segment, and show only what does not fit.")
@option(OTHER, "--index-sanity-check", help="Check indexes as a broker does when it starts.")
def command(
    *,
    files: str,
    max_bytes: int | None,
    max_message_size: int | None,
    print_data_log: bool,
    deep_iteration: bool,
    skip_record_metadata: bool,
    value_decoder_class: str | None,
    key_decoder_class: str | None,
    verify_index_only: bool,
    index_sanity_check: bool,
    offsets_decoder: bool,
    transaction_log_decoder: bool,
    cluster_metadata_decoder: bool,
    share_group_state_decoder: bool,
    remote_log_metadata_decoder: bool,
) -> Report:
    """Check the options, and dump."""
    classes = [each for each in (value_decoder_class, key_decoder_class) if each is not None]
    value, key = (_decoder(each or CLASSES[0]) for each in (value_decoder_class, key_decoder_class))
    # Where several are asked for, the first counts, as with DumpLogSegments.
    asked = (
        offsets_decoder,
        transaction_log_decoder,
        cluster_metadata_decoder,
        remote_log_metadata_decoder,
        share_group_state_decoder,
    )
    decode = next((decoder for decoder, is_asked in zip(INTERNAL_TOPICS, asked, strict=True) if is_asked), None)
    # shouldPrintDataLog (3.9): whoever names a decoder wants to see what it decodes.
    contents = print_data_log or decode is not None or bool(classes)
    return dump_log(
        DumpLog(
            tuple(each for each in files.split(",") if each),
            deep_iteration or contents,
            contents,
            not skip_record_metadata,
            verify_index_only,
            index_sanity_check,
            _size("max-message-size", max_message_size, MESSAGE_BYTES),
            _size("max-bytes", max_bytes, LARGEST),
            decode or decoders.by_classes(key, value),
            # The warning of an old class is printed where it is made, and a decoder of a topic comes before classes.
            () if decode else tuple(each for each in classes if each.startswith(decoders.OLD)),
        )
    )


def _size(name: str, size: int | None, default: int) -> int:
    if size is not None and size < 0:
        raise UsageError(f"--{name} cannot be {size}")
    return default if size is None else size


def _decoder(name: str) -> decoders.ValueDecoder:
    """Return the decoder of a class. Raises UsageError for any but Apache's own: there is no Java here."""
    found = decoders.CLASSES.get(name.removeprefix(decoders.API).removeprefix(decoders.OLD))
    # A class is named with its package: `StringDecoder` alone is none to Java either.
    if found is None or "." not in name:
        raise UsageError(f"There is no decoder '{name}' here", f"Choose from: {', '.join(CLASSES)}")
    return found


def dump_log(request: DumpLog) -> Report:
    """Return the contents of the files; they are read only while the report is written. Raises KafkaToolError then."""
    problems, notes = Problems(), list[str]()

    # Called when all lines were written, as mistakes are only known then (`streams`).
    def status() -> int:
        notes.extend(problems.lines())
        return problems.status

    return Report(
        rows=_rows(request, problems),
        columns=COLUMNS,
        # Rows and lines are two generators of the same dump, of which only one is ever read: files may be many GB.
        plain=(line(seen, request.with_metadata) for file in request.files for seen in _dump(file, request, problems)),
        names_only=True,
        notes=notes,
        streams=status,
    )


def _rows(request: DumpLog, problems: Problems) -> Iterator[DumpRow]:
    for file in request.files:
        for seen in _dump(file, request, problems):
            found = row(file, seen)
            if found is not None:
                yield found


def _dump(file: str, request: DumpLog, problems: Problems) -> Iterator[Seen]:
    path = re.sub(r"(?<=.)/+$", "", re.sub(r"/+", "/", file))  # as Java's File writes it
    yield Said(f"Dumping {path}")
    # The suffix decides, not the content, as in DumpLogSegments.
    match Path(path).name.rpartition(".")[2]:
        case "log" | "checkpoint":
            yield from _segment(path, request, problems)
        case "index":
            yield from _offset_index(path, request, problems)
        case "timeindex":
            yield from _time_index(path, request, problems)
        case "snapshot":
            yield from _producers(path, problems)
        case "txnindex":
            with LogFile(path) as index:
                yield from indexes.aborted_transactions(index)
        case _:
            # Told behind the lines and with status 1: a file that was left out is no file without problems.
            problems.said.append(f"Ignoring unknown file {path}{_why_unknown(path)}")


def _why_unknown(path: str) -> str:
    """Return what is wrong with a path beside its ending: Apache's tool looks at nothing else."""
    if Path(path).is_dir():
        return ": it is a folder; name the files in it, separated by commas"
    return "" if Path(path).exists() else ": there is no such file"


def _segment(path: str, request: DumpLog, problems: Problems) -> Iterator[Seen]:
    for name in request.deprecated:
        newer = name.replace(decoders.OLD, decoders.API)
        yield Said(f"{name} is deprecated. Please use {newer} instead")
    yield Said(_beginning(path))
    with LogFile(path) as file:
        valid, last = 0, -1
        # `valid` counts the bytes of whole batches, damaged ones, too; what is behind the last one is no batch.
        for batch in batches(file, most=request.max_bytes):
            # Before its records, as they stand below it.
            yield batch
            if not batch.is_valid:
                problems.wrong_checksums.setdefault(path, []).append(batch.position)
            if request.deep:
                for seen in _records(batch, request):
                    # -1: the first record of the file follows nothing. Gaps are no damage (compaction,
                    # transactions), and no failure.
                    if last not in (-1, seen.record.offset - 1):
                        problems.gaps.setdefault(str(Path(path).absolute()), []).append((last, seen.record.offset))
                    last = seen.record.offset
                    yield seen
            valid = batch.position + batch.size
        # With the largest number Java has, the default, the whole file is meant.
        if file.size > valid and request.max_bytes == LARGEST:
            yield Said(f"Found {file.size - valid} invalid bytes at the end of {Path(path).name}")
    if valid > SLOW_BYTES and not is_fast():
        problems.advice = SLOWLY


def _beginning(path: str) -> str:
    if path.endswith(".log"):
        return f"Log starting offset: {indexes.base_offset(path)}"
    if Path(path).name == BOOTSTRAP:
        return "KRaft bootstrap snapshot"
    # Snapshots.parse(…).get() throws where there is no such name; here it is told as what it is.
    named = SNAPSHOT.match(Path(path).name)
    if named is None:
        raise CorruptFileError(f"{path} is not named as a snapshot: OFFSET-EPOCH.checkpoint, of 20 and 10 digits")
    return f"Snapshot end offset: {int(named[1])}, epoch: {int(named[2])}"


def _records(batch: Batch, request: DumpLog) -> Iterator[RecordSeen]:
    for record in records(batch):
        if batch.is_control:
            yield RecordSeen(batch, record, control=_control(record.key, record.value))
        elif request.contents:
            yield RecordSeen(batch, record, *request.decoder(record))
        else:
            yield RecordSeen(batch, record)


def _control(key: bytes | None, value: bytes | None) -> str:
    """Return what a control record says, with a blank before it."""
    if key is None or len(key) < 4:
        raise CorruptFileError("Invalid value size found for end control record key. Must have at least 4 bytes")
    # Key of a control record: version (int16), type (int16). Value of an end marker: version
    # (int16), coordinator epoch (int32).
    number, body = int.from_bytes(key[2:4], "big", signed=True), value or b""
    name = CONTROL_TYPES[number] if 0 <= number < len(CONTROL_TYPES) else "UNKNOWN"
    if number in (0, 1):
        if len(body) < 6:
            raise CorruptFileError(f"Invalid value size found for end transaction marker: {len(body)} bytes")
        return f" endTxnMarker: {name} coordinatorEpoch: {int.from_bytes(body[2:6], 'big', signed=True)}"
    return f" {decoders.raft_control(number, body) or f'controlType: {name}({number})'}"


def _offset_index(path: str, request: DumpLog, problems: Problems) -> Iterator[Seen]:
    indexes.base_offset(path)
    with LogFile(indexes.beside(path, ".log")) as log, LogFile(path) as index:
        # "Empty" is less than one entry: a broker cuts the file to whole ones when it closes it.
        if index.size < indexes.OFFSET_ENTRY.size:
            yield Said(f"{path} is empty.")
            return
        if request.sanity_only:
            indexes.check_offset_index(index)
            yield Said(f"{path} passed sanity check.")
            return
        for entry in indexes.offset_entries(index):
            # An entry points to the batch that begins at its position and ends at its offset. DumpLogSegments (3.9)
            # dies of an entry that points anywhere else (NoSuchElementException).
            found = next(batches(log, entry.position, request.max_message_size), None) if entry.position >= 0 else None
            if found is None:
                raise CorruptFileError(
                    f"{path}: the entry of offset {entry.offset} points to position {entry.position} of {log.path}, "
                    f"where no batch of up to {request.max_message_size} bytes begins"
                )
            if found.last_offset != entry.offset:
                problems.index.setdefault(str(Path(path).absolute()), []).append((entry.offset, found.last_offset))
            if not request.verify_only:
                yield entry


def _time_index(path: str, request: DumpLog, problems: Problems) -> Iterator[Seen]:
    indexes.base_offset(path)
    names = [indexes.beside(path, suffix) for suffix in (".log", ".index")]
    with LogFile(names[0]) as log, LogFile(names[1]) as offset_index, LogFile(path) as index:
        if request.sanity_only:
            indexes.check_time_index(index)
            yield Said(f"{path} passed sanity check.")
            return
        # The offset index says from where on to look for a batch: without it each entry would
        # read the segment from its start.
        lookup, before = indexes.Lookup(offset_index), -1
        for entry in indexes.time_entries(index):
            _check_time(str(Path(path).absolute()), log, lookup.position(entry.offset), entry, before, problems)
            if not request.verify_only:
                yield entry
            before = entry.timestamp


def _check_time(
    path: str, log: LogFile, position: int, entry: indexes.TimeEntry, before: int, problems: Problems
) -> None:
    """Compare an entry with the batch that ends at its offset, which has to be as new as the entry says."""
    found = next((each for each in batches(log, position) if each.last_offset >= entry.offset), None)
    if found is None or found.last_offset != entry.offset:
        problems.not_found.setdefault(path, []).append((entry.offset, -1 if found is None else found.last_offset))
        return
    # By the records themselves: the batch's own maximum may be what is wrong.
    newest = max((record.timestamp for record in records(found)), default=-1)
    if newest != entry.timestamp:
        problems.times.setdefault(path, []).append((entry.timestamp, newest))
    if before >= entry.timestamp:
        problems.order.setdefault(path, []).append((entry.timestamp, before))


def _producers(path: str, problems: Problems) -> Iterator[Seen]:
    with LogFile(path) as file:
        try:
            yield from indexes.producers(file)
        # CorruptSnapshotException (3.9) is printed, and the next file is dumped.
        except CorruptFileError as failure:
            problems.said.append(failure.message)
