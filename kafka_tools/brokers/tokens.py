"""Makes, renews, ends and reads delegation tokens (KIP-48). confluent-kafka has no such requests: wire sends them all.

Any broker of a cluster with ZooKeeper carries them out; without, it passes them on to the controller.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kafka_tools.brokers.session import Session
from kafka_tools.errors import (
    DELEGATION_TOKEN_REQUEST_NOT_ALLOWED,
    BrokerError,
    UnsupportedError,
    check_code,
)
from kafka_tools.model.tokens import DelegationToken, Principal
from kafka_tools.wire.schema import Message, Response
from kafka_tools.wire.token_messages import (
    CREATE_DELEGATION_TOKEN,
    CREATE_DELEGATION_TOKEN_FOR,
    DESCRIBE_DELEGATION_TOKEN,
    EXPIRE_DELEGATION_TOKEN,
    RENEW_DELEGATION_TOKEN,
)

KNOWN_SECONDS = 3.0
"""How long the named servers are waited for until they have heard of a change; a broker alone has after 50 ms."""

PAUSE_SECONDS = 0.05

Tokens = tuple[DelegationToken, ...]


class BrokerTokens:
    """The delegation tokens of the cluster behind a session. A change is sent once, and then known to all servers that
    the command line names, so that a script's next line, or a login with the token, finds it there."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, owner: Principal | None, renewers: Sequence[Principal], max_life_ms: int) -> DelegationToken:
        """Make a token for `owner` (None: whoever is logged in) that lives so long at most, -1: as the brokers allow.

        Raises BrokerError, UnsupportedError for an owner where brokers are older than 3.3, UnreachableError.
        """
        values = {
            "owner_principal_type": owner.type if owner else None,
            "owner_principal_name": owner.name if owner else None,
            "renewers": _principals(renewers),
            "max_lifetime_ms": max_life_ms,
        }
        # An older version has no field for the owner, and would make the token for whoever is logged in.
        if owner is not None and not self._session.wire.supports(CREATE_DELEGATION_TOKEN_FOR):
            raise UnsupportedError("These brokers make no token for another user: that came with Kafka 3.3 (KIP-373).")
        made = self._changed(CREATE_DELEGATION_TOKEN, values)
        # The answer does not repeat who may renew it.
        token = _token(made | {"renewers": values["renewers"]})
        self._wait_until(token.owner, lambda tokens: any(each.token_id == token.token_id for each in tokens))
        return token

    def renew(self, hmac: bytes, period_ms: int) -> int:
        """Let the token expire so long after now, -1: as late as the brokers do by themselves; return when, in ms.

        Raises BrokerError, UnreachableError.
        """
        return self._moved(RENEW_DELEGATION_TOKEN, {"hmac": hmac, "renew_period_ms": period_ms})

    def expire(self, hmac: bytes, period_ms: int) -> int:
        """Let the token expire so long after now, at once where that is negative; return when, in ms.

        Raises BrokerError, UnreachableError.
        """
        return self._moved(EXPIRE_DELEGATION_TOKEN, {"hmac": hmac, "expiry_time_period_ms": period_ms})

    def describe(self, owners: Sequence[Principal] | None) -> Tokens:
        """Return the tokens of these owners, None: of all, that the user may see: own ones, those to renew, and those
        that an ACL lets the user describe. Raises BrokerError, UnreachableError."""
        return _described(self._session.wire.ask(DESCRIBE_DELEGATION_TOKEN, _owners(owners)))

    def _moved(self, message: Message, values: Mapping[str, Any]) -> int:
        """Change when a token expires, and return that time."""
        how, hmac = self._session.target.security, values["hmac"]
        # The brokers would refuse it, but only after the secret has gone over a connection to somebody unknown.
        if how is None or not how.names_client:
            raise BrokerError(DELEGATION_TOKEN_REQUEST_NOT_ALLOWED)
        expiry: int = self._changed(message, values)["expiry_timestamp"]
        self._wait_until(
            # A token that is gone fits, too: ended at once, it is no longer told.
            None,
            lambda tokens: {each.expiry_timestamp for each in tokens if each.hmac == hmac} <= {expiry},
        )
        return expiry

    def _changed(self, message: Message, values: Mapping[str, Any]) -> Response:
        self._session.check_controller(is_written_by_any=True)
        return _checked(self._session.wire.change(message, values))

    def _wait_until(self, owner: Principal | None, is_known: Callable[[Tokens], bool]) -> None:
        """Wait until each of the named servers tells of the change of the tokens of `owner` (None: of everybody)."""
        question = _owners(None if owner is None else [owner])
        self._session.wait_until_heard(
            lambda session: is_known(_described(session.ask(DESCRIBE_DELEGATION_TOKEN, question))),
            KNOWN_SECONDS,
            PAUSE_SECONDS,
        )


def _checked(response: Response) -> Response:
    check_code(response["error_code"])
    return response


def _described(response: Response) -> Tokens:
    return tuple(map(_token, _checked(response)["tokens"]))


def _owners(owners: Sequence[Principal] | None) -> Mapping[str, Any]:
    return {"owners": None if owners is None else _principals(owners)}


def _principals(principals: Sequence[Principal]) -> list[dict[str, str]]:
    return [{"principal_type": each.type, "principal_name": each.name} for each in principals]


def _token(found: Response) -> DelegationToken:
    return DelegationToken(
        found["token_id"],
        found["hmac"],
        Principal(found["principal_type"], found["principal_name"]),
        Principal(found["token_requester_principal_type"], found["token_requester_principal_name"]),
        tuple(Principal(each["principal_type"], each["principal_name"]) for each in found["renewers"]),
        found["issue_timestamp"],
        found["expiry_timestamp"],
        found["max_timestamp"],
    )
