"""Changes on a cluster whose context is read-only or protected."""

import sys

from kafka_tools.errors import KafkaToolError
from kafka_tools.model.target import Target


def check_change(target: Target, yes: bool = False) -> None:
    """Return where a change of the target's cluster may be made; `yes`: it was said beforehand (`--yes`).

    A protected context asks for its name on a terminal. Raises KafkaToolError where the change must not be made.
    """
    rules = target.rules
    if rules is None:
        return
    if rules.read_only:
        raise KafkaToolError(f"context {rules.context} is read-only: nothing was changed")
    if not rules.protected or yes:
        return
    if not (sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty()):
        raise KafkaToolError(f"context {rules.context} is protected: nothing was changed", "--yes says that it may be.")
    sys.stderr.write(f"This changes {rules.context}, which is protected. Its name, to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != rules.context:
        raise KafkaToolError("that is not its name: nothing was changed")
