"""What the value of an option may be: words, files, or names of a kind, some of which only a cluster knows."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from kafka_tools.cli.shape import Option
from kafka_tools.completion.memory import Candidate

Given = Mapping[str, Sequence[str]]
"""The texts that the command line has for each option, by its key."""


FILES = ("files", "directories")
"""Kinds of names that a shell itself completes."""

METAVARS = {
    "CONTEXT": "context",
    "DIR": "directories",
    "FILE": "files",
    "GROUP": "group",
    "SERVER": "server",
    "TOPIC": "topic",
}
"""What the help calls a value -> the kind of names it is."""


def kind(option: Option) -> str | tuple[str, ...]:
    """Return the words that the option's value may be, or the kind of names it is; "" where nobody can tell."""
    return option.completes or METAVARS.get(option.metavar) or METAVARS.get(option.metavar.strip("[]"), "")


def words(values: Iterable[str]) -> Iterator[Candidate]:
    """Yield these words, whose meaning they say themselves."""
    return map(Candidate, values)


def of(kind: str, text: str, given: Given) -> Iterable[Candidate]:
    """Return the names of one kind; of a list, those that `text`, its beginning, can go on with.

    Raises KafkaToolError where contexts cannot be read.
    """
    source = SOURCES.get(kind)
    return () if source is None else source(text, given)


def tools(explain: bool) -> Iterable[Candidate]:
    """Return the tools; what each is for is known only by importing all of them."""
    from kafka_tools import __version__
    from kafka_tools.completion import live
    from kafka_tools.tools import find, names

    def summaries() -> Iterator[Candidate]:
        for name in names():
            tool = find(name)
            yield Candidate(name, tool.short_help or "" if tool else "")

    key = f"tools {__version__} {os.path.dirname(__file__)}"
    explained = live.soon(lambda: live.names(key, summaries)) if explain else ()
    return explained or words(names())


def main_classes() -> Iterator[Candidate]:
    """Yield the classes that run-class knows."""
    from kafka_tools.shims.apache import MAIN_CLASSES
    from kafka_tools.tools import names

    return (Candidate(each, f"ktools {tool}") for tool in names() for each in MAIN_CLASSES.get(tool, ()))


def _topics(text: str, given: Given) -> Iterable[Candidate]:
    from kafka_tools.completion import cluster

    return (name for name in cluster.names("topics", given) if text.startswith("_") or not name.value.startswith("__"))


def _groups(_: str, given: Given) -> Iterable[Candidate]:
    from kafka_tools.completion import cluster

    return cluster.names("groups", given)


def _brokers(text: str, given: Given) -> Iterator[Candidate]:
    """Yield `1,2` and `1,3` after `1,`."""
    return _listed(text, given, ",")


def _replicas(text: str, given: Given) -> Iterator[Candidate]:
    """Yield `1:2,2:3` and `1:2,2:1` after `1:2,2:`."""
    start = text.rpartition(",")[0] + "," if "," in text else ""
    listed = _listed(text.removeprefix(start), given, ":")
    return (Candidate(start + each.value, each.meaning) for each in listed)


def _listed(text: str, given: Given, separator: str) -> Iterator[Candidate]:
    from kafka_tools.completion import cluster

    taken = text.split(separator)[:-1]
    start = "".join(f"{each}{separator}" for each in taken)
    brokers = (broker for broker in cluster.names("brokers", given) if broker.value not in taken)
    return (Candidate(start + broker.value, broker.meaning) for broker in brokers)


def _contexts(*_: object) -> Iterator[Candidate]:
    from kafka_tools.settings.contexts import all_contexts

    for context in all_contexts().values():
        yield Candidate(context.name, context.bootstrap_servers or context.zookeeper or context.command_config)


def _bootstrap_servers(*_: object) -> Iterator[Candidate]:
    from kafka_tools.sandbox.state import running
    from kafka_tools.settings.contexts import all_contexts

    sandbox = running()
    if sandbox is not None:
        yield Candidate(sandbox.bootstrap_servers, "the sandbox")
    for context in all_contexts().values():
        if context.bootstrap_servers:
            yield Candidate(context.bootstrap_servers, f"context {context.name}")


def _zookeeper(*_: object) -> Iterator[Candidate]:
    from kafka_tools.sandbox.state import running
    from kafka_tools.settings.contexts import all_contexts

    sandbox = running()
    if sandbox is not None and sandbox.zookeeper:
        yield Candidate(sandbox.zookeeper, "the sandbox")
    for context in all_contexts().values():
        if context.zookeeper:
            yield Candidate(context.zookeeper, f"context {context.name}")


def _servers(*_: object) -> Iterator[Candidate]:
    from kafka_tools.sandbox import record, state

    sandbox = record.load(state.folder())
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

    return words(CHECKS)


def _client_settings(*_: object) -> Iterator[Candidate]:
    from kafka_tools.settings.librdkafka import JAVA, LIBRDKAFKA

    return (Candidate(f"{name}=") for name in sorted(JAVA | LIBRDKAFKA))


def _deserializers(*_: object) -> Iterator[Candidate]:
    from kafka_tools.console.formats.deserializers import PACKAGE, SIMPLE

    return words(f"{PACKAGE}{kind}Deserializer" for kind in sorted((*SIMPLE, "List", "String")))


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
"""The kinds of names, which `Option.completes` may say."""
