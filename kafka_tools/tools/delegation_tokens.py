"""`ktools delegation-tokens`: kafka-delegation-tokens.sh (org.apache.kafka.tools.DelegationTokenCommand, Kafka 3.9).

The HMAC of a token is its secret: it is printed where Apache's tool prints it, and nowhere else.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

import click

from kafka_tools.backends import open_tokens
from kafka_tools.cli import options, types
from kafka_tools.cli.command import ErrorStyle, ToolCommand, conflict, flag
from kafka_tools.cli.options import CHANGES, FILTERS, option
from kafka_tools.errors import BrokerError, KafkaToolError, UsageError, as_java_prints
from kafka_tools.model.addresses import MASK
from kafka_tools.model.target import Brokers
from kafka_tools.model.tokens import DelegationToken, Principal, parse_hmac, parse_principal
from kafka_tools.report import Report
from kafka_tools.settings import choice as settings
from kafka_tools.settings.context_policy import check_change

if TYPE_CHECKING:
    from kafka_tools.brokers.tokens import BrokerTokens
    from kafka_tools.render.views import Mark, Table

Action = Literal["create", "renew", "expire", "describe"]

ONLY_WITH = {
    "max_life_time_period": ("create",),
    "renewer_principal": ("create",),
    "owner_principal": ("create", "describe"),
    "renew_time_period": ("renew",),
    "expiry_time_period": ("expire",),
    "hmac": ("renew", "expire"),
    "hmac_file": ("renew", "expire"),
    "yes": ("create", "renew", "expire"),
}
"""Option -> the actions that take it."""

REQUIRED = {
    "create": ("max_life_time_period",),
    "renew": ("hmac", "renew_time_period"),
    "expire": ("hmac", "expiry_time_period"),
}
IGNORED = {("renewer_principal", "expire"), ("renewer_principal", "describe")}
"""Options that 3.9's checkArgs forgot to refuse: they are taken, without effect."""

HINTS = {
    61: "All brokers need the same delegation.token.secret.key (before Kafka 3.0 delegation.token.master.key).",
    64: "Log in with a password or a certificate, not with a token: --command-config FILE.",
    65: "It needs CREATE_TOKENS on the user who will own it.",
    67: "Principals of tokens have the type User: User:alice.",
}

HEADINGS = ("TOKENID", "HMAC", "OWNER", "REQUESTER", "RENEWERS", "ISSUEDATE", "EXPIRYDATE", "MAXDATE")
LAYOUT = "%-15s %-30s %-15s %-15s %-25s %-15s %-15s %-15s"
COLUMNS = {
    "token_id": "Token",
    "owner": "Owner",
    "requester": "Requester",
    "renewers": "Renewers",
    "issue_timestamp": "Issued",
    "expiry_timestamp": "Expires",
    "max_timestamp": "Life ends",
}
VIEW_COLUMNS = {
    "token_id": "Token",
    "owner": "Owner",
    "requester": "Requester",
    "renewers": "Renewers",
    "issued": "Issued",
    "left": "Expires",
    "expires": "At",
    "ends": "Life ends",
}
EXPIRY_COLUMNS = {"expiry_timestamp": "Expires"}
# In ms, the longest first: the first that fits is the one that is shown.
SPANS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s"))
SOON_MS = 3_600_000


class CreateToken(NamedTuple):
    """Creates a token for `owner` (None: for whoever is logged in).

    With all renewals it lives `max_life_ms` at most; -1: as long as the brokers allow.
    """

    target: Brokers
    owner: Principal | None
    renewers: tuple[Principal, ...]
    max_life_ms: int


class MoveExpiry(NamedTuple):
    """Has a token expire `period_ms` after now; -1: to renew it for the brokers' own period, to expire it at once.

    `is_shown`: the secret stood on the command line, and the first line repeats it, as Apache's tool does.
    """

    target: Brokers
    action: Literal["renew", "expire"]
    hmac: str
    period_ms: int
    is_shown: bool = True

    # Without the HMAC: what --debug and tracebacks show of a request must not log anybody in.
    def __repr__(self) -> str:
        return f"MoveExpiry(action={self.action!r}, period_ms={self.period_ms})"


