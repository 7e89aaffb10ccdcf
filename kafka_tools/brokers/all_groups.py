"""Groups of all types: the list that brokers give of them, and requests to the brokers that coordinate them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from time import monotonic, sleep
from typing import Any

from kafka_tools.brokers.groups import LATER_SHARE, NAMES_SECONDS, Patience, groups_of_all_types
from kafka_tools.brokers.session import Session, open_session
from kafka_tools.errors import (
    INVALID_GROUP_ID,
    BrokerError,
    KafkaToolError,
    UnreachableError,
    UnsupportedError,
    check_code,
)
from kafka_tools.model.groups import Coordinator, GroupListing
from kafka_tools.model.target import Brokers
from kafka_tools.model.text import is_sendable
from kafka_tools.wire.schema import Message, Response
from kafka_tools.wire.share_streams_messages import FIND_COORDINATOR, GROUP_COORDINATOR

NOT_READY = frozenset({14, 15, 16})
"""Errors of a coordinator, of groups or transactions, that moves or has just started: COORDINATOR_LOAD_IN_PROGRESS,
COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR. Java's clients ask again, too."""

PAUSE_SECONDS = 0.1

Described = dict[str, Response | KafkaToolError]


def group_names(target: Brokers, group_type: str) -> tuple[str, ...]:
    """Return the names of the groups of a type (`Share`), sorted. Raises as `list_all_groups` does."""
    found, _ = list_all_groups(target)
    return tuple(each.group for each in found if each.type == group_type)


def list_all_groups(
    target: Brokers, seconds: float = NAMES_SECONDS
) -> tuple[tuple[GroupListing, ...], tuple[str, ...]]:
    """Return the groups of all types, sorted by name, and what kept brokers from telling theirs within `seconds`.

    Raises KafkaToolError where the cluster is not reached, or where none of its brokers answers.
    """
    with open_session(target) as session:
        return listings(session, Patience(seconds))


def listings(session: Session, waits: Patience) -> tuple[tuple[GroupListing, ...], tuple[str, ...]]:
    """Return the groups of all types over an open session, as `list_all_groups` does."""
    found, failures = groups_of_all_types(session, waits.seconds)
    waits.note(failures)
    groups = {
        each["group_id"]: GroupListing(
            each["group_id"], each["group_type"].capitalize(), each["protocol_type"], each["group_state"]
        )
        for each in found
    }
    return tuple(sorted(groups.values())), failures


class Coordinators:
    """Sends requests about groups to their coordinators, and again where a coordinator has just taken over."""

    def __init__(self, session: Session, seconds: float, waits: Patience | None = None) -> None:
        """Wait for a change for so many seconds in all, for other answers as long as `waits` has it."""
        self._session = session
        self._seconds = seconds
        self._waits = waits or Patience(seconds)
        self._found: dict[str, Coordinator] = {}

    def of(self, group: str) -> Coordinator:
        """Return the broker that coordinates a group which was asked for before."""
        return self._found[group]

    def describe(
        self, message: Message, groups: Iterable[str], request: Callable[[Sequence[str]], Mapping[str, Any]]
    ) -> Described:
        """Ask for groups; return for each its struct in `groups` of the response, or why it is not known.

        `request` makes the fields of the request for some of the groups. Raises KafkaToolError where no broker is
        reached, UnsupportedError where brokers are too old for the message.
        """
        deadline = monotonic() + self._waits.seconds
        names = list(dict.fromkeys(groups))
        # Such names are never sent: an empty one stands for no group, and one that is not UTF-8 has no bytes.
        found: Described = {name: BrokerError(INVALID_GROUP_ID) for name in names if not name or not is_sendable(name)}
        if not self._session.wire.supports(message):
            raise UnsupportedError(f"{self._session.target.bootstrap_servers} does not know {message.name} requests.")
        # Coordinators that answer are not asked again: only groups that nobody has told of yet.
        while left := [name for name in names if name not in found]:
            answers = self._asked(message, left, request, deadline)
            is_over = monotonic() > deadline
            found |= {name: each for name, each in answers.items() if is_over or not _is_not_ready(each)}
            if len(found) < len(names):
                sleep(PAUSE_SECONDS)
        self._waits.note(any(isinstance(each, UnreachableError) or _is_not_ready(each) for each in found.values()))
        return {name: found[name] for name in names}

    def change(self, message: Message, group: str, values: Mapping[str, Any]) -> Response:
        """Send a request that changes a group, and return the response. Raises BrokerError for its error.

        A coordinator that is not ready refuses it, and is asked again. Raises LostResponseError where nobody knows
        whether it was carried out.
        """
        self._session.check_cluster()
        deadline = monotonic() + self._seconds
        if not group or not is_sendable(group):
            raise BrokerError(INVALID_GROUP_ID)
        while True:
            where = self._located([group], deadline)[group]
            try:
                if isinstance(where, KafkaToolError):
                    raise where
                response = self._session.wire.change(message, values, seconds=self._seconds, broker=where.broker)
                check_code(response["error_code"], response.get("error_message"))  # LeaveGroup's has no words
            # The errors of NOT_READY come before anything is carried out, so the same change may be sent again.
            except BrokerError as error:
                if error.code not in NOT_READY or monotonic() > deadline:
                    raise
                sleep(PAUSE_SECONDS)
            else:
                return response

    def _asked(
        self,
        message: Message,
        names: Sequence[str],
        request: Callable[[Sequence[str]], Mapping[str, Any]],
        deadline: float,
    ) -> Described:
        found: Described = {}
        by_broker: dict[int, list[str]] = {}
        for name, where in self._located(names, deadline).items():
            if isinstance(where, KafkaToolError):
                found[name] = where
            else:
                self._found[name] = where
                by_broker.setdefault(where.broker, []).append(name)
        if not by_broker:
            return found
        requests = {broker: request(lot) for broker, lot in by_broker.items()}
        for broker, answer in self._session.wire.ask_brokers(message, requests, self._left(deadline)).items():
            if isinstance(answer, KafkaToolError):
                found |= dict.fromkeys(by_broker[broker], answer)
            else:
                found |= {each["group_id"]: _struct(each) for each in answer["groups"]}
        lost = UnreachableError("its coordinator did not tell of it")
        return {name: found.get(name, lost) for name in names}

    def _located(self, names: Collection[str], deadline: float) -> dict[str, Coordinator | KafkaToolError]:
        """Return where each of the groups is kept, or why nobody says so."""
        request = {"key_type": GROUP_COORDINATOR, "coordinator_keys": list(names)}
        response = self._session.wire.ask(FIND_COORDINATOR, request, seconds=self._left(deadline))
        # Who is left out of the answer is as one without a coordinator (15), which is asked for again: brokers answer
        # so, too, while they make __consumer_offsets for the first group of a cluster (KafkaApis.getCoordinator 3.9).
        found: dict[str, Coordinator | KafkaToolError] = dict.fromkeys(names, BrokerError(15))
        for each in response["coordinators"]:
            code = each["error_code"]
            where = Coordinator(each["node_id"], each["host"], each["port"])
            found[each["key"]] = BrokerError(code, each["error_message"] or None) if code else where
        return found

    def _left(self, deadline: float) -> float:
        # Also when the time is up each request gets its share: a coordinator that was found deserves to be asked.
        return max(deadline - monotonic(), self._seconds * LATER_SHARE)


def _struct(group: Response) -> Response | KafkaToolError:
    code = group["error_code"]
    return BrokerError(code, group["error_message"]) if code else group


def _is_not_ready(answer: Response | KafkaToolError) -> bool:
    return isinstance(answer, BrokerError) and answer.code in NOT_READY
