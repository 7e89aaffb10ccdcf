"""joptsimple's rules for a command line, as Apache's tools use it (joptsimple 5.0, `OptionParser(false)`)."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import click

from kafka_tools.errors import KafkaToolError, UsageError, nearest


def canonical(params: Sequence[click.Parameter], args: Sequence[str]) -> list[str]:
    """Rewrite `args` into the one spelling click reads: `--name` for a flag, `--name=value` for the rest.

    `-list` and `--list=true` mean `--list`, a value may begin with a dash, what is not an option is ignored, and
    nothing is abbreviated. Raises UsageError in joptsimple's words.
    """
    options = {name.lstrip("-"): param for param in params if isinstance(param, click.Option) for name in param.opts}
    seen: list[click.Option] = []
    result: list[str] = []
    for option, value in _options(options, deque(args)):
        if not option.multiple and not option.is_flag and option in seen:
            raise KafkaToolError(f"Found multiple arguments for option {_name(option)}, but you asked for only one")
        seen.append(option)
        result.append(option.opts[0] if value is None else f"{option.opts[0]}={value}")
    return result


def _options(options: dict[str, click.Option], tokens: deque[str]) -> Iterator[tuple[click.Option, str | None]]:
    while tokens:
        token = tokens.popleft()
        if token == "--":
            return
        if not token.startswith("-") or token == "-":
            continue
        name, _, attached = token.lstrip("-").partition("=")
        option = options.get(name)
        if option is None:
            raise _unrecognized(options, name)
        yield option, None if option.is_flag else _value(option, attached, tokens)


def _value(option: click.Option, attached: str, tokens: deque[str]) -> str | None:
    if attached:
        return attached
    if isinstance(option.flag_value, str):  # gzip when --compression-codec is given bare
        return tokens.popleft() if tokens and not tokens[0].startswith("-") else None
    if not tokens:
        raise UsageError(f"Option {_name(option)} requires an argument")
    return tokens.popleft()


def _name(option: click.Option) -> str:
    return option.opts[0].lstrip("-")


def _unrecognized(options: dict[str, click.Option], name: str) -> UsageError:
    near = nearest(name, options)
    return UsageError(f"{name} is not a recognized option", f"Did you mean --{near[0]}?" if near else "")


class JavaInteger(click.ParamType[int]):
    """A whole number of Java's `int` (32 bits) or `long` (64 bits), refused in joptsimple's words."""

    name = "integer"

    def __init__(self, bits: int = 32) -> None:
        self.bits = bits

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; raises UsageError where Java's `valueOf` would refuse."""
        text = str(value)
        digits = text.removeprefix("-") if text.startswith("-") else text.removeprefix("+")
        limit = 1 << (self.bits - 1)
        if digits.isdecimal() and digits.isascii() and -limit <= int(text) < limit:
            return int(text)
        name = _name(param) if isinstance(param, click.Option) else "?"
        raise KafkaToolError(f"Cannot parse argument '{text}' of option {name}")
