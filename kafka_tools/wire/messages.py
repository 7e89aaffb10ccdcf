"""Requests to brokers and their responses: a table of fields for each, in all versions that are known here.

Source: the message definitions that Kafka publishes (common/message/*.json in kafka-clients 4.3). A field stands in its
table once, with the versions that have it. The tests compare every message in every version with the library kio.
"""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message, by_partition

API_VERSIONS = Message(
    18,
    "ApiVersions",
    first=0,
    last=3,
    flexible=3,
    # A client that does not know yet what the broker speaks must be able to read the header: no tagged fields in it.
    flexible_response_header=False,
    request=(Field("client_software_name", "string", since=3), Field("client_software_version", "string", since=3)),
    response=(
        Field("error_code", "int16"),
        Field(
            "api_keys",
            "[]struct",
            (Field("api_key", "int16"), Field("min_version", "int16"), Field("max_version", "int16")),
        ),
        Field("throttle_time_ms", "int32", since=1),
    ),
)
"""Asks which requests a broker knows, in which versions (KIP-35, KIP-511); the first request on every connection.

The features of a response are tagged fields, which nobody here asks for: they are skipped, as all unknown tags are."""

SASL_HANDSHAKE = Message(
    17,
    "SaslHandshake",
    # Version 0 would go on with bare bytes of the mechanism on the socket, without the broker's words for a refusal.
    first=1,
    last=1,
    flexible=2,
    request=(Field("mechanism", "string"),),
    response=(Field("error_code", "int16"), Field("mechanisms", "[]string")),
)
"""Names the mechanism of a login; the broker says which ones it takes (KIP-43)."""

SASL_AUTHENTICATE = Message(
    36,
    "SaslAuthenticate",
    first=0,
    last=2,
    flexible=2,
    request=(Field("auth_bytes", "bytes"),),
    response=(
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0),
        Field("auth_bytes", "bytes"),
        Field("session_lifetime_ms", "int64", since=1),
    ),
)
"""Carries one step of the dialogue of a login (KIP-152)."""

METADATA = Message(
    3,
    "Metadata",
    first=4,
    last=13,
    flexible=9,
    request=(
        Field(
            "topics",
            "[]struct",
            (Field("topic_id", "uuid", since=10), Field("name", "string", nullable=10)),
            nullable=1,
        ),
        # False, its default here, is sent always: a look at a topic must not make it.
        Field("allow_auto_topic_creation", "bool", since=4),
        Field("include_cluster_authorized_operations", "bool", since=8, until=10),
        Field("include_topic_authorized_operations", "bool", since=8),
    ),
    response=(
        Field("throttle_time_ms", "int32", since=3),
        Field(
            "brokers",
            "[]struct",
            (
                Field("node_id", "int32"),
                Field("host", "string"),
                Field("port", "int32"),
                Field("rack", "string", since=1, nullable=1, default=None),
            ),
        ),
        Field("cluster_id", "string", since=2, nullable=2, default=None),
        Field("controller_id", "int32", since=1, default=-1),
        Field(
            "topics",
            "[]struct",
            (
                Field("error_code", "int16"),
                Field("name", "string", nullable=12),
                # All zeros where the topic has none: on brokers before Kafka 2.8.
                Field("topic_id", "uuid", since=10),
                Field("is_internal", "bool", since=1),
                Field(
                    "partitions",
                    "[]struct",
                    (
                        Field("error_code", "int16"),
                        Field("partition_index", "int32"),
                        # -1 where no replica that is alive may lead.
                        Field("leader_id", "int32"),
                        Field("leader_epoch", "int32", since=7, default=-1),
                        Field("replica_nodes", "[]int32"),
                        Field("isr_nodes", "[]int32"),
                        Field("offline_replicas", "[]int32", since=5),
                    ),
                ),
                Field("topic_authorized_operations", "int32", since=8, default=-(2**31)),
            ),
        ),
        Field("cluster_authorized_operations", "int32", since=8, until=10, default=-(2**31)),
        # Set where the whole answer is an error (REBOOTSTRAP_REQUIRED, KIP-1102); older brokers have errors of topics
        # alone.
        Field("error_code", "int16", since=13),
    ),
)
"""Asks any broker for the brokers, the controller, the topics and where their partitions are.

Up to version 3 the request would create the topics that it names: 4 (Kafka 1.0) is the oldest version used."""

