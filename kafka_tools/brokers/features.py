"""Reads from a cluster's servers which levels of features they have, and changes them. confluent-kafka has no such
requests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from kafka_tools.brokers.session import Session, open_session
from kafka_tools.errors import BrokerError, KafkaToolError, check_code
from kafka_tools.model.features import Features, UpgradeType
from kafka_tools.model.target import Brokers
from kafka_tools.wire.connection import SOFTWARE
from kafka_tools.wire.feature_messages import API_FEATURES, UPDATE_FEATURES

TIMEOUT_MS = 30_000


@contextmanager
def open_features(target: Brokers) -> "Iterator[BrokerFeatures]":
    """Open a session with the servers of `target`, close it at the end. Raises KafkaToolError."""
    with open_session(target) as session:
        yield BrokerFeatures(session)


class BrokerFeatures:
    """The features of the cluster behind a session, of brokers or of controllers."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def describe(self, server: int | None = None) -> Features:
        """Return the features as this server knows them (None: whichever answers). Raises UnreachableError."""
        response = self._session.wire.ask(API_FEATURES, SOFTWARE, server)
        check_code(response["error_code"])
        epoch = response["finalized_features_epoch"]
        return Features(
            {each["name"]: (each["min_version"], each["max_version"]) for each in response["supported_features"]},
            {each["name"]: each["max_version_level"] for each in response["finalized_features"]},
            # -1: no feature has been finalized, as in a cluster with ZooKeeper that never was asked to.
            None if epoch < 0 else epoch,
        )

    def update(
        self, levels: Mapping[str, int], kind: UpgradeType, validate_only: bool
    ) -> dict[str, KafkaToolError | None]:
        """Set features to these levels; return for each the failure, None where it is set (`validate_only`: could be).

        Raises UnreachableError, UnsupportedError, LostResponseError.
        """
        self._session.check_controller()
        updates = [
            {"feature": name, "max_version_level": level, "upgrade_type": kind} for name, level in levels.items()
        ]
        values = {"timeout_ms": TIMEOUT_MS, "feature_updates": updates, "validate_only": validate_only}
        response = self._session.wire.change(UPDATE_FEATURES, values)
        try:
            check_code(response["error_code"], response["error_message"], "ALTER on the cluster")
        except BrokerError as error:
            return dict.fromkeys(levels, error)
        failures = {
            each["feature"]: BrokerError(each["error_code"], each["error_message"])
            # Versions 0 and 1 alone; in version 2 the error above counts for all.
            for each in response["results"]
            if each["error_code"]
        }
        return {name: failures.get(name) for name in levels}
