"""dump-log: what it reads, what it says of damage, on files written here."""

import builtins
import json
import tracemalloc
import zlib
from pathlib import Path
from struct import pack

import cramjam
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kafka_tools.logs import checksums
from kafka_tools.tools.dump_log import command
from tests.support.log_files import PACKED, TIME, batch, message, segment, snappy_java

PAIRS = ((b"k", b"some text"), (None, b"other text"), (b"gone", None))


def dump(*argv: str) -> Result:
    return CliRunner().invoke(command, argv)


def lines(*argv: str) -> list[str]:
    result = dump(*argv)
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_a_batch_and_its_records(tmp_path: Path) -> None:
    path = segment(tmp_path, batch(PAIRS, 7, producer=(4, 2, 9), headers=[(b"trace", b"1"), (b"b", None)]), base=7)
    crc = int.from_bytes(Path(path).read_bytes()[17:21], "big")
    size = Path(path).stat().st_size
    start = f"| offset: 7 CreateTime: {TIME} keySize: 1 valueSize: 9 sequence: 9 headerKeys: [trace,b]"
    assert lines("--files", path, "--print-data-log") == [
        f"Dumping {path}",
        "Log starting offset: 7",
        "baseOffset: 7 lastOffset: 9 count: 3 baseSequence: 9 lastSequence: 11 producerId: 4 producerEpoch: 2 "
        "partitionLeaderEpoch: 0 isTransactional: false isControl: false deleteHorizonMs: OptionalLong.empty "
        f"position: 0 CreateTime: {TIME + 2} size: {size} magic: 2 compresscodec: none crc: {crc} isvalid: true",
        f"{start} key: k payload: some text",
        f"| offset: 8 CreateTime: {TIME + 1} keySize: -1 valueSize: 10 sequence: 10 headerKeys: [trace,b] "
        "payload: other text",
        f"| offset: 9 CreateTime: {TIME + 2} keySize: 4 valueSize: -1 sequence: 11 headerKeys: [trace,b] key: gone",
    ]


def test_records_without_their_metadata_and_without_their_contents(tmp_path: Path) -> None:
    path = segment(tmp_path, batch(PAIRS))
    assert lines("--files", path, "--print-data-log", "--skip-record-metadata")[3:] == [
        "| key: k payload: some text",
        " payload: other text",
        "| key: gone",
    ]
    assert lines("--files", path, "--deep-iteration")[3].endswith("keySize: 1 valueSize: 9 sequence: -1 headerKeys: []")
    assert len(lines("--files", path)) == 3


@pytest.mark.parametrize("codec", PACKED)
def test_every_compression_in_every_version(codec: int, tmp_path: Path) -> None:
    newer = segment(tmp_path, batch(PAIRS, codec=codec))
    plain = segment(tmp_path / "..", batch(PAIRS))
    assert lines("--files", newer, "--print-data-log")[3:] == lines("--files", plain, "--print-data-log")[3:]
    if 0 < codec < 4:  # zstd came with version 2
        inner = b"".join(message(*pair, offset=offset) for offset, pair in enumerate(PAIRS))
        older = segment(tmp_path, message(None, PACKED[codec](inner), 5, attributes=codec), base=3)
        found = lines("--files", older, "--print-data-log")
        assert [line.split()[2] for line in found[3:]] == ["3", "4", "5"]
        assert found[3].endswith("} key: k payload: some text")


def test_blocks_of_snappy_java(tmp_path: Path) -> None:
    inner = message(b"k", b"text " * 100)
    path = segment(tmp_path, message(None, snappy_java(inner), attributes=2))
    assert lines("--files", path, "--print-data-log")[3].endswith("payload: " + "text " * 100)


@pytest.mark.parametrize("magic", [0, 1])
def test_messages_of_old_versions(magic: int, tmp_path: Path) -> None:
    one = message(b"k", b"v", 4, magic=magic)
    path = segment(tmp_path, one)
    crc = int.from_bytes(one[12:16], "big")
    words = f"CreateTime: {TIME}" if magic else "NoTimestampType: -1"
    assert lines("--files", path, "--print-data-log")[2:] == [
        f"offset: 4 position: 0 {words} size: {len(one)} magic: {magic} compresscodec: none crc: {crc} isvalid: true",
        f"| offset: 4 {words} keySize: 1 valueSize: 1 isValid: true crc: {crc}}} key: k payload: v",
    ]


def gzip_bomb() -> bytes:
    stream = zlib.compressobj(1, wbits=31)
    head = stream.compress(b"") + stream.flush(zlib.Z_FULL_FLUSH)
    return head + (stream.compress(bytes(1 << 20)) + stream.flush(zlib.Z_FULL_FLUSH)) * 300


