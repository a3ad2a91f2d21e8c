"""The reader itself, without a server around it: tests/unit/parse/read_probe.c."""

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("ROWMILL_READ_PROBE", ROOT / "build/gcc/tests/unit/parse/read_probe"))


class Reader:
    def __init__(self):
        self.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(30) == 0

    def read(self, content, known=(), chunk=0, limit=0, **words):
        """What the reader makes of these bytes, told these words."""
        request = {"bytes": content.hex(), "known": list(known), "chunk": chunk, "limit": limit, "words": words}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        found = json.loads(self.process.stdout.readline())
        for record in found.get("records", ()):
            record["data"] = json.loads(record["data"])
        return found


def codes(record):
    return [error["code"] for error in record["errors"]]
