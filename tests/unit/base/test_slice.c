#include "support.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/slice.h"

#include "base/banned.h"

static void equality_is_of_bytes_and_length(void **state)
{
	(void)state;
	assert_true(slice_equal(SLICE("a\0b"), SLICE("a\0b")));
	assert_false(slice_equal(SLICE("a\0b"), SLICE("a\0c")));
	assert_false(slice_equal(SLICE("a"), SLICE("ab")));
	assert_true(slice_equal(slice_of(NULL, 0), SLICE("")));
	assert_true(slice_is(SLICE("abc"), "abc"));
	assert_true(slice_is(SLICE(""), NULL));
	assert_int_equal(slice_of_string(NULL).size, 0);
}

static void ascii_case_alone_is_ignored(void **state)
{
	(void)state;
	assert_true(slice_equal_ignoring_ascii_case(SLICE("Content-TYPE"), SLICE("content-type")));
	assert_false(slice_equal_ignoring_ascii_case(SLICE("a"), SLICE("ab")));
	assert_false(slice_equal_ignoring_ascii_case(SLICE("a"), SLICE("b")));
	/* '@' and '`', '[' and '{' differ by the same bit as letters do. */
	assert_false(slice_equal_ignoring_ascii_case(SLICE("@["), SLICE("`{")));
	/* Ä and ä in UTF-8 */
	assert_false(slice_equal_ignoring_ascii_case(SLICE("\xC3\x84"), SLICE("\xC3\xA4")));
}

static void prefixes_are_found_at_the_start_only(void **state)
{
	(void)state;
	assert_true(slice_starts_with(SLICE("abc"), SLICE("ab")));
	assert_true(slice_starts_with(SLICE("abc"), SLICE("")));
	assert_true(slice_starts_with(SLICE("abc"), SLICE("abc")));
	assert_false(slice_starts_with(SLICE("abc"), SLICE("abcd")));
	assert_false(slice_starts_with(SLICE("abc"), SLICE("bc")));
}

static void ascii_white_space_is_trimmed_at_both_ends(void **state)
{
	(void)state;
	assert_slice(slice_trim(SLICE(" \t\r\n\v\fa b \t")), "a b");
	assert_slice(slice_trim(SLICE(" \t ")), "");
	assert_slice(slice_trim(SLICE("")), "");
	assert_slice(slice_trim(SLICE("\x08" "a\x0E")), "\x08" "a\x0E");
	assert_slice(slice_trim(slice_of(NULL, 0)), "");
}

static void a_byte_is_found_at_or_after_the_place(void **state)
{
	(void)state;
	assert_int_equal(slice_find(SLICE("a,b,c"), ',', 0), 1);
	assert_int_equal(slice_find(SLICE("a,b,c"), ',', 1), 1);
	assert_int_equal(slice_find(SLICE("a,b,c"), ',', 2), 3);
	assert_int_equal(slice_find(SLICE("a,b,c"), ',', 4), 5);
	assert_int_equal(slice_find(SLICE("a,b,c"), ',', 99), 5);
	assert_int_equal(slice_find(slice_of(NULL, 0), ',', 0), 0);
	assert_int_equal(slice_find(SLICE("a\0b"), '\0', 0), 1);
}

static void assert_parses(const char *text, int64_t expected)
{
	int64_t value = 0;

	if (!slice_parse_int64(slice_of_string(text), &value) || value != expected)
		fail_msg("\"%s\" is read as %" PRId64, text, value);
}

static void integers_are_read_over_their_whole_range(void **state)
{
	uint64_t random = random_seed();
	char text[32];

	(void)state;
	assert_parses("0", 0);
	assert_parses("-0", 0);
	assert_parses("007", 7);
	assert_parses("9223372036854775807", INT64_MAX);
	assert_parses("-9223372036854775808", INT64_MIN);
	for (int i = 0; i < 10000; i++) {
		int64_t value = (int64_t)random_next(&random) >> random_next(&random) % 64;
		snprintf(text, sizeof text, "%" PRId64, value);
		assert_parses(text, value);
	}
}

static void what_is_no_integer_leaves_the_value_alone(void **state)
{
	static const char *const texts[] = {
		"", "-", "+1", " 1", "1 ", "1.0", "1e3", "--1", "0x1", "a", "1a",
		"9223372036854775808", "-9223372036854775809", "99999999999999999999",
	};
	int64_t value = 42;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (slice_parse_int64(slice_of_string(texts[i]), &value) || value != 42)
			fail_msg("\"%s\" is taken for an integer", texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equality_is_of_bytes_and_length),
		cmocka_unit_test(ascii_case_alone_is_ignored),
		cmocka_unit_test(prefixes_are_found_at_the_start_only),
		cmocka_unit_test(ascii_white_space_is_trimmed_at_both_ends),
		cmocka_unit_test(a_byte_is_found_at_or_after_the_place),
		cmocka_unit_test(integers_are_read_over_their_whole_range),
		cmocka_unit_test(what_is_no_integer_leaves_the_value_alone),
	};

	return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
