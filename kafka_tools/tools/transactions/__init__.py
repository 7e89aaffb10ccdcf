"""`ktools transactions`: kafka-transactions.sh (org.apache.kafka.tools.TransactionsCommand, Kafka 3.9; newest 4.4)."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import click

from kafka_tools.backends import open_transactions
from kafka_tools.cli import types
from kafka_tools.cli.argparse4j import BROKER, INTEGER, LONG, SHORT, ArgparseCommand, ArgparseGroup, connection
from kafka_tools.cli.options import ACTION, CHANGES, FILTERS, option
from kafka_tools.errors import BrokerError, KafkaToolError, UnsupportedError
from kafka_tools.model.target import Brokers
from kafka_tools.model.topics import TopicPartition
from kafka_tools.model.transactions import (
    AbortMarker,
    OpenTransaction,
)
from kafka_tools.report import Report
from kafka_tools.settings.context_policy import check_change
from kafka_tools.tools.transactions.views import (
    DESCRIBE_COLUMNS,
    HANGING_COLUMNS,
    LIST_COLUMNS,
    PRODUCER_COLUMNS,
    DescriptionRow,
    EndedRow,
    HangingRow,
    ListingRow,
    ProducerRow,
    described,
    hanging,
    listed,
    named,
    producers,
    table_lines,
)

if TYPE_CHECKING:
    from kafka_tools.brokers.transactions import BrokerTransactions

# TRANSACTIONAL_ID_NOT_FOUND.
NOT_FOUND = 105
# No --bootstrap-controller: TransactionsCommand has none, coordinators are brokers.
OF_CLUSTER = connection(controller=())
YES = option(CHANGES, "--yes", help="Go on without a question: change a protected cluster.")


class ListTransactions(NamedTuple):
    """The transactional ids of a cluster: of transactions that run for longer than so many ms, or match a pattern."""

    target: Brokers
    duration_ms: int | None
    pattern: str | None


class DescribeProducers(NamedTuple):
    """The producers of a partition as this broker remembers them (None: the leader)."""

    target: Brokers
    partition: TopicPartition
    broker: int | None


class Abort(NamedTuple):
    """A transaction that is to be aborted in one partition: `marker`, or the one that begins at `start_offset`."""

    target: Brokers
    partition: TopicPartition
    start_offset: int | None
    marker: AbortMarker | None


class FindHanging(NamedTuple):
    """Transactions that are open in a partition for longer than `most_ms`, and that no coordinator will end."""

    target: Brokers
    topic: str | None
    partition: int | None
    broker: int | None
    most_ms: int


@click.group("transactions", cls=ArgparseGroup, program="kafka-transactions.sh", version=("-v", "--version"))
def command() -> None:
    """Show the transactions of producers, find those that hang, and end one."""


@command.command("list", cls=ArgparseCommand)
@OF_CLUSTER
@option(FILTERS, "--duration-filter", type=LONG, help="Only transactions that run for longer than so many ms.")
@option(FILTERS, "--transactional-id-pattern", type=types.Text("REGEX"), help="Only ids that match it (Kafka 4.1).")
def show_list(*, target: Brokers, duration_filter: int | None, transactional_id_pattern: str | None) -> Report:
    """Show the transactional ids that the brokers keep."""
    return list_transactions(ListTransactions(target, duration_filter, transactional_id_pattern))


@command.command("describe", cls=ArgparseCommand)
@OF_CLUSTER
@option(ACTION, "--transactional-id", type=types.Sent("ID"), required=True, help="The transactional id.")
def show_transaction(*, target: Brokers, transactional_id: str) -> Report:
    """Show the transaction of a transactional id."""
    return describe(target, transactional_id)


@command.command("describe-producers", cls=ArgparseCommand)
@OF_CLUSTER
@option(ACTION, "--topic", type=types.TOPIC, required=True, help="The topic.")
@option(ACTION, "--partition", type=INTEGER, required=True, help="The partition of the topic.")
@option(FILTERS, "--broker-id", type=BROKER, help="The replica that is asked. Default: the leader.")
def show_producers(*, target: Brokers, topic: str, partition: int, broker_id: int | None) -> Report:
    """Show the producers that a partition remembers, and which have a transaction open there."""
    return describe_producers(DescribeProducers(target, TopicPartition(topic, partition), broker_id))


@command.command("abort", cls=ArgparseCommand)
@OF_CLUSTER
@option(CHANGES, "--topic", type=types.TOPIC, required=True, help="The topic.")
@option(CHANGES, "--partition", type=INTEGER, required=True, help="The partition of the topic.")
@option(CHANGES, "--start-offset", type=LONG, help="Where the transaction begins (Kafka 3.0).")
@option(CHANGES, "--producer-id", type=LONG, help="Instead, of brokers before 3.0: the producer.")
@option(CHANGES, "--producer-epoch", type=SHORT, help="Its epoch.")
@option(CHANGES, "--coordinator-epoch", type=INTEGER, help="The epoch of its coordinator.")
@YES
def abort_transaction(
    *,
    target: Brokers,
    topic: str,
    partition: int,
    start_offset: int | None,
    producer_id: int | None,
    producer_epoch: int | None,
    coordinator_epoch: int | None,
    yes: bool,
) -> Report:
    """Abort a transaction that hangs in a partition. Readers of committed records go on behind it."""
    where = TopicPartition(topic, partition)
    marker = None
    if start_offset is None:
        marker = _marker(where, producer_id, producer_epoch, coordinator_epoch)
    return abort(Abort(check_change(target, yes), where, start_offset, marker))


@command.command("find-hanging", cls=ArgparseCommand)
@OF_CLUSTER
@option(FILTERS, "--broker-id", type=BROKER, help="Only partitions of which this broker has replicas; it is asked.")
@option(FILTERS, "--topic", type=types.TOPIC, help="Only this topic.")
@option(FILTERS, "--partition", type=INTEGER, help="Only this partition of the topic.")
@option(
    FILTERS,
    "--max-transaction-timeout",
    type=INTEGER,
    help="The longest transaction that may be, in minutes; default 15, as transaction.max.timeout.ms is.",
)
def show_hanging(
    *,
    target: Brokers,
    broker_id: int | None,
    topic: str | None,
    partition: int | None,
    max_transaction_timeout: int | None,
) -> Report:
    """Find transactions that are open in a partition and that no coordinator will end. They keep readers of committed
    records from going on; `abort` ends one."""
    # Of a whole cluster every leader would be asked about all of its partitions: Apache's tool refuses that as well.
    if topic is None and broker_id is None:
        raise KafkaToolError(
            "The `find-hanging` command requires either --topic or --broker-id to limit the scope of the search"
        )
    if partition is not None and topic is None:
        raise KafkaToolError("The --partition argument requires --topic to be provided")
    # The one option of the tool that counts in minutes; everything else is ms.
    minutes = 15 if max_transaction_timeout is None else max_transaction_timeout
    return find_hanging(FindHanging(target, topic, partition, broker_id, minutes * 60_000))


@command.command("forceTerminateTransaction", cls=ArgparseCommand)
@OF_CLUSTER
@option(CHANGES, "--transactionalId", "transactional_id", type=types.Sent("ID"), required=True, help="The id.")
@YES
def terminate(*, target: Brokers, transactional_id: str, yes: bool) -> Report:
    """Abort the transaction that is open for a transactional id, and fence its producer off (Kafka 4.1)."""
    return force_terminate(check_change(target, yes), transactional_id)


def _marker(where: TopicPartition, producer: int | None, epoch: int | None, coordinator: int | None) -> AbortMarker:
    if producer is None:
        raise KafkaToolError(
            "The transaction to abort must be identified either with --start-offset (for brokers on 3.0 or above) or "
            "with --producer-id, --producer-epoch, and --coordinator-epoch (for older brokers)"
        )
    if epoch is None:
        raise KafkaToolError("Missing required argument --producer-epoch")
    if coordinator is None:
        raise KafkaToolError("Missing required argument --coordinator-epoch")
    # -1, as `describe-producers` shows it where the producer was new, is sent as 0, which is no later than any epoch.
    return AbortMarker(where, producer, epoch, max(coordinator, 0))


def list_transactions(request: ListTransactions) -> Report:
    """Ask all brokers; one that does not answer is named, and the others' are shown (status 1)."""
    with open_transactions(request.target) as transactions:
        found = transactions.listings(request.duration_ms, request.pattern)
    silent = {broker: each for broker, each in found.items() if isinstance(each, KafkaToolError)}
    # Where one broker answers, its ids are worth showing; where none does, there is a failure to tell.
    if silent and len(silent) == len(found):
        why = next(iter(silent.values()))
        # All are too old: the filters came with versions 1 and 2 of ListTransactions (KIP-994, KIP-1152).
        if isinstance(why, UnsupportedError):
            why = KafkaToolError("The brokers do not know this filter", "--duration-filter: Kafka 3.8, a pattern: 4.1.")
        raise _failed("Failed to list transactions", why)
    rows = [
        ListingRow(each.transactional_id, each.coordinator, each.producer_id, each.state)
        for listings in found.values()
        if not isinstance(listings, KafkaToolError)
        for each in listings
    ]
    notes = tuple(f"Broker {broker}: {why.message}" for broker, why in silent.items())
    return Report(
        rows,
        LIST_COLUMNS,
        table_lines(LIST_COLUMNS, rows),
        lambda: [listed(rows)],
        notes=notes,
        status=1 if silent else 0,
    )


