"""Tells whether a text is a regular expression of RE2, which brokers of Kafka 4 take where Java's and Python's differ.

Source: com.google.re2j.Parser 1.8 (flags PERL), whose words for a mistake are given.
"""

import re

CATEGORIES = "C Cc Cf Co Cs L Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So Z Zl Zp Zs"
SCRIPTS = (
    "Arabic Armenian Avestan Balinese Bamum Batak Bengali Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal "
    "Carian Cham Cherokee Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Egyptian_Hieroglyphs Ethiopic "
    "Georgian Glagolitic Gothic Greek Gujarati Gurmukhi Han Hangul Hanunoo Hebrew Hiragana Imperial_Aramaic Inherited "
    "Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Lao Latin "
    "Lepcha Limbu Linear_B Lisu Lycian Lydian Malayalam Mandaic Meetei_Mayek Mongolian Myanmar New_Tai_Lue Nko Ogham "
    "Ol_Chiki Old_Italic Old_Persian Old_South_Arabian Old_Turkic Oriya Osmanya Phags_Pa Phoenician Rejang Runic "
    "Samaritan Saurashtra Shavian Sinhala Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet "
    "Tamil Telugu Thaana Thai Tibetan Tifinagh Ugaritic Unknown Vai Yi"
)
UNICODE = frozenset(("Any", *CATEGORIES.split(), *SCRIPTS.split()))
NAMES = "alnum alpha ascii blank cntrl digit graph lower print punct space upper word xdigit"
POSIX = frozenset(NAMES.split())

MOST_REPEATS, LAST_CHARACTER = 1000, 0x10FFFF

BAD_RANGE = "invalid character class range"
BAD_ESCAPE = "invalid escape sequence"
BAD_NAME = "invalid named capture"
BAD_GROUP = "invalid or unsupported Perl syntax"
BAD_NESTING = "invalid nested repetition operator"
BAD_REPEAT = "invalid repeat count"
NO_BRACKET, NO_PAREN = "missing closing ]", "missing closing )"
NO_OPERAND = "missing argument to repetition operator"
TWICE = "duplicate capture group name"
TRAILING = "trailing backslash at end of expression"
UNOPENED = "regexp/syntax: internal error"

# `\Q.*\E` or `\Q.*` up to the end: nothing in it means anything.
LITERAL = re.compile(r"\\Q(.*?)(?:\\E|\Z)", re.DOTALL)
# `*`, `+`, `?`, `{2}`, `{2,}`, `{2,5}`, each with a `?` behind it or not. Nine digits are enough to be too many.
REPEAT = re.compile(r"(?:[*+?]|\{(\d{1,9})(?:(,)(\d{0,9}))?\})\??", re.ASCII)
# `(?i)` sets a flag, `(?i-s:` opens a group with some. RE2 knows i, m, s and U.
FLAGS = re.compile(r"\(\?[imsU]*(?:-[imsU]+)?([:)])")
# `(?<name>` or Python's `(?P<name>`. Group 1 is None where no name follows, as in the `(?<=` of Java's look-behind.
NAMED = re.compile(r"\(\?P?<(?:(\w+)>)?", re.ASCII)
ANCHOR = re.compile(r"\\[AbBzdDsSwW]")
# `\pL`, `\p{Greek}`, `\P{^Greek}`.
UNICODE_CLASS = re.compile(r"\\[pP](?:\{\^?([^}]*)\}|([^{]))", re.DOTALL)
# Octal, `\x{10FFFF}`, `\x7f`, a control, or punctuation. `\1` to `\7` alone, which would refer to a group, are none.
ESCAPE = re.compile(r"\\(?:0[0-7]{0,2}|[1-7][0-7]{1,2}|x\{([0-9A-Fa-f]+)\}|x([0-9A-Fa-f]{2})|[afnrtv]|[^0-9A-Za-z])")
CONTROLS = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


class _MistakeError(Exception):
    """What is wrong, in RE2's words."""


def mistake(pattern: str) -> str | None:
    """Return what is wrong with a regular expression, in RE2's words; None where nothing is."""
    try:
        _Scan(pattern).run()
    except _MistakeError as error:
        return str(error)
    return None


