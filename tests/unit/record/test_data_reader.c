/* The values of stored data: which are there, of which field, and decoded how. */
#include "support.h"

#include "record/data_reader.h"

/* "field=value;" for each value. */
static void check(struct slice data, const char *expected)
{
	struct data_reader reader;
	struct strbuf out;

	strbuf_init(&out, 1 << 20);
	data_reader_init(&reader, data);
	while (data_reader_next(&reader)) {
		strbuf_add_slice(&out, reader.field);
		strbuf_add_byte(&out, '=');
		strbuf_add_slice(&out, reader.value);
		strbuf_add_byte(&out, ';');
	}
	assert_true(data_reader_ok(&reader));
	assert_slice(strbuf_slice(&out), expected);
	data_reader_release(&reader);
	strbuf_release(&out);
}

static void every_value_comes_with_its_field(void **state)
{
	(void)state;
	check(SLICE("{\"name\":\"Ana\",\"age\":30.50,\"ok\":true,\"no\":null}"), "name=Ana;age=30.50;ok=true;");
	check(SLICE(" { \"a\" : [ 1 , {\"b\":\"c\"} , [\"d\"] ] , \"e\" : \"\" } "), "a=1;a=c;a=d;e=;");
	check(SLICE("\"alone\""), "=alone;");
	check(SLICE("[\"x\",2]"), "=x;=2;");
	check(SLICE("{}"), "");
	check(SLICE("null"), "");
	check(SLICE(""), "");
}

static void strings_are_decoded(void **state)
{
	(void)state;
	check(SLICE("{\"\\u006e\\\"\":\"a\\n\\t\\\\\\/\\\"\\u00e9\\ud83d\\ude00\\ud800x\"}"),
	      "n\"=a\n\t\\/\"é😀\xEF\xBF\xBDx;");
	check(SLICE("{\"a\":\"{\\\"b\\\":1}\",\"c\":\"]\"}"), "a={\"b\":1};c=];");
}

static void escapes_that_are_none_are_passed(void **state)
{
	(void)state;
	check(SLICE("{\"a\":\"\\u00C9\\qx\"}"), "a=\xC3\x89x;");
	check(SLICE("\"1\\\0002\""), "=12;"); /* a NUL byte names no escape */
	/* The other half of a surrogate pair is missing, cut, or is none. */
	check(SLICE("\"\\ud800\\u0041\""), "=\xEF\xBF\xBD" "A;");
	check(SLICE("\"\\ud800\\ue000\""), "=\xEF\xBF\xBD\xEE\x80\x80;");
	check(SLICE("\"\\ud800\\n12345\""), "=\xEF\xBF\xBD\n12345;");
	check(SLICE("\"\\ud800123456\""), "=\xEF\xBF\xBD" "123456;");
	check(SLICE("\"\\ud800\\u00\""), "=\xEF\xBF\xBD" "00;");
	check(SLICE("\"\\ud800\\uzzzz\""), "=\xEF\xBF\xBDzzzz;");
	check(SLICE("\"\\udc00\""), "=\xEF\xBF\xBD;");
	check(SLICE("{\r\n\t\"a\":\n1\r\n}"), "a=1;");
}

static void words_of_all_values_are_folded(void **state)
{
	struct strbuf out;

	(void)state;
	strbuf_init(&out, 1 << 20);
	assert_true(data_fold_words(SLICE("{\"Name\":\"Anaïs LEE\",\"n\":[12,null]}"), &out));
	assert_slice(strbuf_slice(&out), "anais lee 12 ");
	strbuf_release(&out);
	strbuf_init(&out, 8);
	assert_false(data_fold_words(SLICE("{\"Name\":\"Anaïs LEE\"}"), &out));
	strbuf_release(&out);
}

/* Whatever the bytes: it ends, and gives nothing that does not stand there. */
static void damaged_text_ends(void **state)
{
	static const char pieces[] = "\"\"\\{}[],:unut0e \xC3\xA9";
	uint64_t seed = random_seed();
	char text[48];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct data_reader reader;
		size_t size = random_next(&seed) % sizeof text, values = 0;
		for (size_t i = 0; i < size; i++)
			text[i] = pieces[random_next(&seed) % (sizeof pieces - 1)];
		data_reader_init(&reader, slice_of(text, size));
		while (data_reader_next(&reader))
			assert_true(++values <= size && reader.value.size <= size);
		data_reader_release(&reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_value_comes_with_its_field),
		cmocka_unit_test(strings_are_decoded),
		cmocka_unit_test(escapes_that_are_none_are_passed),
		cmocka_unit_test(words_of_all_values_are_folded),
		cmocka_unit_test(damaged_text_ends),
	};
	return cmocka_run_group_tests_name("data reader", tests, NULL, NULL);
}
