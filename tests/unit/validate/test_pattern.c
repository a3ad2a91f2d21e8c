#include "support.h"

#include <stdlib.h>

#include "validate/pattern.h"

#include "base/banned.h"

static enum pattern_result match(const char *text, struct slice subject)
{
	struct pattern_scratch *scratch = pattern_scratch_new();
	struct pattern *pattern;
	struct error err;

	assert_non_null(scratch);
	assert_ok(pattern_compile(slice_of_string(text), &pattern, &err), &err);
	assert_true(pattern_size(pattern) > 0);
	enum pattern_result result = pattern_match(pattern, subject, scratch);
	pattern_free(pattern);
	pattern_scratch_free(scratch);
	return result;
}

static void the_whole_text_must_match(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{"[A-Z]{2}\\d{4}", "AB1234", true},
		{"[A-Z]{2}\\d{4}", "AB12345", false},
		{"[A-Z]{2}\\d{4}", "xAB1234", false},
		{"a|ab", "ab", true},
		{"^ab$", "ab", true},
		{"^ab$", "ab\n", false},
		{".*", "", true},
		{"...", "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80", true},
		{"\\p{Lu}\\p{Ll}+", "\xC3\x84rger", true},
		{"\\w+", "stra\xC3\x9F" "e", true},
		{"(?i)yes", "YES", true},
		{"[^,]+", "a,b", false},
		{"[]x]+", "]x", true},
		{"\\[-\\[", "[-[", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if ((match(cases[i].pattern, slice_of_string(cases[i].text)) == PATTERN_MATCHES) !=
		    cases[i].matches)
			fail_msg("'%s' on '%s'", cases[i].pattern, cases[i].text);
	assert_int_equal(match("a.b", slice_of("a\0b", 3)), PATTERN_MATCHES);
	assert_int_equal(match("", (struct slice){0}), PATTERN_MATCHES);
	assert_int_equal(match(".*", SLICE("\xFF")), PATTERN_DIFFERS);
}

static void what_is_no_pattern_is_told(void **state)
{
	static const char *const wrong[] = {"[a-", "(", "a{2,1}", "*a", "\\", "(?<n>a", "\\p{Nonsense}", "(a{1,60000}){1,60000}",
					    "\\i\\c*", "[a-z-[aeiou]]", "\\C", "(*FOO)"};
	struct pattern *pattern;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (pattern_compile(slice_of_string(wrong[i]), &pattern, &err) != STATUS_INVALID)
			fail_msg("'%s' is accepted", wrong[i]);
		assert_true(err.detail[0]);
		assert_null(pattern);
	}
	char *longest = calloc(1, PATTERN_SIZE_MAX + 2);
	memset(longest, 'a', PATTERN_SIZE_MAX + 1);
	assert_int_equal(pattern_compile(slice_of(longest, PATTERN_SIZE_MAX + 1), &pattern, &err), STATUS_INVALID);
	assert_ok(pattern_compile(slice_of(longest, PATTERN_SIZE_MAX), &pattern, &err), &err);
	pattern_free(pattern);
	free(longest);
}

static void a_pattern_that_explodes_gives_up(void **state)
{
	static char text[1 << 20];

	(void)state;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 2] = '!';
	for (size_t size = 40; size < sizeof text; size *= 16) {
		struct slice subject = slice_of(text + sizeof text - 1 - size, size);
		assert_int_equal(match("(a+)+", subject), PATTERN_GAVE_UP);
		assert_int_equal(match("(a|a)*", subject), PATTERN_GAVE_UP);
		assert_int_equal(match("a*!", subject), PATTERN_MATCHES);
	}
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	pattern_free(NULL);
	pattern_scratch_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_text_must_match),
		cmocka_unit_test(what_is_no_pattern_is_told),
		cmocka_unit_test(a_pattern_that_explodes_gives_up),
		cmocka_unit_test(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
