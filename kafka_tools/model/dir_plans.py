"""Plans which replicas of a broker go to another of its directories, so that all hold about as many bytes."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from kafka_tools.model.log_dirs import LogDirDescription
from kafka_tools.model.topics import TopicPartition


class DirMove(NamedTuple):
    """A replica that goes from one directory of its broker to another, and its size in bytes."""

    partition: TopicPartition
    source: str
    target: str
    size: int


def even_dirs(log_dirs: Sequence[LogDirDescription], topics: Collection[str]) -> list[DirMove]:
    """Return moves that even out the bytes of directories, moving replicas of these topics only, each once at most.

    From the fullest directory the replica that fits best goes to the emptiest, until none there is smaller than the
    difference. So every move makes that difference smaller, and what is left of it is less than the smallest replica
    that could still move. It is not promised that no other moves would even it out better. Directories that are dead,
    and replicas that are being copied to another directory already, are left alone.
    """
    alive = [each for each in log_dirs if each.error is None]
    moving = {replica.partition for each in alive for replica in each.replicas if replica.is_future}
    sizes = {each.path: sum(replica.size for replica in each.replicas) for each in alive}
    left = {
        each.path: [
            replica
            for replica in each.replicas
            # An empty replica evens nothing out, and would still be copied.
            if replica.partition.topic in topics and replica.partition not in moving and replica.size > 0
        ]
        for each in alive
    }
    found: list[DirMove] = []
    while len(sizes) > 1:
        # By path where sizes are equal, so that the same directories always give the same plan.
        source, target = (choose(sizes, key=lambda path: (sizes[path], path)) for choose in (max, min))
        gap = sizes[source] - sizes[target]
        # One as large as the difference would only make the other directory the fuller one.
        fitting = [replica for replica in left[source] if replica.size < gap]
        if not fitting:
            break
        # A move takes its size from one side and adds it to the other: the difference changes by twice that.
        best = min(fitting, key=lambda replica: (abs(gap - 2 * replica.size), replica.size, replica.partition))
        left[source].remove(best)
        sizes[source] -= best.size
        sizes[target] += best.size
        found.append(DirMove(best.partition, source, target, best.size))
    return found
