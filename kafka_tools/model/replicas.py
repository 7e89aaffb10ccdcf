"""What replicas of a partition hold, and where they hold different batches."""

from typing import NamedTuple


class Fetched(NamedTuple):
    """A part of a replica's log as its broker sent it: batches (bytes), and the offset up to which all is committed."""

    high_watermark: int
    records: bytes


class Difference(NamedTuple):
    """Two replicas, by the ids of their brokers, that do not hold the same at an offset.

    `offset` and `other_offset` are those of the last records of the two batches; where they are the same, the
    `checksums` are those in the batches, empty where single records were compared.
    """

    replica: int
    other: int
    offset: int
    other_offset: int
    checksums: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """What it is, in Apache's words (ReplicaVerificationTool 3.9), which are followed by no sentence of ours."""
        if self.offset != self.other_offset:
            return (
                f": replica {self.replica}'s offset {self.offset} doesn't match replica {self.other}'s offset "
                f"{self.other_offset}"
            )
        # Of a compacted topic records are compared, of which Apache's tool knows nothing: the words are ours.
        if not self.checksums:
            return f" has unequal records at offset {self.offset}; replica {self.replica}; replica {self.other}"
        first, second = self.checksums
        return (
            f" has unmatched checksum at offset {self.offset}; replica {self.replica}'s checksum {first}; "
            f"replica {self.other}'s checksum {second}"
        )


class Damage(NamedTuple):
    """A batch in the log of one replica whose bytes are not those that its checksum was made of, or are no batch."""

    replica: int
    offset: int

    @property
    def words(self) -> str:
        """What it is, in words like Apache's for differences; its tool does not look for damage."""
        return f" has a damaged batch at offset {self.offset}; replica {self.replica}"


Finding = Difference | Damage


class Comparison(NamedTuple):
    """What a comparison found: up to which offset the replicas were compared, and what is not the same.

    `is_over`: the batches lie differently from there on, so that there is nothing more to compare.
    """

    verified: int
    findings: tuple[Finding, ...] = ()
    is_over: bool = False
