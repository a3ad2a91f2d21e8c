#!/usr/bin/env python3
"""Every check that CI runs, one after the other, and one count over all of them.

    ./test                 all parts
    ./test unit            one part, by its name
    ./test asan            every part with that word in its name: unit-asan, http-asan
    ./test long [PART...]  with longer campaigns
    ./test coverage        lines and branches by room (not in ./test, but in ./test long)
    ./test list            the parts

The last line is 'N passed, N failed, N skipped'; the exit status is 0 only where nothing failed.
Reports are left in build/results/. Set-up (tools/setup test) comes before this."""

import configparser
import functools
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import room_coverage
import summary
from summary import FAILED, PASSED, SKIPPED, Result

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "build/results"
LIMIT_S = 40 * 60  # for one part; long campaigns have none
WORKERS = len(os.sched_getaffinity(0)) + 1  # of pytest: tests of a server wait more than they compute

CI = os.environ.get("CI") == "true"


@dataclass(frozen=True)
class Build:
    """A build folder under build/, and how programs from it are run."""

    compiler: str
    options: tuple[str, ...]
    variables: dict[str, str]
    patience: int = 1  # factor for the time limits of tests, which are far from what they take
    wrapper: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()  # suites in which there is nothing for it to find
    repeats: bool = False  # what another build has run already: without tests that are marked `once`


def fixed_addresses():
    """ThreadSanitizer of gcc 12 does not start where addresses are randomised over more than 28 bits."""
    try:
        bits = int(Path("/proc/sys/vm/mmap_rnd_bits").read_text())
    except OSError:
        return ()
    return ("setarch", os.uname().machine, "-R") if bits > 28 else ()


BUILDS = {
    "gcc": Build("gcc", ("--werror",), {}),
    "clang": Build("clang", ("--werror",), {}),
    "asan": Build(
        "gcc",
        ("-Db_sanitize=address,undefined", "-Doptimization=1"),  # compiles in 3/5 of the time, and runs about as fast
        {
            # Without detect_stack_use_after_return: gcc 12 misaligns the vectors of AVX-512 on its stacks.
            "ASAN_OPTIONS": "strict_string_checks=1",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
            "LSAN_OPTIONS": f"suppressions={ROOT}/tests/leaks.supp:print_suppressions=0",
        },
        patience=2,
        spared=("accuracy",),  # long, of the kernels that the other suites go through
        repeats=True,
    ),
    "coverage": Build("gcc", ("-Db_coverage=true", "-Doptimization=0"), {}, patience=4, spared=("embed",)),  # embed: too slow so
    "tsan": Build(
        "gcc",
        ("-Db_sanitize=thread", "-Doptimization=1"),
        {"TSAN_OPTIONS": f"halt_on_error=1:suppressions={ROOT}/tests/races.supp"},
        patience=4,
        wrapper=fixed_addresses(),
        spared=("accuracy", "one-thread"),
        repeats=True,
    ),
}


def start(command, variables=None, **options):
    """A command in the background, given the terminal's output; stop() is to follow."""
    environment = {"ROWMILL_SHARED": str(ROOT.parent / "shared"), **os.environ, **(variables or {})}
    return subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True, **options)


def stop(process):
    """Kills what was started, with all that it started itself, where it has not ended."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(command, variables=None, limit_s=LIMIT_S, **options):
    """The exit status of a command that is given the terminal's output. Past its limit it is killed with all that it started."""
    process = start(command, variables, **options)
    try:
        return process.wait(limit_s)
    except subprocess.TimeoutExpired:
        print(f"took more than {limit_s} s and was stopped: {' '.join(command)}")
        return -signal.SIGKILL
    finally:
        stop(process)


def check(name, *command):
    """One command that is one check: it passes by its exit status."""
    status = run(command)
    return [Result(name, PASSED if status == 0 else FAILED, "" if status == 0 else f"ended with status {status}")]


