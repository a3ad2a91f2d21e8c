"""What meson's and pytest's reports say, as one list of results."""

import json
import re
import xml.etree.ElementTree
from dataclasses import dataclass

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"

TAP_PLAN = re.compile(r"^1\.\.(\d+)")
TAP_SKIP_REASON = re.compile(r"^(?:# )?SKIPPED: (.*)")
TAP_CASE = re.compile(r"^(not )?ok \d+(?: - (?P<name>.*?))?(?: *# SKIP *(?P<skipped>.*))?$")


@dataclass(frozen=True)
class Result:
    name: str
    verdict: str  # PASSED, FAILED or SKIPPED
    reason: str = ""


def from_tap(suite, text):
    """The results of one suite's TAP output, and how many its plans promised.

    cmocka 1.1.5 writes a skipped test as "not ok 3 # SKIP name", without a reason: that is what a
    line "# SKIPPED: …" before it says."""
    results, planned, reason = [], 0, ""
    for line in text.splitlines():
        if plan := TAP_PLAN.match(line):
            planned += int(plan.group(1))
        elif told := TAP_SKIP_REASON.match(line):
            reason = told.group(1)
        elif case := TAP_CASE.match(line):
            skipped = case["skipped"] is not None
            name = f"{suite}/{(case['skipped'] if skipped else case['name']) or '?'}"
            verdict = SKIPPED if skipped else FAILED if case[1] else PASSED
            results.append(Result(name, verdict, reason or "no reason given" if skipped else ""))
            reason = ""
    return results, planned


def from_meson_test(entry):
    """The results of one line of meson's testlog.json. The TAP is believed about the tests that it
    names, and the process about everything else: a suite that dies on the way has failed."""
    suite = entry["name"].rpartition(" / ")[2]
    results, planned = from_tap(suite, entry.get("stdout", ""))
    status = entry["returncode"]
    if entry["result"] == "TIMEOUT":
        results.append(Result(suite, FAILED, "took too long and was stopped"))
    elif len(results) < planned:
        results.append(Result(suite, FAILED, f"ended with status {status} after {len(results)} of {planned} tests"))
    elif not results:
        results.append(Result(suite, FAILED, f"ended with status {status} and reported no test"))
    elif status != 0 and not any(result.verdict == FAILED for result in results):
        results.append(Result(suite, FAILED, f"passed its tests and then ended with status {status}"))
    return results


def from_meson_log(path):
    """The results in meson-logs/testlog.json: one JSON object a line, one line a suite."""
    with open(path, encoding="utf-8", errors="replace") as log:
        return [result for line in log for result in from_meson_test(json.loads(line))]


def from_junit(path):
    """The results in an XML file of pytest's. A test that is expected to fail is a skipped one."""
    results = []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        skipped = case.find("skipped")
        fault = next((case.find(tag) for tag in ("failure", "error") if case.find(tag) is not None), None)
        if fault is not None:
            results.append(Result(name, FAILED, first_line(fault.get("message", ""))))
        elif skipped is not None:
            results.append(Result(name, SKIPPED, first_line(skipped.get("message", ""))))
        else:
            results.append(Result(name, PASSED))
    return results


def with_status(results, name, runner, status):
    """The results, and one failure more where the runner failed and none of them says why: it did not get to its end."""
    if status == 0 or any(result.verdict == FAILED for result in results):
        return results
    return [*results, Result(name, FAILED, f"{runner} ended with status {status}")]


def first_line(text):
    return text.splitlines()[0] if text else ""


def count(results):
    """{verdict: number} over all three verdicts."""
    return {verdict: sum(result.verdict == verdict for result in results) for verdict in (PASSED, FAILED, SKIPPED)}


def count_line(results):
    return ", ".join(f"{number} {verdict}" for verdict, number in count(results).items())


def skips_as_failures(results):
    """Where nothing may be skipped, a skip is a failure that keeps its reason."""
    return [
        Result(result.name, FAILED, f"skipped, and CI=true: {result.reason}") if result.verdict == SKIPPED else result
        for result in results
    ]
