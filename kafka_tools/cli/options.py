"""Options that several tools share, spelled and explained once."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Callback = TypeVar("Callback", bound=Callable[..., Any])


def bootstrap_server_option(function: Callback) -> Callback:
    """Add --bootstrap-server."""
    return click.option(
        "--bootstrap-server",
        metavar="HOST:PORT[,…]",
        help="The Kafka brokers to connect to. Default: KTOOLS_BOOTSTRAP_SERVERS, a running sandbox, localhost:9092.",
    )(function)


def zookeeper_option(function: Callback) -> Callback:
    """Add --zookeeper."""
    return click.option(
        "--zookeeper",
        metavar="HOST:PORT[,…][/CHROOT]",
        help="The ZooKeeper ensemble of a cluster up to Kafka 3.9, instead of its brokers. Default: KTOOLS_ZOOKEEPER.",
    )(function)
