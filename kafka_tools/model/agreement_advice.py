"""Says what to do where ZooKeeper and the brokers do not agree."""

from shlex import quote
from typing import NamedTuple

from kafka_tools.model.agreement import Difference, Kind


class Advice(NamedTuple):
    """What to do, and a command line of ktools that does it or tells more, "" where there is none."""

    words: str
    command: str = ""


STALE = (
    "Was the znode changed by hand? The controller goes by what it read when it was elected, and so do the brokers. "
    "The next controller takes what ZooKeeper says: put it right there, then have one elected."
)
OF_KIND = {
    Kind.SERVER: Advice("Start it; its log says why it does not serve."),
    Kind.MALFORMED: Advice("Who wrote it? Kafka leaves such a znode out.", "zookeeper-shell {connect} get {subject}"),
    Kind.UNREACHED: Advice("Is it alive? ZooKeeper drops it when its session ends; `doctor` looks closer.", "doctor"),
    Kind.ABSENT: Advice("Start it, or move its replicas to other brokers."),
    Kind.ADDRESS: Advice("It was started with other advertised.listeners than clients are told: restart it."),
    Kind.RACK: Advice("The controller has not told the brokers of its rack: restart the broker."),
    Kind.DELETION: Advice(
        "The controller waits for brokers that are away, replicas that are being moved, or delete.topic.enable.",
        "zookeeper --zookeeper {connect}",
    ),
    Kind.ORPHAN: Advice(
        "The next topic of this name would get these configs.", "zookeeper-shell {connect} delete {zookeeper}"
    ),
    Kind.BROKER_CONFIG: Advice(
        "The broker does not go by what ZooKeeper says: set the config again, through the brokers.",
        "configs --describe --entity-type brokers",
    ),
    Kind.NOTIFICATION: Advice("Is there a controller, and is it at work?", "zookeeper --zookeeper {connect}"),
    **dict.fromkeys((Kind.TOPIC_ID, Kind.REPLICAS, Kind.PARTITION), Advice(STALE)),
    **dict.fromkeys(
        (Kind.LEADER, Kind.ISR, Kind.EPOCH),
        Advice(f"{STALE} Deleting /controller elects one.", "zookeeper-shell {connect} delete /controller"),
    ),
}


def advice(difference: Difference, brokers: int, connect: str) -> Advice:
    """Return what to do about a difference in a cluster of which so many `brokers` answered."""
    found = _of(difference, brokers)
    names = {"connect": connect, "subject": difference.subject, "zookeeper": difference.zookeeper}
    # Names come from a cluster, and the command is there to be copied into a shell.
    words = {name: quote(text) for name, text in names.items()}
    return Advice(found.words, f"ktools {found.command.format(**words)}" if found.command else "")


def _of(difference: Difference, brokers: int) -> Advice:
    kind, subject, kept, _, who = difference
    if kind is Kind.UNTOLD:
        # `format` reads the command afterwards: a brace in a name is doubled so that it stays one.
        entity, _, name = subject.partition("/")
        change = (
            f"configs --alter --entity-type {entity} --entity-name {quote(name).replace('{', '{{').replace('}', '}}')}"
        )
        return Advice("Set it once more, which tells the brokers.", f"{change} --add-config NAME=VALUE")
    if kind is Kind.CONTROLLER:
        return _of_controller(kept, who, brokers)
    # One broker that is behind is that broker's trouble; where all are, it is the controller's, or somebody's hand.
    if who and len(who) < brokers:
        some = f"broker {who[0]} has" if len(who) == 1 else f"brokers {', '.join(map(str, who))} have"
        return Advice(f"Only {some} not heard of it: restart {'it' if len(who) == 1 else 'them, one by one'}.")
    if kind is Kind.TOPIC and kept == "no znode":
        return Advice(
            "Its znodes were deleted while brokers go on with it. The next controller will not know it: write the "
            "znode again, with the replicas that the brokers answer.",
            "topics --describe --topic {subject}",
        )
    if kind in (Kind.TOPIC, Kind.NEW_TOPIC):
        return Advice(
            "The controller has not made it. Are its replicas on brokers that are there? Is a controller at work?",
            "zookeeper-shell {connect} get /brokers/topics/{subject}",
        )
    if kind is Kind.REGISTRATION:
        return Advice(
            "The controller has not told the brokers who is there: is one at work?", "zookeeper --zookeeper {connect}"
        )
    return OF_KIND[kind]


def _of_controller(kept: str, who: tuple[int, ...], brokers: int) -> Advice:
    if kept == "none is elected":
        return Advice("Brokers elect one within seconds while they have sessions: are they up?", "doctor")
    if not who:
        return Advice(
            "Delete the znode: the brokers then elect a controller.", "zookeeper-shell {connect} delete /controller"
        )
    if len(who) < brokers:
        return Advice(f"Brokers that have not heard of it: {', '.join(map(str, who))}. Restart them.")
    return Advice(
        "The controller has told no broker that it is one: is it at work? Another is elected without the znode.",
        "zookeeper-shell {connect} delete /controller",
    )