class DescribeTokens(NamedTuple):
    """Asks for the tokens of these owners; of nobody in particular: for all that the user may see."""

    target: Brokers
    owners: tuple[Principal, ...]


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token for programs: `hmac` in base64, times in ms since 1970."""

    token_id: str
    hmac: str
    owner: str
    requester: str
    renewers: tuple[str, ...]
    issue_timestamp: int
    expiry_timestamp: int
    max_timestamp: int

    @classmethod
    def of(cls, token: DelegationToken) -> "TokenRow":
        """Return the row of a token."""
        return cls(
            token.token_id,
            token.hmac_as_base64,
            str(token.owner),
            str(token.requester),
            tuple(map(str, token.renewers)),
            token.issue_timestamp,
            token.expiry_timestamp,
            token.max_timestamp,
        )


@dataclass(frozen=True, slots=True)
class ExpiryRow:
    """When a token expires now, in ms since 1970."""

    expiry_timestamp: int


def check(action: str, given: frozenset[str]) -> None:
    """Raise UsageError in Apache's words for options that are missing or do not go with the action."""
    # What is missing is told before what is too much, as by DelegationTokenCommand.checkArgs (3.9).
    for name in REQUIRED.get(action, ()):
        if name not in given and not (name == "hmac" and "hmac_file" in given):
            raise UsageError(f'Missing required argument "[{flag(name)}]"')
    for name, actions in ONLY_WITH.items():
        if name in given and action not in actions and (name, action) not in IGNORED:
            raise conflict(action, name)
    if {"hmac", "hmac_file"} <= given:
        raise conflict("hmac", "hmac_file")


def _principals(texts: Sequence[str]) -> tuple[Principal, ...]:
    # An option without a value is as if it were not there (joptsimple's withOptionalArg).
    return tuple(parse_principal(text) for text in texts if text)


@click.command(
    "delegation-tokens",
    cls=ToolCommand,
    help="Create, renew, expire and describe delegation tokens: credentials that log a client in as their owner for "
    "a time. Needs brokers with delegation.token.secret.key, and a login by SASL or a certificate.",
    purpose="This tool helps to create, renew, expire, or describe delegation tokens.",
    only_with=ONLY_WITH,
    check=check,
    error_style=ErrorStyle(""),
)
@options.action("--create", "Create a token.")
@options.action("--renew", "Let a token expire later.")
@options.action("--expire", "Let a token expire sooner, or at once.")
@options.action("--describe", "Show tokens.")
@options.bootstrap_server
@options.command_config
@options.client_settings
@options.wait
@option(
    CHANGES,
    "--max-life-time-period",
    type=types.LONG,
    metavar="MS",
    help="How long the new token lives at most, renewals included; -1: delegation.token.max.lifetime.ms.",
)
@option(
    CHANGES,
    "--renewer-principal",
    type=types.TOKEN_PRINCIPAL,
    multiple=True,
    bare="",
    help="Who may renew the new token beside its owner, as User:alice. May be repeated.",
)
@option(
    FILTERS,
    "--owner-principal",
    type=types.TOKEN_PRINCIPAL,
    multiple=True,
    bare="",
    help="Whose tokens to show, as User:alice; may be repeated. With --create the owner of the new token. "
    "Default: all that you may see; a token for yourself.",
)
@option(
    CHANGES,
    "--renew-time-period",
    type=types.LONG,
    metavar="MS",
    help="How long after now the token expires; -1: delegation.token.expiry.time.ms.",
)
@option(
    CHANGES,
    "--expiry-time-period",
    type=types.LONG,
    metavar="MS",
    help="How long after now the token expires; -1: at once.",
)
@option(
    CHANGES,
    "--hmac",
    type=types.SECRET,
    bare="",
    help="The HMAC of the token to change, its secret. Without a value you are asked for it.",
)
@option(CHANGES, "--hmac-file", type=types.FILE, help="A file with the HMAC; - is stdin.")
@option(CHANGES, "--yes", help="Go on without a question: change a protected cluster.")
def command(
    *,
    action: Action,
    bootstrap_server: str | None,
    command_config: str | None,
    client_settings: tuple[str, ...],
    wait: float | None,
    max_life_time_period: int | None,
    renewer_principal: tuple[str, ...],
    owner_principal: tuple[str, ...],
    renew_time_period: int | None,
    expiry_time_period: int | None,
    hmac: str | None,
    hmac_file: str | None,
    yes: bool,
) -> Report:
    """Choose the cluster, and run the action."""
    target = settings.choose_brokers(bootstrap_server, command_config, client_settings, wait or 0.0)
    owners, renewers = _principals(owner_principal), _principals(renewer_principal)
    if action == "describe":
        return describe(DescribeTokens(target, owners))
    target = check_change(target, yes)
    if action == "create":
        report = create(CreateToken(target, owners[0] if owners else None, renewers, max_life_time_period or 0))
        # As 3.9's createToken, which says nothing.
        return report._replace(notes=(f"A token has one owner: {owners[0]}.",)) if len(owners) > 1 else report
    # Only now: it may ask for the secret, which should not be typed for a command line that is refused.
    from kafka_tools.settings.secrets import of_option

    secret, warnings = of_option("hmac", hmac, hmac_file)
    period = renew_time_period if action == "renew" else expiry_time_period
    report = move_expiry(MoveExpiry(target, action, secret, period or 0, is_shown=bool(hmac)))
    if report.failure is None:
        return report._replace(notes=warnings)
    # Behind the failure: scripts look for that one in the first line.
    hint = " ".join(filter(None, (report.failure.hint, *warnings)))
    return report._replace(failure=KafkaToolError(report.failure.message, hint))


