"""`ktools delegation-tokens`: requests from argv, Apache's lines, and that the secret is where it belongs alone."""

import io
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from kafka_tools.errors import BrokerError, KafkaToolError
from kafka_tools.main import run
from kafka_tools.model.target import Brokers
from kafka_tools.model.tokens import DelegationToken, Principal
from kafka_tools.settings import edit_contexts
from kafka_tools.settings.contexts import Context
from kafka_tools.tools import delegation_tokens
from kafka_tools.tools.delegation_tokens import CreateToken, DescribeTokens, MoveExpiry

ALICE, BOB = Principal("User", "alice"), Principal("User", "bob")
HOUR = 3_600_000
HMAC = b"a secret of 64 bytes".ljust(64, b".")
SECRET = "YSBzZWNyZXQgb2YgNjQgYnl0ZXMuLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLi4uLg=="
TOKEN = DelegationToken("7W7R5IOeRrOyHTNXKgvQAA", HMAC, ALICE, BOB, (BOB, ALICE), 0, 2 * HOUR, 7 * 24 * HOUR)
CLUSTER = "--bootstrap-server b:9092"
HEADING = (
    "TOKENID         HMAC                           OWNER           REQUESTER       RENEWERS                  "
    "ISSUEDATE       EXPIRYDATE      MAXDATE        \n"
)
ROW = (
    f"\n7W7R5IOeRrOyHTNXKgvQAA {SECRET} User:alice      User:bob        [User:bob, User:alice]    "
    "1970-01-01T00:00 1970-01-01T02:00 1970-01-08T00:00\n"
)


