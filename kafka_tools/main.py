"""The entry point: the last word on Ctrl-C, broken pipes and bugs, and the only exit."""

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

INTERRUPTED = 130
BUG = 70


def main() -> NoReturn:
    """Run `ktools` with the process's arguments and end with its status.

    The process ends without taking the interpreter apart, which would take a tenth of a short command's time.
    """
    gc.disable()  # one command makes hardly any garbage; looking for it takes another tenth
    status = run(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError):  # closed or gone: `run` has said so where it mattered
            stream.flush()
    os._exit(status)


def run(args: Sequence[str]) -> int:
    """Run one command line and return its exit status."""
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if sys.stdout is None:
        sys.stderr.write("ktools: stdout is closed: nothing was done\n")
        return 1
    try:
        status = _invoke(args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return 0
    except OSError as error:
        _silence_stdout()
        sys.stderr.write(f"ktools: {': '.join(filter(None, (error.filename, error.strerror))) or error}\n")
        return 1
    except Exception as error:  # noqa: BLE001  the outermost handler: a bug is told in one line
        return _bug(error, args)
    return status


def _invoke(args: Sequence[str]) -> int:
    from kafka_tools.cli.group import run_tool  # here, so that Ctrl-C during imports is as quiet as later
    from kafka_tools.errors import KafkaToolError

    try:
        return run_tool(args)
    except KafkaToolError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.status


def _silence_stdout() -> None:
    """Keep the interpreter's last flush from complaining about a stdout that is gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bug(error: Exception, args: Sequence[str]) -> int:
    if "--debug" in args:
        import traceback

        traceback.print_exc()
    else:
        sys.stderr.write(
            f"ktools: this is a bug in ktools ({type(error).__name__}: {error}). "
            "Please report it with what `ktools --debug TOOL …` prints.\n"
        )
    return BUG
