"""What a command line that is being typed lacks: an option, the value of one, a sub-command, a word."""

from collections.abc import Mapping, Sequence

from kafka_tools.cli.shape import Option, Shape

CLUSTERS = ("bootstrap_server", "zookeeper", "broker_list")
"""Options of which one names the cluster."""

ABOUT = ("help", "version")


class Typed:
    """A command line up to the word at the cursor.

    `shape` is the command it is of, `given` the texts for each option by its key, `awaiting` the option that still
    wants its value; `only_words` is true behind `--`, `is_lost` where a sub-command is not known.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.given: dict[str, tuple[str, ...]] = {}
        self.awaiting: Option | None = None
        self.only_words = False
        self.is_lost = False

    def take(self, token: str) -> None:
        """Go on with the next word, by joptsimple's rules."""
        awaiting, self.awaiting = self.awaiting, None
        if awaiting is not None and not (awaiting.bare is not None and token.startswith("-")):
            self._give(awaiting, token)
        elif self.only_words or not token.startswith("-") or token == "-":
            self._take_word(token)
        elif token == "--":
            self.only_words = True
        else:
            self._take_option(token)

    @property
    def next_word(self) -> Option | None:
        """The word that would come next."""
        left = (word for word in self.shape.words if word.multiple or word.key not in self.given)
        return next(left, None)

    def option(self, name: str) -> Option | None:
        """Return the option with this name, however many dashes stand before it."""
        return next((each for each in self.shape.flags if name in (own.lstrip("-") for own in each.names)), None)

    def _take_word(self, token: str) -> None:
        if self.shape.commands:
            command = next((each for each in self.shape.commands if each.name == token), None)
            self.is_lost = command is None
            self.shape = command or self.shape
        elif self.next_word is not None:
            self._give(self.next_word, token)

    def _take_option(self, token: str) -> None:
        name, _, attached = token.lstrip("-").partition("=")
        option = self.option(name)
        if option is not None and option.metavar and not attached:
            self.awaiting = option
        elif option is not None:
            self._give(option, attached)

    def _give(self, option: Option, text: str) -> None:
        self.given[option.key] = (*self.given.get(option.key, ()), text)


def typed(shape: Shape, tokens: Sequence[str]) -> Typed:
    """Read the words before the one at the cursor."""
    line = Typed(shape)
    for token in tokens:
        line.take(token)
    return line


def sensible(line: Typed) -> tuple[Option, ...]:
    """Return the options that can still be given: none twice, none that does not go with the action or the cluster."""
    given, shape = line.given, line.shape
    chosen = next((action for action in shape.exclusive if action in given), None)
    ruled_out = {*shape.exclusive} if chosen else set()
    ruled_out |= {*CLUSTERS} if any(name in given for name in CLUSTERS) else set()
    ruled_out |= {*ABOUT} if given else set()
    return tuple(
        option
        for option in shape.flags
        if option.key not in ruled_out
        and (option.multiple or option.key not in given)
        and _goes_with(option, chosen, shape.only_with)
    )


def _goes_with(option: Option, chosen: str | None, only_with: Mapping[str, Sequence[str]]) -> bool:
    return chosen is None or chosen in only_with.get(option.key, (chosen,))
