"""Names that only a cluster knows: of the cluster that the command line would talk to.

Nobody is asked for a password, no program is run (`NAME_command`), and a context that came with a repository gets no
login: all that somebody did was to press Tab.
"""

from collections.abc import Callable, Iterator, Mapping

from kafka_tools.backends import open_topics
from kafka_tools.completion import live
from kafka_tools.completion.memory import Candidate
from kafka_tools.completion.values import Given
from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Brokers, Target
from kafka_tools.settings import precedence
from kafka_tools.settings.precedence import Choice, Flags
from kafka_tools.settings.secrets import shown
from kafka_tools.settings.values import COMMAND_SUFFIX

OVERRIDES = ("X", "consumer_property", "producer_property")
"""Options with settings of the client."""


def names(kind: str, given: Given) -> tuple[Candidate, ...]:
    """Return the `topics`, `groups` or `brokers` of the cluster that `given` names; nothing where none may be asked."""

    def find() -> tuple[Candidate, ...]:
        try:
            choice = _choice(given)
        except KafkaToolError:  # a repository's file that nobody trusts, a file that cannot be read: nothing to offer
            return ()
        if _needs_somebody(choice):
            return ()
        return live.names(f"{kind} {_key(choice)}", lambda: KINDS[kind](_target(choice)))

    return live.soon(find)


def _choice(given: Given) -> Choice:
    def last(*options: str) -> str | None:
        return next((given[option][-1] for option in options if option in given), None)

    overrides = [text for option in OVERRIDES for text in given.get(option, ()) if "=" in text]
    servers = last("bootstrap_server", "broker_list")
    return precedence.choose(Flags(servers, last("command_config"), overrides, last("zookeeper")))


def _needs_somebody(choice: Choice) -> bool:
    if choice.context is not None and choice.context.project and choice.settings:
        return True
    return any(setting.name.endswith(COMMAND_SUFFIX) for setting in choice.settings)


def _key(choice: Choice) -> str:
    """Return a line that tells one cluster, and one user there, from another; without secrets."""
    settings = (f"{each.name}={shown(each.name, each.value)} {each.file}" for each in choice.settings)
    road = "zookeeper" if choice.is_zookeeper else "brokers"
    return " ".join((road, choice.address, *sorted(settings))).replace("\n", " ")


def _target(choice: Choice) -> Target:
    from kafka_tools.settings.choice import of_brokers, of_zookeeper

    return of_zookeeper(choice) if choice.is_zookeeper else of_brokers(choice)


def _topics(target: Target) -> Iterator[Candidate]:
    with open_topics(target) as topics:
        yield from map(Candidate, topics.names())


def _brokers(target: Target) -> Iterator[Candidate]:
    with open_topics(target) as topics:
        for broker in topics.brokers():
            yield Candidate(str(broker.broker), f"rack {broker.rack}" if broker.rack else "")


def _groups(target: Target) -> Iterator[Candidate]:
    if not isinstance(target, Brokers):
        return
    from kafka_tools.brokers.groups import consumer_group_names

    yield from map(Candidate, consumer_group_names(target))


KINDS: Mapping[str, Callable[[Target], Iterator[Candidate]]] = {
    "brokers": _brokers,
    "groups": _groups,
    "topics": _topics,
}
