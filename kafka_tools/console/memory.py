"""How the loops live with Python's garbage collector."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG_OBJECTS = 100_000
"""More than a round of a loop makes: records go by reference count alone, and what is left over is still collected."""


@contextmanager
def rare_collections() -> Iterator[None]:
    """Keep the collector from walking through every batch of records."""
    thresholds, was_enabled = gc.get_threshold(), gc.isenabled()
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        if not was_enabled:
            gc.disable()
