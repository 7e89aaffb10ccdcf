"""What the value of an option may be, for a shell's completion: words, files, or names, some from the cluster."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from click.shell_completion import CompletionItem

from kafka_tools.cli import live_names
from kafka_tools.cli.live_names import Candidate

Given = Mapping[str, Any]
"""The values that the command line has for each option, by the name of its parameter."""


FILES = {"files": "file", "directories": "dir"}
"""Kinds of names that a shell itself completes -> click's word for them."""


def items(kind: str | tuple[str, ...], text: str, given: Given) -> list[CompletionItem]:
    """Return what a value of this kind may be; of a list, what `text`, its beginning, can go on with.

    `kind` are the words themselves or a key of SOURCES or FILES. Raises KafkaToolError where contexts cannot be read.
    """
    if isinstance(kind, tuple):
        return [CompletionItem(word) for word in kind]
    if kind in FILES:
        return [CompletionItem(text, type=FILES[kind])]
    found = SOURCES[kind](text, given) if kind else ()
    return [CompletionItem(each.value, help=each.meaning or None) for each in found]


def _topics(text: str, given: Given) -> Iterable[Candidate]:
    found = live_names.of_cluster("topics", given)
    # Internal topics (__consumer_offsets) only for whoever begins to type one.
    return (name for name in found if text.startswith("_") or not name.value.startswith("__"))


def _groups(_: str, given: Given) -> Iterable[Candidate]:
    return live_names.of_cluster("groups", given)


def _brokers(text: str, given: Given) -> Iterator[Candidate]:
    """Yield `1,2` and `1,3` after `1,`."""
    return _listed(text, given, ",")


def _replicas(text: str, given: Given) -> Iterator[Candidate]:
    """Yield `1:2,2:3` and `1:2,2:1` after `1:2,2:`."""
    start = text.rpartition(",")[0] + "," if "," in text else ""
    listed = _listed(text.removeprefix(start), given, ":")
    return (Candidate(start + each.value, each.meaning) for each in listed)


def _listed(text: str, given: Given, separator: str) -> Iterator[Candidate]:
    taken = text.split(separator)[:-1]
    start = "".join(f"{each}{separator}" for each in taken)
    brokers = (broker for broker in live_names.of_cluster("brokers", given) if broker.value not in taken)
    return (Candidate(start + broker.value, broker.meaning) for broker in brokers)


def _contexts(*_: object) -> Iterator[Candidate]:
    from kafka_tools.settings.contexts import all_contexts

    for context in all_contexts().values():
        yield Candidate(context.name, context.bootstrap_servers or context.zookeeper or context.command_config)


def _bootstrap_servers(*_: object) -> Iterator[Candidate]:
    from kafka_tools.sandbox.endpoints import running
    from kafka_tools.settings.contexts import all_contexts

    sandbox = running()
    if sandbox is not None:
        yield Candidate(sandbox.bootstrap_servers, "the sandbox")
    for context in all_contexts().values():
        if context.bootstrap_servers:
            yield Candidate(context.bootstrap_servers, f"context {context.name}")


def _zookeeper(*_: object) -> Iterator[Candidate]:
    from kafka_tools.sandbox.endpoints import running
    from kafka_tools.settings.contexts import all_contexts

    sandbox = running()
    if sandbox is not None and sandbox.zookeeper:
        yield Candidate(sandbox.zookeeper, "the sandbox")
    for context in all_contexts().values():
        if context.zookeeper:
            yield Candidate(context.zookeeper, f"context {context.name}")


def _servers(*_: object) -> Iterator[Candidate]:
    from kafka_tools.sandbox import endpoints, state_file

    sandbox = state_file.load(endpoints.folder())
    return (Candidate(server.name, server.address) for server in (sandbox.servers if sandbox else ()))


def _topic_configs(text: str, _: Given) -> Iterator[Candidate]:
    """Yield `retention.ms=`, and after `cleanup.policy=` what that can be."""
    from kafka_tools.model.topic_config import CHECKS, words_of

    name, equals, _value = text.partition("=")
    if equals:
        return (Candidate(f"{name}={word}") for word in words_of(name))
    return (Candidate(f"{each}=") for each in CHECKS)


def _topic_config_names(*_: object) -> Iterator[Candidate]:
    from kafka_tools.model.topic_config import CHECKS

    return map(Candidate, CHECKS)


def _client_settings(*_: object) -> Iterator[Candidate]:
    from kafka_tools.settings.librdkafka import KNOWN

    return (Candidate(f"{name}=") for name in sorted(KNOWN))


def _deserializers(*_: object) -> Iterator[Candidate]:
    from kafka_tools.console.formats.deserializers import PACKAGE, SIMPLE

    return (Candidate(f"{PACKAGE}{kind}Deserializer") for kind in sorted((*SIMPLE, "List", "String")))


SOURCES: Mapping[str, Callable[[str, Given], Iterable[Candidate]]] = {
    "bootstrap-servers": _bootstrap_servers,
    "brokers": _brokers,
    "client-setting": _client_settings,
    "context": _contexts,
    "deserializer": _deserializers,
    "group": _groups,
    "replicas": _replicas,
    "server": _servers,
    "topic": _topics,
    "topic-config": _topic_configs,
    "topic-config-name": _topic_config_names,
    "zookeeper": _zookeeper,
}
"""The kinds of names, which a type says by `completes`."""