def create(request: CreateToken) -> Report:
    """Create a token and return it with its secret. Apache's line of what is asked stands before a failure, too."""
    renewers = ", ".join(map(str, request.renewers))
    calling = (
        f"Calling create token operation with renewers :[{renewers}] , max-life-time-period :{request.max_life_ms}"
    )

    def made(tokens: "BrokerTokens") -> Report:
        row = TokenRow.of(tokens.create(request.owner, request.renewers, request.max_life_ms))
        # printToken (3.9) begins with a newline of its own: behind a whole line it leaves one empty.
        lines = (f"Created delegation token with tokenId : {row.token_id}", "", *token_lines([row]))
        return Report([row], COLUMNS, lines, lambda: [_table([row]), _secret(row)])

    return _asked(request.target, calling, made)


def move_expiry(request: MoveExpiry) -> Report:
    """Renew a token, or let it expire, and return when it expires now; a failure is told as by `create`."""
    name, period = request.action, request.period_ms
    shown = request.hmac if request.is_shown else MASK
    calling = f"Calling {name} token operation with hmac :{shown} , {name}-time-period :{period}"

    def moved(tokens: "BrokerTokens") -> Report:
        expiry = (tokens.renew if name == "renew" else tokens.expire)(parse_hmac(request.hmac), period)
        return Report(
            rows=[ExpiryRow(expiry)],
            columns=EXPIRY_COLUMNS,
            plain=[f"Completed {name} operation. New expiry date : {date(expiry)}"],
            tables=lambda: [_expiry_table(expiry)],
            # Java's printf has no newline at the end of this line.
            open_ended=True,
        )

    return _asked(request.target, calling, moved)


def describe(request: DescribeTokens) -> Report:
    """Return the tokens of the owners, or all that the user may see; a failure is told as by `create`."""
    whose = f"owners: [{', '.join(map(str, request.owners))}]" if request.owners else "current user."
    calling = f"Calling describe token operation for {whose}"

    def described(tokens: "BrokerTokens") -> Report:
        # Without owners 3.9 and 4.4 ask for those of nobody (an empty list, not null), and so show none, though their
        # --help promises what is shown here.
        found = tokens.describe(request.owners or None)
        rows = list(map(TokenRow.of, found))
        note = "Their HMACs, which are secret, are in --output plain and json." if rows else "No tokens."
        lines = (f"Total number of tokens : {len(rows)}", *token_lines(rows))
        return Report(rows, COLUMNS, lines, lambda: [_table(rows, note)])

    return _asked(request.target, calling, described)


