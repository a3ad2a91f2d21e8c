/* Every type and constraint by what becomes of a cell, and the claims of unique fields. */
#include "support.h"

#include "arena_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "validate/schema.h"

#include "base/banned.h"

/* Checks a record of one field `a` against a schema of one field with these members. */
static struct record check_value(const char *members, enum value_kind kind, const char *text)
{
	static struct field field;
	const struct schema *schema;
	struct strbuf document;
	struct error err;

	arena_reset(&test_arena);
	strbuf_init(&document, 1 << 16);
	strbuf_add_format(&document, "{\"fields\": [{\"name\": \"a\", %s}]}", members);
	assert_ok(schema_parse(SLICE("test"), strbuf_slice(&document), &schema, NULL, &err), &err);
	strbuf_release(&document);
	struct validator *validator = validator_new(schema);
	schema_release(schema);
	assert_non_null(validator);
	field = (struct field){SLICE("a"), {kind, slice_of_string(text)}};
	struct record record = {.row = 1, .line = 2, .fields = &field, .field_count = 1};
	assert_ok(validator_check(validator, &record, &test_arena, &err), &err);
	/* The record names its field by the schema's text, which goes with the validator. */
	field.name = SLICE("a");
	validator_free(validator);
	return record;
}

/* The value becomes `expected`, as JSON. */
static void check_becomes_at(const char *members, enum value_kind kind, const char *text,
			     const char *expected, int line)
{
	struct record record = check_value(members, kind, text);
	struct strbuf out;
	struct json_writer json;

	if (record.error_count)
		fail_msg("line %d: '%s' is refused: %.*s", line, text, SLICE_ARG(record.errors[0].message));
	strbuf_init(&out, 1 << 16);
	json_writer_init(&json, &out);
	value_write_json(record.fields[0].value, &json);
	if (!slice_is(strbuf_slice(&out), expected))
		fail_msg("line %d: '%s' becomes %s, not %s", line, text, out.data, expected);
	strbuf_release(&out);
}
#define becomes(members_, text_, expected_)                                                        \
	check_becomes_at(members_, VALUE_STRING, text_, expected_, __LINE__)

/* The only error is of this constraint (NULL: the type), and the value is kept as sent. */
static void check_fails_at(const char *members, enum value_kind kind, const char *text,
			   const char *constraint, int line)
{
	struct record record = check_value(members, kind, text);

	if (record.error_count != 1)
		fail_msg("line %d: '%s' has %d errors", line, text, (int)record.error_count);
	const struct cell_error *error = &record.errors[0];
	const char *code = constraint ? "constraint-error" : "type-error";
	bool same = constraint ? error->constraint && strcmp(error->constraint, constraint) == 0
			       : !error->constraint;
	if (strcmp(error->code, code) != 0 || !same)
		fail_msg("line %d: '%s': %s %s", line, text, error->code, error->constraint);
	assert_true(error->message.size > 20 && error->message.data[error->message.size - 1] == '.');
	assert_slice(record.fields[0].value.text, text);
}
#define fails(members_, text_, constraint_)                                                        \
	check_fails_at(members_, VALUE_STRING, text_, constraint_, __LINE__)

#define TYPE(name_) "\"type\": \"" name_ "\""
#define LIMIT(name_, constraints_) TYPE(name_) ", \"constraints\": {" constraints_ "}"

#define ZEROS_44 "00000000000000000000000000000000000000000000"
#define ZEROS_308 ZEROS_44 ZEROS_44 ZEROS_44 ZEROS_44 ZEROS_44 ZEROS_44 ZEROS_44
#define ONE_AND_308_ZEROS "1" ZEROS_308

