"""A member of a streams group without Kafka Streams, which is Java: it sends the heartbeats of KIP-1071 itself."""

from collections.abc import Mapping
from contextlib import suppress
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from kafka_tools.brokers.all_groups import Coordinators
from kafka_tools.brokers.session import Session
from kafka_tools.errors import BrokerError
from kafka_tools.model.codec import Field
from kafka_tools.model.target import Brokers
from kafka_tools.wire.schema import Message, Response
from kafka_tools.wire.share_streams_messages import MADE_TOPIC, TASKS, TOPOLOGY_DESCRIPTION

SUBTOPOLOGY = (
    Field("subtopology_id", "string"),
    Field("source_topics", "[]string"),
    Field("source_topic_regex", "[]string"),
    Field("state_changelog_topics", "[]struct", MADE_TOPIC),
    Field("repartition_sink_topics", "[]string"),
    Field("repartition_source_topics", "[]struct", MADE_TOPIC),
    Field("copartition_groups", "[]struct", (Field("source_topics", "[]int16"),)),
)
HEARTBEAT = Message(
    88,
    "StreamsGroupHeartbeat",
    first=0,
    last=0,
    flexible=0,
    request=(
        Field("group_id", "string"),
        Field("member_id", "string"),
        Field("member_epoch", "int32"),
        Field("endpoint_information_epoch", "int32"),
        Field("instance_id", "string", nullable=0, default=None),
        Field("rack_id", "string", nullable=0, default=None),
        Field("rebalance_timeout_ms", "int32", default=-1),
        Field(
            "topology",
            "struct",
            (Field("epoch", "int32"), Field("subtopologies", "[]struct", SUBTOPOLOGY)),
            nullable=0,
        ),
        Field("active_tasks", "[]struct", TASKS, nullable=0, default=None),
        Field("standby_tasks", "[]struct", TASKS, nullable=0, default=None),
        Field("warmup_tasks", "[]struct", TASKS, nullable=0, default=None),
        Field("process_id", "string", nullable=0, default=None),
        Field("user_endpoint", "struct", (), nullable=0),
        Field("client_tags", "[]struct", (), nullable=0, default=None),
        Field("task_offsets", "[]struct", (), nullable=0, default=None),
        Field("task_end_offsets", "[]struct", (), nullable=0, default=None),
        Field("shutdown_application", "bool"),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0),
        Field("member_id", "string"),
        Field("member_epoch", "int32"),
        Field("heartbeat_interval_ms", "int32"),
        Field("acceptable_recovery_lag", "int32"),
        Field("task_offset_interval_ms", "int32"),
        Field("status", "[]struct", (Field("status_code", "int8"), Field("status_detail", "string")), nullable=0),
        Field("active_tasks", "[]struct", TASKS, nullable=0),
    ),
)
TOPOLOGY_UPDATE = Message(
    93,
    "StreamsGroupTopologyDescriptionUpdate",
    first=0,
    last=0,
    flexible=0,
    request=(
        Field("group_id", "string"),
        Field("member_id", "string"),
        Field("topology_epoch", "int32"),
        Field("topology_description", "struct", TOPOLOGY_DESCRIPTION),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0),
    ),
)
SOURCE, PROCESSOR, SINK = 1, 2, 3
SECONDS = 15.0
HEARTBEAT_SECONDS = 3.0
LEAVES = -1
"""The epoch that a member sends in the end."""


class StreamsMember:
    """An instance of an application that reads one topic, and keeps a store whose changelog topic is its own."""

    def __init__(self, brokers: Brokers, group: str, topic: str) -> None:
        self._session = Session(brokers)
        self._coordinators = Coordinators(self._session, SECONDS)
        self._group, self._topic = group, topic
        self._id, self._epoch = f"kt-client-{uuid4()}", 0
        self._tasks: list[Response] | None = []
        self._ends = Event()
        self._heart = Thread(target=self._beat, daemon=True)

    def join(self) -> bool:
        """Send a heartbeat; say whether the member has tasks, and the group knows that it works on them."""
        changelog = {"name": f"{self._group}-store-changelog", "replication_factor": 1}
        part = {"subtopology_id": "0", "source_topics": [self._topic], "state_changelog_topics": [changelog]}
        known = self._tasks
        first = {
            "rebalance_timeout_ms": 60_000,
            "topology": {"epoch": 0, "subtopologies": [part]},
            "process_id": "kt-process",
            "client_tags": [],
        }
        response = self._sent(first if self._epoch == 0 else {})
        self._epoch = response["member_epoch"]
        self._tasks = response["active_tasks"] or known
        has_joined = bool(known) and response["active_tasks"] in (None, known)
        if has_joined:
            self._heart.start()
        return has_joined

    def leave(self) -> None:
        """Leave the group."""
        self._ends.set()
        self._heart.join()
        self._epoch = LEAVES
        with suppress(BrokerError):  # it may have been taken out
            self._sent({})
        self._session.close()

    def tell_topology(self) -> None:
        """Tell how records flow: two subtopologies with a topic in between, and a global store."""
        between = f"{self._group}-counted-repartition"
        first = [
            _node("KSTREAM-SOURCE-0", SOURCE, ["KSTREAM-MAP-1"], source_topics=[self._topic, f"{self._topic}-b"]),
            _node("KSTREAM-MAP-1", PROCESSOR, ["KSTREAM-SINK-3", "KSTREAM-SINK-2"]),
            _node("KSTREAM-SINK-2", SINK, [], sink_topic=between),
            _node("KSTREAM-SINK-3", SINK, []),  # its topic is decided record by record
        ]
        second = [
            _node("KSTREAM-SOURCE-4", SOURCE, ["KSTREAM-AGGREGATE-5"], source_topics=[between]),
            _node("KSTREAM-AGGREGATE-5", PROCESSOR, [], stores=["store-b", "store"]),
        ]
        source = _node("KSTREAM-SOURCE-6", SOURCE, ["KTABLE-SOURCE-7"], source_topics=[f"{self._topic}-g"])
        processor = _node("KTABLE-SOURCE-7", PROCESSOR, [], stores=["global-store"])
        description = {
            "subtopologies": [{"subtopology_id": "0", "nodes": first}, {"subtopology_id": "1", "nodes": second}],
            "global_stores": [{"source": source, "processor": processor}],
        }
        values = {"group_id": self._group, "member_id": self._id, "topology_description": description}
        self._coordinators.change(TOPOLOGY_UPDATE, self._group, {**values, "topology_epoch": 0})

    def _beat(self) -> None:
        while not self._ends.wait(HEARTBEAT_SECONDS):
            with suppress(BrokerError):
                self._sent({})

    def _sent(self, more: Mapping[str, Any]) -> Response:
        tasks = {"active_tasks": self._tasks, "standby_tasks": [], "warmup_tasks": []} if self._epoch >= 0 else {}
        values = {"group_id": self._group, "member_id": self._id, "member_epoch": self._epoch, **tasks, **more}
        return self._coordinators.change(HEARTBEAT, self._group, values)


def _node(name: str, kind: int, successors: list[str], **more: Any) -> Response:
    return {"name": name, "node_type": kind, "successors": successors, "source_topics": [], "stores": [], **more}
