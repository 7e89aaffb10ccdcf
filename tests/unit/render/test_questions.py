"""Questions before something that cannot be taken back, on a real terminal."""

import subprocess
import sys

import pexpect
import pytest

ASK = "from kafka_tools.render.questions import confirmed; print('went on:', confirmed('Delete 2 topics: [a], b?'))"


@pytest.mark.parametrize(
    ("answer", "went_on"), [("y", "True"), ("YES", "True"), ("n", "False"), ("", "False"), ("x", "False")]
)
def test_the_answer_decides(answer: str, went_on: str) -> None:
    child = pexpect.spawn(sys.executable, ["-c", ASK], encoding="utf-8", timeout=20)
    child.expect_exact("Delete 2 topics: [a], b? [y/N] ")
    child.sendline(answer)
    child.expect_exact(f"went on: {went_on}")
    child.expect(pexpect.EOF)


def test_nobody_is_asked_in_a_pipe() -> None:
    done = subprocess.run([sys.executable, "-c", ASK], input="n\n", capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("went on: True\n", "")
