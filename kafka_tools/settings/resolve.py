"""From the settings that apply to a target that can be connected to."""

from kafka_tools.console.notes import note
from kafka_tools.model.target import Brokers, Target, ZooKeeper
from kafka_tools.settings import layers
from kafka_tools.settings.layers import Choice, Flags
from kafka_tools.settings.target import checked

ZOOKEEPERS = ("zookeeper.", "java.security.")
"""How the names of what a client of ZooKeeper wants to know begin: no program that prints another password is run."""


class Masked(dict[str, str]):
    """Settings of which some may be secret: none shows in a repr."""

    def __repr__(self) -> str:
        return f"<{len(self)} settings>"


def target(flags: Flags) -> Target:
    """Return the cluster with its settings. Raises KafkaToolError for what cannot be read or used."""
    choice = layers.choose(flags)
    return of_zookeeper(choice) if choice.is_zookeeper else of_brokers(choice)


def brokers(flags: Flags) -> Brokers:
    """Return the brokers with their settings. Raises KafkaToolError for what cannot be read or used."""
    return of_brokers(layers.choose(flags, brokers_only=True))


def of_zookeeper(choice: Choice) -> ZooKeeper:
    """Return the ensemble of `choice`, and how it is reached. Says on stderr what `of_brokers` says.

    Raises KafkaToolError.
    """
    from kafka_tools.settings import private, zookeeper
    from kafka_tools.settings.references import commands_run

    own = [setting for setting in choice.settings if setting.name.startswith(ZOOKEEPERS)]
    settings = commands_run({each.name: each.value for each in own})
    how = zookeeper.security(settings, private.asked_password)
    for sentence in (*zookeeper.unknown(settings), *private.readable_by_others(own)):
        note(f"ktools: {sentence}")
    return ZooKeeper(choice.address, choice.context.rules if choice.context else None, how)


def of_brokers(choice: Choice) -> Brokers:
    """Return the brokers of `choice`: how librdkafka, and how every other road, reaches them.

    Says on stderr what has no effect, and which file with a password others can read. Raises KafkaToolError.
    """
    address = checked(choice.address, choice.source)
    rules = choice.context.rules if choice.context else None
    if not choice.settings:
        return Brokers(address, rules=rules)
    from kafka_tools.settings import librdkafka, private
    from kafka_tools.settings.references import commands_run
    from kafka_tools.settings.security import security
    from kafka_tools.settings.values import Values

    settings = commands_run({setting.name: setting.value for setting in choice.settings})
    values = Values(settings)
    how = security(values, private.asked_password)
    config = Masked(librdkafka.settings(values, settings, how))
    for sentence in (*librdkafka.unknown(settings), *private.readable_by_others(choice.settings)):
        note(f"ktools: {sentence}")
    return Brokers(address, config, how, rules, Masked(librdkafka.without_word(values, settings)))
