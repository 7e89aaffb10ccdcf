"""A cluster, and the servers that it consists of."""

from typing import NamedTuple


class Endpoint(NamedTuple):
    """Where a broker or controller is reached; `is_fenced` is None where nobody was asked for it (KIP-1073)."""

    id: int
    host: str
    port: int
    rack: str | None = None
    is_fenced: bool | None = None


class ClusterDescription(NamedTuple):
    """A cluster's id (None before Kafka 0.10.1) and its brokers, or where controllers were asked its controllers."""

    cluster_id: str | None
    endpoints: tuple[Endpoint, ...]
