#include "support.h"

#include "record/spellings.h"

#include <stdio.h>

static void each_is_noted_once(void **state)
{
	struct spellings spellings;

	(void)state;
	spellings_init(&spellings);
	spellings_add(&spellings, SLICE("smith accounting 42 abc smith smith12 "));
	spellings_add(&spellings, SLICE("accounting meier "));
	spellings_add(&spellings, SLICE(""));
	assert_string_equal(spellings.words.data, "smith accounting meier ");
	spellings_clear(&spellings);
	assert_int_equal(spellings.words.size, 0);
	spellings_add(&spellings, SLICE("meier smith"));
	assert_string_equal(spellings.words.data, "meier smith ");
	spellings_release(&spellings);
}

static void the_longest_is_32_bytes(void **state)
{
	struct slice folded = SLICE("abcdefghijklmnopqrstuvwxyzabcdefg abcdefghijklmnopqrstuvwxyzabcdef "), word;
	size_t at = 0;

	(void)state;
	assert_true(spelling_next(folded, &at, &word));
	assert_int_equal(word.size, SPELLING_MAX_SIZE);
	assert_false(spelling_next(folded, &at, &word));
}

/* Repeats may stay where two words share a place, but no word is lost. */
static void none_is_lost_among_many(void **state)
{
	struct spellings spellings;
	char text[8];
	size_t count = 0, at = 0;
	struct slice word;

	(void)state;
	spellings_init(&spellings);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 26 * 26 * 26; i++) {
			int size = snprintf(text, sizeof text, "q%c%c%c ", 'a' + i / 676, 'a' + i / 26 % 26, 'a' + i % 26);
			spellings_add(&spellings, slice_of(text, (size_t)size));
		}
	static bool found[26 * 26 * 26];
	while (spelling_next(strbuf_slice(&spellings.words), &at, &word))
		found[(word.data[1] - 'a') * 676 + (word.data[2] - 'a') * 26 + word.data[3] - 'a'] = true;
	for (size_t i = 0; i < sizeof found; i++)
		count += found[i];
	assert_int_equal(count, 26 * 26 * 26);
	spellings_release(&spellings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_noted_once),
		cmocka_unit_test(the_longest_is_32_bytes),
		cmocka_unit_test(none_is_lost_among_many),
	};
	return cmocka_run_group_tests_name("spellings", tests, NULL, NULL);
}
