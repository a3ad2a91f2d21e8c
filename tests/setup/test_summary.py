"""tests/summary.py and tests/run_checks.py: nothing that failed may be counted as passed."""

import os
import pathlib
import signal
import time

import pytest

import run_checks
import summary
from summary import FAILED, PASSED, SKIPPED, Result


def suite(stdout, result="OK", returncode=0):
    return summary.from_meson_test(
        {"name": "rowmill:unit / strbuf", "stdout": stdout, "result": result, "returncode": returncode})


def verdicts(results):
    return [result.verdict for result in results]


def test_each_tap_line_is_a_result():
    results = suite("1..2\nok 1 - grows\nnot ok 2 - shrinks\n# 0x1 != 0x2\n# not ok - tests\n", "ERROR", 1)
    assert results == [Result("strbuf/grows", PASSED), Result("strbuf/shrinks", FAILED)]


@pytest.mark.parametrize("mark", ["", "# "])
def test_a_skip_as_cmocka_writes_it_is_a_skip_with_its_reason(mark):
    results = suite(f"1..2\n{mark}SKIPPED: ../shared/x is not there\nnot ok 1 # SKIP reads_x\nok 2 - reads_y\n", "FAIL")
    assert results == [Result("strbuf/reads_x", SKIPPED, "../shared/x is not there"), Result("strbuf/reads_y", PASSED)]


def test_messages_between_the_lines_are_not_results():
    assert verdicts(suite("1..1\nROWMILL_SEED=42\nok, that went well\nok 1 - grows\n")) == [PASSED]


@pytest.mark.parametrize("returncode", [-6, -11, 1, 0])
def test_a_suite_that_ends_before_its_plan_has_failed(returncode):
    results = suite("1..3\nok 1 - grows\n", "ERROR", returncode)
    assert verdicts(results) == [PASSED, FAILED]
    assert results[-1].reason == f"ended with status {returncode} after 1 of 3 tests"


def test_a_suite_that_ends_badly_after_its_last_test_has_failed():
    results = suite("1..1\nok 1 - grows\n", "ERROR", 1)
    assert verdicts(results) == [PASSED, FAILED]


def test_a_suite_that_says_nothing_has_failed():
    assert verdicts(suite("")) == [FAILED]


def test_a_suite_that_takes_too_long_has_failed():
    assert verdicts(suite("1..2\nok 1 - grows\n", "TIMEOUT", -9)) == [PASSED, FAILED]


def test_two_groups_in_one_suite_are_added_up():
    assert verdicts(suite("1..1\nok 1 - a\n1..2\nok 1 - b\nok 2 - c\n")) == [PASSED] * 3
    assert verdicts(suite("1..1\nok 1 - a\n1..2\nok 1 - b\n")) == [PASSED, PASSED, FAILED]


def test_pytest_reports_failures_errors_and_skips(tmp_path):
    report = tmp_path / "report.xml"
    report.write_text(
        '<testsuites><testsuite><testcase classname="http.test_a" name="good"/>'
        '<testcase classname="http.test_a" name="bad"><failure message="assert 1 == 2&#10;more"/></testcase>'
        '<testcase classname="http.test_a" name="torn"><error message="fixture"/></testcase>'
        '<testcase classname="http.test_a" name="left"><skipped message="no model"/></testcase>'
        "</testsuite></testsuites>")
    assert summary.from_junit(report) == [
        Result("http.test_a::good", PASSED),
        Result("http.test_a::bad", FAILED, "assert 1 == 2"),
        Result("http.test_a::torn", FAILED, "fixture"),
        Result("http.test_a::left", SKIPPED, "no model"),
    ]


@pytest.fixture
def checks(monkeypatch, capsys, tmp_path):
    """Runs ./test over parts with the given results: checks({part: [Result]}, *words, ci=False) → (status, lines)"""

    def run(parts, *words, ci=False):
        monkeypatch.setattr(run_checks, "PARTS", [
            run_checks.Part(name, name, lambda results=results: list(results)) for name, results in parts.items()])
        monkeypatch.setattr(run_checks, "CI", ci)
        monkeypatch.setattr(run_checks, "REPORTS", tmp_path)
        monkeypatch.setattr("sys.argv", ["test", *words])
        handler = signal.getsignal(signal.SIGTERM)
        status = run_checks.main()
        signal.signal(signal.SIGTERM, handler)
        return status, capsys.readouterr().out.splitlines()

    return run