def describe(target: Brokers, transactional_id: str) -> Report:
    """Ask the coordinator of a transactional id. Raises KafkaToolError."""
    with open_transactions(target) as transactions:
        try:
            found = transactions.describe(transactional_id)
        except BrokerError as error:
            what = f"Failed to describe transaction state of transactional-id `{transactional_id}`"
            # Only a broker's own refusal gets Apache's beginning; that nobody answers is told as everywhere.
            raise _failed(what, _not_found(error, transactional_id)) from error
    # The clock of this machine against that of the coordinator: a duration may be a little off, as in Apache's tool.
    now = _now()
    row = DescriptionRow(
        found.coordinator,
        found.transactional_id,
        found.producer_id,
        found.producer_epoch,
        found.state,
        found.timeout_ms,
        found.start,
        None if found.start is None else now - found.start,
        tuple(map(named, found.partitions)),
    )
    return Report([row], DESCRIBE_COLUMNS, table_lines(DESCRIBE_COLUMNS, [row]), lambda: [described(row)])


def describe_producers(request: DescribeProducers) -> Report:
    """Ask a replica of a partition. Raises KafkaToolError."""
    with open_transactions(request.target) as transactions:
        [found] = transactions.producers([request.partition], request.broker).values()
    if isinstance(found, KafkaToolError):
        whom = "leader" if request.broker is None else f"broker {request.broker}"
        raise _failed(f"Failed to describe producers for partition {named(request.partition)} on {whom}", found)
    rows = [ProducerRow(*each) for each in found]
    return Report(rows, PRODUCER_COLUMNS, table_lines(PRODUCER_COLUMNS, rows), lambda: [producers(rows, _now())])