class _Scan:
    """One pass over a pattern: where it is, how many groups are open, and what may be repeated."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = self._depth = 0
        self._names: set[str] = set()
        self._has_operand = self._is_repeated = False

    def run(self) -> None:
        """Read the whole pattern. Raises _MistakeError."""
        while self._at < len(self._pattern):
            repeat = REPEAT.match(self._pattern, self._at)
            if repeat is not None:
                self._repeat(repeat)
                continue
            # A `{` that begins no repetition is a letter, and yet cannot be repeated: a quirk of RE2/J.
            self._is_repeated = self._pattern[self._at] == "{"
            self._step()
        if self._depth:
            raise _MistakeError(NO_PAREN)

    def _step(self) -> None:
        pattern, at = self._pattern, self._at
        match pattern[at]:
            case "(":
                self._at, opens = _group(pattern, at, self._names)
                self._depth += opens
                # Directly behind a `(` there is nothing to repeat; `(?i)` changes nothing about what stands before it.
                self._has_operand = self._has_operand and not opens
            case ")":
                if not self._depth:
                    raise _MistakeError(UNOPENED)
                self._at, self._depth, self._has_operand = at + 1, self._depth - 1, True
            case "|":
                self._at, self._has_operand = at + 1, False
            case "[":
                self._at, self._has_operand = _class(pattern, at), True
            case "\\":
                self._escape()
            case _:
                self._at, self._has_operand = at + 1, True

    def _escape(self) -> None:
        literal = LITERAL.match(self._pattern, self._at)
        if literal is not None:
            self._at, self._has_operand = literal.end(), self._has_operand or bool(literal[1])
        else:
            self._at, self._has_operand = _escaped(self._pattern, self._at)[0], True

    def _repeat(self, repeat: re.Match[str]) -> None:
        wrong = _repeat_mistake(repeat)
        # A wrong count is told first, as RE2 reads the numbers before it looks at what they repeat.
        if wrong or self._is_repeated or not self._has_operand:
            raise _MistakeError(wrong or (BAD_NESTING if self._is_repeated else NO_OPERAND))
        self._at, self._is_repeated = repeat.end(), True


def _repeat_mistake(repeat: re.Match[str]) -> str:
    if repeat[1] is None:
        return ""
    least = int(repeat[1])
    most = int(repeat[3]) if repeat[3] else least
    return BAD_REPEAT if max(least, most) > MOST_REPEATS or most < least else ""


def _group(pattern: str, at: int, names: set[str]) -> tuple[int, bool]:
    """Return where the beginning of a group ends, and whether it opens one: `(?i)` only sets flags."""
    if not pattern.startswith("(?", at):
        return at + 1, True
    if named := NAMED.match(pattern, at):
        if named[1] is None:
            raise _MistakeError(BAD_NAME)
        if named[1] in names:
            raise _MistakeError(TWICE)
        names.add(named[1])
        return named.end(), True
    flags = FLAGS.match(pattern, at)
    if flags is None:
        raise _MistakeError(BAD_GROUP)
    return flags.end(), flags[1] == ":"


def _class(pattern: str, at: int) -> int:
    """Return where a character class ends."""
    at += 2 if pattern.startswith("[^", at) else 1
    # A `]` that comes first is a member of the class, not its end.
    first = True
    while first or not pattern.startswith("]", at):
        first = False
        if at >= len(pattern):
            raise _MistakeError(NO_BRACKET)
        end = pattern.find(":]", at + 2) if pattern.startswith("[:", at) else -1
        if end >= 0:
            if pattern[at + 2 : end].removeprefix("^") not in POSIX:
                raise _MistakeError(BAD_RANGE)
            at = end + 2
            continue
        at, low = _member(pattern, at)
        if (
            low is not None
            and pattern.startswith("-", at)
            and not pattern.startswith("-]", at)
            and at + 1 < len(pattern)
        ):
            at, high = _character(pattern, at + 1)
            if high < low:
                raise _MistakeError(BAD_RANGE)
    return at + 1


def _member(pattern: str, at: int) -> tuple[int, int | None]:
    """Return where a member of a class ends, and its character; None for one that is a class by itself."""
    if re.match(r"\\[pPdDsSwW]", pattern[at : at + 2]):
        # A class begins no range: the `-` behind it is a member. Where one ends a range, _character refuses it.
        return _escaped(pattern, at)[0], None
    return _character(pattern, at)


def _character(pattern: str, at: int) -> tuple[int, int]:
    if pattern[at] != "\\":
        return at + 1, ord(pattern[at])
    if pattern[at + 1 : at + 2] in tuple("AbBzpPdDsSwW"):
        raise _MistakeError(BAD_ESCAPE)
    return _escaped(pattern, at)


def _escaped(pattern: str, at: int) -> tuple[int, int]:
    """Return where an escape ends, and the character that it stands for (0: none)."""
    if pattern[at + 1 : at + 2] in ("p", "P"):
        unicode = UNICODE_CLASS.match(pattern, at)
        if unicode is None or (unicode[1] or unicode[2]) not in UNICODE:
            raise _MistakeError(BAD_RANGE)
        return unicode.end(), 0
    if anchor := ANCHOR.match(pattern, at):
        return anchor.end(), 0
    if at + 1 == len(pattern):
        raise _MistakeError(TRAILING)
    found = ESCAPE.match(pattern, at)
    if found is None:
        raise _MistakeError(BAD_ESCAPE)
    return found.end(), _code(found)


def _code(escape: re.Match[str]) -> int:
    text = escape[0][1:]
    if digits := escape[1] or escape[2]:
        code = int(digits, 16)
    elif text[0].isdecimal():
        code = int(text, 8)
    else:
        code = CONTROLS.get(text, ord(text[-1]))
    if code > LAST_CHARACTER:
        raise _MistakeError(BAD_ESCAPE)
    return code
