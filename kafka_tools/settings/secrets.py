"""Secrets among the settings: which they are, how they are shown and asked for, and where others could read them."""

import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator

from kafka_tools.errors import KafkaToolError, UsageError, nearest
from kafka_tools.model.addresses import KAFKA_PORT, MASK, parse, without_secrets
from kafka_tools.model.folders import MOST_BYTES_OF_TEXT, read_text, why_unread
from kafka_tools.model.security import Security, Tls
from kafka_tools.model.shown import safe
from kafka_tools.settings import jaas
from kafka_tools.settings.values import COMMAND_SUFFIX, REFERENCE, Setting, Values

SECRET = re.compile(r"pass|pwd|secret|credential|jaas|user\.info|token$|\.key(\.pem)?$|_command$", re.IGNORECASE)
WORDS = ("password", "passphrase", "passwd", "secret", "credentials", "token")
"""What stands in the name of a secret, perhaps misspelled (`sasl.pasword`)."""

WRITTEN_OUT = re.compile(r"(password|secret)\w{0,64}\s{0,64}=\s{0,64}[\"'](?!\$\{)", re.IGNORECASE)
"""An option of a JAAS file with a secret that is no reference. Bounded: `passwordpassword…` took the square of time."""

LIKENESS = 0.75
IN_CLEAR = ("PLAIN", "OAUTHBEARER")
COMMAND_LINE = "the command line"
"""The source of a setting of -X, --property and their like."""

ON_COMMAND_LINE = "a secret on the command line: others can see it, and the shell's history keeps it"
STDIN = "-"
"""The file that stands for stdin."""


def is_secret(name: str) -> bool:
    """Say whether the value of the setting `name` must never be shown; so is a program that prints one.

    A name that neither Java's clients nor librdkafka know is one, too, where a part of it looks like one's.
    """
    return SECRET.search(name) is not None or _looks_like_one(name)


def _looks_like_one(name: str) -> bool:
    import difflib

    from kafka_tools.settings.librdkafka import KNOWN

    # Known names are decided by SECRET alone: sasl.oauthbearer.token.endpoint.url looks like a token and is none.
    if name in KNOWN:
        return False
    parts = re.split(r"[^a-z]+", name.lower())
    if any(len(part) > 3 and difflib.get_close_matches(part, WORDS, 1, LIKENESS) for part in parts):
        return True
    near = nearest(name, KNOWN, likeness=LIKENESS)
    return bool(near) and SECRET.search(near[0]) is not None


def holds_secret(name: str, value: str) -> bool:
    """Say whether a secret itself stands in the value, not a reference to one nor a program that prints it."""
    # The program is shown to nobody (its arguments may be secret), but it is not the secret itself.
    if name.endswith(COMMAND_SUFFIX):
        return False
    if not is_secret(name):
        return without_secrets(value) != value
    if not name.endswith("jaas.config"):
        return REFERENCE.sub("", value).strip() != ""
    try:
        options = jaas.parse(value).options
    except ValueError:
        return True
    return any(holds_secret(option, text) for option, text in options.items())


def shown(name: str, value: str) -> str:
    """Return the value as it may be shown: of a secret only a reference to it, of a URL no user, password and query."""
    if is_secret(name) and (name.endswith(COMMAND_SUFFIX) or not REFERENCE.fullmatch(value)):
        return MASK
    return without_secrets(value)


def asking(address: str, source: str) -> Callable[[str], str]:
    """Return a function that asks for a user's password where a person sits at a terminal, and else returns "".

    The question names the server and who named it: a repository's file may have chosen both.
    """

    named_by = f" ({source})" if source else ""
    return lambda user: typed(f"Password of {user} at {address}{named_by}: ")