CURSOR = (Field("topic_name", "string"), Field("partition_index", "int32"))

DESCRIBE_TOPIC_PARTITIONS = Message(
    75,
    "DescribeTopicPartitions",
    first=0,
    last=0,
    flexible=0,
    request=(
        Field("topics", "[]struct", (Field("name", "string"),)),
        # The broker takes no more than its own max.request.partition.size.limit (2,000), whatever is asked.
        Field("response_partition_limit", "int32", default=2000),
        Field("cursor", "struct", CURSOR, nullable=0),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "topics",
            "[]struct",
            (
                Field("error_code", "int16"),
                Field("name", "string", nullable=0),
                Field("topic_id", "uuid"),
                Field("is_internal", "bool"),
                Field(
                    "partitions",
                    "[]struct",
                    (
                        Field("error_code", "int16"),
                        Field("partition_index", "int32"),
                        Field("leader_id", "int32"),
                        Field("leader_epoch", "int32", default=-1),
                        Field("replica_nodes", "[]int32"),
                        Field("isr_nodes", "[]int32"),
                        # Null where the cluster does not keep them (feature eligible.leader.replicas.version 0): unlike
                        # none at all.
                        Field("eligible_leader_replicas", "[]int32", nullable=0, default=None),
                        Field("last_known_elr", "[]int32", nullable=0, default=None),
                        Field("offline_replicas", "[]int32"),
                    ),
                ),
                Field("topic_authorized_operations", "int32", default=-(2**31)),
            ),
        ),
        Field("next_cursor", "struct", CURSOR, nullable=0),
    ),
)
"""Asks for partitions page by page, with their eligible leader replicas (KIP-966).

Brokers in ZooKeeper mode do not know it."""

TOPIC, BROKER = 2, 4
"""The numbers of org.apache.kafka.common.config.ConfigResource.Type.TOPIC and BROKER."""

DEFAULT_CONFIG = 5
"""DescribeConfigsResponse.ConfigSource.DEFAULT_CONFIG: Kafka's own default."""

DESCRIBE_CONFIGS = Message(
    32,
    "DescribeConfigs",
    first=1,
    last=4,
    flexible=4,
    request=(
        Field(
            "resources",
            "[]struct",
            (
                Field("resource_type", "int8"),
                Field("resource_name", "string"),
                # Null asks for all configs, and so does an empty list (ConfigHelper.describeConfigs, 3.9).
                Field("configuration_keys", "[]string", nullable=0, default=None),
            ),
        ),
        Field("include_synonyms", "bool", since=1),
        Field("include_documentation", "bool", since=3),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "results",
            "[]struct",
            (
                Field("error_code", "int16"),
                Field("error_message", "string", nullable=0),
                Field("resource_type", "int8"),
                Field("resource_name", "string"),
                Field(
                    "configs",
                    "[]struct",
                    (
                        Field("name", "string"),
                        Field("value", "string", nullable=0),
                        Field("read_only", "bool"),
                        Field("config_source", "int8", since=1, default=-1),
                        Field("is_sensitive", "bool"),
                        Field(
                            "synonyms",
                            "[]struct",
                            (Field("name", "string"), Field("value", "string", nullable=0), Field("source", "int8")),
                            since=1,
                        ),
                        Field("config_type", "int8", since=3),
                        Field("documentation", "string", since=3, nullable=0),
                    ),
                    # Topics of one cluster differ in few configs or none: decoding equal neighbours once makes this
                    # answer cheap.
                    repeats=True,
                ),
            ),
        ),
    ),
)
"""Asks for the configs of topics, brokers and other resources, and where each value comes from (KIP-226)."""

