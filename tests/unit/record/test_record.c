#include "support.h"

#include <stdio.h>

#include "base/utf8.h"
#include "record/record.h"

#include "base/banned.h"

static struct arena arena;
static struct strbuf out;
static struct json_writer json;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 1 << 20);
	strbuf_init(&out, 1 << 20);
	json_writer_init(&json, &out);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&arena);
	strbuf_release(&out);
	return 0;
}

static struct cell_error *add_error(struct record *record, const char *field, const char *message)
{
	struct cell_error *error = record_add_error(record, &arena);

	assert_non_null(error);
	error->field = slice_of_string(field);
	error->code = "type-error";
	error->message = slice_of_string(message);
	return error;
}

#define TEXT(literal) {(literal), sizeof(literal) - 1}

static struct field fields[] = {
	{TEXT("name"), {VALUE_STRING, TEXT("A\"da")}},
	{TEXT("age"), {VALUE_NUMBER, TEXT("3.60e1")}},
	{TEXT("left"), {VALUE_NULL, TEXT("")}},
	{TEXT("active"), {VALUE_BOOLEAN, TEXT("true")}},
	{TEXT("tags"), {VALUE_ARRAY, TEXT("[1, 2]")}},
	{TEXT("home"), {VALUE_OBJECT, TEXT("{\"a\": {}}")}},
};

static void fields_are_written_in_their_order_digit_for_digit(void **state)
{
	struct record record = {.fields = fields, .field_count = 6, .raw = SLICE("as sent")};

	(void)state;
	record_write_data(&record, &json);
	assert_slice(strbuf_slice(&out),
		     "{\"name\":\"A\\\"da\",\"age\":3.60e1,\"left\":null,\"active\":true,"
		     "\"tags\":[1, 2],\"home\":{\"a\": {}}}");
}

static void a_valid_json_record_is_written_by_its_fields(void **state)
{
	struct record record = {.fields = fields, .field_count = 1, .from_json = true,
				.raw = SLICE("{ \"Name\" : \"A\\\"da\" }")};

	(void)state;
	record_write_data(&record, &json);
	assert_slice(strbuf_slice(&out), "{\"name\":\"A\\\"da\"}");
}

static void an_invalid_csv_row_is_written_by_its_fields(void **state)
{
	struct record record = {.fields = fields, .field_count = 1, .raw = SLICE("as sent")};

	(void)state;
	add_error(&record, "name", "x");
	record_write_data(&record, &json);
	assert_slice(strbuf_slice(&out), "{\"name\":\"A\\\"da\"}");
}

static void an_invalid_json_record_is_written_as_sent(void **state)
{
	struct record record = {.fields = fields, .field_count = 1, .from_json = true,
				.raw = SLICE("{ \"name\" : 1.0 }")};

	(void)state;
	add_error(&record, "name", "x");
	record_write_data(&record, &json);
	assert_slice(strbuf_slice(&out), "{ \"name\" : 1.0 }");
}

static void bytes_that_are_no_utf_8_are_shown_as_such_in_a_json_record(void **state)
{
	struct record record = {.from_json = true, .raw = SLICE("{\"name\": \"A\xFF\xE2\x82 b\"}")};

	(void)state;
	add_error(&record, "name", "is no UTF-8");
	record_write_data(&record, &json);
	assert_slice(strbuf_slice(&out), "{\"name\": \"A\uFFFD\uFFFD b\"}");
}

static void a_value_that_is_no_object_is_written_as_sent(void **state)
{
	struct record record = {.shape = RECORD_VALUE, .from_json = true, .raw = SLICE("[ 1 ]")};

	(void)state;
	record_write_data(&record, &json);
	assert_slice(strbuf_slice(&out), "[ 1 ]");
}

static void damaged_bytes_are_written_as_a_string(void **state)
{
	struct record record = {.shape = RECORD_DAMAGED, .raw = SLICE("{\"a\": \xFF")};

	(void)state;
	record_write_data(&record, &json);
	assert_slice(strbuf_slice(&out), "\"{\\\"a\\\": \xEF\xBF\xBD\"");
}

static void errors_are_kept_in_their_order_as_their_list_grows(void **state)
{
	struct record record = {0};
	char messages[50][16];

	(void)state;
	for (size_t i = 0; i < 50; i++) {
		snprintf(messages[i], sizeof messages[i], "error %zu", i);
		add_error(&record, "f", messages[i]);
		assert_int_equal(record.error_count, i + 1);
	}
	for (size_t i = 0; i < 50; i++)
		assert_slice(record.errors[i].message, messages[i]);
	assert_null(record.errors[49].constraint);
	assert_false(record_is_valid(&record));
}

static void an_error_that_finds_no_memory_is_not_counted(void **state)
{
	struct record record = {0};
	struct arena none;

	(void)state;
	arena_init(&none, 0);
	assert_null(record_add_error(&record, &none));
	assert_int_equal(record.error_count, 0);
	assert_true(record_is_valid(&record));
}

static void fields_are_found_by_their_exact_name(void **state)
{
	struct record record = {.fields = fields, .field_count = 6};

	(void)state;
	assert_int_equal(record_find_field(&record, SLICE("name")), 0);
	assert_int_equal(record_find_field(&record, SLICE("home")), 5);
	assert_int_equal(record_find_field(&record, SLICE("Name")), 6);
}

