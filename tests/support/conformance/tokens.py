"""The delegation tokens of one case: made before it, shown as lines after it, and ended."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from kafka_tools.backends import open_tokens
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers
from kafka_tools.model.tokens import DelegationToken, parse_principal

HOUR_MS = 3_600_000


def made(brokers: Brokers, owner: str, renewers: str, max_life_ms: str) -> DelegationToken:
    """Make a token for `owner`; `renewers` are such words with commas between them."""
    with open_tokens(brokers) as tokens:
        return tokens.create(parse_principal(owner), list(map(parse_principal, renewers.split(","))), int(max_life_ms))


def lines(brokers: Brokers, is_own: Callable[[str], bool]) -> list[str]:
    """Return a line for each token that the case has made, as far as the administrator may see."""
    return sorted(f"token {_text(token)}\n" for token in _own(brokers, is_own))


def end(brokers: Brokers, made: Iterable[DelegationToken], is_own: Callable[[str], bool]) -> None:
    """End the tokens; those that the administrator may not renew end by themselves, and have owners of their own."""
    with open_tokens(brokers) as tokens:
        for token in (*made, *_own(brokers, is_own)):
            with suppress(KafkaToolError):
                tokens.expire(token.hmac, -1)


def _own(brokers: Brokers, is_own: Callable[[str], bool]) -> list[DelegationToken]:
    with open_tokens(brokers) as tokens:
        return [token for token in tokens.describe(None) if is_own(token.owner.name)]


def _text(token: DelegationToken) -> str:
    renewers = ",".join(map(str, token.renewers))
    left = round((token.expiry_timestamp - time.time() * 1000) / HOUR_MS)
    life = round((token.max_timestamp - token.issue_timestamp) / HOUR_MS)
    return f"{token.owner} by {token.requester} renewers [{renewers}] expires in {left} h, life {life} h"
