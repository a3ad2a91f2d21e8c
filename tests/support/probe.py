"""Counts what the program asks of the libraries below it, and makes some of it fail (probe.c)."""

import mmap
import pathlib
import shutil
import struct
import subprocess

from support.surroundings import BINARY, skip

SOURCE = pathlib.Path(__file__).with_name("probe.c")
NAMES = ("opened", "statements", "commits", "syncs", "fail_syncs")


def build_probe(folder):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        skip("there is no C compiler to build tests/support/probe.c with")
    library = folder / "probe.so"
    subprocess.run([compiler, "-std=c17", "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", str(library), str(SOURCE),
                    "-lsqlite3", "-ldl"], check=True)
    return library


def sanitizer_libraries():
    """Sanitizer run-time libraries of the program, which must be loaded before any other."""
    if not BINARY.exists():
        return []
    listing = subprocess.run(["ldd", str(BINARY)], capture_output=True, text=True).stdout
    return [line.split()[2] for line in listing.splitlines() if "libasan" in line or "libtsan" in line]


class Probe:
    """The counters of one server; `environment` is what the server is to be started with."""

    def __init__(self, library, folder):
        self.path = folder / "probe.page"
        self.path.write_bytes(bytes(8 * len(NAMES)))
        with open(self.path, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), 8 * len(NAMES))
        self.environment = {"ROWMILL_PROBE": str(self.path),
                            "LD_PRELOAD": ":".join([*sanitizer_libraries(), str(library)])}

    def read(self, name):
        return struct.unpack_from("<Q", self.page, 8 * NAMES.index(name))[0]

    def fail_syncs(self, on):
        struct.pack_into("<Q", self.page, 8 * NAMES.index("fail_syncs"), int(on))

    def during(self, name, action):
        """How far a counter moves while `action` runs."""
        before = self.read(name)
        action()
        return self.read(name) - before

    def sql_texts(self):
        """Every distinct SQL text that was run."""
        path = pathlib.Path(str(self.path) + ".sql")
        return path.read_bytes().decode("utf-8", "replace").split("\0")[:-1] if path.exists() else []
