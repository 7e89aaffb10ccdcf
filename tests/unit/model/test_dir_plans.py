"""Plans of directories: bytes become as even as single moves make them."""

from hypothesis import given
from hypothesis import strategies as st

from kafka_tools.errors import BrokerError
from kafka_tools.model.dir_plans import even_dirs
from kafka_tools.model.log_dirs import LogDirDescription, ReplicaInfo
from kafka_tools.model.topics import TopicPartition


def log_dir(path: str, *sizes: int, topic: str = "t", future: bool = False, dead: bool = False) -> LogDirDescription:
    replicas = tuple(
        ReplicaInfo(TopicPartition(topic, 100 * ord(path[-1]) + number), size, 0, future)
        for number, size in enumerate(sizes)
    )
    return LogDirDescription(path, BrokerError(56) if dead else None, None, None, replicas)


@given(st.lists(st.lists(st.integers(0, 50), max_size=8), min_size=1, max_size=4))
def test_what_is_left_uneven_is_smaller_than_any_replica_that_could_move(sizes: list[list[int]]) -> None:
    log_dirs = [log_dir(f"/{number}", *each) for number, each in enumerate(sizes)]
    moves = even_dirs(log_dirs, {"t"})
    moved = [move.partition for move in moves]
    assert len(set(moved)) == len(moved)
    after = {each.path: sum(replica.size for replica in each.replicas) for each in log_dirs}
    for move in moves:
        assert after[move.source] - after[move.target] > move.size > 0
        after[move.source] -= move.size
        after[move.target] += move.size
    fullest = max(after, key=lambda path: (after[path], path))
    gap = after[fullest] - min(after.values())
    for each in log_dirs:
        for replica in each.replicas if each.path == fullest else ():
            assert replica.partition in moved or replica.size == 0 or replica.size >= gap


def test_what_is_not_asked_for_or_moves_already_or_is_dead_stays() -> None:
    empty = log_dir("/b")
    assert even_dirs([log_dir("/a", 5, 5), empty], {"u"}) == []
    assert even_dirs([log_dir("/a", 5, 5), log_dir("/c", dead=True)], {"t"}) == []
    moving = log_dir("/a", 5, 4, future=True)
    assert even_dirs([moving, empty], {"t"}) == []
    assert [move.size for move in even_dirs([log_dir("/a", 5, 4), empty], {"t"})] == [4]
