"""What the value of an option may be, for a shell's completion: words, files, or names, some from the cluster."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from click.shell_completion import CompletionItem

from kafka_tools.cli import live_names
from kafka_tools.cli.live_names import Candidate
from kafka_tools.model.configs import (
    BROKER_LOGGERS,
    BROKERS,
    CLIENT_METRICS,
    CLIENTS,
    CONFIG_NAMES,
    ENTITY_TYPES,
    IPS,
    TOPICS,
    USERS,
)

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
    # The shell finds files itself: it knows `~`, links and what was just created, and marks folders.
    if kind in FILES:
        return [CompletionItem(text, type=FILES[kind])]
    found = SOURCES[kind](text, given) if kind else ()
    return [CompletionItem(each.value, help=each.meaning or None) for each in found]


def _topics(text: str, given: Given) -> Iterable[Candidate]:
    found = live_names.of_cluster("topics", given)
    # Internal topics (__consumer_offsets) only for whoever begins to type one.
    return (name for name in found if text.startswith("_") or not name.value.startswith("__"))


def _known(kind: str) -> Callable[[str, Given], Iterable[Candidate]]:
    """Return what gives the names of one of live_names.KINDS."""
    return lambda _, given: live_names.of_cluster(kind, given)


def _topic_list(text: str, given: Given) -> Iterator[Candidate]:
    """Yield `a,b` and `a,c` after `a,`."""
    return _listed(text, _topics(text.rpartition(",")[2], given), ",")


def _selectors(text: str, _: Given) -> Iterator[Candidate]:
    """Yield `client_id=` and, behind the last comma of a list, what has not been named yet."""
    from kafka_tools.model.client_metrics import SELECTORS

    start, comma, _last = text.rpartition(",")
    return (Candidate(f"{start}{comma}{each}=") for each in SELECTORS if f"{each}=" not in start)


def _brokers(text: str, given: Given) -> Iterator[Candidate]:
    """Yield `1,2` and `1,3` after `1,`."""
    return _listed(text, live_names.of_cluster("brokers", given), ",")


def _replicas(text: str, given: Given) -> Iterator[Candidate]:
    """Yield `1:2,2:3` and `1:2,2:1` after `1:2,2:`."""
    start = text.rpartition(",")[0] + "," if "," in text else ""
    listed = _listed(text.removeprefix(start), live_names.of_cluster("brokers", given), ":")
    return (Candidate(start + each.value, each.meaning) for each in listed)


def _listed(text: str, names: Iterable[Candidate], separator: str) -> Iterator[Candidate]:
    taken = text.split(separator)[:-1]
    start = "".join(f"{each}{separator}" for each in taken)
    return (Candidate(start + each.value, each.meaning) for each in names if each.value not in taken)


def _contexts(*_: object) -> Iterator[Candidate]:
    from kafka_tools.settings.contexts import all_contexts

    for context in all_contexts().values():
        yield Candidate(context.name, context.bootstrap_servers or context.zookeeper or context.command_config)


def _addresses(field: str) -> Callable[..., Iterator[Candidate]]:
    """Return what yields the addresses of the sandbox and of contexts, which both have in this field."""

    def found(*_: object) -> Iterator[Candidate]:
        from kafka_tools.sandbox.endpoints import running
        from kafka_tools.settings.contexts import all_contexts

        contexts = ((context, f"context {context.name}") for context in all_contexts().values())
        for each, meaning in ((running(), "the sandbox"), *contexts):
            address = getattr(each, field, None)  # no sandbox may run, and a cluster may have no ZooKeeper
            if address:
                yield Candidate(address, meaning)

    return found


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


def _entities(_: str, given: Given) -> Iterable[Candidate]:
    """Yield the names of entities of the type that was named last."""
    # `--entity-type users --entity-name alice --entity-type clients --entity-name` goes on with a client.
    kinds = given.get("entity_types") or ("",)
    return live_names.of_cluster(kinds[-1], given) if kinds[-1] in live_names.KINDS else ()


def _configs(text: str, given: Given) -> Iterator[Candidate]:
    """Yield `retention.ms=` and, behind the last comma of a list, what can go on there."""
    start, comma, last = text.rpartition(",")
    # Within `[a,b]` the comma separates values of one config, which nobody knows here.
    if "[" in last or start.count("[") > start.count("]"):
        return
    for each in _topic_configs(last, given) if _kind(given) == TOPICS else _names(given, "="):
        yield Candidate(f"{start}{comma}{each.value}", each.meaning)


def _config_names(text: str, given: Given) -> Iterator[Candidate]:
    start, comma, _last = text.rpartition(",")
    found = _topic_config_names() if _kind(given) == TOPICS else _names(given, "")
    return (Candidate(f"{start}{comma}{each.value}", each.meaning) for each in found)


def _kind(given: Given) -> str:
    """Return the entity type whose configs are asked for; those of the client, where a user stands beside it."""
    kinds = [*(given.get("entity_types") or ()), *(kind for kind in ENTITY_TYPES if given.get(_option(kind)))]
    kinds += [kind for kind in ENTITY_TYPES if given.get(f"{_option(kind)}_defaults")]
    return CLIENTS if CLIENTS in kinds else (kinds or [""])[0]


def _option(kind: str) -> str:
    """Return the parameter of the short form that names an entity of this type."""
    return kind.replace("-", "_") if kind == CLIENT_METRICS else kind[:-1].replace("-", "_")


def _names(given: Given, ending: str) -> Iterator[Candidate]:
    kind = _kind(given)
    found = live_names.of_cluster(f"{kind} configs", given) if kind in (BROKERS, BROKER_LOGGERS) else ()
    # Brokers and loggers differ in what they have, so the cluster is asked; the others have few, which are known here.
    for each in found or map(Candidate, CONFIG_NAMES.get(kind, ())):
        yield Candidate(f"{each.value}{ending}", each.meaning)


def _client_settings(*_: object) -> Iterator[Candidate]:
    from kafka_tools.settings.librdkafka import KNOWN

    return (Candidate(f"{name}=") for name in sorted(KNOWN))


def _deserializers(*_: object) -> Iterator[Candidate]:
    from kafka_tools.console.formats.deserializers import PACKAGE, SIMPLE

    return (Candidate(f"{PACKAGE}{kind}Deserializer") for kind in sorted((*SIMPLE, "List", "String")))


SOURCES: Mapping[str, Callable[[str, Given], Iterable[Candidate]]] = {
    "bootstrap-servers": _addresses("bootstrap_servers"),
    "brokers": _brokers,
    "client": _known(CLIENTS),
    "client-metrics": _known(CLIENT_METRICS),
    "client-selector": _selectors,
    "client-setting": _client_settings,
    "config": _configs,
    "config-name": _config_names,
    "context": _contexts,
    "deserializer": _deserializers,
    "entity": _entities,
    "group": _known("groups"),
    "ip": _known(IPS),
    "principal": _known("principals"),  # those that rules name: nobody knows the users themselves
    "replicas": _replicas,
    "token-principal": _known("token-principals"),
    "server": _servers,
    "share-group": _known("share-groups"),
    "streams-group": _known("streams-groups"),
    "topic": _topics,
    "topics": _topic_list,
    "topic-config": _topic_configs,
    "topic-config-name": _topic_config_names,
    "user": _known(USERS),
    "zookeeper": _addresses("zookeeper"),
}
"""The kinds of names, which a type says by `completes`."""
