"""Requests about configs beside DescribeConfigs and their responses: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message

INCREMENTAL_ALTER_CONFIGS = Message(
    44,
    "IncrementalAlterConfigs",
    first=0,
    last=1,
    flexible=1,
    request=(
        Field(
            "resources",
            "[]struct",
            (
                Field("resource_type", "int8"),
                Field("resource_name", "string"),
                Field(
                    "configs",
                    "[]struct",
                    (
                        Field("name", "string"),
                        Field("config_operation", "int8"),
                        # Null where the config is deleted.
                        Field("value", "string", nullable=0, default=None),
                    ),
                ),
            ),
        ),
        # True: the broker checks the values, in its own words, and changes nothing.
        Field("validate_only", "bool"),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "responses",
            "[]struct",
            (
                Field("error_code", "int16"),
                Field("error_message", "string", nullable=0),
                Field("resource_type", "int8"),
                Field("resource_name", "string"),
            ),
        ),
    ),
)
"""Sets and deletes single configs; all others of the resource stay as they are (KIP-339).

The operations are those of org.apache.kafka.clients.admin.AlterConfigOp: 0 sets, 1 deletes, 2 appends, 3 subtracts."""

LIST_CONFIG_RESOURCES = Message(
    74,
    "ListConfigResources",
    first=0,
    last=1,
    flexible=0,
    request=(Field("resource_types", "[]int8", since=1),),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field(
            "config_resources",
            "[]struct",
            # Version 0 tells of client metrics alone, whose type is 16.
            (Field("resource_name", "string"), Field("resource_type", "int8", since=1, default=16)),
        ),
    ),
)
"""Asks for the names of what has configs, by the numbers of org.apache.kafka.common.config.ConfigResource.Type.

Version 0, which brokers without ZooKeeper know from Kafka 3.7 on as ListClientMetricsResources (KIP-714), knows client
metrics alone; version 1 came with Kafka 4.1 (KIP-1142)."""

# A user, a client, or the two together: one part for each. The name is null for the default entity.
QUOTA_ENTITY = Field(
    "entity",
    "[]struct",
    (Field("entity_type", "string"), Field("entity_name", "string", nullable=0)),
)

DESCRIBE_CLIENT_QUOTAS = Message(
    48,
    "DescribeClientQuotas",
    first=0,
    last=1,
    flexible=1,
    request=(
        Field(
            "components",
            "[]struct",
            (Field("entity_type", "string"), Field("match_type", "int8"), Field("match", "string", nullable=0)),
        ),
        Field("strict", "bool"),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0),
        Field(
            "entries",
            "[]struct",
            # Null beside an error.
            (QUOTA_ENTITY, Field("values", "[]struct", (Field("key", "string"), Field("value", "float64")))),
            nullable=0,
        ),
    ),
)
"""Asks for the quotas of users, clients and IP addresses (KIP-546).

A match of type 0 is the name itself, 1 the default entity, 2 every entity of the type; `match` is null for the last
two. `strict`: only entities of just these types."""

ALTER_CLIENT_QUOTAS = Message(
    49,
    "AlterClientQuotas",
    first=0,
    last=1,
    flexible=1,
    request=(
        Field(
            "entries",
            "[]struct",
            (
                QUOTA_ENTITY,
                Field("ops", "[]struct", (Field("key", "string"), Field("value", "float64"), Field("remove", "bool"))),
            ),
        ),
        Field("validate_only", "bool"),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "entries",
            "[]struct",
            (Field("error_code", "int16"), Field("error_message", "string", nullable=0), QUOTA_ENTITY),
        ),
    ),
)
"""Sets and removes quotas of users, clients and IP addresses; the name of a default entity is null (KIP-546)."""

# Each broker lists only what it coordinates, so that all of them are asked; one that loads its groups answers an error.
LIST_GROUPS = Message(
    16,
    "ListGroups",
    first=0,
    last=5,
    flexible=3,
    # Empty lists are no filter.
    request=(Field("states_filter", "[]string", since=4), Field("types_filter", "[]string", since=5)),
    response=(
        Field("throttle_time_ms", "int32", since=1),
        Field("error_code", "int16"),
        Field(
            "groups",
            "[]struct",
            (
                Field("group_id", "string"),
                Field("protocol_type", "string"),
                Field("group_state", "string", since=4),
                Field("group_type", "string", since=5),
            ),
        ),
    ),
)
"""Asks one broker for the groups that it coordinates, of all types (KIP-518, KIP-848)."""

BROKER_ENDPOINTS, CONTROLLER_ENDPOINTS = 1, 2
"""Who is asked for in a DescribeCluster request (org.apache.kafka.clients.admin.internals.AdminMetadataManager)."""

DESCRIBE_CLUSTER = Message(
    60,
    "DescribeCluster",
    first=1,
    last=2,
    flexible=0,
    request=(
        Field("include_cluster_authorized_operations", "bool"),
        Field("endpoint_type", "int8", since=1, default=BROKER_ENDPOINTS),
        Field("include_fenced_brokers", "bool", since=2),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0, default=None),
        Field("endpoint_type", "int8", since=1, default=BROKER_ENDPOINTS),
        Field("cluster_id", "string"),
        Field("controller_id", "int32", default=-1),
        Field(
            "brokers",
            "[]struct",
            (
                Field("broker_id", "int32"),
                Field("host", "string"),
                Field("port", "int32"),
                Field("rack", "string", nullable=0, default=None),
                # A broker is fenced while it does not send heartbeats to the controller: it is registered, and serves
                # nobody.
                Field("is_fenced", "bool", since=2),
            ),
        ),
        Field("cluster_authorized_operations", "int32", default=-(2**31)),
    ),
)
"""Asks for the brokers, or where controllers are asked for the controllers (KIP-919).

From version 2 on (Kafka 4.0) the brokers that are fenced, as those that are down, can be asked for, too (KIP-1073)."""
