"""The program under test as a process: started, watched, stopped, killed."""

import json
import os
import signal
import subprocess
import time

import pytest

from support.surroundings import BINARY, PATIENCE_S, skip

REPORTS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "UndefinedBehaviorSanitizer", "runtime error:")


class Server:
    """One database and the program that serves it, over as many runs as a test needs.

        server = Server(tmp_path)
        server.start()
        …
        server.stop()

    `options` are added to the command line, `environment` to the variables, and `prefix` stands before
    the command (for a test that needs a mount or a limit around the program)."""

    def __init__(self, folder, options=(), environment=None, prefix=()):
        self.folder = folder
        self.database = folder / "rows.db"
        self.log_path = folder / "server.log"
        self.options = list(options)
        self.environment = dict(environment or {})
        self.prefix = list(prefix)
        self.process = None
        self.url = None

    def command(self):
        return [*self.prefix, str(BINARY), "serve", "--port", "0", "--db", str(self.database), *self.options]

    def spawn(self):
        """Starts the program and does not wait for it."""
        if not BINARY.exists():
            skip(f"{BINARY} is missing; ROWMILL_BINARY names the program under test")
        self.log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                env={**os.environ, **self.environment}, cwd=self.folder)

    def start(self):
        """Starts the program and waits until it accepts connections."""
        self.spawn()
        deadline = time.monotonic() + PATIENCE_S
        while not (listening := [e for e in self.log(this_run=True) if e.get("event") == "listening"]):
            if self.process.poll() is not None:
                pytest.fail(f"the server ended with status {self.process.returncode}:\n{self.log_tail()}")
            if time.monotonic() > deadline:
                self.process.kill()
                pytest.fail(f"the server never listened:\n{self.log_tail()}")
            time.sleep(0.01)
        self.url = listening[-1]["url"]
        return self

    def stop(self):
        """Asks the program to end and expects that it does so in good order."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail(f"the server did not end on SIGTERM:\n{self.log_tail()}")
        self.process = None
        self.expect_clean_log()
        assert status == 0, f"the server ended with status {status}:\n{self.log_tail()}"

    def kill(self):
        """kill -9, as the kernel or an operator does it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.expect_clean_log()

    def restart(self):
        self.stop()
        return self.start()

    @property
    def pid(self):
        return self.process.pid

    def log_lines(self, this_run=False):
        if not self.log_path.exists():
            return []
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start if this_run else 0)
            text = log.read().decode("utf-8", "replace")
        return text.split("\n")[:-1]  # what stands behind the last line end is still being written

    def log(self, this_run=False):
        """The log's entries; lines that are no JSON are left to expect_clean_log()."""
        entries = []
        for line in self.log_lines(this_run):
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue
        return [entry for entry in entries if isinstance(entry, dict)]

    def wait_for_log(self, fits):
        """The lines of the log that fit, at least one: a line may be written a moment after what it tells could be seen."""
        deadline = time.monotonic() + PATIENCE_S
        while not (found := [entry for entry in self.log() if fits(entry)]):
            assert time.monotonic() < deadline, f"no such line in the log:\n{self.log_tail()}"
            time.sleep(0.02)
        return found

    def log_tail(self):
        return "\n".join(self.log_lines()[-30:])

    def expect_clean_log(self):
        """Every line is a JSON object, and so none is a sanitizer's report or a stray message."""
        for number, line in enumerate(self.log_lines()):
            if any(report in line for report in REPORTS):
                pytest.fail("a sanitizer reported:\n" + "\n".join(self.log_lines()[number:number + 60]))
        strays = [line for line in self.log_lines() if not is_json_object(line)]
        assert not strays, f"lines on standard error that are no JSON object: {strays[:5]}"


def is_json_object(line):
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def run_command(*arguments, stdin=b"", environment=None):
    """Runs the program's other commands to their end; gives the completed process."""
    if not BINARY.exists():
        skip(f"{BINARY} is missing; ROWMILL_BINARY names the program under test")
    return subprocess.run([str(BINARY), *map(str, arguments)], input=stdin, capture_output=True,
                          timeout=PATIENCE_S, env={**os.environ, **(environment or {})})
