/* Marks around the words of a query, in whatever a record holds. */
#include "support.h"

#include "arena_fixture.h"
#include "search/highlight.h"

#include <stdio.h>
#include <string.h>

static void check(const char *data, const char *query, const char *expected)
{
	struct words words;
	struct slice json;

	assert_true(words_parse(slice_of_string(query), &test_arena, &words));
	assert_true(highlight_record(slice_of_string(data), &words, &test_arena, &json));
	assert_slice(json, expected);
}

static void words_are_marked_as_they_stand(void **state)
{
	(void)state;
	check("{\"name\":\"Søren Kim\",\"city\":\"Lyon\"}", "soren", "{\"name\":\"<mark>Søren</mark> Kim\"}");
	check("{\"name\":\"Ana\",\"city\":\"Ana\"}", "ana", "{\"name\":\"<mark>Ana</mark>\",\"city\":\"<mark>Ana</mark>\"}");
	check("{\"name\":\"Finance fin\"}", "fin*", "{\"name\":\"<mark>Finance</mark> <mark>fin</mark>\"}");
	check("{\"name\":\"head of sales, head\"}", "\"head of\"", "{\"name\":\"<mark>head of</mark> sales, head\"}");
	check("{\"name\":\"Ana\"}", "bob", "{}");
	check("{\"name\":\"Ana\"}", "-ana", "{}");
	check("{}", "ana", "{}");
	check("{\"a\":\"東京都\"}", "京都", "{\"a\":\"東<mark>京都</mark>\"}");
}

static void phrases_cross_fields_and_marks_do_not(void **state)
{
	(void)state;
	check("{\"first\":\"Ana\",\"last\":\"Kim\"}", "\"ana kim\"", "{\"first\":\"<mark>Ana</mark>\",\"last\":\"<mark>Kim</mark>\"}");
}

static void everything_else_is_escaped(void **state)
{
	(void)state;
	check("{\"a\":\"<b>Ana</b> & \\\"O'Neil\\\"\"}", "ana",
	      "{\"a\":\"&lt;b&gt;<mark>Ana</mark>&lt;/b&gt; &amp; &quot;O&#39;Neil&quot;\"}");
}

static void values_of_a_field_stand_behind_one_another(void **state)
{
	(void)state;
	check("{\"a\":[\"x ana\",\"y\",{\"k\":\"Ana z\"}],\"n\":30}", "ana 30",
	      "{\"a\":\"x <mark>ana</mark> <mark>Ana</mark> z\",\"n\":\"<mark>30</mark>\"}");
}

static void of_a_long_value_the_part_around_the_first_mark_is_shown(void **state)
{
	char data[4096];
	struct words words;
	struct slice json;
	int size = snprintf(data, sizeof data, "{\"a\":\"");

	(void)state;
	for (int i = 0; i < 200; i++)
		size += snprintf(data + size, sizeof data - (size_t)size, "é%d ", i);
	snprintf(data + size, sizeof data - (size_t)size, "needle <b>%01000d\"}", 7);
	assert_true(words_parse(SLICE("needle"), &test_arena, &words));
	assert_true(highlight_record(slice_of_string(data), &words, &test_arena, &json));
	assert_true(json.size < 600);
	assert_true(memmem(json.data, json.size, "<mark>needle</mark> &lt;b&gt;", 28) != NULL);
	assert_true(slice_starts_with(json, SLICE("{\"a\":\"…")));
	assert_true(memmem(json.data, json.size, "…\"}", 5) != NULL);
}

static void memory_that_is_exhausted_is_said(void **state)
{
	struct words words;
	struct arena none;
	struct slice json;

	(void)state;
	assert_true(words_parse(SLICE("ana"), &test_arena, &words));
	arena_init(&none, 0);
	assert_false(highlight_record(SLICE("{\"a\":\"ana\"}"), &words, &none, &json));
	arena_release(&none);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, make_test_arena, release_test_arena)
	const struct CMUnitTest tests[] = {
		TEST(words_are_marked_as_they_stand), TEST(phrases_cross_fields_and_marks_do_not),
		TEST(everything_else_is_escaped),     TEST(values_of_a_field_stand_behind_one_another),
		TEST(of_a_long_value_the_part_around_the_first_mark_is_shown), TEST(memory_that_is_exhausted_is_said),
	};
	return cmocka_run_group_tests_name("highlight", tests, NULL, NULL);
}
