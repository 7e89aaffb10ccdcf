"""The records of tiered storage (__remote_log_metadata): which segments are in the remote storage, and their states.

Field tables as in `model/codec`, derived from the definitions in storage/src/main/resources/message of Kafka 4.4.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kafka_tools.logs.files import CorruptFileError
from kafka_tools.logs.record_types import RecordType
from kafka_tools.model.codec import Field

PARTITION = Field(
    "topicIdPartition", "struct", (Field("name", "string"), Field("id", "uuid"), Field("partition", "int32"))
)
SEGMENT = Field("remoteLogSegmentId", "struct", (PARTITION, Field("id", "uuid")))
EVENT = (Field("brokerId", "int32"), Field("eventTimestampMs", "int64"))
STATE = (Field("customMetadata", "bytes", nullable=0), Field("remoteLogSegmentState", "int8"))
OF_SEGMENT = (
    Field("startOffset", "int64"),
    Field("endOffset", "int64"),
    Field("brokerId", "int32"),
    Field("maxTimestampMs", "int64"),
    Field("eventTimestampMs", "int64"),
    Field("segmentLeaderEpochs", "[]struct", (Field("leaderEpoch", "int32"), Field("offset", "int64"))),
    Field("segmentSizeInBytes", "int32"),
    *STATE,
    Field("txnIndexEmpty", "bool", tag=0),
)

REMOTE: Mapping[int, RecordType] = {
    0: RecordType("RemoteLogSegmentMetadata", (SEGMENT, *OF_SEGMENT)),
    1: RecordType("RemoteLogSegmentMetadataUpdate", (SEGMENT, *EVENT, *STATE)),
    2: RecordType("RemotePartitionDeleteMetadata", (PARTITION, *EVENT, Field("remotePartitionDeleteState", "int8"))),
    3: RecordType("RemoteLogSegmentMetadataSnapshot", (Field("segmentId", "uuid"), *OF_SEGMENT)),
}

SEGMENT_STATES = (
    "COPY_SEGMENT_STARTED",
    "COPY_SEGMENT_FINISHED",
    "DELETE_SEGMENT_STARTED",
    "DELETE_SEGMENT_FINISHED",
)
DELETE_STATES = ("DELETE_PARTITION_MARKED", "DELETE_PARTITION_STARTED", "DELETE_PARTITION_FINISHED")
"""States by their ids (RemoteLogSegmentState, RemotePartitionDeleteState)."""


def shown(kind: RecordType, value: Mapping[str, Any]) -> str:
    """Return a record as Kafka 3.9's classes write it (their toString). Raises CorruptFileError for no known state.

    `txnIdxEmpty`, which Kafka 4 knows, is told where it is so.
    """
    event = {name: value.get(name) for name in ("eventTimestampMs", "brokerId")}
    # Each of Kafka's classes has its own order of fields in toString(): time and broker come last in an update and in a
    # deletion, and stand between the others in a whole record.
    if kind is REMOTE[2]:
        state = _state(DELETE_STATES, value["remotePartitionDeleteState"])
        return _written(kind.name, {"topicPartition": _partition(value), "state": state, **event})
    custom = value["customMetadata"]
    # Only the plugin that stored the segment knows what these bytes mean; Kafka writes how many there are.
    metadata = "Optional.empty" if custom is None else f"Optional[CustomMetadata{{{len(custom)} bytes}}]"
    state = _state(SEGMENT_STATES, value["remoteLogSegmentState"])
    if kind is REMOTE[1]:
        return _written(kind.name, {**_segment(value), "customMetadata": metadata, "state": state, **event})
    whole = kind is REMOTE[0]
    # In Java's map of epochs the last of one epoch counts, and they are sorted.
    epochs = sorted({each["leaderEpoch"]: each["offset"] for each in value["segmentLeaderEpochs"]}.items())
    fields = {
        **(_segment(value) if whole else {"segmentId": value["segmentId"]}),
        "startOffset": value["startOffset"],
        "endOffset": value["endOffset"],
        **({"brokerId": value["brokerId"]} if whole else {}),
        "maxTimestampMs": value["maxTimestampMs"],
        **({"eventTimestampMs": value["eventTimestampMs"]} if whole else {}),
        "segmentLeaderEpochs": f"{{{', '.join(f'{epoch}={offset}' for epoch, offset in epochs)}}}",
        "segmentSizeInBytes": value["segmentSizeInBytes"],
        "customMetadata": metadata,
        "state": state,
        **({"txnIdxEmpty": "true"} if value.get("txnIndexEmpty") else {}),
    }
    return _written(kind.name, fields)


def _segment(value: Mapping[str, Any]) -> dict[str, str]:
    segment = value["remoteLogSegmentId"]
    of = {"topicIdPartition": _partition(segment), "id": segment["id"]}
    return {"remoteLogSegmentId": _written("RemoteLogSegmentId", of)}


def _partition(value: Mapping[str, Any]) -> str:
    found = value["topicIdPartition"]
    return f"{found['id']}:{found['name']}-{found['partition']}"


def _state(names: Sequence[str], number: int) -> str:
    if not 0 <= number < len(names):
        raise CorruptFileError(f"There is no state {number}")
    return names[number]


def _written(name: str, fields: Mapping[str, Any]) -> str:
    return f"{name}{{{', '.join(f'{field}={value}' for field, value in fields.items())}}}"
