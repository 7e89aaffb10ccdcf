"""Each tool is a file or a package that is named as the tool: console_consumer is `ktools console-consumer`."""

import importlib
from collections.abc import Mapping
from typing import NamedTuple

from kafka_tools.cli.command import ReportCommand, ToolGroup


# Not a dataclass: `ktools --help` and every command read this table, and it is made anew at each start.
class About(NamedTuple):
    """The heading of a tool in `ktools --help`, and its line there."""

    section: str
    summary: str


TOOLS: Mapping[str, About] = {
    "acls": About("Rights", "Add, remove and list ACLs, and ask who may do what."),
    "broker-api-versions": About("Clusters", "Show which versions each broker knows."),
    "client-metrics": About("Clusters", "Say which clients send metrics of theirs, and which."),
    "cluster": About("Clusters", "Show a cluster's id and servers, unregister one."),
    "completion": About("Scripts", "Print what lets bash, zsh or fish complete ktools."),
    "configs": About("Clusters", "Describe and change configs: topics, brokers, users."),
    "console-consumer": About("Records", "Print the records of a topic."),
    "console-producer": About("Records", "Send each line of stdin to a topic."),
    "console-share-consumer": About("Records", "Print records as a member of a share group."),
    "consumer-groups": About("Groups", "Show lag and members of groups, reset offsets."),
    "consumer-perf-test": About("Records", "Measure how fast records can be read."),
    "context": About("Settings", "Name clusters once: list, show, use, add, import."),
    "delegation-tokens": About("Rights", "Create, renew, expire and describe delegation tokens."),
    "delete-records": About("Records", "Delete the records of partitions up to an offset."),
    "doctor": About("Clusters", "Check the cluster, and what stands between you and it."),
    "dump-log": About("Records", "Show what is in the files of a partition."),
    "e2e-latency": About("Records", "Measure how long a record takes to be read."),
    "features": About("Clusters", "Show and change feature levels, as metadata.version."),
    "get-offsets": About("Records", "Print the oldest, newest or other offsets."),
    "groups": About("Groups", "List the groups of all types."),
    "health": About("Clusters", "Give one verdict for the cluster: what may go down."),
    "layout": About("Topics", "Show which broker has what, and what if one dies."),
    "leader-election": About("Topics", "Have partitions led by their preferred replica."),
    "log-dirs": About("Clusters", "Show brokers' directories, and the sizes of topics."),
    "manual": About("Scripts", "Write the manual pages of ktools and its tools."),
    "metadata-quorum": About("Clusters", "Show the controllers' quorum and its lag, change it."),
    "preferred-replica-election": About("Topics", "The same as of Kafka 2.8, also through ZooKeeper."),
    "producer-perf-test": About("Records", "Measure how fast records can be sent."),
    "reassign-partitions": About("Topics", "Move partitions to other brokers and directories."),
    "replica-verification": About("Records", "Compare the replicas of partitions with each other."),
    "run-class": About("Scripts", "Run a tool by its Java class, as kafka-run-class.sh does."),
    "sandbox": About("Sandbox", "Run a real Kafka on this machine: up, down, status."),
    "share-consumer-perf-test": About("Records", "Measure how fast a share group can read."),
    "share-groups": About("Groups", "Show lag and members of share groups, reset them."),
    "shims": About("Scripts", "Put ktools under Apache's names: install, list, remove."),
    "streams-application-reset": About("Groups", "Have a Streams application process all again."),
    "streams-groups": About("Groups", "Show lag and members of streams groups, reset them."),
    "topics": About("Topics", "List, describe, create, alter and delete topics."),
    "transactions": About("Records", "Show transactions, find hanging ones, abort one."),
    "verifiable-consumer": About("Records", "Read records, and print as JSON what comes."),
    "verifiable-producer": About("Records", "Send numbers, and print as JSON which arrived."),
    "zookeeper": About("Clusters", "Show what is in ZooKeeper, and how its servers are."),
    "zookeeper-shell": About("Clusters", "Look at znodes and change them, as ZooKeeper's shell."),
}
"""The tools by their names, which `ktools --help` shows without importing them: all of them take 0.2 s of CPU."""


def names() -> list[str]:
    """Return the names of all tools, sorted, without importing them."""
    return sorted(TOOLS)


def find(name: str) -> ReportCommand | ToolGroup | None:
    """Import the tool of this name, as `ktools --help` spells it; None where there is none."""
    if name not in TOOLS:
        return None
    # A tool's module or package is called as the tool, with the underscores that Python asks for, and has its click
    # command as `command`: no other register is kept.
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    tool: ReportCommand | ToolGroup = module.command
    tool.short_help = TOOLS[name].summary
    return tool
