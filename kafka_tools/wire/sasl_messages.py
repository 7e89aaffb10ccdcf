"""SaslHandshake and SaslAuthenticate (KIP-43, KIP-152): the two requests of a login."""

from kafka_tools.wire.schema import Field, Message

SASL_HANDSHAKE = Message(
    17,
    "SaslHandshake",
    first=1,
    last=1,
    flexible=2,
    request=(Field("mechanism", "string"),),
    response=(Field("error_code", "int16"), Field("mechanisms", "[]string")),
)
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
