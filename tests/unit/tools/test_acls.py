"""`ktools acls`: what options ask for, Apache's lines, answers, and rules in files."""

import json
from pathlib import Path

import pytest

from kafka_tools.errors import SECURITY_DISABLED, BrokerError
from kafka_tools.main import run
from kafka_tools.model.acls import AclOperation, AuthorizerSettings
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from tests.support.fake_acls import FakeAcls, fake, rule

__all__ = ["fake"]

BROKER = ("--bootstrap-server", "b:9092")
ORDERS = "ResourcePattern(resourceType=TOPIC, name=orders, patternType=LITERAL)"


def acls(*argv: str) -> int:
    return run(["acls", *BROKER, *argv])


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("", "Command must include exactly one action: --list, --add, --remove. "),
        ("--list --bootstrap-controller c:1", "Only one of --bootstrap-server or --bootstrap-controller must be"),
        ("--list --can User:a", "Command must include exactly one action: --list, --add, --remove. "),
        ("--list --consumer", 'Option "[list]" can\'t be used with option "[consumer]"'),
        ("--add --producer --operation Read", 'Option "[producer]" can\'t be used with option "[operation]"'),
        ("--add --principal User:x", "The --principal option is only available if --list is set"),
        ("--add --producer", "With --producer you must specify a --topic"),
        ("--add --idempotent", "The --idempotent option is only available if --producer is set"),
        ("--add --topic t", "You must specify one of: --allow-principal, --deny-principal when trying to add ACLs."),
        ("--add --allow-principal User:a", "You must provide at least one resource: --topic <topic> or --cluster or"),
        ("--can User:a --topic t", "With --can you must specify an --operation"),
        ("--can User:a --topic t --operation All", "--operation cannot be 'All' here"),
        ("--can User:a --group g --operation Write", "ResourceType GROUP only supports operations Read, Delete,"),
        ("--can User:a --operation Read", "You must provide at least one resource"),
        ("--who --topic t --resource-pattern-type prefixed", "--can and --who ask about resources by their names"),
        ("--who --topic t --authorizer-properties a=b", "--authorizer-properties: 'a' does not matter here"),
        ("--list --host h", 'Option "[host]" can\'t be used with option "[list]"'),
        ("--add --prune --topic t", 'Option "[prune]" can\'t be used with option "[add]"'),
        ("--list --dry-run", 'Option "[dry-run]" can\'t be used with option "[list]"'),
        ("--list --toppic t", "toppic is not a recognized option"),
    ],
)
def test_wrong_usage(fake: FakeAcls, argv: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = list(fake.rules)
    assert acls(*argv.split()) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0].startswith(message)
    assert fake.rules == before


