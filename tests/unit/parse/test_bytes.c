#include "support.h"

#include "parse/bytes.h"

static const char interesting[] = "\0\x01\x1F \"\\,;\r\n\t|'x\x7F\x80\xC3\xFF";

static void fill(char *bytes, size_t size, uint64_t *state)
{
	/* Mostly plain letters, so that blocks without any byte of interest occur too. */
	uint64_t share = random_next(state) % 20 + 1;

	for (size_t i = 0; i < size; i++)
		bytes[i] = random_next(state) % share ? 'a'
			   : interesting[random_next(state) % (sizeof interesting - 1)];
}

static void csv_masks_are_those_of_the_plain_form(void **state)
{
	(void)state;
	uint64_t seed = random_seed();
	char block[64];

	for (int round = 0; round < 20000; round++) {
		fill(block, sizeof block, &seed);
		char wanted[3];
		for (int i = 0; i < 3; i++)
			wanted[i] = interesting[random_next(&seed) % (sizeof interesting - 1)];
		struct csv_masks expected = bytes_csv_masks_plain(block, wanted);
		struct csv_masks masks = bytes_csv_masks(block, wanted);
		assert_true(masks.special == expected.special);
		assert_true(masks.unusual == expected.unusual);
	}
}

static void finders_find_what_the_plain_form_finds(void **state)
{
	(void)state;
	uint64_t seed = random_seed();
	char bytes[100];

	for (int round = 0; round < 50000; round++) {
		size_t size = (size_t)(random_next(&seed) % (sizeof bytes + 1));
		fill(bytes, size, &seed);
		struct slice text = slice_of(bytes, size);
		assert_int_equal(bytes_find_line_end(text), bytes_find_line_end_plain(text));
		assert_int_equal(bytes_find_string_special(text),
				 bytes_find_string_special_plain(text));
		assert_int_equal(bytes_find_shift(text), bytes_find_shift_plain(text));
	}
}

static void the_plain_forms_find_these(void **state)
{
	(void)state;
	char block[64];

	memset(block, 'a', sizeof block);
	block[0] = ';';
	block[1] = '\0';
	block[5] = '\'';
	block[62] = '\r';
	block[63] = '\n';
	block[7] = '\x80';
	block[9] = '\\';
	struct csv_masks masks = bytes_csv_masks_plain(block, (const char[]){';', '\'', '\\'});
	assert_true(masks.special == (UINT64_C(1) | UINT64_C(1) << 5 | UINT64_C(1) << 9 | UINT64_C(3) << 62));
	assert_true(masks.unusual == (UINT64_C(1) << 1 | UINT64_C(1) << 7));
	assert_int_equal(bytes_find_line_end_plain(SLICE("ab\rc\n")), 2);
	assert_int_equal(bytes_find_line_end_plain(SLICE("ab")), 2);
	assert_int_equal(bytes_find_string_special_plain(SLICE("ab\x1F")), 2);
	assert_int_equal(bytes_find_string_special_plain(SLICE("a \x7F\xFF\\")), 4);
	assert_int_equal(bytes_find_string_special_plain(SLICE("\"")), 0);
	assert_int_equal(bytes_find_shift_plain(SLICE("ab\x1B")), 2);
	assert_int_equal(bytes_find_shift_plain(SLICE("ab\x80")), 2);
	assert_int_equal(bytes_find_shift_plain(SLICE("ab\x7F\r")), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plain_forms_find_these),
		cmocka_unit_test(csv_masks_are_those_of_the_plain_form),
		cmocka_unit_test(finders_find_what_the_plain_form_finds),
	};
	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
