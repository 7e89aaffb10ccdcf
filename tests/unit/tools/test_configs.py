"""Which entities `ktools configs` means, what it refuses, and Apache's lines."""

import pytest
from click.testing import CliRunner

from kafka_tools.errors import UsageError
from kafka_tools.model.configs import ConfigEntry, Entity, EntityConfigs, Synonym
from kafka_tools.tools.configs import command
from kafka_tools.tools.configs.describing import lines
from kafka_tools.tools.configs.entities import named
from kafka_tools.tools.configs.views import ConfigView, tables

SERVER = ("--bootstrap-server", "127.0.0.1:1")


@pytest.mark.parametrize(
    ("types", "names", "wanted"),
    [
        (["topics"], [], {"topics": None}),
        (["topics"], ["a"], {"topics": "a"}),
        (["users", "clients"], ["alice"], {"users": "alice", "clients": None}),
        (["clients", "users"], ["c", ""], {"clients": "c", "users": ""}),
    ],
)
def test_types_and_names_go_together_by_their_position(
    types: list[str], names: list[str], wanted: dict[str, str | None]
) -> None:
    assert named(types, names).wanted == wanted


def test_short_forms_name_entities() -> None:
    assert named((), (), {"clients": "c", "users": "alice"}).wanted == {"clients": "c", "users": "alice"}
    assert named((), (), {"clients": "c"}, {"users": True}).wanted == {"clients": "c", "users": ""}
    assert named((), (), {"topics": None}, {"brokers": True, "ips": False}).wanted == {"brokers": ""}


def test_a_pair_is_one_entity_in_whatever_order_it_is_named() -> None:
    for types, names in ((("users", "clients"), ("u", "c")), (("clients", "users"), ("c", "u"))):
        assert named(types, names).entity == Entity("users", "u", "c")


def test_a_type_without_a_name_cannot_be_changed() -> None:
    with pytest.raises(UsageError, match="An entity name must be specified for every entity type"):
        _ = named(["users", "clients"], ["u"]).entity


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "This tool helps to manipulate and describe entity config for a topic, client, user, broker, ip or"),
        (("--describe",), "At least one entity type must be specified"),
        (("--describe", "--entity-type", "topic"), "Invalid entity type topic, the entity type must be one of topics"),
        (("--describe", "--topic", "a", "--user", "b"), "Only 'users' and 'clients' entity types may be specified"),
        (
            ("--describe", "--entity-type", "users", "--entity-type", "users"),
            "Duplicate entity type(s) specified: users",
        ),
        (("--describe", "--entity-type", "topics", "--topic", "a"), "Duplicate entity type(s) specified: topics"),
        (("--describe", "--entity-name", "a", "--topic", "a"), "--entity-{type,name,default} should not be used"),
        (("--describe", "--topic", "a", "--add-config", "a=b"), 'Option "[describe]" can\'t be used with option "[add'),
        (
            ("--describe", "--broker", "x"),
            "The entity name for brokers must be a valid integer broker id, but it is: x",
        ),
        (("--describe", "--ip", "no such host"), "The entity name for ips must be a valid IP or resolvable host, but"),
        (
            ("--describe", "--entity-type", "broker-loggers"),
            "an entity name must be specified with --describe of broker",
        ),
        (("--alter", "--entity-type", "users", "--add-config", "a=b"), "an entity-name or default entity must be spec"),
        (
            ("--alter", "--entity-type", "topics", "--add-config", "a=b"),
            "an entity name must be specified with --alter",
        ),
        (("--alter", "--topic", "a"), "At least one of --add-config, --add-config-file, or --delete-config must be"),
        (("--alter", "--topic", "a", "--add-config", "b"), "requirement failed: Invalid entity config: all configs to"),
        (("--alter", "--topic", "a", "--add-config", "b=c", "--add-config-file", "f"), "Only one of --add-config or"),
        (("--alter", "--user", "a", "--add-config", "b=c"), "Only quota and SCRAM credential configs can be added for"),
        (("--alter", "--client", "a", "--delete-config", "b"), "Only quota configs can be deleted for 'clients' using"),
        (
            ("--alter", "--ip", "127.0.0.1", "--add-config", "b=c"),
            "Only connection quota configs can be added for 'ips'",
        ),
        (
            ("--alter", "--user-defaults", "--add-config", "SCRAM-SHA-256=[password=p]"),
            "The use of --entity-default or",
        ),
        (("--alter", "--user", "a", "--add-config", "SCRAM-SHA-256=[iterations=1,password=p]"), "Iterations 1 is less"),
        (("--diff", "--entity-type", "topics", "a"), "--diff compares two: give the names of two entities"),
        (("--list",), "list is not a recognized option"),
    ],
)
def test_what_does_not_fit_is_told_in_apaches_words_before_any_cluster_is_asked(
    argv: tuple[str, ...], said: str
) -> None:
    result = CliRunner().invoke(command, [*argv, *(SERVER if argv else ())])
    assert result.stderr.startswith(said)
    assert (result.exit_code, result.stdout) == (1, "")