def typed(question: str) -> str:
    """Ask for a secret, which is not shown, where a person sits at a terminal; return "" where nobody does."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        return ""
    from getpass import getpass

    return getpass(safe(question))


def of_option(name: str, value: str | None, path: str | None) -> tuple[str, tuple[str, ...]]:
    """Return the secret of an option --NAME VALUE ("": a person is asked for it) or --NAME-file PATH (-: stdin), and
    sentences about who else can read it. Raises KafkaToolError where there is none."""
    hint = f"--{name}-file FILE, or - for stdin, takes it from elsewhere."
    if value:
        return value, (f"--{name} is {ON_COMMAND_LINE}. {hint}",)
    # At a terminal stdin is asked, too: what is typed there would be shown.
    if path is not None and not (path == STDIN and sys.stdin and sys.stdin.isatty()):
        return _of_file(path)
    secret = typed(f"{name}: ").strip()
    if not secret:
        raise UsageError(f"Option {name} requires an argument", hint)
    return secret, ()


def _of_file(path: str) -> tuple[str, tuple[str, ...]]:
    called = "stdin" if path == STDIN else path
    try:
        text = (sys.stdin.read(MOST_BYTES_OF_TEXT) if sys.stdin else "") if path == STDIN else read_text(path)
    except (OSError, ValueError) as error:
        raise KafkaToolError(f"cannot read {called}: {why_unread(error)}") from error
    if not text.strip():
        raise KafkaToolError(f"{called} is empty")
    return text.strip(), tuple(_readable(path))


def _readable(path: str) -> Iterator[str]:
    """Yield a sentence where everybody on this machine can read a file with a secret."""
    # Everybody, not the group: with a umask of 002, the default of many systems, each user is a group of one.
    if _mode(path) & stat.S_IROTH:
        yield f"{path} holds a secret and everybody here can read it: chmod 600 {path}"


def exposed(settings: Iterable[Setting], values: Values, files: Iterable[str] = ()) -> Iterator[str]:
    """Yield a sentence for each secret of `settings` that others on this machine can read, and for each file of theirs
    that others can change; `files` are more of these.

    What stands in a repository is no secret of this user's: who may read it is not looked at.
    """
    settings = list(settings)
    holding = [each for each in settings if holds_secret(each.name, each.value)]
    for setting in holding:
        if setting.source == COMMAND_LINE:
            yield f"{setting.name} is {ON_COMMAND_LINE}"
    with_secret = [each.file for each in holding if each.file]
    jaas_file = jaas.login_file(values)
    named = [*with_secret, *_secret_files(settings), *(_in_jaas_file(jaas_file) if jaas_file else ())]
    # A repository is there for others to read; that they may also change it matters all the same.
    named = [] if values.access.folder else named
    for path in dict.fromkeys(named):
        yield from _readable(path)
    for path in dict.fromkeys((*named, *(each.file for each in settings if each.file), jaas_file, *files)):
        if path and _mode(path) & stat.S_IWOTH:
            yield f"everybody here can change {path}, and so send you and your password anywhere: chmod go-w {path}"


def _secret_files(settings: Iterable[Setting]) -> Iterator[str]:
    for setting in settings:
        if is_secret(setting.name):
            yield from _referenced(setting.value)


def _in_jaas_file(path: str) -> Iterator[str]:
    """Yield the JAAS file where it holds a secret itself, and the files that it refers to."""
    try:
        text = read_text(path, errors="replace")
    except (OSError, ValueError):
        return
    if WRITTEN_OUT.search(text):
        yield path
    yield from _referenced(text)


def _referenced(text: str) -> Iterator[str]:
    for kind, where in REFERENCE.findall(text):
        if kind == "file":
            # FILE or FILE:KEY, as `values` reads them.
            path = os.path.expanduser(where)
            yield path if os.path.exists(path) else path.rpartition(":")[0]


def _mode(path: str) -> int:
    """Return the file's permissions; of a folder, a device, and what is not there none."""
    try:
        found = os.stat(path).st_mode
    except OSError:
        return 0
    return found if stat.S_ISREG(found) else 0


def unprotected(how: Security, servers: str) -> Iterator[str]:
    """Yield a sentence for what lets others on the network read a secret or pose as the cluster."""
    if how.tls is not None:
        yield from unchecked(how.tls)
    sasl = how.sasl
    if sasl is None:
        return
    # SCRAM sends a proof, not the password; whoever reads along can only guess it.
    if how.tls is None and sasl.mechanism in IN_CLEAR and not _all_here(servers.split(",")):
        yield f"{sasl.mechanism} without TLS sends the secret in clear over the network: use SASL_SSL"
    if sasl.oauth and sasl.oauth.token_endpoint.lower().startswith("http://"):
        host = re.split(r"[/?#]", sasl.oauth.token_endpoint[len("http://") :])[0].rpartition("@")[2]
        if sasl.oauth.client_secret and not _all_here([host]):
            yield "the token endpoint's URL is http: the client's secret goes in clear over the network"


def unchecked(tls: Tls) -> Iterator[str]:
    """Yield a sentence for each check of the server's certificate that is switched off."""
    if not tls.verify:
        yield "the server's certificate is not verified: anybody can pose as the cluster"
    elif not tls.check_hostname:
        yield "the server's name is not checked: whoever has any trusted certificate can pose as the cluster"


def _all_here(servers: Iterable[str]) -> bool:
    """Say whether all servers are on this machine."""
    hosts = [(parse(each.strip(), KAFKA_PORT) or (each, 0))[0].lower() for each in servers]
    return all(host in ("localhost", "::1") or host.startswith("127.") for host in hosts)
