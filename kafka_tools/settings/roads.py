"""Which cluster is meant by a tool that asks both its brokers and its ZooKeeper: all that one source names."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from kafka_tools.model.target import Brokers, ZooKeeper
from kafka_tools.settings import choice as settings
from kafka_tools.settings import precedence
from kafka_tools.settings.precedence import Choice, Flags


class Roads(NamedTuple):
    """A cluster by its brokers, its ensemble or both (None: that one is not named). `source` says who named it."""

    brokers: Brokers | None
    ensemble: ZooKeeper | None
    source: str

    def waiting(self, seconds: float) -> "Roads":
        """Return the same cluster, asked again for so many seconds while connections are refused (--wait)."""
        return self._replace(
            brokers=self.brokers and self.brokers._replace(wait_seconds=seconds),
            ensemble=self.ensemble and self.ensemble._replace(wait_seconds=seconds),
        )


def choose_roads(
    bootstrap_server: str | None, zookeeper: str | None, command_config: str | None, overrides: Sequence[str] = ()
) -> Roads:
    """Return what the flags name, else the environment, the context or the sandbox.

    `overrides` (-X) are `NAME=VALUE` texts that go before `command_config`. Raises as `choice.choose` does.
    """
    # The other tools take one of the two variables. Who has set both means one cluster, and is asked about on both.
    servers, ensemble = os.environ.get("KTOOLS_BOOTSTRAP_SERVERS"), os.environ.get("KTOOLS_ZOOKEEPER")
    if bootstrap_server is None and zookeeper is None and servers and ensemble:
        bootstrap_server, zookeeper = servers, ensemble
    # Beside brokers the ensemble is chosen by itself, below.
    only_zookeeper = zookeeper if bootstrap_server is None else None
    choice = precedence.choose(Flags(bootstrap_server, command_config, overrides, only_zookeeper))
    if choice.is_zookeeper:
        return Roads(None, settings.of_zookeeper(choice), choice.source)
    beside = zookeeper or _beside(choice)
    if not beside:
        return Roads(settings.of_brokers(choice), None, choice.source)
    of_ensemble = precedence.choose_zookeeper(Flags(None, command_config, overrides, zookeeper))
    return Roads(settings.of_brokers(choice), settings.of_zookeeper(of_ensemble), choice.source)


def _beside(choice: Choice) -> str | None:
    """Return the ensemble that stands beside the brokers where these came from."""
    if choice.context is not None:
        return choice.context.zookeeper
    if choice.source != "the sandbox":
        return None
    from kafka_tools.sandbox import endpoints

    running = endpoints.running()
    return running.zookeeper if running else None