def test_the_nearest_operation_is_named(fake: FakeAcls, capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--add", "--topic", "t", "--allow-principal", "User:a", "--operation", "Descrbe") == 1
    assert "Did you mean Describe?" in capsys.readouterr().err
    assert len(fake.rules) == 2


@pytest.mark.usefixtures("fake")
def test_rules_are_listed_as_apache_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--list", "--topic", "orders") == 0
    assert capsys.readouterr().out == (
        f"Current ACLs for resource `{ORDERS}`: \n"
        " \t(principal=User:a, host=*, operation=READ, permissionType=ALLOW) \n\n"
    )


def test_what_a_producer_and_consumer_need(fake: FakeAcls) -> None:
    fake.rules = []
    roles = "--add --producer --consumer --idempotent --topic t --group g --transactional-id x --allow-principal User:p"
    assert acls(*roles.split()) == 0
    found = {(each.pattern.resource_type.name, each.entry.operation.name) for each in fake.rules}
    assert found == {
        *(("TOPIC", operation) for operation in ("WRITE", "CREATE", "DESCRIBE", "READ")),
        ("GROUP", "READ"),
        *(("TRANSACTIONAL_ID", operation) for operation in ("WRITE", "DESCRIBE")),
        ("CLUSTER", "IDEMPOTENT_WRITE"),
    }


def test_each_failure_is_named(fake: FakeAcls, capsys: pytest.CaptureFixture[str]) -> None:
    fake.refused["a/b"] = BrokerError(42, "Failed to create ACL")
    assert acls("--add", "--topic", "a/b", "--topic", "t", "--allow-principal", "User:c") == 1
    out, err = capsys.readouterr()
    assert out.endswith(
        "Error while executing ACL command: org.apache.kafka.common.errors.InvalidRequestException: "
        "Failed to create ACL\n"
    )
    assert "1 of 2 changes were made, not: Allow User:c All from * on" in err
    assert rule("topic t", "allow User:c All") in fake.rules


@pytest.mark.parametrize(("answer", "left"), [("y\n", 1), ("Y", 1), ("n\n", 2), ("yes\n", 2), ("\n", 2)])
def test_removal_is_asked_for(
    fake: FakeAcls, answer: str, left: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert acls("--remove", "--topic", "orders") == 0
    assert capsys.readouterr().out == (
        f"Are you sure you want to delete all ACLs for resource filter `{ORDERS}`? (y/n)\n"
    )
    assert len(fake.rules) == left


def test_nothing_is_removed_where_nobody_answers_all(
    fake: FakeAcls, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert acls("--remove", "--topic", "orders", "--topic", "other") == 1
    assert "nobody answered: nothing was removed" in capsys.readouterr().out
    assert len(fake.rules) == 2


def test_options_without_effect_are_told(fake: FakeAcls, capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--remove", "--topic", "orders", "--operation", "Write", "--force") == 0
    assert "--operation had no effect without a principal: all rules were removed." in capsys.readouterr().err
    assert len(fake.rules) == 1


@pytest.mark.parametrize(
    ("argv", "status", "line"),
    [
        (
            "User:a --operation Read --topic orders",
            0,
            "yes: User:a may Read topic orders (allow rule: User:a Read topic orders, host *)",
        ),
        (
            "User:b --operation Read --topic orders --host 10.0.0.1",
            1,
            "no: User:b may not Read topic orders from 10.0.0.1 "
            "(deny rule: User:b All topic ord (prefixed), host 10.0.0.1)",
        ),
        ("User:a --operation Write --topic orders", 1, "no: User:a may not Write topic orders (no rule allows it)"),
        ("User:root --operation Write --topic orders", 0, "yes: User:root may Write topic orders (super user)"),
        (
            "User:a --operation Create --cluster",
            1,
            "no: User:a may not Create cluster (no rule is about the resource)",
        ),
    ],
)
@pytest.mark.usefixtures("fake")
def test_can(argv: str, status: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--can", *argv.split()) == status
    assert capsys.readouterr().out == f"{line}\n"


def test_can_says_what_it_does_not_know(fake: FakeAcls, capsys: pytest.CaptureFixture[str]) -> None:
    fake.known = AuthorizerSettings()
    question = ("--can", "User:a", "--operation", "Read", "--topic", "x")
    assert acls(*question) == 1
    out, err = capsys.readouterr()
    assert out == "unknown: User:a may perhaps Read topic x (no rule is about the resource)\n"
    assert "super.users=User:a names them" in err
    assert "allow.everyone.if.no.acl.found=true says it" in err
    assert acls(*question, "--authorizer-properties", "allow.everyone.if.no.acl.found=true") == 0
    assert acls(*question, "--authorizer-properties", "super.users=User:b;User:a") == 0


def test_can_without_an_authorizer(fake: FakeAcls, capsys: pytest.CaptureFixture[str]) -> None:
    fake.failure = BrokerError(SECURITY_DISABLED, "No Authorizer is configured.")
    assert acls("--can", "User:a", "--operation", "Read", "--topic", "x") == 0
    assert "the cluster has no authorizer: everybody may do everything" in capsys.readouterr().out
    assert acls("--list") == 1
    assert capsys.readouterr().out == (
        "Error while executing ACL command: "
        "org.apache.kafka.common.errors.SecurityDisabledException: No Authorizer is configured.\n"
    )


def test_a_host_for_which_the_answer_is_another_is_told(fake: FakeAcls, capsys: pytest.CaptureFixture[str]) -> None:
    fake.rules.append(rule("topic orders", "deny User:a Read 10.9.9.9"))
    assert acls("--can", "User:a", "--operation", "Read", "--topic", "orders") == 0
    assert "From 10.9.9.9 the answer is no: User:a may not Read topic orders from 10.9.9.9" in capsys.readouterr().err


@pytest.mark.usefixtures("fake")
def test_who(capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--who", "--topic", "orders", "--topic", "other") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "Topic orders: User:a may Read, Describe"
    assert "Topic orders: User:b from 10.0.0.1 is denied Read, Write, Create" in out
    assert "No rule is about topic other: nobody but super users may use it." in err


def test_rules_go_out_and_come_in(fake: FakeAcls, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = list(fake.rules)
    assert acls("--export") == 0
    file = tmp_path / "rules.json"
    file.write_text(capsys.readouterr().out)
    fake.rules = [rule("topic other", "allow User:c Write")]
    assert acls("--import", str(file), "--prune", "--dry-run") == 0
    assert [line[0] for line in capsys.readouterr().out.splitlines()] == ["+", "+", "-"]
    assert len(fake.rules) == 1
    assert acls("--import", str(file)) == 0
    assert set(fake.rules) == {*before, rule("topic other", "allow User:c Write")}
    assert acls("--import", str(file), "--prune") == 0
    assert set(fake.rules) == set(before)
    assert acls("--import", str(file), "--prune") == 0
    assert "Nothing to change: the rules are as the file says." in capsys.readouterr().err


def test_rules_come_from_yaml(fake: FakeAcls, tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("- {resource_type: topic, resource: x, principal: 'User:c', operation: describe_configs}\n")
    assert acls("--import", str(file)) == 0
    assert fake.rules[-1] == rule("topic x", "allow User:c DESCRIBE_CONFIGS")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "is no list of rules."),
        ("[1]", "rule 1 is no mapping of resource_type"),
        ('[{"resource_type": "Topic", "resorce": "x"}]', "rule 1: 'resorce' is not known"),
        ('[{"resource_type": "Topics", "resource": "x"}]', "rule 1: principal is missing"),
        (
            '[{"resource_type": "Tpic", "resource": "x", "principal": "User:a", "operation": "Read"}]',
            "cannot be 'Tpic'",
        ),
        (
            '[{"resource_type": "Topic", "resource": 7, "principal": "User:a", "operation": "Read"}]',
            "resource is no text",
        ),
        ('[{"resource_type": "Topic", "resource": "x", "principal": "a", "operation": "Read"}]', "principalType:"),
        (
            '[{"resource_type": "Group", "resource": "x", "principal": "User:a", "operation": "Write"}]',
            "operation cannot",
        ),
        ("[" * 100_000, "rules has too many brackets within brackets"),
        ("a: b: c", "is neither JSON nor YAML"),
    ],
)
def test_files_that_are_wrong(
    fake: FakeAcls, text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rules"
    file.write_text(text)
    assert acls("--import", str(file)) == 1
    assert message in capsys.readouterr().out.splitlines()[0]
    assert len(fake.rules) == 2


@pytest.mark.usefixtures("fake")
def test_documents_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--list", "--output", "json") == 0
    assert json.loads(capsys.readouterr().out)[-1] == {
        "resource_type": "Topic",
        "resource": "orders",
        "pattern_type": "Literal",
        "principal": "User:a",
        "host": "*",
        "operation": "Read",
        "permission": "Allow",
    }
    assert acls("--can", "User:a", "--operation", "Read", "--topic", "orders", "--output", "json") == 0
    [answer] = json.loads(capsys.readouterr().out)
    assert (answer["allowed"], answer["rule"]["operation"]) == (True, AclOperation.READ.title)


@pytest.mark.parametrize("group_by", ["resource", "principal"])
@pytest.mark.usefixtures("fake")
def test_tables(group_by: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--list", "--output", "table", "--group-by", group_by) == 0
    out = capsys.readouterr().out
    for word in ("topic orders", "topic ord* (prefixed)", "User:a", "User:b", "deny", "10.0.0.1"):
        assert word in out


@pytest.mark.usefixtures("fake")
def test_the_table_of_who_may_do_what(capsys: pytest.CaptureFixture[str]) -> None:
    assert acls("--who", "--topic", "orders", "--topic", "ordinary", "--output", "table") == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line]
    root = ["User:root", "any", "everything"]
    assert lines == [
        ["Topic", "orders", "3", "principals"],
        ["Principal", "Host", "May", "Denied"],
        ["User:a", "any", "Read,", "Describe"],
        ["User:b", "10.0.0.1", "everything"],
        root,
        ["Topic", "ordinary", "2", "principals"],
        ["Principal", "Host", "May", "Denied"],
        ["User:b", "10.0.0.1", "everything"],
        root,
    ]


def test_a_protected_cluster_is_changed_only_with_consent(
    fake: FakeAcls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", "b:9092", protected=True))
    file, before = tmp_path / "rules.json", list(fake.rules)
    file.write_text("[]")
    changes = (
        ("--remove", "--topic", "orders", "--force"),
        ("--add", "--topic", "new", "--allow-principal", "User:a"),
        ("--import", str(file), "--prune"),
    )
    for change in changes:
        assert acls(*change) == 1
        assert "context prod is protected: nothing was changed" in capsys.readouterr().out
        assert acls(*change, "--dry-run") == 0
    assert fake.rules == before
    for change in changes:
        assert acls(*change, "--yes") == 0
    assert fake.rules == []
    assert acls("--list") == 0
