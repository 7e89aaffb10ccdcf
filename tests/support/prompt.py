"""A real shell at a real terminal (a pty), with ktools' completion loaded as its script says."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pyte

ROOT = Path(__file__).parents[2]
SECONDS = 60
AGAIN_SECONDS = 3
WIDTH, HEIGHT = 160, 50
MARK = "@"
START = "ready>"
CTRL_A, CTRL_L, CTRL_U = "\x01", "\x0c", "\x15"

ARGV = {"bash": ["bash", "--noprofile", "--rcfile", "{home}/rc", "-i"], "zsh": ["zsh", "-d"], "fish": ["fish"]}
FILES = {
    "bash": {
        "rc": """\
bind 'set enable-bracketed-paste off'
bind 'set show-all-if-ambiguous on'
bind 'set completion-query-items 0'
set +o history
source <(ktools completion bash)
PS1=$PROMPT
"""
    },
    "zsh": {
        ".zshrc": """\
autoload -Uz compinit && compinit -D -u
unsetopt prompt_sp
source <(ktools completion zsh)
PS1=$PROMPT
"""
    },
    "fish": {
        ".config/fish/config.fish": """\
set -g fish_greeting
set -g fish_autosuggestion_enabled 0
ktools completion fish | source
function fish_prompt; printf '%s' $PROMPT; end
""",
        # without this folder fish reads all manual pages, in a process that outlives it
        ".local/share/fish/generated_completions/none": "",
    },
}


class Prompt:
    """A shell that waits for a command line."""

    def __init__(self, shell: str, home: Path, env: dict[str, str]) -> None:
        self.shell = shell
        self._words = home / "words"
        self._tell = home / "bin" / "tell"
        self._screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self._screen)
        argv = [word.format(home=home) for word in ARGV[shell]]
        variables = {"HOME": str(home), "ZDOTDIR": str(home), "TERM": "xterm", "LC_ALL": "C.UTF-8", "PROMPT": START}
        self.child = pexpect.spawn(
            argv[0], argv[1:], env=env | variables, cwd=str(home), dimensions=(HEIGHT, WIDTH), encoding="utf-8"
        )
        self._screen.write_process_input = self.child.send
        self.until(lambda: START in self.text)

    @property
    def text(self) -> str:
        """What the terminal shows."""
        return "\n".join(line.rstrip() for line in self._screen.display).strip()

    def until(self, done: Callable[[], bool]) -> None:
        """Read what the shell shows until `done`."""
        assert self._comes(done, SECONDS), self.text

    def _comes(self, done: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                return False
            try:
                self._stream.feed(self.child.read_nonblocking(65536, timeout=0.02))
            except pexpect.TIMEOUT:
                continue
        return True

    def type(self, line: str) -> None:
        """Type a line on an empty screen."""
        self.child.send(CTRL_U + CTRL_L)
        self.until(lambda: self.text == START)
        self.child.send(line)
        self.until(lambda: self._typed().startswith(line.strip()))

    def tab(self, line: str) -> float:
        """Type a line and a Tab behind it; return how many seconds that took. What is shown then stays."""
        self.type(line)
        start = time.monotonic()
        self.child.send(f"\t{MARK}")  # what is typed after the Tab shows when the shell is done with it
        self.until(lambda: MARK in self._typed())
        return time.monotonic() - start

    def words(self) -> list[str]:
        """Run the line with another command and return the words that the shell makes of it, without the mark."""
        self._words.unlink(missing_ok=True)
        self.child.send(f"{CTRL_A}{self._tell} \r")
        self.until(self._words.exists)
        found = self._words.read_text().split("\0")[:-1]
        self.until(lambda: self._typed() == "")
        return [*found[:-1], *filter(None, [found[-1].removesuffix(MARK)])]

    def completed(self, line: str) -> list[str]:
        """Return the words of a line that Tab completes, at once or when its names have come."""
        deadline = time.monotonic() + SECONDS
        while True:
            self.tab(line)
            if self._typed() != f"{line}{MARK}":
                return self.words()
            assert time.monotonic() < deadline, line

    def offered(self, line: str, *expected: str) -> str:
        """Type a line and a Tab behind it, again where names have not come, and return what is shown then."""
        deadline = time.monotonic() + SECONDS
        self.type(line)
        self.child.send("\t")
        while not self._comes(lambda: all(each in self.text for each in expected), AGAIN_SECONDS):
            assert time.monotonic() < deadline, self.text
            self.type(line)
            self.child.send("\t")
        shown = self.text
        self.clear()
        return shown

    def clear(self) -> None:
        """Take the line back."""
        self.child.send(CTRL_U)
        self.until(lambda: self._typed() == "")

    def _typed(self) -> str:
        line = self._screen.display[self._screen.cursor.y]
        return line.partition(START)[2].strip() if START in line else " "


@contextmanager
def prompt(shell: str, home: Path, env: dict[str, str]) -> Iterator[Prompt]:
    """Start a shell in a home of its own; end it with the block."""
    for name, text in FILES[shell].items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    tell = home / "bin" / "tell"
    tell.parent.mkdir()
    tell.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" >{home}/new && mv {home}/new {home}/words\n")
    tell.chmod(0o755)
    own = {name: value for name, value in env.items() if not name.startswith(("XDG_", "FISH", "ZSH"))}
    path = f"{Path(sys.executable).parent}:{shells()}:{env['PATH']}"
    started = Prompt(shell, home, own | {"PATH": path, "XDG_CACHE_HOME": str(home / ".cache")})
    try:
        yield started
    finally:
        started.child.close(force=True)


def shells() -> str:
    """Return the folders of zsh and fish; where the machine has none, they are fetched."""
    done = subprocess.run([ROOT / "scripts" / "shells"], capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
