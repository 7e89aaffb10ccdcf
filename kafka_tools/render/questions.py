"""Questions before something that cannot be taken back."""

import sys

from kafka_tools.model.shown import safe


def is_asked() -> bool:
    """Say whether a person sits at a terminal who can answer."""
    return bool(sys.stdin and sys.stdin.isatty() and sys.stderr and sys.stderr.isatty())


def confirmed(question: str) -> bool:
    """Ask on a terminal whether to go on and return the answer; nobody is asked, and it goes on, in a pipe."""
    if not is_asked():
        return True
    from rich.prompt import Confirm
    from rich.text import Text

    from kafka_tools.render.terminal import error_console

    class YesOrNo(Confirm):
        """rich's question in our words: an answer that is not yes is no, and so is none."""

        def make_prompt(self, default: object) -> Text:  # noqa: ARG002  rich's signature
            return Text(safe(question, kept="\n") + " [y/N] ")

        def process_response(self, value: str) -> bool:
            return value.strip().lower() in ("y", "yes")

    # With a stream, Ctrl-D is an empty answer, which is `default`; rich's input() would raise EOFError.
    return YesOrNo.ask(console=error_console(), default=False, stream=sys.stdin)


def answer(question: str, shown: list[str]) -> str | None:
    """Ask as Apache's tools do and return the line that is answered, None where stdin has ended.

    On a terminal the question stands on stderr. In a pipe its lines are added to `shown`, for stdout, as Apache's tools
    write them there.
    """
    if sys.stdin is not None and sys.stdin.isatty() and sys.stderr is not None:
        sys.stderr.write(safe(question, kept="\n\t") + " ")
        sys.stderr.flush()
    else:
        shown.append(question)
    line = sys.stdin.readline() if sys.stdin is not None else ""
    return line.rstrip("\r\n") if line else None