static void errors_are_written_as_the_api_shows_them(void **state)
{
	struct record record = {0};

	(void)state;
	struct cell_error *error = add_error(&record, "age", "Too \"old\".");
	error->code = "constraint-error";
	error->constraint = "maximum";
	error->value = SLICE("151");
	error->has_value = true;
	error->line = 3;
	error->byte = 70;
	add_error(&record, "", "The whole row.");
	record_write_errors(&record, false, &json);
	assert_slice(strbuf_slice(&out),
		     "[{\"field\":\"age\",\"code\":\"constraint-error\",\"constraint\":\"maximum\","
		     "\"message\":\"Too \\\"old\\\".\",\"value\":\"151\"},"
		     "{\"field\":null,\"code\":\"type-error\",\"constraint\":null,"
		     "\"message\":\"The whole row.\",\"value\":null}]");
	strbuf_clear(&out);
	json_writer_init(&json, &out);
	record.error_count = 1;
	record_write_errors(&record, true, &json);
	assert_slice(strbuf_slice(&out),
		     "[{\"field\":\"age\",\"code\":\"constraint-error\",\"constraint\":\"maximum\","
		     "\"message\":\"Too \\\"old\\\".\",\"value\":\"151\",\"line\":3,\"byte\":70}]");
}

static void a_summary_joins_all_messages(void **state)
{
	struct record record = {0};

	(void)state;
	record_write_summary(&record, &out);
	assert_slice(strbuf_slice(&out), "");
	add_error(&record, "email", "No @.");
	add_error(&record, "", "Too wide.");
	strbuf_add_string(&out, "|");
	record_write_summary(&record, &out);
	assert_slice(strbuf_slice(&out), "|email: No @.; Too wide.");
}

static void a_long_summary_is_cut_between_characters(void **state)
{
	struct record record = {0};
	char text[1200];

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		memset(text, 'a', sizeof text);
		for (size_t i = shift; i + 4 < sizeof text; i += 4)
			memcpy(text + i, "\xF0\x9F\x99\x82", 4);
		record.error_count = 0;
		add_error(&record, "", "")->message = slice_of(text, sizeof text);
		strbuf_clear(&out);
		strbuf_add_string(&out, "|");
		record_write_summary(&record, &out);
		assert_in_range(out.size, 1 + 997, 1 + 1000);
		assert_true(utf8_is_valid(strbuf_slice(&out)));
		assert_string_equal(out.data + out.size - 3, "...");
	}
	record.errors[0].message.size = 1000;
	strbuf_clear(&out);
	memset(text, 'a', sizeof text);
	record_write_summary(&record, &out);
	assert_int_equal(out.size, 1000);
	assert_int_equal(out.data[999], 'a');
}

static void a_summary_that_finds_no_room_is_known_by_its_buffer(void **state)
{
	struct record record = {0};

	(void)state;
	add_error(&record, "f", "a message");
	strbuf_release(&out);
	strbuf_init(&out, 4);
	record_write_summary(&record, &out);
	assert_false(strbuf_ok(&out));
}

/* Of whoever wrote them: what is no text is as if it were not there. */
static void errors_are_read_back(void **state)
{
	struct record record = {.line = 3, .byte = 20};
	struct error err;

	(void)state;
	assert_ok(record_read_errors(&record,
				     SLICE("[{\"field\":\"a\",\"code\":\"type-error\",\"constraint\":\"minimum\",\"message\":\"m\",\"value\":\"v\"},"
					   "{\"field\":1,\"code\":2,\"constraint\":null,\"value\":3},{}]"),
				     &arena, &err), &err);
	assert_int_equal(record.error_count, 3);
	assert_slice(record.errors[0].field, "a");
	assert_string_equal(record.errors[0].code, "type-error");
	assert_string_equal(record.errors[0].constraint, "minimum");
	assert_slice(record.errors[0].message, "m");
	assert_true(record.errors[0].has_value);
	assert_slice(record.errors[0].value, "v");
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(record.errors[i].line, 3);
		assert_int_equal(record.errors[i].byte, 20);
	}
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(record.errors[i].field.size, 0);
		assert_string_equal(record.errors[i].code, "row-error");
		assert_null(record.errors[i].constraint);
		assert_int_equal(record.errors[i].message.size, 0);
		assert_false(record.errors[i].has_value);
	}
	assert_int_equal(record_read_errors(&record, SLICE("[{"), &arena, &err), STATUS_INVALID);
	assert_int_equal(record.error_count, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(errors_are_read_back),
		TEST(fields_are_written_in_their_order_digit_for_digit),
		TEST(a_valid_json_record_is_written_by_its_fields),
		TEST(an_invalid_csv_row_is_written_by_its_fields),
		TEST(an_invalid_json_record_is_written_as_sent),
		TEST(bytes_that_are_no_utf_8_are_shown_as_such_in_a_json_record),
		TEST(a_value_that_is_no_object_is_written_as_sent),
		TEST(damaged_bytes_are_written_as_a_string),
		TEST(errors_are_kept_in_their_order_as_their_list_grows),
		TEST(an_error_that_finds_no_memory_is_not_counted),
		TEST(fields_are_found_by_their_exact_name),
		TEST(errors_are_written_as_the_api_shows_them),
		TEST(a_summary_joins_all_messages),
		TEST(a_long_summary_is_cut_between_characters),
		TEST(a_summary_that_finds_no_room_is_known_by_its_buffer),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
