"""The README's session gives what the README says."""

import re
import subprocess
from pathlib import Path

from support.surroundings import BINARY

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)


def session_of_the_readme():
    """The commands with what they are said to print, in order."""
    steps = []
    for block in CONSOLE.findall((ROOT / "README.md").read_text()):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], ""))
            else:
                command, output = steps[-1]
                steps[-1] = (command, output + line)
    return steps


def as_pattern(expected):
    """'…' stands for whatever the page leaves out."""
    return re.compile(".*".join(map(re.escape, expected.split("…"))), re.DOTALL)


def test_the_session_of_the_readme_prints_what_it_says(make_server):
    server = make_server().start()
    steps = session_of_the_readme()
    assert len(steps) >= 7
    for command, expected in steps:
        command = command.replace("http://127.0.0.1:8000", server.url).replace("build/rowmill", str(BINARY))
        result = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert result.returncode == 0, (command, result.stderr)
        assert as_pattern(expected).fullmatch(result.stdout.strip()), (command, result.stdout)
