#include "support.h"

#include <time.h>

#include "base/clock.h"

#include "base/banned.h"

static void assert_time(int64_t time_ms, const char *expected)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format(time_ms, text);
	assert_string_equal(text, expected);
}

static void times_are_written_in_utc_with_milliseconds(void **state)
{
	(void)state;
	assert_time(0, "1970-01-01T00:00:00.000Z");
	assert_time(1, "1970-01-01T00:00:00.001Z");
	assert_time(-1, "1969-12-31T23:59:59.999Z");
	assert_time(-1000, "1969-12-31T23:59:59.000Z");
	assert_time(951782399999, "2000-02-28T23:59:59.999Z");
	assert_time(951782400000, "2000-02-29T00:00:00.000Z");
	assert_time(1795447680123, "2026-11-23T15:28:00.123Z");
	assert_time(253402300799999, "9999-12-31T23:59:59.999Z");
}

static void now_is_now(void **state)
{
	(void)state;
	int64_t before = (int64_t)time(NULL) * 1000;
	int64_t now = clock_now_ms();
	assert_in_range(now, before, before + 60000);
}

static void monotonic_time_never_runs_back(void **state)
{
	uint64_t last = clock_monotonic_ns();

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint64_t next = clock_monotonic_ns();
		assert_true(next >= last);
		last = next;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
		cmocka_unit_test(now_is_now),
		cmocka_unit_test(monotonic_time_never_runs_back),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