class FakeTokens:
    """Has one token, and writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []
        self.failure: KafkaToolError | None = None

    def create(self, owner: Principal | None, renewers: Sequence[Principal], max_life_ms: int) -> DelegationToken:
        self._ask(("create", owner, *renewers, max_life_ms))
        return TOKEN

    def renew(self, hmac: bytes, period_ms: int) -> int:
        return self._ask(("renew", hmac, period_ms))

    def expire(self, hmac: bytes, period_ms: int) -> int:
        return self._ask(("expire", hmac, period_ms))

    def describe(self, owners: Sequence[Principal] | None) -> tuple[DelegationToken, ...]:
        self._ask(("describe", owners))
        return (TOKEN,)

    def _ask(self, request: object) -> int:
        self.asked.append(request)
        if self.failure:
            raise self.failure
        return HOUR


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import time

    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> FakeTokens:
    fake = FakeTokens()

    @contextmanager
    def opened(_: Brokers) -> Iterator[FakeTokens]:
        yield fake

    monkeypatch.setattr(delegation_tokens, "open_tokens", opened)
    return fake


def ktools(argv: str) -> int:
    return run(["delegation-tokens", *CLUSTER.split(), *argv.split()])


@pytest.mark.parametrize(
    ("argv", "request_"),
    [
        ("--describe", DescribeTokens(Brokers("b:9092"), ())),
        (
            "--describe --owner-principal User:alice --owner-principal= --owner-principal User:bob",
            DescribeTokens(Brokers("b:9092"), (ALICE, BOB)),
        ),
        ("--create --max-life-time-period -1", CreateToken(Brokers("b:9092"), None, (), -1)),
        (
            "-create -max-life-time-period=5 --owner-principal User:alice --renewer-principal User:bob",
            CreateToken(Brokers("b:9092"), ALICE, (BOB,), 5),
        ),
        (
            "--create --owner-principal --max-life-time-period 5 --renewer-principal",
            CreateToken(Brokers("b:9092"), None, (), 5),
        ),
        ("--renew --hmac a/+b --renew-time-period -1", MoveExpiry(Brokers("b:9092"), "renew", "a/+b", -1)),
        (
            "--expire --hmac ab --expiry-time-period 7 --renewer-principal User:a",
            MoveExpiry(Brokers("b:9092"), "expire", "ab", 7),
        ),
    ],
)
def test_requests(argv: str, request_: object, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def ask(request: object) -> object:
        asked.append(request)
        raise KafkaToolError("enough")

    for name in ("create", "move_expiry", "describe"):
        monkeypatch.setattr(delegation_tokens, name, ask)
    assert ktools(argv) == 1
    assert asked == [request_]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("", "Command must include exactly one action: --create, --renew, --expire or --describe"),
        ("--create --renew", "Command must include exactly one action: --create, --renew, --expire or --describe"),
        ("--create", 'Missing required argument "[max-life-time-period]"'),
        ("--renew --renew-time-period 5", 'Missing required argument "[hmac]"'),
        ("--expire --hmac a --renew-time-period 5", 'Missing required argument "[expiry-time-period]"'),
        ("--create --max-life-time-period 5 --hmac a", 'Option "[create]" can\'t be used with option "[hmac]"'),
        (
            "--renew --hmac a --renew-time-period 1 --owner-principal User:a",
            'Option "[renew]" can\'t be used with option "[owner-principal]"',
        ),
        (
            "--describe --expiry-time-period 1",
            'Option "[describe]" can\'t be used with option "[expiry-time-period]"',
        ),
        (
            "--renew --hmac a --hmac-file f --renew-time-period 1",
            'Option "[hmac]" can\'t be used with option "[hmac-file]"',
        ),
        ("--create --max-life-time-period x", "Cannot parse argument 'x' of option max-life-time-period"),
        ("--renew --hmac --renew-time-period 1", "Option hmac requires an argument"),
        ("--describe --owner-principal alice", "expected a string in format principalType:principalName but got alice"),
        ("--describe --owner alice", "owner is not a recognized option"),
    ],
)
def test_wrong_command_lines(argv: str, message: str, tokens: FakeTokens, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools(argv) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[0]) == ("", message)
    assert tokens.asked == []


def test_a_new_token(tokens: FakeTokens, capsys: pytest.CaptureFixture[str]) -> None:
    argv = "--create --max-life-time-period 9 --owner-principal User:alice --owner-principal User:bob"
    assert ktools(argv) == 0
    said = capsys.readouterr()
    assert said.out == (
        "Calling create token operation with renewers :[] , max-life-time-period :9\n"
        f"Created delegation token with tokenId : {TOKEN.token_id}\n\n{HEADING}{ROW}"
    )
    assert said.err == "A token has one owner: User:alice.\n"
    assert tokens.asked == [("create", ALICE, 9)]


def test_tokens(tokens: FakeTokens, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--describe") == 0
    calling = "Calling describe token operation for current user.\n"
    assert capsys.readouterr().out == f"{calling}Total number of tokens : 1\n{HEADING}{ROW}"
    assert ktools("--describe --owner-principal User:alice --output json") == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "token_id": TOKEN.token_id,
            "hmac": SECRET,
            "owner": "User:alice",
            "requester": "User:bob",
            "renewers": ["User:bob", "User:alice"],
            "issue_timestamp": 0,
            "expiry_timestamp": 2 * HOUR,
            "max_timestamp": 168 * HOUR,
        }
    ]
    assert tokens.asked == [("describe", None), ("describe", (ALICE,))]


@pytest.mark.usefixtures("tokens")
def test_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--describe --output table") == 0
    table = capsys.readouterr().out
    assert "expired" in table
    assert SECRET not in table
    assert ktools("--create --max-life-time-period 9 --output table") == 0
    assert SECRET in map(str.strip, capsys.readouterr().out.splitlines())
    assert ktools("--describe --columns owner,hmac --output csv") == 0
    assert capsys.readouterr().out == f"owner,hmac\nUser:alice,{SECRET}\n"


def test_another_expiry(tokens: FakeTokens, capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools(f"--renew --hmac {SECRET} --renew-time-period 5") == 0
    said = capsys.readouterr()
    assert said.out == (
        f"Calling renew token operation with hmac :{SECRET} , renew-time-period :5\n"
        "Completed renew operation. New expiry date : 1970-01-01T01:00"
    )
    assert "--hmac is a secret on the command line" in said.err
    assert SECRET not in said.err
    assert ktools(f"--expire --hmac {SECRET} --expiry-time-period -1 --output json") == 0
    assert json.loads(capsys.readouterr().out) == [{"expiry_timestamp": HOUR}]
    assert tokens.asked == [("renew", HMAC, 5), ("expire", HMAC, -1)]


def test_a_secret_from_elsewhere_is_shown_nowhere(
    tokens: FakeTokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "hmac"
    file.write_text(f"{SECRET}\n")
    file.chmod(0o644)
    assert ktools(f"--expire --hmac-file {file} --expiry-time-period -1") == 0
    said = capsys.readouterr()
    assert f"{file} holds a secret and everybody here can read it" in said.err
    assert SECRET not in said.out + said.err
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{SECRET}\n"))
    assert ktools("--renew --hmac-file - --renew-time-period 1") == 0
    said = capsys.readouterr()
    assert (SECRET in said.out, said.err) == (False, "")
    assert tokens.asked == [("expire", HMAC, -1), ("renew", HMAC, 1)]


@pytest.mark.parametrize(("stdin", "reason"), [("", "stdin is empty"), (None, "stdin is empty")])
def test_no_secret_on_stdin(
    stdin: str | None, reason: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None if stdin is None else io.StringIO(stdin))
    assert ktools("--renew --hmac-file - --renew-time-period 1") == 1
    assert capsys.readouterr().err == f"{reason}\n"


def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert ktools("--renew --hmac-file /nowhere --renew-time-period 1") == 1
    assert capsys.readouterr().err == "cannot read /nowhere: No such file or directory\n"


def test_failures(tokens: FakeTokens, capsys: pytest.CaptureFixture[str]) -> None:
    tokens.failure = BrokerError(62)
    assert ktools("--renew --hmac aaaa --renew-time-period 5") == 1
    said = capsys.readouterr()
    assert said.out == "Calling renew token operation with hmac :aaaa , renew-time-period :5\n"
    assert said.err.splitlines()[0] == (
        "org.apache.kafka.common.errors.DelegationTokenNotFoundException: Delegation Token is not found on server."
    )
    assert ktools("--renew --hmac a!aa --renew-time-period 5 --output json") == 1
    said = capsys.readouterr()
    assert (said.out, said.err.splitlines()[0]) == ("[]\n", "Illegal base64 character 21")
    tokens.failure = BrokerError(99, "Something new.")
    assert ktools("--describe --output table") == 1
    assert (capsys.readouterr()) == ("", "Something new.\n")


def test_a_guarded_cluster(
    tokens: FakeTokens, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    edit_contexts.add(Context("prod", "", "b:9092", read_only=True))
    for argv in (
        "--create --max-life-time-period 1",
        "--renew --hmac aaaa --renew-time-period 1 --yes",
        "--expire --hmac aaaa --expiry-time-period 1",
    ):
        assert ktools(argv) == 1
        assert capsys.readouterr().err == "context prod is read-only: nothing was changed\n"
    assert tokens.asked == []
    assert ktools("--describe") == 0


def test_times_that_no_calendar_has() -> None:
    assert delegation_tokens.date(2**63 - 1) == f"{2**63 - 1} ms"
    assert delegation_tokens.date(-1) == "1969-12-31T23:59"
