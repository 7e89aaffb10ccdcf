"""DescribeConfigs: the configs of topics, brokers and other resources, and where each value comes from (KIP-226)."""

from kafka_tools.wire.schema import Field, Message

TOPIC = 2
"""org.apache.kafka.common.config.ConfigResource.Type.TOPIC."""

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
                            (
                                Field("name", "string"),
                                Field("value", "string", nullable=0),
                                Field("source", "int8"),
                            ),
                            since=1,
                        ),
                        Field("config_type", "int8", since=3),
                        Field("documentation", "string", since=3, nullable=0),
                    ),
                    repeats=True,
                ),
            ),
        ),
    ),
)