def abort(request: Abort) -> Report:
    """Abort a transaction in one partition. Raises KafkaToolError where none is found, or in Kafka's words."""
    with open_transactions(request.target) as transactions:
        # WriteTxnMarkers names a producer and its epochs; with --start-offset they are asked of the leader (Kafka 3.0).
        marker = request.marker or _found_marker(transactions, request.partition, request.start_offset)
        try:
            transactions.abort(marker)
        except BrokerError as error:
            raise _failed(f"Failed to abort transaction {marker}", error) from error
    return _ended(f"{named(marker.partition)} of producer {marker.producer_id}")


def find_hanging(request: FindHanging) -> Report:
    """Look at open transactions, and ask their coordinators. Raises KafkaToolError."""
    with open_transactions(request.target) as transactions:
        if request.topic is not None and request.partition is not None:
            partitions = [TopicPartition(request.topic, request.partition)]
        else:
            partitions = transactions.partitions(request.topic, request.broker)
        now = _now()
        candidates = _candidates(transactions, partitions, request.broker, now - request.most_ms)
        open_for_ever = _without_coordinator(transactions, candidates) if candidates else []
    rows = [
        HangingRow(
            each.partition.topic,
            each.partition.partition,
            each.producer.producer_id,
            each.producer.producer_epoch,
            each.producer.coordinator_epoch,
            # orElse(-1) in printHangingTransactions (3.9); candidates always have a start.
            -1 if each.producer.transaction_start is None else each.producer.transaction_start,
            each.producer.last_timestamp,
            (now - each.producer.last_timestamp) // 60_000,
        )
        for each in open_for_ever
    ]
    return Report(rows, HANGING_COLUMNS, table_lines(HANGING_COLUMNS, rows), lambda: [hanging(rows, now)])


