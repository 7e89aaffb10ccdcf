"""Delegation tokens through brokers: what is sent, and what is not."""

from typing import Any

import pytest

from kafka_tools.brokers.session import open_session
from kafka_tools.brokers.tokens import BrokerTokens
from kafka_tools.errors import BrokerError, KafkaToolError, UnsupportedError
from kafka_tools.model.security import Sasl, Security
from kafka_tools.model.target import Brokers
from kafka_tools.model.tokens import Principal
from kafka_tools.wire.messages import SASL_AUTHENTICATE, SASL_HANDSHAKE
from kafka_tools.wire.schema import Message
from kafka_tools.wire.token_messages import (
    CREATE_DELEGATION_TOKEN,
    DESCRIBE_DELEGATION_TOKEN,
    EXPIRE_DELEGATION_TOKEN,
    RENEW_DELEGATION_TOKEN,
)
from tests.support.one_broker import OneBroker
from tests.support.servers import serving

LOGIN = Security(sasl=Sasl("PLAIN", "a", "b"))
ALICE = Principal("User", "alice")
TIMES = {"issue_timestamp": 1, "expiry_timestamp": 2, "max_timestamp": 3}
OLD_CREATE = Message(
    CREATE_DELEGATION_TOKEN.key,
    CREATE_DELEGATION_TOKEN.name,
    first=1,
    last=2,
    flexible=2,
    request=CREATE_DELEGATION_TOKEN.request,
    response=CREATE_DELEGATION_TOKEN.response,
)


class Signing(OneBroker):
    """A broker with tokens: a new one is told from the second question on, as if it had to hear of it first."""

    def __init__(self, create: Message = CREATE_DELEGATION_TOKEN) -> None:
        self.tokens: list[dict[str, Any]] = []
        self.codes: list[int] = []
        more = {
            create: self._create,
            RENEW_DELEGATION_TOKEN: self._move,
            EXPIRE_DELEGATION_TOKEN: self._move,
            DESCRIBE_DELEGATION_TOKEN: self._describe,
            SASL_HANDSHAKE: lambda _: {"mechanisms": ("PLAIN",)},
            SASL_AUTHENTICATE: lambda _: {"error_message": None},
        }
        super().__init__(more=more)
        self.looks = 0

    def sent(self, *names: str) -> list[dict[str, Any]]:
        return [values for name, values in self.asked if name in names]

    def _create(self, values: dict[str, Any]) -> dict[str, Any]:
        code = self.codes.pop(0) if self.codes else 0
        kind, name = values["owner_principal_type"] or "User", values["owner_principal_name"] or "a"
        token = {"principal_type": kind, "principal_name": name, "token_id": "t", "hmac": b"h", **TIMES}
        if not code:
            self.tokens.append(token | {"renewers": values["renewers"]})
        return {**token, "error_code": code, "token_requester_principal_type": "User"}

    def _move(self, _: dict[str, Any]) -> dict[str, Any]:
        code = self.codes.pop(0) if self.codes else 0
        self.tokens = [token | {"expiry_timestamp": 9} for token in self.tokens]
        return {"error_code": code, "expiry_timestamp": 9}

    def _describe(self, values: dict[str, Any]) -> dict[str, Any]:
        self.looks += 1
        owners = values["owners"]
        named = None if owners is None else {each["principal_name"] for each in owners}
        shown = [each for each in self.tokens if named is None or each["principal_name"] in named]
        return {"tokens": shown if self.looks > 1 else ()}


def asked(broker: Signing, ask: Any, security: Security | None = LOGIN, **target: Any) -> Any:
    with serving(broker) as port:
        broker.port = port
        with open_session(Brokers(f"127.0.0.1:{port}", security=security, **target)) as session:
            return ask(BrokerTokens(session))


def test_a_token_is_made_once_and_known_afterwards() -> None:
    broker = Signing()
    token = asked(broker, lambda tokens: tokens.create(ALICE, [Principal("User", "b")], -1))
    assert (str(token.owner), list(map(str, token.renewers)), token.hmac) == ("User:alice", ["User:b"], b"h")
    assert [each["max_lifetime_ms"] for each in broker.sent("CreateDelegationToken")] == [-1]
    assert broker.looks == 2


def test_an_old_broker_makes_no_token_for_another_user() -> None:
    broker = Signing(OLD_CREATE)
    with pytest.raises(UnsupportedError, match=r"came with Kafka 3\.3"):
        asked(broker, lambda tokens: tokens.create(ALICE, (), -1))
    assert broker.sent("CreateDelegationToken") == []
    assert asked(broker, lambda tokens: tokens.create(None, (), -1)).token_id == "t"


def test_the_controller_is_asked_where_another_broker_was() -> None:
    broker = Signing()
    broker.codes = [41]
    assert asked(broker, lambda tokens: tokens.renew(b"h", 5)) == 9
    assert [each["hmac"] for each in broker.sent("RenewDelegationToken")] == [b"h", b"h"]


def test_no_secret_goes_out_without_a_login() -> None:
    broker = Signing()
    for move in ("renew", "expire"):
        with pytest.raises(BrokerError, match="not allowed on PLAINTEXT") as refused:
            asked(broker, lambda tokens, move=move: getattr(tokens, move)(b"h", 5), security=None)
        assert refused.value.code == 64
    assert broker.sent("RenewDelegationToken", "ExpireDelegationToken") == []


def test_what_a_broker_refuses() -> None:
    broker = Signing()
    broker.codes = [63]
    with pytest.raises(BrokerError, match="Specified Principal is not valid"):
        asked(broker, lambda tokens: tokens.expire(b"h", -1))
    assert len(broker.sent("ExpireDelegationToken")) == 1


def test_a_guarded_cluster_is_told_by_its_id_before_anything_is_sent() -> None:
    def refuse(cluster: str) -> None:
        raise KafkaToolError(f"{cluster} is read-only")

    broker = Signing()
    with pytest.raises(KafkaToolError, match="one is read-only"):
        asked(broker, lambda tokens: tokens.create(None, (), -1), on_cluster=refuse)
    assert broker.sent("CreateDelegationToken") == []


def test_owners_that_are_asked_for() -> None:
    broker = Signing()
    broker.looks = 1
    assert asked(broker, lambda tokens: tokens.describe(None)) == ()
    assert asked(broker, lambda tokens: tokens.describe([ALICE])) == ()
    owner = {"principal_type": "User", "principal_name": "alice"}
    assert broker.sent("DescribeDelegationToken") == [{"owners": None}, {"owners": [owner]}]
