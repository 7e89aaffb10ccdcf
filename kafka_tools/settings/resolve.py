"""From the settings that apply to a target that can be connected to."""

from collections.abc import Sequence

from kafka_tools.backends import Brokers, Target, ZooKeeper
from kafka_tools.console.notes import note
from kafka_tools.errors import KafkaToolError
from kafka_tools.settings import layers
from kafka_tools.settings.layers import Choice, Flags
from kafka_tools.settings.target import checked


class Masked(dict[str, str]):
    """Settings of which some may be secret: none shows in a repr."""

    def __repr__(self) -> str:
        return f"<{len(self)} settings>"


def target(bootstrap_server: str | None, command_config: str | None, overrides: Sequence[str]) -> Target:
    """Return the cluster with its settings. Raises KafkaToolError for what cannot be read or used."""
    choice = layers.choose(Flags(bootstrap_server, command_config, overrides))
    if choice.is_zookeeper:
        return ZooKeeper(choice.address, choice.context.rules if choice.context else None)
    return of_brokers(choice)


def brokers(bootstrap_server: str | None, command_config: str | None, overrides: Sequence[str]) -> Brokers:
    """Return the brokers with their settings. Raises KafkaToolError for what cannot be read or used."""
    return of_brokers(layers.choose(Flags(bootstrap_server, command_config, overrides), brokers_only=True))


def zookeeper() -> ZooKeeper:
    """Return the ensemble of the current context. Raises KafkaToolError where it names none."""
    context = layers.current_context()
    if context is None or not context.zookeeper:
        raise KafkaToolError(f"context {context.name if context else ''} names no zookeeper", "Name it by --zookeeper.")
    return ZooKeeper(context.zookeeper, context.rules)


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
    return Brokers(address, config, how, rules)
