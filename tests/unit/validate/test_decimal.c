#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "validate/decimal.h"

#include "base/banned.h"

static void only_whole_texts_in_the_notation_are_numbers(void **state)
{
	static const struct {
		const char *text;
		bool plain, exponent, loose;
	} cases[] = {
		{"0", true, true, true},        {"-0", true, true, true},      {"+7", true, true, true},
		{"007", true, true, true},      {"1.5", true, true, true},     {"1e5", false, true, true},
		{"1.5E-3", false, true, true},  {"1e+5", false, true, true},   {".5", false, false, true},
		{"5.", false, false, true},     {"5.e1", false, false, true},  {"-.5", false, false, true},
		{"", false, false, false},      {"-", false, false, false},    {".", false, false, false},
		{"e5", false, false, false},    {"1e", false, false, false},   {"1e+", false, false, false},
		{"1.2.3", false, false, false}, {"1 ", false, false, false},   {" 1", false, false, false},
		{"0x1", false, false, false},   {"--1", false, false, false},  {"1,5", false, false, false},
		{"inf", false, false, false},   {"NaN", false, false, false},
	};
	struct decimal decimal;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct slice text = slice_of_string(cases[i].text);
		if (decimal_read(text, DECIMAL_PLAIN, &decimal) != cases[i].plain ||
		    decimal_read(text, DECIMAL_EXPONENT, &decimal) != cases[i].exponent ||
		    decimal_read(text, DECIMAL_LOOSE, &decimal) != cases[i].loose)
			fail_msg("'%s'", cases[i].text);
	}
}

static struct decimal number(const char *text)
{
	struct decimal decimal;

	if (!decimal_read(slice_of_string(text), DECIMAL_LOOSE, &decimal))
		fail_msg("'%s' is no number", text);
	return decimal;
}

static struct slice key_of(const char *text, struct strbuf *out)
{
	struct decimal decimal = number(text);

	strbuf_clear(out);
	decimal_write_key(&decimal, out);
	return strbuf_slice(out);
}

static void check_order(const char *a, const char *b, int expected)
{
	struct decimal left = number(a), right = number(b);
	struct strbuf key_a, key_b;
	int order = decimal_compare(&left, &right), back = decimal_compare(&right, &left);

	strbuf_init(&key_a, 1 << 16);
	strbuf_init(&key_b, 1 << 16);
	if ((order > 0) - (order < 0) != expected || (back > 0) - (back < 0) != -expected)
		fail_msg("'%s' and '%s': %d, %d", a, b, order, back);
	if (slice_equal(key_of(a, &key_a), key_of(b, &key_b)) != (expected == 0))
		fail_msg("keys of '%s' and '%s': %s, %s", a, b, key_a.data, key_b.data);
	strbuf_release(&key_a);
	strbuf_release(&key_b);
}

static void numbers_compare_exactly_at_any_size(void **state)
{
	static const struct {
		const char *a, *b;
		int order;
	} cases[] = {
		{"0", "-0.000e99", 0},
		{"1", "1.0", 0},
		{"100", "1e2", 0},
		{"0.001", "1e-3", 0},
		{"007", "7", 0},
		{"1200", "0.12e4", 0},
		{"-1", "1", -1},
		{"0", "1e-400", -1},
		{"-1e-400", "0", -1},
		{"1e400", "1e401", -1},
		{"9999999999999999999999999999", "10000000000000000000000000000", -1},
		{"0.10000000000000000000000000001", "0.1", 1},
		{"-2", "-1.9999999999999999999999", -1},
		{"123456789012345678", "123456789012345679", -1},
		{"1e99999999999999999999999", "1e99999999999999999999998", 0}, /* held at the same end */
		{"1e-99999999999999999999999", "0", 1},
		{".5", "5.e-1", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_order(cases[i].a, cases[i].b, cases[i].order);
}

/* In whatever spelling two numbers are given, they compare as their values do. */
static void spellings_do_not_matter(void **state)
{
	uint64_t random = random_seed();

	(void)state;
	for (int round = 0; round < 20000; round++) {
		int64_t values[2];
		char texts[2][64];
		for (int i = 0; i < 2; i++) {
			values[i] = (int64_t)(random_next(&random) % 2001) - 1000;
			const char *sign = values[i] < 0 ? "-" : random_next(&random) % 4 ? "" : "+";
			long long size = llabs(values[i]);
			int shift = (int)(random_next(&random) % 3);
			long long power = shift == 0 ? 1 : shift == 1 ? 10 : 100;
			snprintf(texts[i], sizeof texts[i], "%s%s%lld.%0*llde%d", sign,
				 random_next(&random) % 4 ? "" : "00", size / power, shift ? shift : 1,
				 size % power, shift);
		}
		check_order(texts[0], texts[1], (values[0] > values[1]) - (values[0] < values[1]));
	}
}

static void wholeness_is_of_the_value(void **state)
{
	static const char *const whole[] = {"0", "30.0", "3e1", "1.5e1", "300e-2", "0e-9", "1e400", "0.0"};
	static const char *const broken[] = {"30.5", "5e-1", "1e-400", "0.001", "1.25e1"};

	(void)state;
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
		struct decimal decimal = number(whole[i]);
		assert_true(decimal_is_whole(&decimal));
	}
	for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
		struct decimal decimal = number(broken[i]);
		assert_false(decimal_is_whole(&decimal));
		assert_false(decimal_is_zero(&decimal));
	}
}

static void numbers_are_written_as_json_digit_for_digit(void **state)
{
	static const char *const cases[][2] = {
		{"30", "30"},       {"+30", "30"},     {"0030.50", "30.50"}, {"-.5", "-0.5"},   {"5.", "5"},
		{"5.e3", "5e3"},    {"1.50", "1.50"},  {"-007", "-7"},       {"000", "0"},      {"-0.0", "-0.0"},
		{"1E+05", "1E+05"}, {".5e-3", "0.5e-3"}, {"0", "0"},
		{"123456789012345678901234567890.123456789", "123456789012345678901234567890.123456789"},
	};
	struct arena arena;
	struct slice json;

	(void)state;
	arena_init(&arena, 1 << 16);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct decimal decimal = number(cases[i][0]);
		assert_true(decimal_to_json(&decimal, slice_of_string(cases[i][0]), &arena, &json));
		assert_slice(json, cases[i][1]);
	}
	arena_release(&arena);
	arena_init(&arena, 0);
	struct decimal decimal = number("+1");
	assert_false(decimal_to_json(&decimal, SLICE("+1"), &arena, &json));
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_whole_texts_in_the_notation_are_numbers),
		cmocka_unit_test(numbers_compare_exactly_at_any_size),
		cmocka_unit_test(spellings_do_not_matter),
		cmocka_unit_test(wholeness_is_of_the_value),
		cmocka_unit_test(numbers_are_written_as_json_digit_for_digit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
