"""What the reader of stdout used."""

import os

from confluent_kafka import Message

from kafka_tools.console.output import Output
from kafka_tools.console.used import Used
from tests.support.records import record


def write(output: Output, used: Used, batch: list[Message]) -> None:
    output.write(b"".join(each.value() or b"" for each in batch))
    used.wrote(batch, {("t", each.partition() or 0): each for each in batch})


def test_each_partition_goes_back_to_what_was_used() -> None:
    reading, writing = os.pipe()
    with Output(writing) as output:
        used = Used(output)
        write(output, used, [record(b"ab", offset=7), record(b"cd", offset=9), record(b"ef", partition=1, offset=3)])
        assert used.unused() == {("t", 0): 7, ("t", 1): 3}
        os.read(reading, 6)
        write(output, used, [record(b"gh", offset=10)])
        os.read(reading, 1)
        assert used.unused() == {("t", 0): 10}
        write(output, used, [record(b"ij", partition=1, offset=4), record(b"kl", partition=2, offset=0)])
        os.close(reading)
        assert used.unused() == {("t", 0): 10, ("t", 1): 4, ("t", 2): 0}
    os.close(writing)
