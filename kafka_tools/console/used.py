"""What the reader of stdout did with what was written: a group goes on after that when its reader is gone."""

from collections import deque
from collections.abc import Mapping
from typing import Any

from kafka_tools.console.format import Batch
from kafka_tools.console.output import Output
from kafka_tools.console.positions import Place


class Used:
    """Up to which offset of each partition the reader of `output` has surely used the records."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._written: deque[tuple[int, dict[Place, int]]] = deque()
        self._used: dict[Place, int] = {}

    def wrote(self, batch: Batch, last: Mapping[Place, Any]) -> None:
        """Note a batch that was just written; `last` are its last records (confluent_kafka.Message) by partition."""
        for place in last.keys() - self._used.keys():
            self._used[place] = next(each.offset() for each in batch if (each.topic(), each.partition()) == place)
        self._written.append((self._output.written, {place: each.offset() + 1 for place, each in last.items()}))
        self._forget_used()

    def unused(self) -> dict[Place, int]:
        """Return for each partition with records that may not have been used the offset of the first one."""
        self._forget_used()
        return {place: self._used[place] for _, offsets in self._written for place in offsets}

    def _forget_used(self) -> None:
        used = self._output.used()
        while self._written and self._written[0][0] <= used:
            self._used |= self._written.popleft()[1]