def _asked(target: Brokers, calling: str, ask: "Callable[[BrokerTokens], Report]") -> Report:
    """Ask, and return the report with the line that Apache's tool prints before it does so."""
    try:
        with open_tokens(target) as tokens:
            report = ask(tokens)
    except KafkaToolError as error:
        # Apache's tool prints what it asks before it does: the line is on stdout, and the failure behind it on stderr.
        return Report((), {}, [calling], tables=tuple, failure=_in_apaches_words(error))
    return report._replace(plain=[calling, *report.plain])


def _in_apaches_words(error: KafkaToolError) -> KafkaToolError:
    if not isinstance(error, BrokerError):
        return error
    return KafkaToolError(as_java_prints(error), error.hint or HINTS.get(error.code, ""))


def token_lines(rows: Iterable[TokenRow]) -> Iterator[str]:
    """Yield Apache's table of tokens (DelegationTokenCommand.printToken, 3.9); times are local."""
    # An HMAC has 88 characters, so that the columns behind it stand out of line, with Apache's tool as well.
    yield LAYOUT % HEADINGS
    for row in rows:
        # Java's format is `%n…%n`: each row has a newline before it, too.
        yield ""
        times = map(date, (row.issue_timestamp, row.expiry_timestamp, row.max_timestamp))
        yield LAYOUT % (row.token_id, row.hmac, row.owner, row.requester, f"[{', '.join(row.renewers)}]", *times)


def date(timestamp: int) -> str:
    """Return a time in ms since 1970 as Apache's tool prints it: local, without seconds and zone."""
    try:
        return f"{datetime.fromtimestamp(timestamp // 1000):%Y-%m-%dT%H:%M}"
    except (ValueError, OverflowError, OSError):  # after the year 9999
        return f"{timestamp} ms"


@dataclass(frozen=True, slots=True)
class TokenView:
    """One token for a person, without its secret."""

    token_id: str
    owner: str
    requester: str
    renewers: tuple[str, ...]
    issued: str
    left: "Mark"
    expires: str
    ends: str


@dataclass(frozen=True, slots=True)
class ExpiryView:
    """When a token expires, for a person."""

    left: "Mark"
    expires: str


def _table(rows: Sequence[TokenRow], note: str = "") -> "Table":
    from kafka_tools.render.views import Mark, Table

    views = [
        TokenView(
            row.token_id,
            row.owner,
            row.requester,
            row.renewers,
            _minute(row.issue_timestamp),
            _left(row.expiry_timestamp),
            _minute(row.expiry_timestamp),
            _minute(row.max_timestamp),
        )
        for row in rows
    ]
    return Table(views, VIEW_COLUMNS, spare=("issued", "requester", "ends"), notes=[Mark(note)] if note else ())


def _secret(row: TokenRow) -> "Table":
    """Return a token's secret, which is whole there however narrow the terminal is: a word in a table is not broken."""
    from kafka_tools.render.views import Mark, Table

    how = f"Whoever has it logs in as {row.owner}: SCRAM, the token as user, the HMAC as password, tokenauth=true."
    return Table([row], {"hmac": "HMAC, a secret"}, notes=[Mark(how)])


def _expiry_table(timestamp: int) -> "Table":
    from kafka_tools.render.views import Table

    return Table([ExpiryView(_left(timestamp), _minute(timestamp))], {"left": "Expires", "expires": "At"})


def _left(timestamp: int) -> "Mark":
    """Return how long a token can be used from now on."""
    from kafka_tools.render.views import Mark, level

    # By this machine's clock, which may differ from the brokers', who decide.
    left = timestamp - int(time.time() * 1000)
    size, unit = next((span for span in SPANS if left >= span[0]), SPANS[-1])
    return Mark(f"in {left // size} {unit}" if left > 0 else "expired", level(left <= 0, left < SOON_MS))


def _minute(timestamp: int) -> str:
    return date(timestamp).replace("T", " ")