def test_no_password_is_told_again() -> None:
    argv = ("--alter", "--user", "a", "--add-config", "SCRAM-SHA-256=[password=sesame]", *SERVER)
    result = CliRunner().invoke(command, argv)
    assert (
        "Error while executing config command with args '--alter --user a --add-config SCRAM-SHA-256=" in result.stderr
    )
    assert "[hidden]" in result.stderr
    assert "sesame" not in result.output
    assert result.exit_code == 1


def test_resources_are_described_in_apaches_lines() -> None:
    synonyms = (Synonym("retention.ms", "1", "DYNAMIC_TOPIC_CONFIG"), Synonym("log.x", None, "STATIC_BROKER_CONFIG"))
    entry = ConfigEntry("retention.ms", "1", "DYNAMIC_TOPIC_CONFIG", synonyms=synonyms)
    found = [
        EntityConfigs(Entity("topics", "a"), (entry, ConfigEntry("p", None, "DEFAULT_CONFIG", sensitive=True))),
        EntityConfigs(Entity("brokers", "")),
    ]
    assert list(lines(found, True)) == [
        "All configs for topic a are:",
        "  retention.ms=1 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=1, "
        "STATIC_BROKER_CONFIG:log.x=null}",
        "  p=null sensitive=true synonyms={}",
        "Default configs for brokers in the cluster are:",
    ]


def test_quotas_and_credentials_are_described_in_apaches_lines() -> None:
    rates = (ConfigEntry("producer_byte_rate", "1.0"), ConfigEntry("request_percentage", "2.0"))
    found = [
        EntityConfigs(Entity("users", "alice", ""), rates),
        EntityConfigs(Entity("ips", "127.0.0.1"), rates[:1]),
        EntityConfigs(Entity("users", "bob"), (ConfigEntry("SCRAM-SHA-256", "iterations=4096"),)),
    ]
    assert list(lines(found, False)) == [
        "Quota configs for user-principal 'alice', the default client-id are producer_byte_rate=1.0, "
        "request_percentage=2.0",
        "Quota configs for ip '127.0.0.1' are producer_byte_rate=1.0",
        "SCRAM credential configs for user-principal 'bob' are SCRAM-SHA-256=iterations=4096",
    ]


def test_a_person_sees_where_a_value_comes_from_and_what_would_count_without_it() -> None:
    synonyms = (
        Synonym("retention.ms", "604800000", "DYNAMIC_TOPIC_CONFIG"),
        Synonym("log.retention.ms", "60000", "STATIC_BROKER_CONFIG"),
        Synonym("log.retention.hours", "168", "DEFAULT_CONFIG"),
    )
    entry = ConfigEntry("retention.ms", "604800000", "DYNAMIC_TOPIC_CONFIG", synonyms=synonyms)
    [table] = tables([EntityConfigs(Entity("topics", "a"), (entry,))], everybody=False)
    [view] = table.rows
    assert isinstance(view, ConfigView)
    assert (table.title, table.facts) == ("topic a", ["1 of its own"])
    assert (view.value, view.source.words) == ("7 d", "this topic")
    assert view.otherwise == "broker's file 1 min; default log.retention.hours=168"


def test_a_person_sees_quotas_in_units() -> None:
    rates = (ConfigEntry("producer_byte_rate", "1048576.0"), ConfigEntry("request_percentage", "0.5"))
    [table] = tables(
        [EntityConfigs(Entity("users", "alice"), rates), EntityConfigs(Entity("users", "b"))], everybody=True
    )
    views = [view for view in table.rows if isinstance(view, ConfigView)]
    assert [(view.entity, view.value) for view in views] == [("user alice", "1 MiB"), ("", "0.5")]
    assert [note.words for note in table.notes] == ["1 entity without configs of their own"]


def test_what_says_nothing_to_a_person_is_said_in_words() -> None:
    values = {"flush.ms": "9223372036854775807", "leader.replication.throttled.replicas": "", "retention.ms": "-1"}
    entries = tuple(ConfigEntry(name, value) for name, value in values.items())
    [table] = tables([EntityConfigs(Entity("topics", "a"), entries)], everybody=False)
    views = [view for view in table.rows if isinstance(view, ConfigView)]
    assert [view.value for view in views] == ["(no limit)", "(empty)", "-1"]
    assert (table.facts, [view.entity for view in views]) == (["3 of its own"], ["topic a", "", ""])
