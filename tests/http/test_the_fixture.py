"""The fixture that all suites trust: that it does fail on what it is there to find."""

import pytest

STRAY = 'echo "{text}" >&2; exec "$@"'


def with_stray_line(make_server, text):
    return make_server(prefix=["sh", "-c", STRAY.format(text=text), "sh"]).start()


@pytest.mark.parametrize("text", ["WARNING: ThreadSanitizer: data race (pid=1)", "==1==ERROR: AddressSanitizer: heap-use-after-free",
                                  "a.c:1:2: runtime error: signed integer overflow"])
def test_a_sanitizers_report_fails_the_test(make_server, text):
    server = with_stray_line(make_server, text)
    with pytest.raises(pytest.fail.Exception, match="a sanitizer reported"):
        server.stop()


def test_a_line_that_is_no_json_fails_the_test(make_server):
    server = with_stray_line(make_server, "printf debugging")
    with pytest.raises(AssertionError, match="no JSON object"):
        server.stop()


def test_an_exit_status_that_is_not_0_fails_the_test(make_server):
    server = make_server(prefix=["sh", "-c", '"$@" & trap "kill $!; wait $!; exit 3" TERM; wait', "sh"]).start()
    with pytest.raises(AssertionError, match="ended with status 3"):
        server.stop()
