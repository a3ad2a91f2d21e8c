/* What a query says as words. */
#include "support.h"

#include "arena_fixture.h"
#include "search/words.h"

#include <stdio.h>

/* Terms as text: words with spaces between, a star behind a beginning, a minus before what is excluded, a question mark behind what
 * may be misspelled; terms end in a bar. */
static void check(const char *query, const char *expected)
{
	struct words words;
	struct strbuf text;

	strbuf_init(&text, 1 << 16);
	assert_true(words_parse(slice_of_string(query), &test_arena, &words));
	for (size_t i = 0; i < words.count; i++) {
		const struct word_phrase *phrase = &words.terms[i].alternatives[0];
		assert_int_equal(words.terms[i].count, 1);
		strbuf_add_string(&text, words.terms[i].excluded ? "-" : "");
		for (size_t j = 0; j < phrase->count; j++) {
			strbuf_add_string(&text, j ? " " : "");
			strbuf_add_slice(&text, phrase->words[j]);
		}
		strbuf_add_string(&text, phrase->prefix ? "*" : "");
		strbuf_add_string(&text, words.may_be_misspelled[i] ? "?|" : "|");
	}
	assert_slice(strbuf_slice(&text), expected);
	strbuf_release(&text);
}

static void words_stand_alone_or_in_quotes(void **state)
{
	(void)state;
	check("", "");
	check(" \t\u00A0\u3000", "");
	check("ÉMILE x1", "emile?|x1|");
	check("\"head of Sales\" lyon", "head of sales|lyon?|");
	check("\"never closed", "never closed|");
	check("a\"b c\"d", "a|b c|d|");
	check("john.doe@example.com", "john doe example com|");
	check("東京", "東 京|");
}

static void stars_and_minus_signs_mean_something_at_their_places(void **state)
{
	(void)state;
	check("fin*", "fin*|");
	check("fin**", "fin*|");
	check("\"head of s\"* \"head of s*\"", "head of s*|");
	check("foo-*", "foo|");
	check("f*n", "f n|");
	check("-intern --extern", "-intern|-extern|");
	check("-\"head of\" -fin*", "-head of|-fin*|");
	check("- -\" \" * \"\"", "");
	check("Lévi-Strauss", "levi strauss|");
}

static void what_is_asked_twice_counts_once(void **state)
{
	(void)state;
	check("sales SALES \"sales\" -sales sales*", "sales?|-sales|sales*|");
}

static void the_first_terms_and_words_count(void **state)
{
	char query[WORDS_TERMS_MOST * 8 + 64];
	struct words words;
	size_t size = 0;

	(void)state;
	for (int i = 0; i < WORDS_TERMS_MOST + 5; i++)
		size += (size_t)snprintf(query + size, sizeof query - size, "w%d ", i);
	assert_true(words_parse(slice_of(query, size), &test_arena, &words));
	assert_int_equal(words.count, WORDS_TERMS_MOST);
	query[0] = '"';
	assert_true(words_parse(slice_of(query, size), &test_arena, &words));
	assert_int_equal(words.count, 1);
	assert_int_equal(words.terms[0].alternatives[0].count, WORDS_PHRASE_MOST);
}

static void whatever_is_typed_is_a_query(void **state)
{
	static const char signs[] = "\"*- ab\xC3\xA9\xE6\x9D\xB1\xFF\t(";
	uint64_t seed = random_seed();
	char text[48];
	struct words words;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t size = random_next(&seed) % sizeof text;
		for (size_t i = 0; i < size; i++)
			text[i] = signs[random_next(&seed) % (sizeof signs - 1)];
		arena_reset(&test_arena);
		assert_true(words_parse(slice_of(text, size), &test_arena, &words));
		for (size_t i = 0; i < words.count; i++)
			assert_true(words.terms[i].alternatives[0].count > 0);
	}
}

static void memory_that_is_exhausted_is_said(void **state)
{
	struct arena none;
	struct words words;

	(void)state;
	arena_init(&none, 0);
	assert_false(words_parse(SLICE("a b"), &none, &words));
	arena_release(&none);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, make_test_arena, release_test_arena)
	const struct CMUnitTest tests[] = {
		TEST(words_stand_alone_or_in_quotes),	TEST(stars_and_minus_signs_mean_something_at_their_places),
		TEST(what_is_asked_twice_counts_once),	TEST(the_first_terms_and_words_count),
		TEST(whatever_is_typed_is_a_query),	TEST(memory_that_is_exhausted_is_said),
	};
	return cmocka_run_group_tests_name("words of a query", tests, NULL, NULL);
}
