#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/json_writer.h"
#include "base/utf8.h"

#include "base/banned.h"

static struct strbuf out;
static struct json_writer json;

static int set_up(void **state)
{
	(void)state;
	strbuf_init(&out, 1 << 20);
	json_writer_init(&json, &out);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	strbuf_release(&out);
	return 0;
}

static void commas_stand_between_values_and_nowhere_else(void **state)
{
	(void)state;
	json_begin_array(&json);
	json_begin_object(&json);
	json_end_object(&json);
	json_begin_array(&json);
	json_end_array(&json);
	json_begin_object(&json);
	json_put_member(&json, "a");
	json_put_int(&json, -7);
	json_put_member_slice(&json, SLICE("b\0\""));
	json_begin_array(&json);
	json_put_null(&json);
	json_put_bool(&json, true);
	json_put_bool(&json, false);
	json_end_array(&json);
	json_put_member(&json, "c");
	json_put_raw(&json, SLICE("1.50"));
	json_put_member(&json, "d");
	json_put_text(&json, NULL);
	json_end_object(&json);
	json_put_text(&json, "e");
	json_end_array(&json);
	assert_true(strbuf_ok(&out));
	assert_slice(strbuf_slice(&out),
		     "[{},[],{\"a\":-7,\"b\\u0000\\\"\":[null,true,false],\"c\":1.50,\"d\":null},\"e\"]");
}

static void what_json_forbids_in_strings_is_escaped(void **state)
{
	(void)state;
	json_put_string(&json, SLICE("\"\\/\b\f\n\r\t\x01\x1F\x7F \xC3\xBC"));
	assert_slice(strbuf_slice(&out),
		     "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f \xC3\xBC\"");
}

static void damaged_utf8_becomes_one_replacement_for_each_piece(void **state)
{
	(void)state;
	json_put_string(&json, SLICE("a\xFF" "b\xE2\x82" "c\xED\xA0\x80\xC3"));
	assert_slice(strbuf_slice(&out),
		     "\"a\xEF\xBF\xBD" "b\xEF\xBF\xBD" "c\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static void the_empty_string_is_a_string(void **state)
{
	(void)state;
	json_put_string(&json, slice_of(NULL, 0));
	assert_slice(strbuf_slice(&out), "\"\"");
}

/* Random strings of valid UTF-8 come back from another implementation as they were. */
static void strings_are_read_back_equal_by_jansson(void **state)
{
	uint64_t random = random_seed();
	char text[400];

	(void)state;
	for (int round = 0; round < 5000; round++) {
		size_t size = 0, count = random_next(&random) % 90;
		for (size_t i = 0; i < count; i++) {
			uint32_t c = (uint32_t)(random_next(&random) % (round % 2 ? 0x110000 : 0x90));
			size += c >= 0xD800 && c < 0xE000 ? 0 : utf8_encode(c, text + size);
		}
		strbuf_clear(&out);
		json_writer_init(&json, &out);
		json_put_string(&json, slice_of(text, size));
		json_error_t error;
		json_t *back = json_loadb(out.data, out.size, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
		if (!back)
			fail_msg("%s: %s", out.data, error.text);
		assert_int_equal(json_string_length(back), size);
		assert_memory_equal(json_string_value(back), text, size);
		json_decref(back);
	}
}

static void write_double(double value, int digits)
{
	strbuf_clear(&out);
	json_writer_init(&json, &out);
	json_put_double(&json, value, digits);
}

static void numbers_are_as_short_as_they_can_be(void **state)
{
	(void)state;
	write_double(0.1, 17);
	assert_slice(strbuf_slice(&out), "0.1");
	write_double(1.0, 17);
	assert_slice(strbuf_slice(&out), "1");
	write_double(1.0 / 3, 3);
	assert_slice(strbuf_slice(&out), "0.333");
	write_double(1.0 / 3, 9);
	assert_slice(strbuf_slice(&out), "0.333333333");
	write_double(-2.5e-300, 17);
	assert_slice(strbuf_slice(&out), "-2.5e-300");
	write_double(NAN, 17);
	assert_slice(strbuf_slice(&out), "null");
	write_double(-INFINITY, 17);
	assert_slice(strbuf_slice(&out), "null");
}

static void any_float64_is_read_back_from_17_digits(void **state)
{
	uint64_t random = random_seed();

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint64_t bits = random_next(&random);
		double value;
		memcpy(&value, &bits, sizeof value);
		if (!isfinite(value))
			continue;
		write_double(value, 17);
		assert_true(strtod(out.data, NULL) == value);
	}
}

static void a_full_buffer_is_known_at_the_end(void **state)
{
	(void)state;
	strbuf_release(&out);
	strbuf_init(&out, 5);
	json_writer_init(&json, &out);
	json_put_text(&json, "123456");
	assert_false(strbuf_ok(&out));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commas_stand_between_values_and_nowhere_else),
		TEST(what_json_forbids_in_strings_is_escaped),
		TEST(damaged_utf8_becomes_one_replacement_for_each_piece),
		TEST(the_empty_string_is_a_string),
		TEST(strings_are_read_back_equal_by_jansson),
		TEST(numbers_are_as_short_as_they_can_be),
		TEST(any_float64_is_read_back_from_17_digits),
		TEST(a_full_buffer_is_known_at_the_end),
	};

	return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
