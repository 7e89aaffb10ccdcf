"""Requests about delegation tokens and their responses (KIP-48, KIP-373): a table of fields for each, as in `messages`.

Version 0 of each, which brokers of Kafka 4 no longer know, is left out: 1 came with Kafka 2.0.
"""

from kafka_tools.model.codec import Field
from kafka_tools.wire.schema import Message

PRINCIPAL = (Field("principal_type", "string"), Field("principal_name", "string"))
REQUESTER = (
    Field("token_requester_principal_type", "string", since=3),
    Field("token_requester_principal_name", "string", since=3),
)
"""Who asked for a token, which is somebody else than its owner where it was made for another user (KIP-373)."""

# All in ms since 1970. A token may be renewed until its max_timestamp, and no further.
TIMES = (
    Field("issue_timestamp", "int64"),
    Field("expiry_timestamp", "int64"),
    Field("max_timestamp", "int64"),
)

CREATE_DELEGATION_TOKEN = Message(
    38,
    "CreateDelegationToken",
    first=1,
    last=3,
    flexible=2,
    request=(
        Field("owner_principal_type", "string", since=3, nullable=3, default=None),
        Field("owner_principal_name", "string", since=3, nullable=3, default=None),
        Field("renewers", "[]struct", PRINCIPAL),
        # -1: as long as the broker's delegation.token.max.lifetime.ms, which also limits what is asked.
        Field("max_lifetime_ms", "int64"),
    ),
    response=(
        Field("error_code", "int16"),
        *PRINCIPAL,
        *REQUESTER,
        *TIMES,
        Field("token_id", "string"),
        Field("hmac", "bytes"),
        Field("throttle_time_ms", "int32"),
    ),
)
"""Makes a token for whoever is logged in, from version 3 on (Kafka 3.3) also for another user."""

CREATE_DELEGATION_TOKEN_FOR = CREATE_DELEGATION_TOKEN.since(3)
"""The versions that have an owner: an older one would leave it out, and make the token for whoever is logged in."""

RENEW_DELEGATION_TOKEN = Message(
    39,
    "RenewDelegationToken",
    first=1,
    last=2,
    flexible=2,
    # The HMAC is the token's secret: it proves that the sender has it, and must never be shown in an error.
    request=(Field("hmac", "bytes"), Field("renew_period_ms", "int64")),
    response=(
        Field("error_code", "int16"),
        Field("expiry_timestamp", "int64"),
        Field("throttle_time_ms", "int32"),
    ),
)
"""Lets a token expire later, but not after the end of its life."""

EXPIRE_DELEGATION_TOKEN = Message(
    40,
    "ExpireDelegationToken",
    first=1,
    last=2,
    flexible=2,
    request=(Field("hmac", "bytes"), Field("expiry_time_period_ms", "int64")),
    response=RENEW_DELEGATION_TOKEN.response,
)
"""Lets a token expire at another time; a negative period ends it at once."""

DESCRIBE_DELEGATION_TOKEN = Message(
    41,
    "DescribeDelegationToken",
    first=1,
    last=3,
    flexible=2,
    request=(Field("owners", "[]struct", PRINCIPAL, nullable=0, default=None),),
    response=(
        Field("error_code", "int16"),
        Field(
            "tokens",
            "[]struct",
            (
                *PRINCIPAL,
                *REQUESTER,
                *TIMES,
                Field("token_id", "string"),
                Field("hmac", "bytes"),
                Field("renewers", "[]struct", PRINCIPAL),
            ),
        ),
        Field("throttle_time_ms", "int32"),
    ),
)
"""Asks for the tokens of these owners, None: of all, that the user may see; no owners have no tokens."""
