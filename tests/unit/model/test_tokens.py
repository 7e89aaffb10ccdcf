"""Delegation tokens: principals and secrets as a person writes them."""

import pytest

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.tokens import DelegationToken, Principal, parse_hmac, parse_principal

TOKEN = DelegationToken("id", b"secret", Principal("User", "a"), Principal("User", "b"), (), 1, 2, 3)


def test_principals() -> None:
    assert parse_principal(" User:CN=a:b ") == Principal("User", "CN=a:b")
    assert str(parse_principal("User:")) == "User:"
    for text in ("", "alice"):
        with pytest.raises(KafkaToolError, match=f"in format principalType:principalName but got {text}$"):
            parse_principal(text)
    with pytest.raises(KafkaToolError, match="is not UTF-8 text"):
        parse_principal("User:\udce9")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", b""),
        ("aa", b"i"),
        ("aaa", b"i\xa6"),
        ("aaa=", b"i\xa6"),
        ("aa==", b"i"),
        ("aaaa", b"i\xa6\x9a"),
        ("+/+/", b"\xfb\xff\xbf"),
        ("a", "Input byte[] should at least have 2 bytes for base64 bytes"),
        ("aaaaa", "Last unit does not have enough valid bits"),
        ("a=", "Last unit does not have enough valid bits"),
        ("aa=", "Input byte array has wrong 4-byte ending unit"),
        ("aaaa=", "Input byte array has wrong 4-byte ending unit"),
        ("==", "Input byte array has wrong 4-byte ending unit"),
        ("aaa==", "Input byte array has incorrect ending byte at 4"),
        ("aa==a", "Input byte array has incorrect ending byte at 4"),
        ("aa!a", "Illegal base64 character 21"),
        ("aa-a", "Illegal base64 character 2d"),
        ("aaéa", "Illegal base64 character -17"),
        ("aa€a", "Illegal base64 character 3f"),
        ("aa\udce9a", "Illegal base64 character 3f"),
    ],
)
def test_secrets_are_read_as_by_java(text: str, expected: bytes | str) -> None:
    """Recorded from java.util.Base64 of Java 17."""
    try:
        found: bytes | str = parse_hmac(text)
    except KafkaToolError as error:
        found = error.message
    assert found == expected


def test_no_repr_shows_the_secret() -> None:
    assert "secret" not in repr(TOKEN)
    assert TOKEN.hmac_as_base64 == "c2VjcmV0"
