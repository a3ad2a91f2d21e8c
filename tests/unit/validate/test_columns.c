/* Which column is which field: names, aliases, map, and what is embedded of a record. */
#include "support.h"

#include "arena_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "validate/schema.h"

#include "base/banned.h"

static const struct schema *parse(const char *document)
{
	const struct schema *schema;
	struct error err;

	assert_ok(schema_parse(SLICE("test"), slice_of_string(document), &schema, NULL, &err), &err);
	return schema;
}

/* A record of these columns, each with its own name as value; ended by NULL. */
static struct record record_of(const char *const *names, struct field *fields)
{
	struct record record = {.row = 1, .line = 2, .fields = fields};

	for (; names[record.field_count]; record.field_count++)
		fields[record.field_count] =
			(struct field){slice_of_string(names[record.field_count]),
				       {VALUE_STRING, slice_of_string(names[record.field_count])}};
	return record;
}

/* Columns, and what they are called after validation; "" for unchanged. */
static void check_names(struct validator *validator, const char *const *columns, const char *const *expected)
{
	struct field fields[8];
	struct record record = record_of(columns, fields);
	struct error err;

	assert_ok(validator_check(validator, &record, &test_arena, &err), &err);
	for (size_t i = 0; i < record.field_count; i++)
		assert_slice(record.fields[i].name, expected[i][0] ? expected[i] : columns[i]);
}
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

#define CLIENTS                                                                                    \
	"{\"fields\": [{\"name\": \"name\", \"aliases\": [\"Full Name\", \"Kunde\"]}, "                 \
	"{\"name\": \"e_mail\", \"aliases\": [\"contact\"]}, {\"name\": \"email\"}]}"

static void columns_are_found_by_name_then_likeness_then_alias(void **state)
{
	const struct schema *schema = parse(CLIENTS);
	struct validator *validator = validator_new(schema);

	(void)state;
	schema_release(schema);
	check_names(validator, NAMES("name", "email"), NAMES("", ""));
	check_names(validator, NAMES("NAME", "e_mail", "email"), NAMES("name", "", ""));
	check_names(validator, NAMES("full-name", "Contact"), NAMES("name", "e_mail"));
	check_names(validator, NAMES("Kunde", "Name"), NAMES("", "name"));
	check_names(validator, NAMES("Kunde", "full name"), NAMES("name", ""));
	check_names(validator, NAMES("FULL_NAME", "Full Name"), NAMES("", "name"));
	check_names(validator, NAMES("name", "name "), NAMES("", ""));
	/* What is spelled like no field goes to the first that it is like. */
	check_names(validator, NAMES("E-Mail", "x"), NAMES("e_mail", ""));
	/* Twice, so that the kept header is used. */
	check_names(validator, NAMES("Kunde", "x"), NAMES("name", ""));
	check_names(validator, NAMES("Kunde", "x"), NAMES("name", ""));
	check_names(validator, NAMES("Kunde"), NAMES("name"));
	validator_free(validator);
}

static struct validator *renaming(const struct schema *schema, const struct column_rename *renames, size_t count)
{
	struct validator *validator = validator_new(schema);
	struct error err;

	assert_ok(schema_check_renames(schema, renames, count, &err), &err);
	assert_ok(validator_rename(validator, renames, count, &err), &err);
	return validator;
}

static void map_goes_before_every_name(void **state)
{
	static const struct column_rename renames[] = {{{"Name", 4}, {"email", 5}}, {{"who", 3}, {"name", 4}}};
	const struct schema *schema = parse(CLIENTS);
	struct validator *validator = renaming(schema, renames, 2);

	(void)state;
	check_names(validator, NAMES("name", "WHO", "Kunde"), NAMES("email", "name", ""));
	check_names(validator, NAMES("Kunde", "contact"), NAMES("name", "e_mail"));
	validator_free(validator);
	schema_release(schema);
}

static void map_renames_under_a_schema_without_fields(void **state)
{
	static const struct column_rename renames[] = {{{"a", 1}, {"b", 1}}};
	const struct schema *any = schema_builtin(SLICE("any"));
	struct validator *validator = renaming(any, renames, 1);

	(void)state;
	check_names(validator, NAMES("A", "c"), NAMES("b", ""));
	validator_free(validator);
}

static void two_columns_of_one_name_are_an_error_of_the_row(void **state)
{
	static const struct column_rename renames[] = {{{"Alter", 5}, {"age", 3}}};
	struct validator *validator = renaming(schema_builtin(SLICE("people")), renames, 1);
	struct field fields[8];
	struct record record = record_of(NAMES("name", "email", "Alter", "age"), fields);
	struct error err;

	(void)state;
	fields[1].value.text = SLICE("a@example.com");
	fields[2].value.text = SLICE("5");
	assert_ok(validator_check(validator, &record, &test_arena, &err), &err);
	assert_int_equal(record.error_count, 1);
	assert_string_equal(record.errors[0].code, "duplicate-label");
	validator_free(validator);
}