GOOD, BAD, LEFT = Result("good", PASSED), Result("bad", FAILED, "broken"), Result("left", SKIPPED, "no corpus")


def test_the_last_line_adds_up_all_parts(checks):
    status, lines = checks({"unit": [GOOD, GOOD], "http": [GOOD, LEFT]})
    assert lines[-1] == "3 passed, 0 failed, 1 skipped"
    assert status == 0


def test_one_failure_makes_the_exit_status_bad_and_is_named_with_its_reason(checks):
    status, lines = checks({"unit": [GOOD, BAD], "http": [GOOD]})
    assert lines[-1] == "2 passed, 1 failed, 0 skipped"
    assert "FAILED unit: bad: broken" in lines
    assert status == 1


def test_a_skip_is_named_with_its_reason(checks):
    assert "SKIPPED unit: left: no corpus" in checks({"unit": [LEFT]})[1]


def test_a_skip_is_a_failure_where_ci_is_true(checks):
    status, lines = checks({"unit": [GOOD, LEFT]}, ci=True)
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"
    assert status == 1


def test_nothing_at_all_is_not_a_success(checks):
    status, lines = checks({"unit": []})
    assert lines[-1] == "0 passed, 0 failed, 0 skipped"
    assert status == 1


def test_a_word_selects_the_part_of_that_name_or_all_with_that_word(checks):
    parts = {"unit": [GOOD], "unit-asan": [GOOD], "http-asan": [GOOD]}
    assert checks(parts, "unit")[1][-1] == "1 passed, 0 failed, 0 skipped"
    assert checks(parts, "asan")[1][-1] == "2 passed, 0 failed, 0 skipped"


def test_a_runner_that_did_not_get_to_its_end_has_failed():
    passed, failed = [GOOD], [Result("b", FAILED, "why")]
    assert summary.with_status(passed, "suites", "meson", 0) == passed
    assert summary.with_status(passed, "suites", "meson", 1)[1:] == [
        Result("suites", FAILED, "meson ended with status 1")]
    assert summary.with_status(failed, "suites", "meson", 1) == failed


def test_a_word_that_selects_nothing_is_refused(checks):
    with pytest.raises(SystemExit, match="no part is called frobnicate"):
        checks({"unit": [GOOD]}, "frobnicate")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_still_ends_with_its_count_and_a_bad_status(checks, number):
    class Stopped:
        def __iter__(self):
            os.kill(os.getpid(), number)
            time.sleep(10)

    status, lines = checks({"unit": [GOOD], "http": Stopped(), "fault": [GOOD]})
    assert lines[-1] == "1 passed, 1 failed, 0 skipped"
    assert status == 1


def test_a_command_past_its_limit_is_killed_with_all_that_it_started(tmp_path):
    process_id = tmp_path / "id"
    script = f"sleep 60 & echo $! > {process_id}; wait"
    assert run_checks.run(["sh", "-c", script], limit_s=0.5) != 0
    state = pathlib.Path(f"/proc/{process_id.read_text().strip()}/stat")
    deadline = time.monotonic() + 10
    while state.exists() and state.read_text().split()[2] != "Z" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not state.exists() or state.read_text().split()[2] == "Z"


@pytest.mark.parametrize("options, same", [
    (("--werror", "-Db_sanitize=address,undefined"), True),
    (("--werror",), False),
    (("--werror", "-Db_sanitize=thread"), False),
])
def test_a_build_folder_of_other_options_is_not_taken(tmp_path, options, same):
    assert not run_checks.has_options(tmp_path, ())
    (tmp_path / "meson-private").mkdir()
    (tmp_path / "meson-private/cmd_line.txt").write_text(
        "[options]\nwerror = True\nb_sanitize = address,undefined\n\n[properties]\n\n")
    assert run_checks.has_options(tmp_path, options) == same
