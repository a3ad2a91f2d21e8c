#include "support.h"

#include "base/hash.h"
#include "validate/schema.h"

#include "base/banned.h"

static void the_built_in_schemas_are_found_by_name(void **state)
{
	(void)state;
	assert_slice(schema_name(schema_builtin(SLICE("people"))), "people");
	assert_slice(schema_name(schema_builtin(SLICE("any"))), "any");
	assert_null(schema_builtin(SLICE("People")));
	assert_null(schema_builtin(SLICE("")));
}

static void fields_come_in_the_order_of_the_schema(void **state)
{
	static const char *const people[] = {"name", "email", "age", "department"};
	size_t count;
	const struct slice *names = schema_fields(schema_builtin(SLICE("people")), &count);

	(void)state;
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++)
		assert_slice(names[i], people[i]);
	schema_fields(schema_builtin(SLICE("any")), &count);
	assert_int_equal(count, 0);
}

static void built_in_schemas_are_found_by_place_and_name(void **state)
{
	(void)state;
	assert_true(schema_builtin_count() >= 2);
	for (size_t i = 0; i < schema_builtin_count(); i++) {
		const struct schema *schema = schema_builtin_at(i);
		assert_ptr_equal(schema_builtin(schema_name(schema)), schema);
	}
}

static void fingerprints_tell_schemas_apart(void **state)
{
	unsigned char people[32], again[32], any[32];

	(void)state;
	schema_fingerprint(schema_builtin(SLICE("people")), people);
	schema_fingerprint(schema_builtin(SLICE("people")), again);
	schema_fingerprint(schema_builtin(SLICE("any")), any);
	assert_memory_equal(people, again, sizeof people);
	assert_memory_not_equal(people, any, sizeof people);
	/* One of a document is told by the document's bytes. */
	const struct slice document = SLICE("{ \"fields\": [{\"name\": \"a\"}] }");
	const struct schema *schema;
	struct error err;
	assert_ok(schema_parse(SLICE("own"), document, &schema, NULL, &err), &err);
	schema_fingerprint(schema, again);
	sha256_of(document, any);
	assert_memory_equal(again, any, sizeof any);
	schema_release(schema);
}

/* What other programs stored as part of duplicate keys stays comparable. */
static void the_fingerprint_of_people_is_that_of_its_table_schema(void **state)
{
	unsigned char digest[32], expected[32];

	(void)state;
	schema_fingerprint(schema_builtin(SLICE("people")), digest);
	sha256_of(SLICE("{\"fields\":["
			"{\"name\":\"name\",\"type\":\"string\","
			"\"constraints\":{\"required\":true,\"maxLength\":200}},"
			"{\"name\":\"email\",\"type\":\"string\",\"format\":\"email\","
			"\"constraints\":{\"required\":true}},"
			"{\"name\":\"age\",\"type\":\"integer\","
			"\"constraints\":{\"minimum\":0,\"maximum\":150}},"
			"{\"name\":\"department\",\"type\":\"string\",\"constraints\":{}}]}"),
		  expected);
	assert_memory_equal(digest, expected, sizeof digest);
}

static void assert_text_at(struct field *fields, size_t count, const char *schema,
			   const char *expected, int line)
{
	struct record record = {.fields = fields, .field_count = count};
	struct strbuf out;

	strbuf_init(&out, 1 << 10);
	strbuf_add_string(&out, "|");
	schema_write_text(schema_builtin(slice_of_string(schema)), &record, &out);
	assert_true(strbuf_ok(&out));
	assert_slice_at(slice_of(out.data + 1, out.size - 1), expected, __FILE__, line);
	strbuf_release(&out);
}
#define assert_text(fields_, schema_, expected_)                                                   \
	assert_text_at(fields_, sizeof(fields_) / sizeof *(fields_), schema_, expected_, __LINE__)

static void the_text_follows_the_schema_and_then_the_file(void **state)
{
	struct field fields[] = {
		{SLICE("city"), {VALUE_STRING, SLICE("Lyon")}},
		{SLICE("department"), {VALUE_STRING, SLICE("Engineering")}},
		{SLICE("age"), {VALUE_NUMBER, SLICE("30")}},
		{SLICE("email"), {VALUE_STRING, SLICE("john@example.com")}},
		{SLICE("tags"), {VALUE_ARRAY, SLICE("[1, 2]")}},
		{SLICE("name"), {VALUE_STRING, SLICE("John Doe")}},
	};

	(void)state;
	assert_text(fields, "people", "John Doe john@example.com 30 Engineering Lyon [1, 2]");
	assert_text(fields, "any", "Lyon Engineering 30 john@example.com [1, 2] John Doe");
}

static void empty_values_leave_no_trace_in_the_text(void **state)
{
	struct field fields[] = {
		{SLICE("name"), {VALUE_STRING, SLICE("  John  ")}},
		{SLICE("age"), {VALUE_NULL, SLICE("")}},
		{SLICE("department"), {VALUE_STRING, SLICE("\xC2\xA0 ")}},
		{SLICE("note"), {VALUE_STRING, SLICE("")}},
		{SLICE("active"), {VALUE_BOOLEAN, SLICE("false")}},
	};
	struct field nothing[] = {{SLICE("age"), {VALUE_NULL, SLICE("")}}};

	(void)state;
	assert_text(fields, "people", "  John   false");
	assert_text(nothing, "people", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_built_in_schemas_are_found_by_name),
		cmocka_unit_test(fields_come_in_the_order_of_the_schema),
		cmocka_unit_test(built_in_schemas_are_found_by_place_and_name),
		cmocka_unit_test(fingerprints_tell_schemas_apart),
		cmocka_unit_test(the_fingerprint_of_people_is_that_of_its_table_schema),
		cmocka_unit_test(the_text_follows_the_schema_and_then_the_file),
		cmocka_unit_test(empty_values_leave_no_trace_in_the_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