static void a_header_must_have_what_map_names(void **state)
{
	static const struct column_rename renames[] = {{{"Alter", 5}, {"age", 3}}};
	static const struct slice without[] = {{"name", 4}, {"email", 5}};
	static const struct slice both[] = {{"alter", 5}, {"age", 3}};
	static const struct slice fine[] = {{"x", 1}, {"ALTER", 5}};
	static const struct column_rename swap[] = {{{"age", 3}, {"name", 4}}, {{"name", 4}, {"age", 3}}};
	static const struct slice swapped[] = {{"age", 3}, {"name", 4}};
	struct validator *validator = renaming(schema_builtin(SLICE("people")), renames, 1);
	struct error err;

	(void)state;
	assert_int_equal(validator_check_columns(validator, without, 2, &err), STATUS_INVALID);
	assert_string_equal(err.code, "no-such-column");
	assert_non_null(strstr(err.detail, "name, email"));
	assert_int_equal(validator_check_columns(validator, both, 2, &err), STATUS_INVALID);
	assert_string_equal(err.code, "repeated-column");
	assert_ok(validator_check_columns(validator, fine, 2, &err), &err);
	validator_free(validator);
	/* A column whose name another gets is no conflict where it is renamed itself. */
	validator = renaming(schema_builtin(SLICE("people")), swap, 2);
	assert_ok(validator_check_columns(validator, swapped, 2, &err), &err);
	assert_int_equal(validator_check_columns(validator, swapped, 1, &err), STATUS_INVALID);
	assert_string_equal(err.code, "no-such-column");
	validator_free(validator);
}

static void renames_must_lead_to_fields_one_by_one(void **state)
{
	static const struct column_rename unknown[] = {{{"a", 1}, {"years", 5}}};
	static const struct column_rename twice[] = {{{"a", 1}, {"age", 3}}, {{"b", 1}, {"age", 3}}};
	static const struct column_rename same[] = {{{"a", 1}, {"age", 3}}, {{"A", 1}, {"name", 4}}};
	const struct schema *people = schema_builtin(SLICE("people"));
	struct error err;

	(void)state;
	assert_int_equal(schema_check_renames(people, unknown, 1, &err), STATUS_INVALID);
	assert_string_equal(err.code, "unknown-field");
	assert_int_equal(schema_check_renames(people, twice, 2, &err), STATUS_INVALID);
	assert_int_equal(schema_check_renames(people, same, 2, &err), STATUS_INVALID);
	assert_string_equal(err.code, "repeated-map");
	assert_ok(schema_check_renames(schema_builtin(SLICE("any")), unknown, 1, &err), &err);
}

/* The reader's errors name columns as the file does; a missing cell has no field in the record. */
static void the_readers_errors_get_the_fields_names(void **state)
{
	static const struct column_rename renames[] = {{{"Alter", 5}, {"age", 3}}};
	struct validator *validator = renaming(schema_builtin(SLICE("people")), renames, 1);
	struct field fields[8];
	struct record record = record_of(NAMES("Name", "email"), fields);
	struct error err;

	(void)state;
	fields[1].value.text = SLICE("a@example.com");
	*record_add_error(&record, &test_arena) = (struct cell_error){.field = SLICE("Name"), .code = "encoding-error"};
	*record_add_error(&record, &test_arena) = (struct cell_error){.field = SLICE("ALTER"), .code = "missing-cell"};
	*record_add_error(&record, &test_arena) = (struct cell_error){.field = SLICE("Department"), .code = "missing-cell"};
	*record_add_error(&record, &test_arena) = (struct cell_error){.field = SLICE("other"), .code = "missing-cell"};
	assert_ok(validator_check(validator, &record, &test_arena, &err), &err);
	assert_int_equal(record.error_count, 4);
	assert_slice(record.errors[0].field, "name");
	assert_slice(record.errors[1].field, "age");
	assert_slice(record.errors[2].field, "department");
	assert_slice(record.errors[3].field, "other");
	/* The renamed column is there, and its cell is damaged. */
	record = record_of(NAMES("Name", "email", "Alter"), fields);
	fields[1].value.text = SLICE("a@example.com");
	*record_add_error(&record, &test_arena) = (struct cell_error){.field = SLICE("Alter"), .code = "encoding-error"};
	assert_ok(validator_check(validator, &record, &test_arena, &err), &err);
	assert_int_equal(record.error_count, 1);
	assert_slice(record.errors[0].field, "age");
	assert_slice(record.fields[2].name, "age");
	validator_free(validator);
}

/* ---- what is embedded ---- */

static void check_text(const char *document, const char *expected)
{
	const struct schema *schema = parse(document);
	struct field fields[] = {
		{SLICE("b"), {VALUE_NUMBER, SLICE("2.50")}},
		{SLICE("a"), {VALUE_STRING, SLICE("One")}},
		{SLICE("c"), {VALUE_STRING, SLICE("  ")}},
		{SLICE("more"), {VALUE_STRING, SLICE("x")}},
	};
	struct record record = {.fields = fields, .field_count = 4};
	struct strbuf out;

	strbuf_init(&out, 1 << 16);
	schema_write_text(schema, &record, &out);
	assert_slice(strbuf_slice(&out), expected);
	strbuf_release(&out);
	schema_release(schema);
}

#define ABC "{\"fields\": [{\"name\": \"a\"}, {\"name\": \"b\", \"type\": \"number\"}, {\"name\": \"c\"}, {\"name\": \"d\"}]"

static void a_template_says_what_is_embedded(void **state)
{
	(void)state;
	check_text(ABC "}", "One 2.50 x");
	check_text(ABC ", \"embedding_template\": \"{a}, {b}\"}", "One, 2.50");
	check_text(ABC ", \"embedding_template\": \"{{{a}}} [{c}{d}] {a}\"}", "{One} [] One");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_found_by_name_then_likeness_then_alias),
		cmocka_unit_test(map_goes_before_every_name),
		cmocka_unit_test(map_renames_under_a_schema_without_fields),
		cmocka_unit_test(two_columns_of_one_name_are_an_error_of_the_row),
		cmocka_unit_test(a_header_must_have_what_map_names),
		cmocka_unit_test(renames_must_lead_to_fields_one_by_one),
		cmocka_unit_test(the_readers_errors_get_the_fields_names),
		cmocka_unit_test(a_template_says_what_is_embedded),
	};

	return cmocka_run_group_tests(tests, make_test_arena, release_test_arena);
}
