"""Text as it may be shown: a terminal obeys nothing in it, and every letter of it is in the stream's encoding."""

STAND_INS = {"…": "...", "→": "->", "·": "-"}
"""ASCII for what our own texts have and an old encoding has not."""


def safe(text: str, kept: str = "") -> str:
    """Return text of a cluster, a file or a command line so that a terminal shows it and does nothing else.

    What is not printable is escaped: controls, marks that turn the direction of writing, bytes of an argument that are
    no UTF-8. `kept` are characters that stay as they are, such as the newlines of a message.
    """
    # Names of topics are ASCII letters: this is nearly always so, and takes no time for 10,000 of them.
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable() or character in kept
        else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def encodable(text: str, encoding: str) -> str:
    """Return the text in letters that the encoding has."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        for letter, stand_in in STAND_INS.items():
            text = text.replace(letter, stand_in)
        return text.encode(encoding, "backslashreplace").decode(encoding)
    return text