LIST_PARTITION_REASSIGNMENTS = Message(
    46,
    "ListPartitionReassignments",
    first=0,
    last=0,
    flexible=0,
    request=(
        Field("timeout_ms", "int32", default=60_000),
        Field(
            "topics",
            "[]struct",
            (Field("name", "string"), Field("partition_indexes", "[]int32")),
            nullable=0,
            default=None,
        ),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0),
        by_partition(
            Field("replicas", "[]int32"),
            Field("adding_replicas", "[]int32"),
            Field("removing_replicas", "[]int32"),
        ),
    ),
)
"""Asks the controller which replicas are being added and removed (KIP-455)."""

QUORUM = {"topics": [{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}]}
"""The only question of a DescribeQuorum request: the controllers share one log, a topic of one partition."""

# Times in ms; -1 where the broker is older than Kafka 3.3, or has heard nothing of the replica since it leads.
REPLICAS = (
    Field("replica_id", "int32"),
    Field("replica_directory_id", "uuid", since=2),
    Field("log_end_offset", "int64"),
    Field("last_fetch_timestamp", "int64", since=1, default=-1),
    Field("last_caught_up_timestamp", "int64", since=1, default=-1),
)

# Flexible from version 0 on, as is every kind of request that is younger than KIP-482 (Kafka 2.4).
DESCRIBE_QUORUM = Message(
    55,
    "DescribeQuorum",
    first=0,
    last=2,
    flexible=0,
    request=(by_partition(topic="topic_name"),),
    response=(
        Field("error_code", "int16"),
        Field("error_message", "string", since=2, nullable=2, default=None),
        by_partition(
            Field("error_code", "int16"),
            Field("error_message", "string", since=2, nullable=2, default=None),
            Field("leader_id", "int32"),
            Field("leader_epoch", "int32"),
            Field("high_watermark", "int64"),
            Field("current_voters", "[]struct", REPLICAS),
            Field("observers", "[]struct", REPLICAS),
            topic="topic_name",
        ),
        Field(
            "nodes",
            "[]struct",
            (
                Field("node_id", "int32"),
                Field(
                    "listeners",
                    "[]struct",
                    (Field("name", "string"), Field("host", "string"), Field("port", "uint16")),
                ),
            ),
            since=2,
        ),
    ),
)
"""Asks for the controllers of a cluster without ZooKeeper, and how far each has come (KIP-595, KIP-836, KIP-853)."""

CREATE_TOPICS = Message(
    19,
    "CreateTopics",
    first=2,
    last=4,
    flexible=5,
    request=(
        Field(
            "topics",
            "[]struct",
            (
                Field("name", "string"),
                Field("num_partitions", "int32"),
                # -1, as for the partitions: the broker's default, or as many as `assignments` says (KIP-464, from
                # version 4 on).
                Field("replication_factor", "int16"),
                Field("assignments", "[]struct", (Field("partition_index", "int32"), Field("broker_ids", "[]int32"))),
                Field("configs", "[]struct", (Field("name", "string"), Field("value", "string", nullable=0))),
            ),
        ),
        Field("timeout_ms", "int32", default=60000),
        Field("validate_only", "bool", since=1),
    ),
    response=(
        Field("throttle_time_ms", "int32", since=2),
        Field(
            "topics",
            "[]struct",
            (
                Field("name", "string"),
                Field("error_code", "int16"),
                Field("error_message", "string", since=1, nullable=0),
            ),
        ),
    ),
)
"""Creates topics, by counts or by the replicas of each partition.

Version 4 (Kafka 2.4) is enough: what later ones add is about the topic that was made, and is not asked for here."""

CREATE_PARTITIONS = Message(
    37,
    "CreatePartitions",
    first=0,
    last=3,
    flexible=2,
    request=(
        Field(
            "topics",
            "[]struct",
            (
                Field("name", "string"),
                Field("count", "int32"),
                Field("assignments", "[]struct", (Field("broker_ids", "[]int32"),), nullable=0, default=None),
            ),
        ),
        Field("timeout_ms", "int32"),
        Field("validate_only", "bool"),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "results",
            "[]struct",
            (
                Field("name", "string"),
                Field("error_code", "int16"),
                Field("error_message", "string", nullable=0, default=None),
            ),
        ),
    ),
)
"""Adds partitions to topics (KIP-195)."""
