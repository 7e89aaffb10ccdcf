"""Asks each broker of a cluster what it answers clients by itself: brokers, controller, topics, configs.

Any broker would tell of the whole cluster, but each tells what it has heard itself.
"""

from binascii import b2a_base64
from collections.abc import Collection, Iterator, Mapping, Sequence

from kafka_tools.brokers.diagnosis import cause_of
from kafka_tools.brokers.session import Session
from kafka_tools.brokers.topics import kafka_uuid
from kafka_tools.errors import TOPIC_AUTHORIZATION_FAILED, KafkaToolError
from kafka_tools.model.agreement import UNTOLD_LEADER, Answers, BrokerAnswer, PartitionSide, TopicSide
from kafka_tools.wire.messages import BROKER, DESCRIBE_CONFIGS, METADATA
from kafka_tools.wire.schema import Response
from kafka_tools.wire.session import addresses_of, check_metadata

SECONDS = 5.0
LISTENER_NOT_FOUND = 72
OWN, DEFAULT_OF_ALL = 2, 3
"""The sources of a broker's configs that were set at runtime (ConfigEntry.ConfigSource)."""


def ask_every_broker(session: Session, known: Collection[int], topics: Collection[str], configs: bool) -> Answers:
    """Ask all brokers at once; `known` are ids that ZooKeeper has, `topics` the names that it has.

    With `configs` each is asked for its own configs, too. Raises UnreachableError where no broker answers at all.
    """
    wire = session.wire
    # A broker that only ZooKeeper knows is one that the others do not see: that is what is looked for.
    there = sorted({*known, *wire.brokers()})
    # All topics: by name, what one broker alone has heard of would not be told.
    found = wire.ask_brokers(METADATA, {broker: {"topics": None} for broker in there}, SECONDS)
    answers: dict[int, BrokerAnswer] = {}
    silent: dict[int, str] = {}
    last: Response = {}
    for broker, response in found.items():
        if isinstance(response, KafkaToolError):
            silent[broker] = cause_of(response)
            continue
        check_metadata(response)
        ours = _sorted(response)
        # Brokers that agree share one answer: to make 10,000 partitions of each would take most of the time.
        same = bool(last) and all(
            last[name] == ours[name] for name in ("brokers", "cluster_id", "controller_id", "topics")
        )
        answers[broker] = next(reversed(answers.values())) if same else _answer(ours)
        last = ours
    seen = {name for answer in answers.values() for name in answer.topics}
    hidden = _hidden(session, sorted({*topics} - seen))
    return Answers(answers, silent, hidden, _configs(session, sorted(answers)) if configs else {})


def _sorted(response: Response) -> Response:
    topics = sorted(response["topics"], key=lambda topic: topic["name"])
    return {**response, "topics": topics, "brokers": sorted(response["brokers"], key=lambda each: each["node_id"])}


def _answer(response: Response) -> BrokerAnswer:
    controller = response["controller_id"]
    return BrokerAnswer(
        response["cluster_id"],
        controller if controller >= 0 else None,
        addresses_of(response),
        {each["node_id"]: each["rack"] for each in response["brokers"]},
        {
            topic["name"]: _topic(topic)
            for topic in response["topics"]
            # A topic that is being created, or that the user may not see, has an error and no partitions.
            if not topic["error_code"] or topic["partitions"]
        },
    )


def _topic(topic: Response) -> TopicSide:
    topic_id = kafka_uuid(b2a_base64(topic["topic_id"]).decode()) if topic.get("topic_id") else None
    return TopicSide(topic_id, {each["partition_index"]: _partition(each) for each in topic["partitions"]})


def _partition(each: Response) -> PartitionSide:
    leader: int | None = each["leader_id"] if each["leader_id"] >= 0 else None
    # The leader has no listener of the name that this client came in by: it is there, and only not told.
    if each["error_code"] == LISTENER_NOT_FOUND:
        leader = UNTOLD_LEADER
    epoch = each["leader_epoch"]
    return PartitionSide(
        tuple(each["replica_nodes"]), leader, tuple(sorted(each["isr_nodes"])), epoch if epoch >= 0 else None
    )


def _hidden(session: Session, missing: Sequence[str]) -> frozenset[str]:
    """Return those of the topics that brokers leave out because the user may not see them (DESCRIBE)."""
    if not missing:
        return frozenset()
    # By name, which tells those that must not be seen from those that are not there: only in a list of all are they
    # left out.
    topics = session.wire.metadata(missing)["topics"]
    return frozenset(topic["name"] for topic in topics if topic["error_code"] == TOPIC_AUTHORIZATION_FAILED)


def _configs(session: Session, brokers: Sequence[int]) -> dict[int, Mapping[int | None, Mapping[str, str | None]]]:
    """Return what each broker was told at runtime; a broker whose configs may not be read is left out."""
    requests = {
        broker: {"resources": [{"resource_type": BROKER, "resource_name": str(broker)}], "include_synonyms": True}
        for broker in brokers
    }
    found: dict[int, Mapping[int | None, Mapping[str, str | None]]] = {}
    for broker, response in session.wire.ask_brokers(DESCRIBE_CONFIGS, requests, SECONDS).items():
        if isinstance(response, KafkaToolError):
            continue
        for result in response["results"]:
            if not result["error_code"]:
                set_at = list(_set_at_runtime(result["configs"]))
                found[broker] = {
                    source: {name: value for name, value, at in set_at if at == number}
                    for source, number in ((broker, OWN), (None, DEFAULT_OF_ALL))
                }
    return found


def _set_at_runtime(configs: Sequence[Response]) -> Iterator[tuple[str, str | None, int]]:
    for config in configs:
        for synonym in config["synonyms"]:
            if synonym["source"] in (OWN, DEFAULT_OF_ALL):
                yield synonym["name"], synonym["value"], synonym["source"]