def force_terminate(target: Brokers, transactional_id: str) -> Report:
    """Abort the transaction of an id. Raises KafkaToolError where no coordinator knows the id: Apache's tool would make
    it known."""
    what = f"Failed to force terminate transactionalId `{transactional_id}`"
    with open_transactions(target) as transactions:
        try:
            # The coordinator makes an id known that it is asked to end (InitProducerId with a
            # new epoch), hence asked first.
            transactions.describe(transactional_id)
            transactions.force_terminate(transactional_id)
        except BrokerError as error:
            raise _failed(what, _not_found(error, transactional_id)) from error
    return _ended(transactional_id)


def _ended(transaction: str) -> Report:
    # Apache's tool prints nothing.
    return Report([EndedRow(transaction)], {"transaction": "Aborted"}, [])


def _failed(what: str, why: KafkaToolError) -> KafkaToolError:
    # One full stop, whether the broker's message has one or not.
    return KafkaToolError(f"{what}: {why.message.rstrip('.')}.", why.hint)


def _not_found(error: BrokerError, transactional_id: str) -> KafkaToolError:
    if error.code != NOT_FOUND:
        return error
    asked = f"DescribeTransactions request for transactionalId `{transactional_id}`"
    return KafkaToolError(
        f"{asked} failed because the ID could not be found", "`ktools transactions list` shows which there are."
    )


def _found_marker(
    transactions: "BrokerTransactions", partition: TopicPartition, start_offset: int | None
) -> AbortMarker:
    [found] = transactions.producers([partition]).values()
    if isinstance(found, KafkaToolError):
        raise _failed(f"Failed to validate producer state for partition {named(partition)}", found)
    # Only a transaction that is open has a start: an offset in its middle finds nothing, as in Apache's tool.
    state = next((each for each in found if each.transaction_start == start_offset), None)
    if state is None:
        raise KafkaToolError(
            f"Could not find any open transactions starting at offset {start_offset} on partition {named(partition)}"
        )
    return AbortMarker(partition, state.producer_id, state.producer_epoch, max(state.coordinator_epoch, 0))


def _candidates(
    transactions: "BrokerTransactions", partitions: Sequence[TopicPartition], broker: int | None, before: int
) -> list[OpenTransaction]:
    """Return the transactions that are open in these partitions and were last written to before a time (ms)."""
    found: list[OpenTransaction] = []
    for partition, states in transactions.producers(partitions, broker).items():
        # All or nothing: a partition that was not looked at may be the one that hangs.
        if isinstance(states, KafkaToolError):
            whom = "" if broker is None else f" on broker {broker}"
            raise _failed(f"Failed to describe producers of {named(partition)}{whom}", states)
        found += (
            OpenTransaction(partition, each)
            for each in states
            # By the last record and not by the start, as collectCandidateOpenTransactions (3.9): a
            # producer that still writes lives.
            if each.transaction_start is not None and each.last_timestamp < before
        )
    return found


def _without_coordinator(
    transactions: "BrokerTransactions", candidates: Iterable[OpenTransaction]
) -> list[OpenTransaction]:
    """Return the transactions that no coordinator knows to be open in their partition, and so will never end."""
    by_producer: dict[int, list[OpenTransaction]] = defaultdict(list)
    for each in candidates:
        by_producer[each.producer.producer_id].append(each)
    # Markers and records name producers by number; coordinators are found by transactional ids. A producer without one
    # has no coordinator any more, and hangs.
    ids = _transactional_ids(transactions, by_producer)
    known = {producer: _known_partitions(transactions, name) for producer, name in ids.items()}
    return [
        each
        for producer, found in by_producer.items()
        for each in found
        # The coordinator may know the id and not this partition: its transaction ended, and
        # the marker never arrived here.
        if each.partition not in known.get(producer, frozenset())
    ]


def _transactional_ids(transactions: "BrokerTransactions", producers: Mapping[int, object]) -> dict[int, str]:
    found: dict[int, str] = {}
    for broker, listings in transactions.listings(producers=tuple(producers)).items():
        if isinstance(listings, KafkaToolError):
            # The coordinator may be the one that is silent: what it would end must not be called hanging.
            raise _failed(f"Failed to list transactions for {len(producers)} producers on broker {broker}", listings)
        found |= {each.producer_id: each.transactional_id for each in listings}
    return found


def _known_partitions(transactions: "BrokerTransactions", transactional_id: str) -> frozenset[TopicPartition]:
    try:
        return frozenset(transactions.describe(transactional_id).partitions)
    except BrokerError as error:
        if error.code != NOT_FOUND:
            raise _failed(f"Failed to describe transaction `{transactional_id}`", error) from error
        return frozenset()


def _now() -> int:
    return int(time.time() * 1000)
