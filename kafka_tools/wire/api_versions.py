"""ApiVersions: which requests a broker knows, and in which versions (KIP-35, KIP-511)."""

from kafka_tools.wire.schema import Field, Message

API_VERSIONS = Message(
    18,
    "ApiVersions",
    first=0,
    last=3,
    flexible=3,
    flexible_answer_header=False,
    request=(
        Field("client_software_name", "string", since=3),
        Field("client_software_version", "string", since=3),
    ),
    response=(
        Field("error_code", "int16"),
        Field(
            "api_keys",
            "[]struct",
            (
                Field("api_key", "int16"),
                Field("min_version", "int16"),
                Field("max_version", "int16"),
            ),
        ),
        Field("throttle_time_ms", "int32", since=1),
        Field(
            "supported_features",
            "[]struct",
            (
                Field("name", "string"),
                Field("min_version", "int16"),
                Field("max_version", "int16"),
            ),
            since=3,
            tag=0,
        ),
        Field("finalized_features_epoch", "int64", since=3, tag=1, default=-1),
        Field(
            "finalized_features",
            "[]struct",
            (
                Field("name", "string"),
                Field("max_version_level", "int16"),
                Field("min_version_level", "int16"),
            ),
            since=3,
            tag=2,
        ),
        Field("zk_migration_ready", "bool", since=3, tag=3),
    ),
)
