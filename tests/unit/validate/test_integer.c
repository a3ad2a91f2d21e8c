#include "support.h"

#include <inttypes.h>
#include <stdio.h>

#include "validate/integer.h"

#include "base/banned.h"

static void assert_number(const char *text, enum integer_notation notation, int64_t value)
{
	struct integer number;

	if (!integer_read(slice_of_string(text), notation, &number))
		fail_msg("\"%s\" is not read", text);
	assert_false(number.beyond);
	assert_int_equal(number.value, value);
	assert_int_equal(number.negative, value < 0);
	assert_int_equal(integer_compare(&number, value), 0);
}

static void assert_no_number(const char *text, enum integer_notation notation)
{
	struct integer number;

	if (integer_read(slice_of_string(text), notation, &number))
		fail_msg("\"%s\" is read", text);
}

static void the_ends_of_int64_are_read_exactly(void **state)
{
	struct integer number;

	(void)state;
	assert_number("9223372036854775807", INTEGER_PLAIN, INT64_MAX);
	assert_number("-9223372036854775808", INTEGER_PLAIN, INT64_MIN);
	assert_number("9223372036854775807000e-3", INTEGER_EXPONENT, INT64_MAX);

	assert_true(integer_read(SLICE("9223372036854775808"), INTEGER_PLAIN, &number));
	assert_true(number.beyond);
	assert_int_equal(number.value, INT64_MAX);
	assert_int_equal(integer_compare(&number, INT64_MAX), 1);
	assert_true(integer_read(SLICE("-9223372036854775809"), INTEGER_PLAIN, &number));
	assert_true(number.beyond);
	assert_int_equal(number.value, INT64_MIN);
	assert_int_equal(integer_compare(&number, INT64_MIN), -1);
}

static void exponents_count_only_where_they_may_stand(void **state)
{
	(void)state;
	assert_no_number("1e2", INTEGER_PLAIN);
	assert_number("1e2", INTEGER_EXPONENT, 100);
	assert_number("1E+2", INTEGER_EXPONENT, 100);
	assert_number("12.50e1", INTEGER_EXPONENT, 125);
	assert_number("100e-2", INTEGER_EXPONENT, 1);
	assert_number("0.0e-5", INTEGER_EXPONENT, 0);
	assert_no_number("12.50e0", INTEGER_EXPONENT);
	assert_no_number("1e-1", INTEGER_EXPONENT);
	assert_no_number("1e", INTEGER_EXPONENT);
	assert_no_number("1e+", INTEGER_EXPONENT);
	assert_no_number("1e5x", INTEGER_EXPONENT);
	assert_no_number("1x", INTEGER_EXPONENT);
	assert_no_number("", INTEGER_PLAIN);
}

static void exponents_beyond_reason_cost_no_time(void **state)
{
	struct integer number;

	(void)state;
	assert_true(integer_read(SLICE("1e999999999999999999999999"), INTEGER_EXPONENT, &number));
	assert_true(number.beyond);
	assert_true(integer_read(SLICE("-0.001e4000000000"), INTEGER_EXPONENT, &number));
	assert_true(number.beyond);
	assert_true(number.negative);
	assert_no_number("1e-999999999999999999999999", INTEGER_EXPONENT);
	assert_number("0e999999999999999999999999", INTEGER_EXPONENT, 0);
}

/* Writes a random number in a random notation that keeps its value. */
static void any_spelling_of_a_number_gives_the_number(void **state)
{
	uint64_t random = random_seed();
	char text[128];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		int64_t value = (int64_t)random_next(&random) >> random_next(&random) % 63;
		bool negative = value < 0;
		uint64_t size = negative ? 0 - (uint64_t)value : (uint64_t)value;
		int zeros = (int)(random_next(&random) % 4), shift = (int)(random_next(&random) % 4);
		char digits[32];

		snprintf(digits, sizeof digits, "%05" PRIu64, size);
		size_t point = strlen(digits) - (size_t)shift;
		snprintf(text, sizeof text, "%s%.*s%.*s.%s%.*se%d", negative ? "-" : "", zeros, "000",
			 (int)point, digits, digits + point, 1 + zeros, "0000", shift);
		assert_number(text, INTEGER_EXPONENT, value);
		snprintf(text, sizeof text, "%s%.*s%s.%.*s", negative ? "-" : "", zeros, "000", digits,
			 1 + zeros, "0000");
		assert_number(text, INTEGER_PLAIN, value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ends_of_int64_are_read_exactly),
		cmocka_unit_test(exponents_count_only_where_they_may_stand),
		cmocka_unit_test(exponents_beyond_reason_cost_no_time),
		cmocka_unit_test(any_spelling_of_a_number_gives_the_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