static void numbers_keep_their_digits(void **state)
{
	(void)state;
	becomes(TYPE("number"), " 1.50 ", "1.50");
	becomes(TYPE("number"), "+.5", "0.5");
	becomes(TYPE("number"), "-007.", "-7");
	becomes(TYPE("number"), "1.7976931348623157e308", "1.7976931348623157e308");
	becomes(TYPE("number"), "-1e-400", "-1e-400");
	becomes(TYPE("any"), "1e400", "\"1e400\"");
	becomes(TYPE("number"), "", "null");
	fails(TYPE("number"), "1,5", NULL);
	fails(TYPE("number"), "NaN", NULL);
	fails(TYPE("number"), "1 000", NULL);
	fails(TYPE("number"), "1e400", NULL);
	fails(TYPE("number"), "-1.8e308", NULL);
	check_fails_at(TYPE("number"), VALUE_NUMBER, "1e400", NULL, __LINE__);
	check_fails_at(TYPE("integer"), VALUE_NUMBER, "1e400", NULL, __LINE__);
	check_fails_at(TYPE("integer"), VALUE_NUMBER, "-1.0e99999999999999999999", NULL, __LINE__);
	check_becomes_at(TYPE("any"), VALUE_NUMBER, "1e400", "1e400", __LINE__);
	check_becomes_at(TYPE("integer"), VALUE_NUMBER, "17976931348623157E+292", "17976931348623157E+292", __LINE__);
	check_becomes_at(TYPE("number"), VALUE_NUMBER, "1.0E+2", "1.0E+2", __LINE__);
	check_fails_at(TYPE("number"), VALUE_BOOLEAN, "true", NULL, __LINE__);
	becomes(TYPE("integer"), "30.0", "30");
	becomes(TYPE("integer"), "-0", "0");
	becomes(TYPE("integer"), ONE_AND_308_ZEROS, ONE_AND_308_ZEROS);
	fails(TYPE("integer"), "2" ZEROS_308, NULL);
	fails(TYPE("integer"), "1e3", NULL);
	/* What is called a number and is none, whoever hands it in. */
	check_fails_at(TYPE("integer"), VALUE_NUMBER, "1x", NULL, __LINE__);
	check_fails_at(TYPE("number"), VALUE_NUMBER, "1x", NULL, __LINE__);
	fails(TYPE("integer"), "1.5", NULL);
	check_becomes_at(TYPE("integer"), VALUE_NUMBER, "1e3", "1e3", __LINE__);
	check_fails_at(TYPE("integer"), VALUE_ARRAY, "[1]", NULL, __LINE__);
}

#define GERMAN TYPE("number") ", \"decimalChar\": \",\", \"groupChar\": \".\""

static void numbers_have_the_schemas_signs(void **state)
{
	(void)state;
	becomes(GERMAN, "1.234.567,89", "1234567.89");
	becomes(GERMAN, "-1.234", "-1234");
	becomes(GERMAN, "1234,5", "1234.5");
	becomes(GERMAN, ",5", "0.5");
	becomes(GERMAN, "1.234e2", "1234e2");
	fails(GERMAN, "1.5", NULL);
	fails(GERMAN, "1.23,5", NULL);
	fails(GERMAN, "1.23", NULL);
	fails(GERMAN, "1234.567", NULL);
	fails(GERMAN, ".123", NULL);
	fails(GERMAN, "1..234", NULL);
	fails(GERMAN, "1,234.567", NULL);
	fails(GERMAN, "1.234.", NULL);
	fails(GERMAN, "1,2,3", NULL);
	becomes(TYPE("number") ", \"decimalChar\": \"\xD9\xAB\"", "1\xD9\xAB" "5", "1.5");
	fails(TYPE("number") ", \"decimalChar\": \",\"", "1.5", NULL);
	becomes(TYPE("integer") ", \"groupChar\": \",\"", "12,34,567", "1234567");
	becomes(TYPE("number") ", \"groupChar\": \"\xC2\xA0\", \"decimalChar\": \".\"", "12\xC2\xA0" "345.5", "12345.5");
	becomes(TYPE("number") ", \"bareNumber\": false", "$ 12.50", "12.50");
	becomes(TYPE("number") ", \"bareNumber\": false", "EUR -3%", "-3");
	becomes(TYPE("integer") ", \"bareNumber\": false", "20 pieces", "20");
	becomes(TYPE("number") ", \"bareNumber\": false", "EUR .5", "0.5");
	becomes(TYPE("number") ", \"bareNumber\": false", "EUR +5", "5");
	becomes(GERMAN ", \"bareNumber\": false", "EUR ,5", "0.5");
	/* Its sign and that of the unit begin with the same byte. */
	becomes(TYPE("number") ", \"bareNumber\": false, \"decimalChar\": \"\xC2\xB7\"", "\xC2\xA3" "5\xC2\xB7" "25", "5.25");
	fails(TYPE("number") ", \"bareNumber\": false", "none", NULL);
	becomes(TYPE("number") ", \"bareNumber\": true", "12", "12");
	fails(TYPE("number") ", \"bareNumber\": true", "12 %", NULL);
}

