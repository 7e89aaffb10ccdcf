"""Requests about features and their responses (KIP-584): a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.cluster_messages import CHANGED
from kafka_tools.wire.messages import API_VERSIONS
from kafka_tools.wire.schema import Message

API_FEATURES = Message(
    API_VERSIONS.key,
    API_VERSIONS.name,
    # The features came with version 3 as tagged fields (KIP-584), 4 with Kafka 4.0 (KAFKA-17011).
    first=3,
    last=4,
    flexible=3,
    flexible_response_header=False,
    request=API_VERSIONS.request,
    response=(
        *API_VERSIONS.response,
        Field(
            "supported_features",
            "[]struct",
            (Field("name", "string"), Field("min_version", "int16"), Field("max_version", "int16")),
            tag=0,
        ),
        Field("finalized_features_epoch", "int64", tag=1, default=-1),
        Field(
            "finalized_features",
            "[]struct",
            (Field("name", "string"), Field("max_version_level", "int16"), Field("min_version_level", "int16")),
            tag=2,
        ),
    ),
)
"""ApiVersions with the features of the one who answers. In version 3 those are missing that may have level 0."""

UPDATE_FEATURES = Message(
    57,
    "UpdateFeatures",
    first=1,
    last=2,
    flexible=0,
    request=(
        Field("timeout_ms", "int32", default=60_000),
        Field(
            "feature_updates",
            "[]struct",
            (Field("feature", "string"), Field("max_version_level", "int16"), Field("upgrade_type", "int8", default=1)),
        ),
        Field("validate_only", "bool"),
    ),
    response=(
        *CHANGED,
        Field(
            "results",
            "[]struct",
            (Field("feature", "string"), Field("error_code", "int16"), Field("error_message", "string", nullable=0)),
            # Version 2 has one result for all, the error above: features change together or not at all.
            until=1,
        ),
    ),
)
"""Changes the levels of features; from version 2 on all of them or none (KIP-1022).

Version 0, which Kafka 2.7 to 3.2 alone lack a newer one of, is left out: it would carry out what is to be validated."""
