#include "support.h"

#include "base/clock.h"
#include "store/sqlite/internal.h"

static int64_t parse(const char *text)
{
	return time_text_parse(slice_of_string(text));
}

static void every_form_of_the_same_moment_is_read(void **state)
{
	static const char *const forms[] = {
		"2024-01-01T12:00:00.123Z",	    "2024-01-01 12:00:00.123456",
		"2024-01-01 12:00:00.123",	    "2024-01-01t12:00:00.123999z",
		"2024-01-01T14:00:00.123+02:00",    "2024-01-01T06:30:00.123-0530",
		"2024-01-01T12:00:00,123456+00:00",
	};

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		assert_int_equal(parse(forms[i]), 1704110400123);
	assert_int_equal(parse("2024-01-01"), 1704067200000);
	assert_int_equal(parse("2024-01-01 12:00:00"), 1704110400000);
}

static void what_is_no_time_is_zero(void **state)
{
	static const char *const none[] = {
		"", "yesterday", "2024", "2024-01", "2024-13-01", "2024-01-32", "2024-01-01T25:00:00",
		"2024-01-01T12:60:00", "2024-01-01T12:00", "2024-01-01T12:00:00x",
		"2024-01-01T12:00:00+2", "2024-01-01T12:00:00+02:00x", "2024-01-01T12:00:00Zx",
		"24-01-01T12:00:00", "2024/01/01",
	};

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(parse(none[i]), 0);
	assert_int_equal(time_text_parse(slice_of(NULL, 0)), 0);
	/* A NUL is no separator. */
	assert_int_equal(time_text_parse(SLICE("2024-01-01\0T2:00:00")), 0);
}

static void what_the_clock_writes_is_read_back(void **state)
{
	uint64_t seed = random_seed();

	(void)state;
	for (int i = 0; i < 10000; i++) {
		char text[CLOCK_TEXT_SIZE];
		int64_t ms = (int64_t)(random_next(&seed) % 253402300799999u) + 1;
		clock_format(ms, text);
		assert_int_equal(parse(text), ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_the_same_moment_is_read),
		cmocka_unit_test(what_is_no_time_is_zero),
		cmocka_unit_test(what_the_clock_writes_is_read_back),
	};
	return cmocka_run_group_tests_name("time text", tests, NULL, NULL);
}