static void truth_values_are_those_of_the_schema(void **state)
{
	(void)state;
	becomes(TYPE("boolean"), " True ", "true");
	becomes(TYPE("boolean"), "0", "false");
	becomes(TYPE("boolean"), "", "null");
	fails(TYPE("boolean"), "yes", NULL);
	fails(TYPE("boolean"), "tRUE", NULL);
	check_becomes_at(TYPE("boolean"), VALUE_BOOLEAN, "false", "false", __LINE__);
	check_fails_at(TYPE("boolean"), VALUE_NUMBER, "1", NULL, __LINE__);
	becomes(TYPE("boolean") ", \"trueValues\": [\"ja\"], \"falseValues\": [\"nein\"]", "nein", "false");
	fails(TYPE("boolean") ", \"trueValues\": [\"ja\"], \"falseValues\": [\"nein\"]", "true", NULL);
}

static void dates_become_iso_texts(void **state)
{
	(void)state;
	becomes(TYPE("date"), " 2024-02-29 ", "\"2024-02-29\"");
	becomes(TYPE("date") ", \"format\": \"%d/%m/%Y\"", "1/2/2024", "\"2024-02-01\"");
	becomes(TYPE("date") ", \"format\": \"any\"", "20240201", "\"2024-02-01\"");
	becomes(TYPE("datetime"), "2024-02-29T01:02:03+02:00", "\"2024-02-29T01:02:03+02:00\"");
	becomes(TYPE("datetime") ", \"format\": \"%Y-%m-%d %H:%M\"", "2024-02-29 01:02", "\"2024-02-29T01:02:00\"");
	becomes(TYPE("date"), "", "null");
	fails(TYPE("date"), "2023-02-29", NULL);
	fails(TYPE("date") ", \"format\": \"%d/%m/%Y\"", "2024-02-01", NULL);
	check_fails_at(TYPE("date"), VALUE_NUMBER, "20240201", NULL, __LINE__);
}

static void texts_are_kept_or_trimmed_by_their_type(void **state)
{
	(void)state;
	becomes(TYPE("string"), " x ", "\" x \"");
	becomes(TYPE("string"), " ", "\" \"");
	becomes(TYPE("email"), " a@example.com ", "\"a@example.com\"");
	becomes(TYPE("string") ", \"format\": \"uri\"", " https://example.com ", "\"https://example.com\"");
	fails(TYPE("uri"), "example.com", NULL);
	fails(TYPE("email"), "example.com", NULL);
	check_fails_at(TYPE("uri"), VALUE_NUMBER, "1", NULL, __LINE__);
	check_becomes_at(TYPE("any"), VALUE_ARRAY, "[1, 2]", "[1, 2]", __LINE__);
	becomes(TYPE("any"), " x ", "\" x \"");
	becomes(TYPE("any"), "", "\"\"");
}

static void missing_values_become_null(void **state)
{
	(void)state;
	becomes(TYPE("integer") ", \"missingValues\": [\"NA\", \"-\"]", " NA ", "null");
	becomes(TYPE("string") ", \"missingValues\": [\"NA\"]", "NA", "null");
	becomes(TYPE("string") ", \"missingValues\": [\"NA\"]", "", "\"\"");
	becomes(TYPE("string"), "NA", "\"NA\"");
	fails(TYPE("string") ", \"missingValues\": [\"NA\"], \"constraints\": {\"required\": true}", "NA", "required");
	fails(LIMIT("integer", "\"required\": true"), " ", "required");
	check_value(LIMIT("string", "\"required\": true"), VALUE_NULL, "");
	becomes(LIMIT("string", "\"minLength\": 3, \"pattern\": \"x+\", \"enum\": [\"xxx\"]"), "", "\"\"");
}