def snappy_bomb() -> bytes:
    """Return a block that says that it holds 300 MiB."""
    return b"\x80\x80\x80\x96\x01" + b"\0x"


def lz4_bomb() -> bytes:
    """Return a frame of blocks of 64 KiB each: a zero, the same 65,530 times again, five zeros."""
    block = b"\x1f\0\1\0" + b"\xff" * 256 + b"\xe7" + b"\x50" + bytes(5)
    return b"\x04\x22\x4d\x18\x60\x40\0" + (pack("<I", len(block)) + block) * (300 << 4) + bytes(4)


BOMBS = {1: gzip_bomb, 2: snappy_bomb, 3: lz4_bomb, 4: lambda: bytes(cramjam.zstd.compress(bytes(300 << 20)))}


@pytest.mark.parametrize("codec", BOMBS)
def test_what_unpacks_to_too_much_is_not_read(codec: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """300 MiB of zeros in a small file: one line, and no more memory than a batch may take."""
    monkeypatch.setitem(PACKED, codec, lambda _: BOMBS[codec]())
    # In version 0 the checksum of lz4's head does not count.
    of_version_0 = message(None, lz4_bomb(), magic=0, attributes=3)
    path = segment(tmp_path, of_version_0 if codec == 3 else batch([(None, b"x")], codec=codec))
    tracemalloc.start()
    result = dump("--files", path, "--print-data-log")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.exit_code == 1
    assert result.stderr.startswith("The batch of offset 0, at position 0: it holds more than 256 MiB")
    assert peak < 300 << 20


@pytest.mark.parametrize("head", [b"\x60\x40", b"\x68\x40" + pack("<q", 28)])
def test_lz4_of_old_clients_with_any_checksum_of_its_head(head: bytes, tmp_path: Path) -> None:
    """One block that is not compressed; the size of the content may stand before the checksum."""
    inner = message(b"k", b"v", 0, magic=0)
    frame = b"\x04\x22\x4d\x18" + head + b"\0" + pack("<I", len(inner) | 1 << 31) + inner + bytes(4)
    new = segment(tmp_path, message(None, frame, 1, magic=1, attributes=3), base=1)
    assert "headerChecksum" in dump("--files", new, "--deep-iteration").stderr
    old = segment(tmp_path, message(None, frame, 0, magic=0, attributes=3))
    assert lines("--files", old, "--print-data-log")[-1].endswith("key: k payload: v")


def test_a_torn_tail_is_told(tmp_path: Path) -> None:
    whole = batch(PAIRS)
    path = segment(tmp_path, whole, batch(PAIRS, 3)[:-1])
    assert lines("--files", path)[3:] == [f"Found {len(whole) - 1} invalid bytes at the end of {Path(path).name}"]
    assert lines("--files", path, "--max-bytes", str(len(whole))) == lines("--files", path)[:3]


def test_zeros_at_the_end_are_told_behind_what_is_whole(tmp_path: Path) -> None:
    path = segment(tmp_path, batch(PAIRS), bytes(500))
    result = dump("--files", path)
    assert (result.exit_code, len(result.stdout.splitlines())) == (1, 3)
    assert "Found record size 0 smaller than minimum record overhead (14)" in result.stderr
    assert "500 bytes before the end, there is only zeros" in result.stderr


def test_a_wrong_checksum_is_shown_counted_and_ends_with_1(tmp_path: Path) -> None:
    damaged = bytearray(batch(PAIRS))
    damaged[-1] ^= 1
    path = segment(tmp_path, batch(PAIRS), damaged)
    result = dump("--files", path)
    assert result.exit_code == 1
    assert [line.endswith("isvalid: true") for line in result.stdout.splitlines()[2:]] == [True, False]
    assert f"1 batch is damaged (isvalid: false) in {path}, the first at position {len(damaged)}" in result.stderr


def test_checksums_without_the_library_are_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = segment(tmp_path, batch(PAIRS))
    with_library = lines("--files", path)
    _without(monkeypatch, "crc32c")
    checksums.crc32c.cache_clear()
    try:
        assert not checksums.is_fast()
        assert lines("--files", path) == with_library
    finally:
        monkeypatch.undo()
        checksums.crc32c.cache_clear()


@pytest.mark.parametrize(("codec", "name"), [(2, "snappy"), (3, "lz4"), (4, "zstd")])
def test_a_compression_without_its_library(
    codec: int, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = segment(tmp_path, batch(PAIRS, codec=codec))
    _without(monkeypatch, "cramjam")
    assert len(lines("--files", path)) == 3  # whoever asks for batches only needs no library
    result = dump("--files", path, "--deep-iteration")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Records compressed by {name} need cramjam.\npip install 'kafka-ktools[logs]'\n")


def _without(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    ordinary = builtins.__import__

    def refuse(name: str, *args: object) -> object:
        if name == library:
            raise ImportError(name)
        return ordinary(name, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", refuse)


def test_gaps_are_told_and_are_no_failure(tmp_path: Path) -> None:
    path = segment(tmp_path, batch(PAIRS, offsets=[0, 4, 5]), batch(PAIRS, 9))
    result = dump("--files", path, "--deep-iteration")
    assert result.exit_code == 0
    assert result.stderr == f"Non-consecutive offsets in {path}\n  5 is followed by 9\n  0 is followed by 4\n"


def test_an_index_that_does_not_fit_its_segment(tmp_path: Path) -> None:
    first = batch(PAIRS)
    segment(tmp_path, first, batch(PAIRS, 3))
    good = segment(tmp_path, pack(">iiii", 2, 0, 5, len(first)), bytes(80), suffix=".index")
    assert lines("--files", good) == [f"Dumping {good}", "offset: 2 position: 0", f"offset: 5 position: {len(first)}"]
    Path(good).write_bytes(pack(">iiii", 2, 0, 4, len(first)))
    result = dump("--files", good, "--verify-index-only")
    assert (result.exit_code, result.stdout) == (1, f"Dumping {good}\n")
    assert result.stderr == f"Mismatches in :{good}\n  Index offset: 4, log offset: 5\n"
    Path(good).write_bytes(pack(">ii", 2, 10_000))
    assert "no batch of up to 5242880 bytes begins" in dump("--files", good).stderr


def test_a_time_index_that_does_not_fit_its_segment(tmp_path: Path) -> None:
    segment(tmp_path, batch(PAIRS), batch(PAIRS, 3))
    segment(tmp_path, suffix=".index")
    entries = [(TIME + 2, 2), (TIME + 1, 5), (TIME + 3, 4), (TIME, 9)]
    path = segment(tmp_path, *(pack(">qi", *entry) for entry in entries), suffix=".timeindex")
    result = dump("--files", path)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[1:] == [f"timestamp: {time} offset: {offset}" for time, offset in entries]
    assert result.stderr.splitlines() == [
        f"Found timestamp mismatch in :{path}",
        f"  Index timestamp: {TIME + 1}, log timestamp: {TIME + 2}",
        f"Found out of order timestamp in :{path}",
        f"  Index timestamp: {TIME + 1}, Previously indexed timestamp: {TIME + 2}",
        "The following indexed offsets are not found in the log.",
        "Indexed offset: 4, found log offset: 5",
        "Indexed offset: 9, found log offset: -1",
    ]


@pytest.mark.parametrize(("suffix", "size"), [(".index", 8), (".timeindex", 12)])
def test_the_check_that_a_broker_makes(suffix: str, size: int, tmp_path: Path) -> None:
    for each in (".log", ".index"):
        segment(tmp_path, suffix=each)
    path = segment(tmp_path, bytes(size), suffix=suffix)
    assert lines("--files", path, "--index-sanity-check")[1] == f"{path} passed sanity check."
    Path(path).write_bytes(bytes(size + 1))
    result = dump("--files", path, "--index-sanity-check")
    assert result.exit_code == 1
    assert f"is corrupt, found {size + 1} bytes which is neither positive nor a multiple of {size}" in result.stderr


@pytest.mark.parametrize(
    ("suffix", "body", "words"),
    [
        (".index", pack(">iiii", 2, 0, -5, 99), "index file {} has non-zero size but the last offset is -5 which is"),
        (
            ".timeindex",
            pack(">qiqi", 9, 0, 8, 1),
            "index file ({}) has non-zero size but the last timestamp is 8 which is",
        ),
        (
            ".timeindex",
            pack(">qiqi", 8, 0, 9, -1),
            "index file ({}) has non-zero size but the last offset is -1 which is",
        ),
    ],
)
def test_an_index_that_goes_backwards(suffix: str, body: bytes, words: str, tmp_path: Path) -> None:
    for each in (".log", ".index"):
        segment(tmp_path, suffix=each)
    path = segment(tmp_path, body, suffix=suffix)
    assert words.format(path) in dump("--files", path, "--index-sanity-check").stderr


def test_rows_for_programs(tmp_path: Path) -> None:
    path = segment(tmp_path, batch(PAIRS, codec=1))
    rows = [json.loads(line) for line in lines("--files", path, "--print-data-log", "--output", "jsonl")]
    assert [(row["kind"], row["offset"], row["timestamp"]) for row in rows[:2]] == [
        ("batch", 0, TIME + 2),
        ("record", 0, TIME),
    ]
    assert (rows[0]["fields"]["compression"], rows[1]["fields"]["payload"]) == ("gzip", "some text")
    assert json.loads(dump("--files", path, "--output", "json").stdout)[0]["fields"]["is_valid"] is True


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), 'Missing required argument "[files]"'),
        (("--files", "a.log", "--max-bytes", "-1"), "--max-bytes cannot be -1"),
        (("--files", "a.log", "--value-decoder-class", "com.x.Avro"), "There is no decoder 'com.x.Avro' here"),
        (("--files", "a.log"), 'For input string: "a"'),
        (("--files", "/nowhere/00000000000000000000.log"), "/nowhere/00000000000000000000.log: No such file"),
        (("--files", "some.txt"), "Ignoring unknown file some.txt: there is no such file"),
        (("--files", __file__), f"Ignoring unknown file {__file__}\n"),
        (("--files", str(Path(__file__).parent)), "it is a folder; name the files in it, separated by commas"),
        (("--files", "x.checkpoint"), "x.checkpoint is not named as a snapshot"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(argv: tuple[str, ...], words: str) -> None:
    result = dump(*argv)
    assert result.exit_code == 1
    assert words in result.stderr


def test_records_of_tiered_storage_that_are_none(tmp_path: Path) -> None:
    values = [None, DELETED_REMOTELY, DELETED_REMOTELY[:-2] + b"\7\0"]
    path = segment(tmp_path, batch([(b"k", value) for value in values]))
    shown = [line.partition("payload: ")[2] for line in lines("--files", path, "--remote-log-metadata-decoder")[3:]]
    assert shown == [
        "Error at offset 0, skipping. The record has no value",
        f"RemotePartitionDeleteMetadata{{topicPartition={'A' * 22}:t-3, state=DELETE_PARTITION_FINISHED, "
        f"eventTimestampMs={TIME}, brokerId=1}}",
        "Error at offset 2, skipping. There is no state 7",
    ]


def test_numbers_bytes_and_old_names_of_decoders(tmp_path: Path) -> None:
    path = segment(tmp_path, batch([((-7).to_bytes(4, "big", signed=True), (1 << 40).to_bytes(8, "big"))]))
    old = ("--key-decoder-class", "kafka.serializer.IntegerDecoder", "--value-decoder-class")
    found = lines("--files", path, *old, "org.apache.kafka.tools.api.LongDecoder")
    assert found[1].startswith("kafka.serializer.IntegerDecoder is deprecated. Please use org.apache.kafka.tools.api.")
    assert found[-1].endswith("key: -7 payload: 1099511627776")
    assert lines("--files", path, *old[2:], "org.apache.kafka.tools.api.DefaultDecoder")[-1].endswith(f"{1 << 40:016x}")
    result = dump("--files", path, "--key-decoder-class", "org.apache.kafka.tools.api.LongDecoder")
    assert "The record of offset 0 cannot be decoded: 4 bytes are too few for a number of 8." in result.stderr


DECODERS = (
    "--offsets-decoder",
    "--transaction-log-decoder",
    "--cluster-metadata-decoder",
    "--share-group-state-decoder",
    "--remote-log-metadata-decoder",
)
REMOTE_PARTITION = b"\x02t" + bytes(16) + pack(">i", 3)
DELETED_REMOTELY = b"\1\2\0" + REMOTE_PARTITION + b"\0" + pack(">iq", 1, TIME) + b"\x02\0"
"""That a partition is gone from the remote storage: frame, type, version, and the record with its tagged fields."""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_give_one_clear_line_and_never_a_traceback(data: st.DataObject, tmp_path: Path) -> None:
    kind = data.draw(st.sampled_from((".log", ".log", ".index", ".timeindex", ".snapshot", ".txnindex")))
    codec = data.draw(st.sampled_from(sorted(PACKED)))
    old = message(b"k", message(b"k", b"v") * 3, attributes=data.draw(st.integers(0, 3)))
    body = bytearray(
        batch([*PAIRS, (None, DELETED_REMOTELY)], codec=codec) + old if kind == ".log" else bytes(range(120))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    for suffix in (".log", ".index"):
        segment(tmp_path, batch(PAIRS), suffix=suffix)
    path = segment(tmp_path, bytes(body[: data.draw(st.integers(0, len(body)))]), suffix=kind)
    result = dump("--files", path, data.draw(st.sampled_from(("--print-data-log", *DECODERS))))
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code in (0, 1)
    assert result.stdout.startswith(f"Dumping {path}\n")
