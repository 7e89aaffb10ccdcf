"""Requests about the rules of an authorizer and their responses: a table of fields for each, as in `messages`."""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message

# Pattern type 3 is LITERAL, all that there was before Kafka 2.0 (KIP-290). Numbers are those of the Java enumerations
# ResourceType, PatternType, AclOperation and AclPermissionType, 1 being ANY in filters.
ACL_PATTERN = (
    Field("resource_type", "int8"),
    Field("resource_name", "string"),
    Field("pattern_type", "int8", since=1, default=3),
)
ACL_ENTRY = (
    Field("principal", "string"),
    Field("host", "string"),
    Field("operation", "int8"),
    Field("permission_type", "int8"),
)
# A null name, principal or host takes any; an empty one would be compared.
ACL_FILTER = (
    Field("resource_type_filter", "int8"),
    Field("resource_name_filter", "string", nullable=0),
    Field("pattern_type_filter", "int8", since=1, default=3),
    Field("principal_filter", "string", nullable=0),
    Field("host_filter", "string", nullable=0),
    Field("operation", "int8"),
    Field("permission_type", "int8"),
)

DESCRIBE_ACLS = Message(
    29,
    "DescribeAcls",
    first=1,
    last=3,
    flexible=2,
    request=ACL_FILTER,
    response=(
        Field("throttle_time_ms", "int32"),
        Field("error_code", "int16"),
        Field("error_message", "string", nullable=0),
        Field("resources", "[]struct", (*ACL_PATTERN, Field("acls", "[]struct", ACL_ENTRY))),
    ),
)
"""Asks for the rules that a filter selects (KIP-140); version 3 has the resource type USER."""

CREATE_ACLS = Message(
    30,
    "CreateAcls",
    first=1,
    last=3,
    flexible=2,
    request=(
        Field(
            "creations",
            "[]struct",
            (
                Field("resource_type", "int8"),
                Field("resource_name", "string"),
                Field("resource_pattern_type", "int8", since=1, default=3),
                *ACL_ENTRY,
            ),
        ),
    ),
    response=(
        Field("throttle_time_ms", "int32"),
        Field("results", "[]struct", (Field("error_code", "int16"), Field("error_message", "string", nullable=0))),
    ),
)
"""Adds rules; each has a result of its own, in the order of the request."""

DELETE_ACLS = Message(
    31,
    "DeleteAcls",
    first=1,
    last=3,
    flexible=2,
    request=(Field("filters", "[]struct", ACL_FILTER),),
    response=(
        Field("throttle_time_ms", "int32"),
        Field(
            "filter_results",
            "[]struct",
            (
                Field("error_code", "int16"),
                Field("error_message", "string", nullable=0),
                Field(
                    # A rule that was found and could not be removed has an error of its own, where the filter has none.
                    "matching_acls",
                    "[]struct",
                    (
                        Field("error_code", "int16"),
                        Field("error_message", "string", nullable=0),
                        *ACL_PATTERN,
                        *ACL_ENTRY,
                    ),
                ),
            ),
        ),
    ),
)
"""Removes the rules that each of the filters selects, and tells which they were."""