static void bounds_are_exact(void **state)
{
	(void)state;
	becomes(LIMIT("number", "\"minimum\": 0.1, \"maximum\": 1e20"), "0.1", "0.1");
	becomes(LIMIT("number", "\"minimum\": 0.1, \"maximum\": 1e20"), "100000000000000000000.0", "100000000000000000000.0");
	fails(LIMIT("number", "\"minimum\": 0.1"), "0.09999999999999999999999999", "minimum");
	fails(LIMIT("number", "\"maximum\": 1e20"), "100000000000000000000.0000001", "maximum");
	fails(LIMIT("number", "\"minimum\": \"-99.99\""), "-100", "minimum");
	fails(LIMIT("integer", "\"exclusiveMinimum\": 5"), "5", "exclusiveMinimum");
	becomes(LIMIT("integer", "\"exclusiveMinimum\": 5"), "6", "6");
	fails(LIMIT("integer", "\"exclusiveMaximum\": 5"), "5", "exclusiveMaximum");
	fails(LIMIT("integer", "\"maximum\": 9223372036854775807"), "9223372036854775808", "maximum");
	becomes(LIMIT("integer", "\"maximum\": 9223372036854775807"), "9223372036854775807", "9223372036854775807");
	becomes(LIMIT("date", "\"minimum\": \"2024-01-01\", \"maximum\": \"2024-12-31\""), "2024-12-31", "\"2024-12-31\"");
	fails(LIMIT("date", "\"minimum\": \"2024-01-01\""), "2023-12-31", "minimum");
	fails(LIMIT("date", "\"exclusiveMaximum\": \"2024-01-01\""), "2024-01-01", "exclusiveMaximum");
	fails(LIMIT("date", "\"exclusiveMinimum\": \"2024-01-01\""), "2024-01-01", "exclusiveMinimum");
	fails(LIMIT("datetime", "\"maximum\": \"2024-01-01T00:00:00Z\""), "2023-12-31T23:30:00-01:00", "maximum");
	becomes(LIMIT("date", "\"minimum\": \"01.02.2024\"") ", \"format\": \"%d.%m.%Y\"", "02.02.2024", "\"2024-02-02\"");
	fails(LIMIT("date", "\"minimum\": \"2024-02-01\"") ", \"format\": \"%d.%m.%Y\"", "31.01.2024", "minimum");
}

static void lengths_count_characters(void **state)
{
	(void)state;
	becomes(LIMIT("string", "\"minLength\": 2, \"maxLength\": 3"), "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80",
		"\"\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80\"");
	fails(LIMIT("string", "\"minLength\": 2"), "\xF0\x9F\x98\x80", "minLength");
	fails(LIMIT("string", "\"maxLength\": 3"), "abcd", "maxLength");
	becomes(LIMIT("string", "\"maxLength\": 3"), "abc", "\"abc\"");
	fails(LIMIT("email", "\"maxLength\": 12"), "ada@example.com", "maxLength");
	fails(LIMIT("uri", "\"minLength\": 30"), "https://example.com", "minLength");
}

static void patterns_and_choices_hold(void **state)
{
	(void)state;
	becomes(LIMIT("string", "\"pattern\": \"[a-z]+\""), "abc", "\"abc\"");
	fails(LIMIT("string", "\"pattern\": \"[a-z]+\""), "abc1", "pattern");
	fails(LIMIT("string", "\"pattern\": \"(a+)+\""), "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", "pattern");
	becomes(LIMIT("string", "\"enum\": [\"b\", \"a\", \"c\"]"), "c", "\"c\"");
	fails(LIMIT("string", "\"enum\": [\"b\", \"a\", \"c\"]"), "d", "enum");
	fails(LIMIT("string", "\"enum\": [\"b\"]"), " b", "enum");
	becomes(LIMIT("integer", "\"enum\": [1, \"2\", 3.0]"), "3", "3");
	becomes(LIMIT("number", "\"enum\": [\"0.95\", \"4E4\"]"), "40000.0", "40000.0");
	fails(LIMIT("number", "\"enum\": [0.95]"), "0.951", "enum");
	becomes(LIMIT("boolean", "\"enum\": [true]"), "1", "true");
	fails(LIMIT("boolean", "\"enum\": [true]"), "0", "enum");
	becomes(LIMIT("date", "\"enum\": [\"2024-01-01\"]"), "2024-01-01", "\"2024-01-01\"");
	becomes(LIMIT("any", "\"enum\": [1, \"x\", [1]]"), "x", "\"x\"");
	fails(LIMIT("any", "\"enum\": [1, \"x\"]"), "1", "enum");
	check_becomes_at(LIMIT("any", "\"enum\": [1, \"x\"]"), VALUE_NUMBER, "1.0", "1.0", __LINE__);
	check_becomes_at(LIMIT("any", "\"enum\": [[1]]"), VALUE_ARRAY, "[1]", "[1]", __LINE__);
	check_becomes_at(LIMIT("any", "\"enum\": [{\"b\":1}]"), VALUE_OBJECT, "{\"b\":1}", "{\"b\":1}", __LINE__);
	check_fails_at(LIMIT("any", "\"enum\": [{\"b\":1}]"), VALUE_OBJECT, "{\"b\":2}", "enum", __LINE__);
}

