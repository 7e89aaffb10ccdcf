"""Shell completion for bash (3.2 and newer), zsh and fish, by click's `shell_completion`.

click's own classes ask by environment variables, need bash 4.4 there, and take `:` and `=` for ends of words. Here the
scripts of the shells call `ktools completion SHELL -- WORD…` and get this: the first line is what completes: `words`,
`files` or `directories`, nothing else for the latter two. Then a word a line: for bash what to put in; for fish, after
a tab, what it means; so for zsh, whose first line also has the number of characters that the word begins with and the
candidates do not.
"""

import re
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

import click
from click.shell_completion import ShellComplete

from kafka_tools.errors import UsageError
from kafka_tools.shims import apache

OPEN_ENDS = ("=", ",", ":", "/")
"""A word that ends so goes on: no blank after it."""

KINDS = {"file": "files", "dir": "directories"}
ONE_DASH = re.compile(r"-[^-].")


class Completion(NamedTuple):
    """What completes a word: `kind` is `words`, or `files` or `directories`, which a shell itself knows best.

    `before` is the beginning of the word that is no part of the candidates: `--topic=` of `--topic=ord`.
    """

    kind: str = "words"
    before: str = ""
    candidates: tuple[tuple[str, str], ...] = ()


class Shell(ShellComplete):
    """What the three shells share: `tools` are the names of all tools, `words` what the script of the shell gives."""

    def __init__(self, cli: click.Command, tools: Sequence[str], words: Sequence[str] = ()) -> None:
        super().__init__(cli, {}, "ktools", "")
        self.tools = tools
        self.words = words

    def source(self) -> str:
        """Return the script that the shell loads, without the newline at its end; it serves the shims, too."""
        commands = " ".join(("ktools", *apache.scripts(self.tools)))
        return self.source_template.replace("@COMMANDS@", commands).strip("\n")

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one at the cursor, the command first, and that one as far as it is typed."""
        return list(self.words[:-1]), self.words[-1]

    def answer(self, words: Sequence[str], current: str) -> Completion:
        """Return what completes `current` after `words`; candidates that do not begin with it may be among them."""
        before = ""
        # click completes by names with two dashes; Apache's tools take one as well (`-topic`).
        args = [f"-{word}" if ONE_DASH.match(word) else word for word in self._of_ktools(words)]
        only_words = "--" in args
        if current.startswith("-") and "=" in current and not only_words:
            name, _, current = current.partition("=")
            before = f"{name}="
            args.append(f"-{name}" if ONE_DASH.match(name) else name)
        found = self.get_completions(args, current)
        # Behind `--topic=` stands a value, behind `--` a word: an option cannot, though click offers it where nothing
        # has been typed yet.
        if before or only_words:
            found = [item for item in found if not item.value.startswith("-")]
        kind = next((KINDS[item.type] for item in found if item.type in KINDS), "words")
        if kind != "words":
            return Completion(kind, before)
        return Completion(kind, before, tuple(dict.fromkeys((item.value, item.help or "") for item in found)))

    def _of_ktools(self, words: Sequence[str]) -> list[str]:
        """Return the arguments of `ktools` for a line that may begin with one of Apache's names."""
        program, *args = words or [""]
        tool = apache.scripts(self.tools).get(program.rpartition("/")[2])
        args = args if tool is None else [tool, *args]
        position = next((number for number, word in enumerate(args) if not word.startswith("-")), len(args))
        tool, rest = "".join(args[position : position + 1]), args[position + 1 :]
        # The class stands for a tool: `kafka-run-class.sh kafka.admin.TopicCommand --li` completes as topics does.
        if tool == "run-class" and rest:
            return [apache.tool_of(rest[0]) or "no such tool", *rest[1:]]
        return args

    def _lines(self, completion: Completion, before: str) -> list[str]:
        return [f"{before}{value}\t{meaning}" for value, meaning in completion.candidates]


