"""What a context says of everything that is done on its cluster."""

from typing import NamedTuple


class ContextRules(NamedTuple):
    """`read_only`: nothing may be changed; `protected`: a change asks for the context's name first."""

    context: str
    read_only: bool = False
    protected: bool = False