static void messages_show_long_limits_cut(void **state)
{
	char members[2000], choices[1500] = "\"";

	(void)state;
	memset(choices + 1, 'x', 1200);
	memcpy(choices + 1201, "\xC3\xA4\"", 4);
	snprintf(members, sizeof members, LIMIT("string", "\"enum\": [%s]"), choices);
	struct record record = check_value(members, VALUE_STRING, "y");
	assert_int_equal(record.error_count, 1);
	assert_true(record.errors[0].message.size < 250);
	assert_non_null(strstr(record.errors[0].message.data, "\xE2\x80\xA6. Choose"));
	/* A list of many is told as far as it fits. */
	size_t size = (size_t)snprintf(choices, sizeof choices, "\"c0\"");
	for (int i = 1; i < 100; i++)
		size += (size_t)snprintf(choices + size, sizeof choices - size, ",\"c%d\"", i);
	snprintf(members, sizeof members, LIMIT("string", "\"enum\": [%s]"), choices);
	record = check_value(members, VALUE_STRING, "y");
	assert_int_equal(record.error_count, 1);
	assert_non_null(strstr(record.errors[0].message.data, ": c0, c1, c2, "));
	assert_non_null(strstr(record.errors[0].message.data, "\xE2\x80\xA6. Choose"));
	assert_int_equal(check_value(members, VALUE_STRING, "c99").error_count, 0);
}

/* ---- claims ---- */

static struct slice claim_of(const char *members, enum value_kind kind, const char *text)
{
	struct record record = check_value(members, kind, text);
	static char kept[64];

	if (!record.claim_count)
		return slice_of("", 0);
	assert_int_equal(record.claim_count, 1);
	assert_slice(record.claims[0].value, text);
	assert_true(record.claims[0].key.size <= sizeof kept);
	memcpy(kept, record.claims[0].key.data, record.claims[0].key.size);
	return slice_of(kept, record.claims[0].key.size);
}

static void check_claims(const char *members, const char *a, const char *b, bool same)
{
	char kept[64];
	struct slice first = claim_of(members, VALUE_STRING, a);

	memcpy(kept, first.data, first.size);
	first.data = kept;
	if (slice_equal(first, claim_of(members, VALUE_STRING, b)) != same)
		fail_msg("'%s' and '%s'", a, b);
}

static void equal_values_make_equal_claims(void **state)
{
	char longer[400], other[400];

	(void)state;
	check_claims(LIMIT("integer", "\"unique\": true"), "30", "+030.0", true);
	check_claims(LIMIT("number", "\"unique\": true"), "1.50", "1.5", true);
	check_claims(LIMIT("number", "\"unique\": true"), "1.5", "1.51", false);
	check_claims(LIMIT("string", "\"unique\": true"), "a", "a ", false);
	check_claims(LIMIT("email", "\"unique\": true"), "a@example.com", " a@example.com", true);
	check_claims(LIMIT("datetime", "\"unique\": true"), "2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", true);
	check_claims(LIMIT("boolean", "\"unique\": true"), "1", "true", true);
	check_claims(LIMIT("any", "\"unique\": true"), "1", "1.0", false);
	assert_slice(claim_of(LIMIT("any", "\"unique\": true"), VALUE_NUMBER, "1x"), "=c1x");
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	memcpy(other, longer, sizeof other);
	check_claims(LIMIT("string", "\"unique\": true"), longer, other, true);
	other[200] = 'y';
	check_claims(LIMIT("string", "\"unique\": true"), longer, other, false);
}

static void only_values_of_the_type_are_claimed(void **state)
{
	(void)state;
	assert_int_equal(claim_of(LIMIT("integer", "\"unique\": true"), VALUE_STRING, "x").size, 0);
	assert_int_equal(claim_of(LIMIT("integer", "\"unique\": true"), VALUE_STRING, " ").size, 0);
	assert_int_equal(claim_of(LIMIT("integer", "\"unique\": false"), VALUE_STRING, "1").size, 0);
	/* A value that breaks another constraint is claimed all the same. */
	assert_true(claim_of(LIMIT("integer", "\"unique\": true, \"maximum\": 5"), VALUE_STRING, "6").size > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_keep_their_digits),
		cmocka_unit_test(numbers_have_the_schemas_signs),
		cmocka_unit_test(truth_values_are_those_of_the_schema),
		cmocka_unit_test(dates_become_iso_texts),
		cmocka_unit_test(texts_are_kept_or_trimmed_by_their_type),
		cmocka_unit_test(missing_values_become_null),
		cmocka_unit_test(bounds_are_exact),
		cmocka_unit_test(lengths_count_characters),
		cmocka_unit_test(patterns_and_choices_hold),
		cmocka_unit_test(messages_show_long_limits_cut),
		cmocka_unit_test(equal_values_make_equal_claims),
		cmocka_unit_test(only_values_of_the_type_are_claimed),
	};

	return cmocka_run_group_tests(tests, make_test_arena, release_test_arena);
}