class Zsh(Shell):
    """zsh, which matches by itself."""

    name: ClassVar[str] = "zsh"
    source_template: ClassVar[str] = r"""
#compdef @COMMANDS@
# Completion of ktools for zsh: source <(ktools completion zsh), or as a file _ktools in a folder of $fpath.
_ktools() {
  local ktools=ktools line
  local -a answer plain open explained
  [[ ${words[1]:t} == ktools ]] && ktools=${~${(Q)words[1]}}
  answer=("${(@f)$("$ktools" completion zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  [[ $answer[1] == *' '* ]] || return 1
  compset -p ${answer[1]#* }
  case ${answer[1]% *} in
    files) _files && return 0 ;;
    directories) _files -/ && return 0 ;;
  esac
  for line in "${(@)answer[2,-1]}"; do
    case $line in
      *[=,:/]$'\t'*) open+=("${line%%$'\t'*}") ;;
      *$'\t') plain+=("${line%$'\t'}") ;;
      *) explained+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    esac
  done
  local status_=1
  (( $#open )) && compadd -S '' -a open && status_=0
  (( $#plain )) && compadd -a plain && status_=0
  (( $#explained )) && _describe -V ktools explained && status_=0
  return status_
}
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
  _ktools "$@"
else
  (( $+functions[compdef] )) || { autoload -Uz compinit && compinit -i }
  compdef _ktools @COMMANDS@
fi
"""

    def complete(self) -> str:
        """Return the lines for the script."""
        completion = self.answer(*self.get_completion_args())
        return "\n".join((f"{completion.kind} {len(completion.before)}", *self._lines(completion, "")))


class Fish(Shell):
    """fish, which matches by itself."""

    name: ClassVar[str] = "fish"
    source_template: ClassVar[str] = r"""
# Completion of ktools for fish: ktools completion fish | source
function __ktools_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l ktools ktools
    string match -q -r '(^|/)ktools$' -- $words[1]; and set ktools $words[1]
    command -sq -- $ktools; or return
    set -l answer (command $ktools completion fish -- $words "$current" 2>/dev/null </dev/null)
    set -l value (string replace -r -- '^-[^=]*=' '' "$current")
    set -l before (string sub -l (math (string length -- "$current") - (string length -- "$value")) -- "$current")
    switch "$answer[1]"
        case files directories
            set -l paths (complete -C"__ktools_file $value") # fish completes files after a command it does not know
            test "$answer[1]" = directories; and set paths (string match -r -- '.*/$' $paths)
            for path in $paths
                printf '%s\n' "$before$path"
            end
        case words
            printf '%s\n' $answer[2..-1]
    end
end
for name in @COMMANDS@
    complete -c $name -f -a '(__ktools_complete)'
end
"""

    def complete(self) -> str:
        """Return the lines for the script."""
        completion = self.answer(*self.get_completion_args())
        return "\n".join((completion.kind, *self._lines(completion, completion.before)))


class Bash(Shell):
    """bash, which gives COMP_WORDBREAKS and its line up to the cursor."""

    name: ClassVar[str] = "bash"
    source_template: ClassVar[str] = r"""
# Completion of ktools for bash 3.2 and newer: source <(ktools completion bash)
_ktools() {
  local ktools=${COMP_WORDS[0]} line=${COMP_LINE:0:COMP_POINT} answer IFS=$'\n' options=$-
  [[ ${ktools##*/} == ktools ]] || ktools=ktools
  answer=$("${ktools/#~\//$HOME/}" completion bash -- "$COMP_WORDBREAKS" "$line" 2>/dev/null </dev/null)
  COMPREPLY=()
  case $answer in
    files) compopt -o default +o nospace 2>/dev/null || COMPREPLY=($(compgen -f -- "$2")) ;;
    directories) compopt -o dirnames +o nospace 2>/dev/null || COMPREPLY=($(compgen -d -- "$2")) ;;
    words*)
      set -f
      COMPREPLY=(${answer#words})
      [[ $options == *f* ]] || set +f
      ;;
  esac
}
complete -o nospace -F _ktools @COMMANDS@
"""

    def complete(self) -> str:
        """Return the lines for the script. Raises UsageError where not bash called."""
        if len(self.words) != 2:
            raise UsageError("bash gives $COMP_WORDBREAKS and its line up to the cursor: two words")
        line = read_line(self.words[1], self.words[0])
        completion = Completion("files") if line.is_redirect else self.answer(line.words, line.current)
        found = [completion.before + value for value, _ in completion.candidates]
        fitting = [word for word in dict.fromkeys(found) if word.startswith(line.current)]
        # `complete -o nospace` leaves the blank to us: `retention.ms=` goes on, a whole name does not. Readline closes
        # an open quote and adds the blank itself.
        ends = ["" if line.quote or word.endswith(OPEN_ENDS) else " " for word in fitting]
        return "\n".join(
            (completion.kind, *(replacement(word, line) + end for word, end in zip(fitting, ends, strict=True)))
        )