def has_options(folder, options):
    """Whether this build folder was set up with these options: meson does not apply them anew to one that is there."""
    given = configparser.ConfigParser(interpolation=None)
    given.read(folder / "meson-private/cmd_line.txt")
    wanted = (option.removeprefix("-D").removeprefix("--").partition("=") for option in options)
    return given.has_section("options") and dict(given["options"]) == {name: value or "True" for name, _, value in wanted}


@functools.cache
def built(name):
    """Whether this build folder is up to date; its log is shown where it could not be brought there."""
    build, folder = BUILDS[name], ROOT / "build" / name
    if not has_options(folder, build.options):
        shutil.rmtree(folder, ignore_errors=True)
    log_path = REPORTS / f"build-{name}.log"
    with open(log_path, "w") as log:
        status = 0
        if not (folder / "build.ninja").exists():
            setup = ["meson", "setup", str(folder), str(ROOT), *build.options]
            status = run(setup, {"CC": build.compiler}, stdout=log, stderr=subprocess.STDOUT)
        if status == 0:
            status = run(["ninja", "-C", str(folder)], stdout=log, stderr=subprocess.STDOUT)
    if status != 0:
        print("".join(log_path.read_text(errors="replace").splitlines(keepends=True)[-40:]))
    return status == 0


def compiles(name):
    good = built(name)
    return [Result(f"build/{name}", PASSED if good else FAILED, "" if good else f"see build/results/build-{name}.log")]


def needs(name):
    """No result where the build is there; a failure where it is not."""
    return [] if built(name) else [Result(f"build/{name}", FAILED, "it does not compile, so nothing of it was tested")]


def unit(name):
    if missing := needs(name):
        return missing
    build, folder = BUILDS[name], ROOT / "build" / name
    log = folder / "meson-logs/testlog.json"
    log.unlink(missing_ok=True)
    command = [*build.wrapper, "meson", "test", "-C", str(folder), "--no-rebuild", "--print-errorlogs"]
    command += [word for suite in ("layers", *build.spared) for word in ("--no-suite", suite)]
    command += ["--timeout-multiplier", str(0 if long_campaigns() else 4 * build.patience)]
    status = run(command, build.variables, limit_s=None if long_campaigns() else LIMIT_S)
    if not log.exists():
        return [Result(f"unit suites of build/{name}", FAILED, "meson left no log")]
    return summary.with_status(summary.from_meson_log(log), f"unit suites of build/{name}", "meson", status)


def python_suite(folder, name=None):
    """pytest over tests/FOLDER with build/rowmill, or with the program of another build."""
    tests = ROOT / "tests" / folder
    if not any(tests.glob("**/test_*.py")):
        print(f"tests/{folder} has no tests yet")
        return []
    if name and (missing := needs(name)):
        return missing
    build = BUILDS[name or "gcc"]
    program = ROOT / "build" / (name or "") / "rowmill"
    report = REPORTS / f"{folder}-{name or 'plain'}.xml"
    report.unlink(missing_ok=True)
    command = [*build.wrapper, sys.executable, "-m", "pytest", "-q", f"--junit-xml={report}", str(tests)]
    command += ["--numprocesses", str(WORKERS), "--dist", "loadfile"]  # a file of tests shares one server
    if not long_campaigns():
        command.append(f"--timeout={240 * build.patience}")
        command += ["-m", "not once"] if build.repeats else []
    status = run(
        command,
        {**build.variables, "ROWMILL_BINARY": str(program), "ROWMILL_PATIENCE": str(build.patience)},
        limit_s=None if long_campaigns() else LIMIT_S,
    )
    if not report.exists():
        return [Result(f"tests/{folder}", FAILED, f"pytest ended with status {status} and left no report")]
    return summary.with_status(summary.from_junit(report), f"tests/{folder}", "pytest", status)


