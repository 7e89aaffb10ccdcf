"""The line `sasl.jaas.config`: one login module with its options.

Source: org.apache.kafka.common.security.JaasConfig 3.9.1, which reads it with java.io.StreamTokenizer: the same quotes,
escapes and comments, and a bare number is no value.
"""

import os
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.folders import read_text
from kafka_tools.settings.values import Values, resolved

FLAGS = ("REQUIRED", "REQUISITE", "SUFFICIENT", "OPTIONAL")
ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
OCTAL = "01234567"
LINE_END = re.compile(r"[\r\n]")


class LoginModule(NamedTuple):
    """A login module (a Java class) and its options, which may be secret."""

    name: str
    options: Mapping[str, str]

    def __repr__(self) -> str:
        return f"LoginModule({self.name}, {len(self.options)} options)"


class _Token(NamedTuple):
    """What StreamTokenizer calls ttype ("word", "number", a quote, any other character; "" at the end) and sval."""

    kind: str
    text: str | None = None

    def __repr__(self) -> str:
        return f"_Token({self.kind})"


def parse(line: str) -> LoginModule:
    """Return the login module of `line`. Raises ValueError, whose words repeat nothing of the line: it has secrets."""
    tokens = _tokens(line)
    # Kafka takes exactly one module here (JaasContext.load 3.9.1), though JAAS itself would try several.
    modules = []
    while (first := next(tokens)).kind:
        modules.append(_module(first, tokens))
    if len(modules) != 1:
        raise ValueError(f"exactly one login module is needed, {len(modules)} are there")
    return modules[0]


def parse_file(text: str, section: str) -> LoginModule | None:
    """Return the first login module of a section of a JAAS file (java.security.auth.login.config); None where there is
    no such section. Raises ValueError as `parse` does."""
    tokens = _tokens(text)
    while (token := next(tokens)).kind:
        # Other sections are read past token by token: a brace in a quoted password is none.
        if token.text == section and next(tokens).kind == "{":
            return _module(next(tokens), tokens)
    return None


def _module(first: _Token, tokens: Iterator[_Token]) -> LoginModule:
    flag = next(tokens).text
    if first.text is None or flag is None or flag.upper() not in FLAGS:
        raise ValueError("it must begin with a login module and 'required'")
    options: dict[str, str] = {}
    while (name := next(tokens)).kind not in ("", ";"):
        equals = next(tokens)
        value = next(tokens) if equals.kind == "=" else equals
        # The number of the option, not its name: where a quote is missing, the name is a piece of the password.
        if equals.kind != "=" or value.text is None:
            raise ValueError(f"option {len(options) + 1} has no value, or one that needs quotes")
        options[name.text or ""] = value.text
    if not name.kind:
        raise ValueError("it does not end with a semicolon")
    return LoginModule(first.text, options)


def _tokens(line: str) -> Iterator[_Token]:
    """Yield the tokens, then the end for ever."""
    at = 0
    while at < len(line):
        letter = line[at]
        # Blanks, words and numbers are what java.io.StreamTokenizer takes for them, with the letters `-`, `_` and `$`
        # that JaasConfig adds to words.
        if letter <= " ":
            at += 1
        elif letter == "/":
            at = _after_comment(line, at)
        elif letter in "\"'":
            text, at = _quoted(line, at)
            yield _Token(letter, text)
        elif letter in "-.0123456789":
            end = _after_number(line, at)
            yield _Token("number" if end > at else letter)
            at = max(end, at + 1)
        elif _is_word(letter):
            end = at + 1
            while end < len(line) and (_is_word(line[end]) or line[end] in ".0123456789"):
                end += 1
            yield _Token("word", line[at:end])
            at = end
        else:
            yield _Token(letter)
            at += 1
    while True:
        yield _Token("")


def _is_word(letter: str) -> bool:
    return (letter.isascii() and letter.isalpha()) or letter in "-_$" or letter >= "\xa0"


def _after_number(line: str, at: int) -> int:
    """Return where the number that begins at `at` ends (digits, at most one dot); `at` for a dash that begins none."""
    end = at + (line[at] == "-")
    if line[end : end + 1] not in tuple(".0123456789"):
        return at
    dots = 0
    while end < len(line) and ((line[end].isdecimal() and line[end].isascii()) or (line[end] == "." and not dots)):
        dots += line[end] == "."
        end += 1
    return end


def _after_comment(line: str, at: int) -> int:
    """Skip `/* … */`; any other slash begins a comment to the end of its line (it may be the next letter)."""
    if line.startswith("/*", at):
        end = line.find("*/", at + 2)
        return len(line) if end < 0 else end + 2
    found = LINE_END.search(line, at + 2)
    return found.start() if found else len(line)


def _quoted(line: str, at: int) -> tuple[str, int]:
    """Return the text in quotes that begins at `at` and where it ends: at its quote, or with the line."""
    quote, at, letters = line[at], at + 1, []
    while at < len(line) and line[at] not in (quote, "\n", "\r"):
        if line[at] == "\\" and at + 1 < len(line):
            letter, at = _escaped(line, at + 1)
        else:
            letter, at = line[at], at + 1
        letters.append(letter)
    return "".join(letters), at + (line[at : at + 1] == quote)


def _escaped(line: str, at: int) -> tuple[str, int]:
    """Return what stands behind a backslash: `\\n`, up to three octal digits, or the letter itself."""
    if line[at] not in OCTAL:
        return ESCAPES.get(line[at], line[at]), at + 1
    # As in C and Java: \477 would be more than a byte, so that only \47 is taken.
    most = 3 if line[at] <= "3" else 2
    end = at + 1
    while end < min(len(line), at + most) and line[end] in OCTAL:
        end += 1
    return chr(int(line[at:end], 8)), end


LOGIN_CONFIG = "java.security.auth.login.config"


def system_properties() -> dict[str, str]:
    """Return what KAFKA_OPTS sets by -DNAME=VALUE."""
    # Split at blanks, as kafka-run-class.sh does: it has KAFKA_OPTS without quotes on Java's command line.
    options = (word[2:].partition("=") for word in os.environ.get("KAFKA_OPTS", "").split() if word.startswith("-D"))
    return {name: value for name, _, value in options}


def login_file(values: Values) -> str:
    """Return the JAAS file that the settings name or, where it counts, KAFKA_OPTS; "" without one."""
    path = values.text(LOGIN_CONFIG)
    return path or (system_properties().get(LOGIN_CONFIG, "") if values.access.kafka_opts else "")


def login_module(values: Values, section: str) -> tuple[str, dict[str, str]]:
    """Return the login module's class in a section of the JAAS file, and its options; "" and none without one.

    Raises KafkaToolError for a file that cannot be read, or that refers to what it may not; its words have nothing of
    the file.
    """
    path = login_file(values)
    if not path:
        return "", {}
    try:
        module = parse_file(read_text(path, errors="replace"), section)
    except OSError as error:
        raise KafkaToolError(f"cannot read {path}: {error.strerror or error}") from None
    except ValueError as error:
        raise KafkaToolError(f"{path}: {error}") from None
    if module is None:
        return "", {}
    # References are replaced here, after the file was taken apart: a password with a quote or `;` in it needs no
    # escapes, and cannot add an option.
    options = module.options.items()
    return module.name, {name: resolved(f"{path} {name}", value, values.access) for name, value in options}