SHELLS = {shell.name: shell for shell in (Bash, Zsh, Fish)}
"""The shells by their names."""

BLANK = " \t\n"
OPERATORS = "<>|&;()"
SPECIAL = frozenset(" \t\"'\\$`!&*()[]{}|;<>?")
"""What bash gives a meaning to anywhere in a word."""

SPECIAL_FIRST = "~#"
IN_DOUBLE_QUOTES = '"$`\\'


class Line(NamedTuple):
    """The words before the cursor without their quotes, and the one at the cursor as far as it is typed: bash keeps its
    first `kept` characters. `quote` is the quote that is open there; `is_redirect`: it is the file of a redirection."""

    words: tuple[str, ...]
    current: str
    kept: int
    quote: str = ""
    is_redirect: bool = False


class _Reader:
    """Reads a line one character after the other."""

    def __init__(self, breaks: str) -> None:
        self.breaks = breaks
        self.words: list[str] = []
        self.current = ""
        self.is_word = False  # not the same as a `current` that is empty: "" is a word
        self.kept = self.kept_before_quote = 0
        self.quote = ""
        self.is_escaped = False
        self.is_redirect = False

    def read(self, char: str) -> None:
        if self.is_escaped:
            self._escaped(char)
        elif char == "\\" and self.quote != "'":
            self.is_escaped = self.is_word = True
        elif self.quote:
            self._quoted(char)
        elif char in "\"'":
            self.quote, self.is_word = char, True
            # From an open quote on bash replaces all of it, whatever COMP_WORDBREAKS says of the letters in it.
            self.kept_before_quote, self.kept = self.kept, len(self.current)
        elif char in BLANK or char in OPERATORS:
            self._end(char)
        else:
            self._plain(char)

    def _escaped(self, char: str) -> None:
        self.is_escaped = False
        self.current += f"\\{char}" if self.quote and char not in IN_DOUBLE_QUOTES else char

    def _quoted(self, char: str) -> None:
        if char == self.quote:
            self.quote, self.kept = "", self.kept_before_quote
        else:
            self.current += char

    def _plain(self, char: str) -> None:
        self.current += char
        self.is_word = True
        if char in self.breaks:
            self.kept = len(self.current)

    def _end(self, char: str) -> None:
        if self.is_word and not self.is_redirect:
            self.words.append(self.current)
        # A blank behind `>` does not end the redirection: `> file` and `>file` name the same.
        if self.is_word or char in OPERATORS:
            self.is_redirect = char in "<>"
        self.current, self.is_word, self.kept = "", False, 0


def read_line(line: str, breaks: str) -> Line:
    """Read a line up to the cursor; `breaks` is COMP_WORDBREAKS."""
    reader = _Reader(breaks)
    for char in line:
        reader.read(char)
    return Line(tuple(reader.words), reader.current, reader.kept, reader.quote, reader.is_redirect)


def replacement(word: str, line: Line) -> str:
    """Return what to put where bash begins to replace, so that the word at the cursor becomes `word`.

    Readline itself closes an open quote.
    """
    rest = word[line.kept :]
    if line.quote == "'":
        return rest.replace("'", "'\\''")
    if line.quote:
        return "".join(_in_double_quotes(char) for char in rest)
    first = 0 if line.kept else 1
    return "".join(
        f"\\{char}" if char in SPECIAL or (position < first and char in SPECIAL_FIRST) else char
        for position, char in enumerate(rest)
    )


def _in_double_quotes(char: str) -> str:
    if char == "!":  # the history's, which a backslash does not stop there
        return "\"'!'\""
    return f"\\{char}" if char in IN_DOUBLE_QUOTES else char