FUZZ_TARGETS = ("fuzz_reader", "fuzz_schema", "fuzz_filter", "fuzz_multipart")
FUZZ_SECONDS = 24  # of all targets, side by side
FUZZ_SEEDS = ("csv-spectrum", "csvkit", "commons-csv", "frictionless", "duckdb-json", "jsontestsuite", "utf8")


def fuzz_seeds(target, folder):
    """Our own seeds; for the reader small files of other people, each behind the byte that lets it find out what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (ROOT / "tests/fuzz/seeds" / target).glob("*"):
        shutil.copy(path, folder)
    if target != "fuzz_reader":
        return
    shared = Path(os.environ.get("ROWMILL_SHARED", ROOT.parent / "shared")) / "corpus"
    for name in FUZZ_SEEDS:
        for path in sorted((shared / name).rglob("*")):
            if path.is_file() and path.stat().st_size <= 2048:
                seed = b"\0" + path.read_bytes()
                (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


def start_fuzzing(folder, target):
    corpus = folder / f"{target}.corpus"
    fuzz_seeds(target, corpus)
    seconds = 3600 if long_campaigns() else FUZZ_SECONDS
    command = [str(folder / "tests/fuzz" / target), f"-max_total_time={seconds}", "-max_len=4096", "-timeout=60",
               f"-artifact_prefix={folder}/{target}-", str(corpus)]
    words = ROOT / f"tests/fuzz/{target}.dict"
    command += [f"-dict={words}"] if words.exists() else []
    with open(REPORTS / f"{target}.log", "w") as log:
        return start(command, stdout=log, stderr=subprocess.STDOUT)


def fuzz():
    """All targets at once, for some seconds; for an hour in a long campaign. What they find is left in build/fuzz."""
    folder = ROOT / "build/fuzz"
    if not (folder / "build.ninja").exists():
        run(["meson", "setup", str(folder), str(ROOT), "-Dfuzz=true", "-Dtests=false", "-Db_lundef=false",
             "-Db_sanitize=address,undefined"], {"CC": "clang"}, stdout=subprocess.DEVNULL)
    if run(["ninja", "-C", str(folder), *(f"tests/fuzz/{target}" for target in FUZZ_TARGETS)], stdout=subprocess.DEVNULL) != 0:
        return [Result("build/fuzz", FAILED, "it does not compile, so nothing of it was tested")]
    processes = {}
    try:
        for target in FUZZ_TARGETS:
            processes[target] = start_fuzzing(folder, target)
        statuses = {target: process.wait() for target, process in processes.items()}
    finally:
        for process in processes.values():
            stop(process)
    return [Result(target, PASSED if status == 0 else FAILED, "" if status == 0 else f"see build/results/{target}.log")
            for target, status in statuses.items()]


# Least shares in percent: what is reached.
BRANCH_FLOORS = {"record": 100.0, "validate": 100.0, "parse": 100.0}


def coverage():
    """The unit suites and tests/reading in a build that counts. Not in the default run: it repeats what others check."""
    if missing := needs("coverage"):
        return missing
    folder = ROOT / "build/coverage"
    for counts in folder.rglob("*.gcda"):
        counts.unlink()
    results = unit("coverage")
    probe = {"ROWMILL_READ_PROBE": str(folder / "tests/unit/parse/read_probe")}
    if run([sys.executable, "-m", "pytest", "-q", "tests/reading"], probe, limit_s=None) != 0:
        results.append(Result("tests/reading", FAILED, "see above"))
    rooms = room_coverage.main(ROOT, folder, REPORTS / "coverage.txt")
    print(room_coverage.table(rooms))
    for room, floor in BRANCH_FLOORS.items():
        share = rooms[room].branch_share()
        reason = f"{share:.2f} % of the branches are taken, less than {floor} %; see build/results/coverage.txt"
        results.append(Result(f"branches of {room}", PASSED if share >= floor else FAILED, "" if share >= floor else reason))
    return results


def long_campaigns():
    return os.environ.get("ROWMILL_LONG") == "1"


@dataclass(frozen=True)
class Part:
    name: str
    what: str
    results: Callable[[], list[Result]]


PARTS = [
    Part("layers", "includes keep to src/LAYERS", lambda: check("layers", sys.executable, "tools/check_layers")),
    Part("gcc", "gcc compiles everything without a warning", lambda: compiles("gcc")),
    Part("clang", "clang compiles everything without a warning", lambda: compiles("clang")),
    Part("unit", "the unit suites", lambda: unit("gcc")),
    Part("unit-asan", "the unit suites under AddressSanitizer and UBSan", lambda: unit("asan")),
    Part("unit-tsan", "the unit suites under ThreadSanitizer", lambda: unit("tsan")),
    Part("fuzz", "bytes of any kind through the reader, and as schemas, filters and multipart bodies", fuzz),
    Part("setup", "set-up, and the tools of the build", lambda: python_suite("setup")),
    Part("reading", "the reader against Python's csv and json, and damaged files", lambda: python_suite("reading")),
    Part("http", "the running server, every endpoint", lambda: python_suite("http")),
    Part("defects", "one test for each defect of the original", lambda: python_suite("defects")),
    Part("fault", "crashes and failing disks", lambda: python_suite("fault")),
    Part("http-asan", "the running server under AddressSanitizer and UBSan", lambda: python_suite("http", "asan")),
    Part("coverage", "which lines and branches the unit suites take, by room", coverage),
    Part("http-tsan", "the running server under ThreadSanitizer", lambda: python_suite("http", "tsan")),
]


def selected(words):
    """The parts that the words name, in their own order; without a word all of them, coverage only in a long campaign."""
    chosen = []
    for word in words:
        matching = [part for part in PARTS if part.name == word]
        matching = matching or [part for part in PARTS if word in part.name.split("-")]
        if not matching:
            sys.exit(f"test: no part is called {word}; there are: {' '.join(part.name for part in PARTS)}")
        chosen += matching
    if not words:
        return [part for part in PARTS if part.name != "coverage" or long_campaigns()]
    return [part for part in PARTS if part in chosen]


def run_part(part, times):
    print(f"\n== {part.name}: {part.what}", flush=True)
    began = time.monotonic()
    results = part.results()
    if CI:
        results = summary.skips_as_failures(results)
    times[part.name] = time.monotonic() - began
    print(f"-- {part.name}: {summary.count_line(results)} in {times[part.name]:.0f} s", flush=True)
    return [Result(f"{part.name}: {result.name}", result.verdict, result.reason) for result in results]


def report(results, times):
    """How long it took, what did not pass, and then the count, which is the last line."""
    print()
    if len(times) > 1:
        print(", ".join(f"{name} {seconds:.0f} s" for name, seconds in times.items()) + f"; together {sum(times.values()):.0f} s")
    for verdict in (SKIPPED, FAILED):
        for result in results:
            if result.verdict == verdict:
                print(f"{verdict.upper()} {result.name}" + (f": {result.reason}" if result.reason else ""))
    print(summary.count_line(results), flush=True)


def main():
    words = sys.argv[1:]
    if words[:1] == ["list"]:
        for part in PARTS:
            print(f"{part.name:10} {part.what}")
        return 0
    if words[:1] == ["long"]:
        os.environ["ROWMILL_LONG"] = "1"
        words = words[1:]
    REPORTS.mkdir(parents=True, exist_ok=True)
    # Both end it like Ctrl-C: nothing that was started stays. A shell starts background commands with SIGINT ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    results, times = [], {}
    try:
        for part in selected(words):
            results += run_part(part, times)
    except KeyboardInterrupt:
        results.append(Result("./test", FAILED, "interrupted"))
    report(results, times)
    return 1 if not results or summary.count(results)[FAILED] else 0


if __name__ == "__main__":
    sys.exit(main())
