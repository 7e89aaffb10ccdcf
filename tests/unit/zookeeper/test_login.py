"""DIGEST-MD5: RFC 2831's own example, and what is no challenge."""

import hashlib
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.zookeeper.login import answered

CHALLENGE = 'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8'


def test_the_example_of_rfc_2831() -> None:
    answer = answered(CHALLENGE, "chris", "secret", "OA6MHXh6VqTrRk", "imap/elwood.innosoft.com")
    assert answer.text.endswith(b",qop=auth,response=d388dad90d4bbd760a152321f2143af7")
    assert answer.reply == b"rspauth=ea40f60335c427b5527b84dbabcdfffd"


def test_quotes_in_a_name_are_escaped_but_hashed_as_they_are() -> None:
    answer = answered('realm="a\\"b",nonce="n"', 'me "x"\\', "pass", "c")
    assert b'username="me \\"x\\"\\\\",realm="a\\"b",nonce="n",cnonce="c"' in answer.text


def test_latin_1_where_it_has_the_letters() -> None:
    user = hashlib.md5(b"\xe9:r:\xe4").digest() + b":n:c"
    session = hashlib.md5(user).hexdigest()
    method = hashlib.md5(b"AUTHENTICATE:u").hexdigest()
    expected = hashlib.md5(f"{session}:n:00000001:c:auth:{method}".encode()).hexdigest()
    assert answered('realm="r",nonce="n"', "é", "ä", "c", "u").text.endswith(f"response={expected}".encode())
    assert answered('realm="r",nonce="n"', "é€", "ä", "c").text != answered('realm="r",nonce="n"', "é", "ä", "c").text


@pytest.mark.parametrize("challenge", ["", "realm=x", 'nonce="n",qop="auth-conf"', "NTLM"])
def test_invalid_challenges_are_refused(challenge: str) -> None:
    with pytest.raises(ValueError, match="no DIGEST-MD5 challenge"):
        answered(challenge, "u", "p", "c")


@pytest.mark.parametrize("part", ["a", '"', "a=", '\\"', ",", " ", 'a="', "a=b ", 'a="\\",'])
def test_a_challenge_is_read_in_a_time_that_grows_with_its_length(part: str) -> None:
    began = time.process_time()
    with suppress(ValueError):
        answered(part * 200_000, "u", "p", "c")
    assert time.process_time() - began < 2


@given(st.text() | st.lists(st.sampled_from(['nonce="', '"', ",", "=", "\\", "qop=auth", "x"])).map("".join))
def test_any_text_is_answered_or_refused(challenge: str) -> None:
    try:
        answer = answered(challenge, "u", "p" * 9, "c")
    except ValueError:
        return
    assert b"p" * 9 not in answer.text
