"""Every command of the README works: its `sh` blocks are run in their order on a real cluster."""

import re
import subprocess
import sys
from pathlib import Path

from tests.support.clusters import Cluster

README = Path(__file__).parents[2] / "README.md"


def test_every_sh_block(kafka39: Cluster, tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 5
    env = kafka39.env | {"PATH": f"{Path(sys.executable).parent}:{kafka39.env['PATH']}"}
    script = "set -euo pipefail\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n" + "".join(blocks)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    first, second = (set((tmp_path / name).read_text().split()) for name in ("first", "second"))
    assert first | second == {str(number) for number in range(1, 1001)}
    assert not first & second
