#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "validate/schema.h"

#include "base/banned.h"

/* A record under test: a few fields, and what validation makes of them. */
struct bench {
	struct arena arena;
	struct validator *validator;
	struct record record;
	struct field fields[8];
};

static int set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof *bench);

	arena_init(&bench->arena, 1 << 20);
	bench->validator = validator_new(schema_builtin(SLICE("people")));
	*state = bench;
	return bench->validator ? 0 : -1;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	validator_free(bench->validator);
	arena_release(&bench->arena);
	free(bench);
	return 0;
}

static void begin_record(struct bench *bench)
{
	bench->record = (struct record){.row = 7, .line = 8, .byte = 90, .fields = bench->fields};
}

static void add_value(struct bench *bench, const char *name, enum value_kind kind, const char *text)
{
	bench->fields[bench->record.field_count++] = (struct field){
		slice_of_string(name), {kind, slice_of_string(text)}};
}

static void add(struct bench *bench, const char *name, const char *text)
{
	add_value(bench, name, VALUE_STRING, text);
}

static void check(struct bench *bench)
{
	struct error err;

	assert_ok(validator_check(bench->validator, &bench->record, &bench->arena, &err), &err);
}

static struct field *field(struct bench *bench, const char *name)
{
	size_t index = record_find_field(&bench->record, slice_of_string(name));

	if (index == bench->record.field_count)
		fail_msg("the record has no field %s", name);
	return &bench->fields[index];
}

/* Checks a person with this age, and returns the record's only error or NULL. */
static struct cell_error *check_age(struct bench *bench, enum value_kind kind, const char *text)
{
	begin_record(bench);
	add(bench, "name", "Ada");
	add(bench, "email", "ada@example.com");
	add_value(bench, "age", kind, text);
	check(bench);
	assert_true(bench->record.error_count <= 1);
	if (bench->record.error_count == 0)
		return NULL;
	assert_slice(bench->record.errors[0].field, "age");
	return &bench->record.errors[0];
}

static void assert_age(struct bench *bench, enum value_kind kind, const char *text,
		       const char *expected)
{
	struct cell_error *error = check_age(bench, kind, text);

	if (error)
		fail_msg("the age \"%s\" is refused: %.*s", text, SLICE_ARG(error->message));
	assert_int_equal(field(bench, "age")->value.kind, VALUE_NUMBER);
	assert_slice(field(bench, "age")->value.text, expected);
}

static void assert_age_fails(struct bench *bench, enum value_kind kind, const char *text,
			     const char *code, const char *constraint)
{
	struct cell_error *error = check_age(bench, kind, text);

	if (!error)
		fail_msg("the age \"%s\" is accepted", text);
	assert_string_equal(error->code, code);
	if (constraint)
		assert_string_equal(error->constraint, constraint);
	else
		assert_null(error->constraint);
	assert_true(error->has_value);
	assert_slice(error->value, text);
	/* As sent, never coerced. */
	assert_int_equal(field(bench, "age")->value.kind, kind);
	assert_slice(field(bench, "age")->value.text, text);
}

static void use_schema(struct bench *bench, const struct schema *schema)
{
	validator_free(bench->validator);
	bench->validator = validator_new(schema);
	assert_non_null(bench->validator);
}

static void use_document(struct bench *bench, const char *document)
{
	const struct schema *schema;
	struct error err;

	assert_ok(schema_parse(SLICE("test"), slice_of_string(document), &schema, NULL, &err), &err);
	use_schema(bench, schema);
	schema_release(schema);
}

static void use_balance(struct bench *bench)
{
	use_document(bench, "{\"fields\": [{\"name\": \"balance\", \"type\": \"integer\"},"
			    "{\"name\": \"contact\", \"type\": \"string\", \"format\": \"email\"},"
			    "{\"name\": \"code\", \"constraints\": {\"required\": true}}]}");
}

static void a_complete_row_is_valid_and_typed(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "name", "John Doe");
	add(bench, "email", "john@example.com");
	add(bench, "age", "30");
	add(bench, "department", "Engineering");
	check(bench);
	assert_true(record_is_valid(&bench->record));
	assert_int_equal(field(bench, "name")->value.kind, VALUE_STRING);
	assert_int_equal(field(bench, "age")->value.kind, VALUE_NUMBER);
	assert_slice(field(bench, "age")->value.text, "30");
	assert_slice(field(bench, "department")->value.text, "Engineering");
}

static void whole_numbers_in_text_are_ages(void **state)
{
	struct bench *bench = *state;

	assert_age(bench, VALUE_STRING, "30", "30");
	assert_age(bench, VALUE_STRING, "30.0", "30");
	assert_age(bench, VALUE_STRING, "30.000", "30");
	assert_age(bench, VALUE_STRING, " 30 ", "30");
	assert_age(bench, VALUE_STRING, "\t30\r\n", "30");
	assert_age(bench, VALUE_STRING, "\xC2\xA0" "30\xC2\xA0", "30");
	assert_age(bench, VALUE_STRING, "\xE3\x80\x80" "30", "30");
	assert_age(bench, VALUE_STRING, "+30", "30");
	assert_age(bench, VALUE_STRING, "0030", "30");
	assert_age(bench, VALUE_STRING, "0", "0");
	assert_age(bench, VALUE_STRING, "-0", "0");
	assert_age(bench, VALUE_STRING, "000.0", "0");
	assert_age(bench, VALUE_STRING, "150", "150");
}

static void what_is_no_whole_number_is_a_type_error(void **state)
{
	static const char *const texts[] = {
		"30.5", "thirty", "1e2", "3e1", "\xD9\xA3\xD9\xA0", "30.", ".5", "3 0", "1,000",
		"0x1E", "--3", "+", "-", ".", "30 years", "NaN", "null", "true", "\xFF", "30\xFF",
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_age_fails(bench, VALUE_STRING, texts[i], "type-error", NULL);
}

static void numbers_out_of_range_fail_the_limit_at_any_size(void **state)
{
	struct bench *bench = *state;

	assert_age_fails(bench, VALUE_STRING, "151", "constraint-error", "maximum");
	assert_age_fails(bench, VALUE_STRING, "-1", "constraint-error", "minimum");
	assert_age_fails(bench, VALUE_STRING, "9223372036854775808", "constraint-error", "maximum");
	assert_age_fails(bench, VALUE_STRING, "18446744073709551646", "constraint-error", "maximum");
	assert_age_fails(bench, VALUE_STRING, "-99999999999999999999999999", "constraint-error", "minimum");
	assert_age_fails(bench, VALUE_NUMBER, "1e400", "type-error", NULL);
	assert_age_fails(bench, VALUE_NUMBER, "-1e99999999999999999999", "type-error", NULL);
	assert_age_fails(bench, VALUE_NUMBER, "151", "constraint-error", "maximum");
}

static void json_numbers_are_whole_by_value_and_keep_their_digits(void **state)
{
	struct bench *bench = *state;

	assert_age(bench, VALUE_NUMBER, "30", "30");
	assert_age(bench, VALUE_NUMBER, "30.0", "30.0");
	assert_age(bench, VALUE_NUMBER, "3e1", "3e1");
	assert_age(bench, VALUE_NUMBER, "0.3E+2", "0.3E+2");
	assert_age(bench, VALUE_NUMBER, "3000e-2", "3000e-2");
	assert_age(bench, VALUE_NUMBER, "-0", "-0");
	assert_age(bench, VALUE_NUMBER, "0e99999999999999999999", "0e99999999999999999999");
	assert_age_fails(bench, VALUE_NUMBER, "30.5", "type-error", NULL);
	assert_age_fails(bench, VALUE_NUMBER, "3e-1", "type-error", NULL);
	assert_age_fails(bench, VALUE_NUMBER, "1e-99999999999999999999", "type-error", NULL);
}

static void json_values_of_another_type_are_type_errors(void **state)
{
	struct bench *bench = *state;

	assert_age_fails(bench, VALUE_BOOLEAN, "true", "type-error", NULL);
	assert_age_fails(bench, VALUE_ARRAY, "[30]", "type-error", NULL);
	assert_age_fails(bench, VALUE_OBJECT, "{\"age\":30}", "type-error", NULL);

	begin_record(bench);
	add_value(bench, "name", VALUE_NUMBER, "1.50");
	add_value(bench, "email", VALUE_ARRAY, "[\"a@b.co\"]");
	add_value(bench, "department", VALUE_BOOLEAN, "false");
	check(bench);
	assert_int_equal(bench->record.error_count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(bench->record.errors[i].code, "type-error");
	assert_slice(bench->record.errors[0].value, "1.50");
	assert_slice(bench->record.errors[1].value, "[\"a@b.co\"]");
	assert_slice(bench->record.errors[2].value, "false");
}

static void an_empty_optional_number_becomes_null_and_never_zero(void **state)
{
	static const char *const empty[] = {"", " ", "\t", "\xC2\xA0", "\xE3\x80\x80 "};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
		assert_null(check_age(bench, VALUE_STRING, empty[i]));
		assert_int_equal(field(bench, "age")->value.kind, VALUE_NULL);
	}
	assert_null(check_age(bench, VALUE_NULL, ""));
	assert_int_equal(field(bench, "age")->value.kind, VALUE_NULL);
}

static void an_empty_optional_text_is_kept_as_sent(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "name", "  Ada  ");
	add(bench, "email", "  ada@example.com\t");
	add(bench, "department", "  ");
	check(bench);
	assert_true(record_is_valid(&bench->record));
	assert_slice(field(bench, "name")->value.text, "  Ada  ");
	assert_slice(field(bench, "email")->value.text, "ada@example.com");
	assert_slice(field(bench, "department")->value.text, "  ");
	assert_int_equal(field(bench, "department")->value.kind, VALUE_STRING);
}

static void required_fields_may_not_be_empty(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "name", " \t ");
	add_value(bench, "email", VALUE_NULL, "");
	check(bench);
	assert_int_equal(bench->record.error_count, 2);
	struct cell_error *errors = bench->record.errors;
	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(errors[i].code, "constraint-error");
		assert_string_equal(errors[i].constraint, "required");
		assert_slice(errors[i].message,
			     "This field is required, and it is empty. Fill it in.");
		assert_int_equal(errors[i].line, 8);
		assert_int_equal(errors[i].byte, 90);
	}
	assert_slice(errors[0].field, "name");
	assert_true(errors[0].has_value);
	assert_slice(errors[0].value, " \t ");
	assert_slice(errors[1].field, "email");
	assert_false(errors[1].has_value);
}

/* Readers leave cells where they stand in the record's bytes, unless they had to unescape them. */
static void an_error_says_where_its_cell_stands(void **state)
{
	static const char raw[] = "\"A\nd\r\na\",x,\"\r\r\",y";
	struct bench *bench = *state;

	begin_record(bench);
	bench->record.raw = SLICE(raw);
	bench->fields[0] = (struct field){SLICE("name"), {VALUE_STRING, slice_of(raw + 1, 6)}};
	bench->fields[1] = (struct field){SLICE("email"), {VALUE_STRING, slice_of(raw + 9, 1)}};
	bench->fields[2] = (struct field){SLICE("note"), {VALUE_STRING, slice_of(raw + 12, 2)}};
	bench->fields[3] = (struct field){SLICE("age"), {VALUE_STRING, slice_of(raw + 16, 1)}};
	bench->record.field_count = 4;
	check(bench);
	assert_int_equal(bench->record.error_count, 2);
	assert_int_equal(bench->record.errors[0].line, 8 + 2);
	assert_int_equal(bench->record.errors[0].byte, 90 + 9);
	assert_int_equal(bench->record.errors[1].line, 8 + 4);
	assert_int_equal(bench->record.errors[1].byte, 90 + 16);
}

static void a_cell_elsewhere_has_the_place_of_its_record(void **state)
{
	static const char text[] = "before,raw,behind";
	struct bench *bench = *state;

	begin_record(bench);
	bench->record.raw = slice_of(text + 7, 3);
	bench->fields[0] = (struct field){SLICE("name"), {VALUE_NUMBER, slice_of(text, 6)}};
	bench->fields[1] = (struct field){SLICE("email"), {VALUE_STRING, slice_of(text + 11, 6)}};
	bench->fields[2] = (struct field){SLICE("age"), {VALUE_BOOLEAN, slice_of(NULL, 0)}};
	bench->record.field_count = 3;
	check(bench);
	assert_int_equal(bench->record.error_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(bench->record.errors[i].line, 8);
		assert_int_equal(bench->record.errors[i].byte, 90);
	}
}

static void required_fields_may_not_be_absent(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "age", "30");
	check(bench);
	assert_int_equal(bench->record.error_count, 2);
	assert_slice(bench->record.errors[0].field, "name");
	assert_slice(bench->record.errors[1].field, "email");
	assert_string_equal(bench->record.errors[1].constraint, "required");
	assert_false(bench->record.errors[1].has_value);
	assert_slice(bench->record.errors[1].message,
		     "This field is required, and the row has none. Add it with a value.");
}

static void every_error_of_a_row_is_reported(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "name", "");
	add(bench, "email", "nobody");
	add(bench, "age", "old");
	add(bench, "department", "Sales");
	check(bench);
	assert_int_equal(bench->record.error_count, 3);
	assert_slice(bench->record.errors[0].field, "name");
	assert_slice(bench->record.errors[1].field, "email");
	assert_slice(bench->record.errors[1].message,
		     "The e-mail address has no @. Write it like name@example.com.");
	assert_slice(bench->record.errors[2].field, "age");
	assert_slice(bench->record.errors[2].message,
		     "A whole number is wanted here. Write it with the digits 0 to 9 only, like 30.");
}

static void an_invalid_row_keeps_its_other_values_as_sent(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "name", "Ada");
	add(bench, "email", "nobody");
	add(bench, "age", " 30.0 ");
	check(bench);
	assert_int_equal(bench->record.error_count, 1);
	assert_int_equal(field(bench, "age")->value.kind, VALUE_STRING);
	assert_slice(field(bench, "age")->value.text, " 30.0 ");
}

static void names_are_counted_in_characters(void **state)
{
	struct bench *bench = *state;
	char text[4 * 201 + 1];

	for (size_t i = 0; i < 201; i++)
		memcpy(text + 4 * i, "\xF0\x9F\x99\x82", 4);
	text[4 * 200] = '\0';
	begin_record(bench);
	add(bench, "name", text);
	add(bench, "email", "ada@example.com");
	check(bench);
	assert_true(record_is_valid(&bench->record));

	text[4 * 200] = '\xF0';
	text[4 * 201] = '\0';
	begin_record(bench);
	add(bench, "name", text);
	add(bench, "email", "ada@example.com");
	check(bench);
	assert_int_equal(bench->record.error_count, 1);
	assert_string_equal(bench->record.errors[0].code, "constraint-error");
	assert_string_equal(bench->record.errors[0].constraint, "maxLength");
	assert_slice(bench->record.errors[0].message, "The text has 201 characters, and 200 are "
						      "the most that is allowed. Shorten it.");
}

static void headers_match_without_case_and_separators(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "NAME", "Ada");
	add(bench, "E-Mail", "ada@example.com");
	add(bench, "_age ", "36");
	add(bench, "De part-ment", "Analysis");
	check(bench);
	assert_true(record_is_valid(&bench->record));
	assert_slice(bench->fields[0].name, "name");
	assert_slice(bench->fields[1].name, "email");
	assert_slice(bench->fields[2].name, "age");
	assert_slice(bench->fields[2].value.text, "36");
	assert_slice(bench->fields[3].name, "department");
}

static void further_columns_are_kept_as_they_are(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "Shoe Size", " 42 ");
	add(bench, "name", "Ada");
	add(bench, "email", "ada@example.com");
	add_value(bench, "tags", VALUE_ARRAY, "[1]");
	/* JSON knows the empty name. */
	bench->fields[bench->record.field_count++] = (struct field){.value.kind = VALUE_NULL};
	check(bench);
	assert_true(record_is_valid(&bench->record));
	assert_int_equal(bench->fields[4].name.size, 0);
	assert_slice(bench->fields[0].name, "Shoe Size");
	assert_slice(bench->fields[0].value.text, " 42 ");
	assert_int_equal(bench->fields[3].value.kind, VALUE_ARRAY);
}

static void the_exact_spelling_wins_a_field_and_the_other_column_is_kept(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "E-Mail", "not an address");
	add(bench, "name", "Ada");
	add(bench, "email", "ada@example.com");
	check(bench);
	assert_true(record_is_valid(&bench->record));
	assert_slice(bench->fields[0].name, "E-Mail");
	assert_slice(bench->fields[0].value.text, "not an address");
	assert_slice(bench->fields[2].name, "email");
}

static void among_other_spellings_the_first_wins(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "EMAIL", "ada@example.com");
	add(bench, "name", "Ada");
	add(bench, "E-Mail", "not an address");
	check(bench);
	assert_true(record_is_valid(&bench->record));
	assert_slice(bench->fields[0].name, "email");
	assert_slice(bench->fields[2].name, "E-Mail");
	assert_slice(bench->fields[2].value.text, "not an address");
}

/* The mapping is kept from row to row; JSON objects change their members at will, and their
 * names may lie where the names of the row before lay. */
static void rows_with_other_members_are_mapped_anew(void **state)
{
	struct bench *bench = *state;
	char first[] = "name", second[] = "mail";

	begin_record(bench);
	add(bench, "email", "ada@example.com");
	add(bench, first, "Ada");
	check(bench);
	assert_true(record_is_valid(&bench->record));

	memcpy(first, second, sizeof first);
	begin_record(bench);
	add(bench, "email", "ada@example.com");
	add(bench, first, "Ada");
	check(bench);
	assert_int_equal(bench->record.error_count, 1);
	assert_slice(bench->record.errors[0].field, "name");
	assert_slice(bench->fields[1].name, "mail");

	begin_record(bench);
	add(bench, "name", "Ada");
	check(bench);
	assert_int_equal(bench->record.error_count, 1);
	assert_slice(bench->record.errors[0].field, "email");
}

static void headers_too_large_to_keep_are_mapped_too(void **state)
{
	enum { COLUMNS = 300, NAME_SIZE = 70000 };
	struct bench *bench = *state;
	struct field *fields = calloc(COLUMNS, sizeof *fields);
	char *name = calloc(NAME_SIZE, 1);

	for (int wide = 0; wide < 2; wide++)
		for (int again = 0; again < 2; again++) {
			for (size_t i = 0; i < COLUMNS; i++)
				fields[i] = (struct field){SLICE("x"), {VALUE_STRING, SLICE("y")}};
			fields[0].name = slice_of(name, NAME_SIZE);
			fields[1] = (struct field){SLICE("Email"), {VALUE_STRING, SLICE("a@b.co")}};
			fields[2] = (struct field){SLICE("NAME"), {VALUE_STRING, SLICE("Ada")}};
			bench->record = (struct record){.fields = fields,
							.field_count = wide ? COLUMNS : 3};
			check(bench);
			assert_true(record_is_valid(&bench->record));
			assert_slice(fields[1].name, "email");
			assert_slice(fields[2].name, "name");
		}
	free(name);
	free(fields);
}

static struct cell_error *add_reader_error(struct bench *bench, const char *name, const char *code)
{
	struct cell_error *error = record_add_error(&bench->record, &bench->arena);

	assert_non_null(error);
	error->field = slice_of_string(name);
	error->code = code;
	return error;
}

static void what_the_reader_reported_is_kept_and_not_reported_twice(void **state)
{
	struct bench *bench = *state;

	begin_record(bench);
	add(bench, "Name", "Ada");
	add(bench, "E-Mail", "\xFF@example.com");
	add(bench, "Age", "old");
	add_reader_error(bench, "E-Mail", "encoding-error");
	add_reader_error(bench, "", "extra-cell");
	check(bench);
	assert_int_equal(bench->record.error_count, 3);
	assert_slice(bench->record.errors[0].field, "email");
	assert_string_equal(bench->record.errors[0].code, "encoding-error");
	assert_string_equal(bench->record.errors[1].code, "extra-cell");
	assert_slice(bench->record.errors[2].field, "age");
	/* Data as sent. */
	assert_slice(field(bench, "age")->value.text, "old");
}

static void a_missing_cell_is_reported_once(void **state)
{
	struct bench *bench = *state;

	/* Whether the reader leaves the field out or gives it as null. */
	for (int as_null = 0; as_null < 2; as_null++) {
		begin_record(bench);
		add(bench, "name", "Ada");
		if (as_null)
			add_value(bench, "E-Mail", VALUE_NULL, "");
		add_reader_error(bench, "E-Mail", "missing-cell");
		check(bench);
		assert_int_equal(bench->record.error_count, 1);
		assert_slice(bench->record.errors[0].field, "email");
		assert_string_equal(bench->record.errors[0].code, "missing-cell");
	}
}

static void rows_that_are_no_records_get_no_further_errors(void **state)
{
	struct bench *bench = *state;

	bench->record = (struct record){.shape = RECORD_VALUE, .raw = SLICE("[1]")};
	add_reader_error(bench, "", "type-error");
	check(bench);
	assert_int_equal(bench->record.error_count, 1);
	bench->record = (struct record){.shape = RECORD_DAMAGED, .raw = SLICE("{")};
	add_reader_error(bench, "", "syntax-error");
	check(bench);
	assert_int_equal(bench->record.error_count, 1);
}

static void the_schema_any_takes_everything(void **state)
{
	struct bench *bench = *state;

	use_schema(bench, schema_builtin(SLICE("any")));
	begin_record(bench);
	add(bench, "email", "nobody");
	add(bench, "age", " 30 ");
	add_value(bench, "flag", VALUE_BOOLEAN, "true");
	check(bench);
	assert_true(record_is_valid(&bench->record));
	assert_slice(bench->fields[1].value.text, " 30 ");
	assert_int_equal(bench->fields[1].value.kind, VALUE_STRING);
	assert_int_equal(validator_check_columns(bench->validator, NULL, 0, NULL), STATUS_OK);
}

static void numbers_without_limits_keep_every_digit_and_their_sign(void **state)
{
	static const char *const numbers[][2] = {
		{"-0030.0", "-30"},
		{"-99999999999999999999999999", "-99999999999999999999999999"},
		{"099999999999999999999999999", "99999999999999999999999999"},
	};
	struct bench *bench = *state;

	use_balance(bench);
	for (size_t i = 0; i < 3; i++) {
		begin_record(bench);
		add(bench, "Balance", numbers[i][0]);
		add(bench, "Contact", "\t");
		add(bench, "Code", "x");
		check(bench);
		assert_true(record_is_valid(&bench->record));
		assert_slice(field(bench, "balance")->value.text, numbers[i][1]);
		assert_int_equal(field(bench, "contact")->value.kind, VALUE_NULL);
	}
}

static void exhausted_memory_is_an_error_of_the_call(void **state)
{
	struct bench *bench = *state;
	struct arena none;
	struct error err;

	arena_init(&none, 0);
	begin_record(bench);
	add(bench, "name", "");
	assert_int_equal(validator_check(bench->validator, &bench->record, &none, &err),
			 STATUS_NO_MEMORY);
	assert_string_equal(err.code, "out-of-memory");

	begin_record(bench);
	add(bench, "name", "Ada");
	add(bench, "email", "ada@example.com");
	add(bench, "age", "151");
	assert_int_equal(validator_check(bench->validator, &bench->record, &none, &err),
			 STATUS_NO_MEMORY);

	use_balance(bench);
	begin_record(bench);
	add(bench, "balance", "-01");
	add(bench, "code", "x");
	assert_int_equal(validator_check(bench->validator, &bench->record, &none, &err),
			 STATUS_NO_MEMORY);
	arena_release(&none);
}

static void a_file_without_any_known_column_is_refused_with_both_lists(void **state)
{
	static const struct slice columns[] = {
		{"vorname", 7}, {"nachname", 8}, {"stadt", 5}, {"land", 4},
		{"telefon", 7}, {"notiz", 5}, {"x", 1},
	};
	struct bench *bench = *state;
	struct error err = {0};

	assert_int_equal(validator_check_columns(bench->validator, columns, 7, &err), STATUS_INVALID);
	assert_string_equal(err.code, "no-known-column");
	assert_string_equal(err.detail,
			    "No column of the file is known. It has: vorname, nachname, stadt, "
			    "land, telefon and 2 more. The schema \"people\" wants: name, email, "
			    "age, department. Correct the first line of the file, or choose "
			    "another schema.");
	assert_int_equal(validator_check_columns(bench->validator, columns, 3, NULL), STATUS_INVALID);
}

static void long_column_names_are_cut_between_characters(void **state)
{
	struct bench *bench = *state;
	struct error err = {0};
	char name[61];

	for (size_t i = 0; i < 60; i += 3)
		memcpy(name + i, "\xE2\x82\xAC", 3);
	name[60] = '\0';
	struct slice column = slice_of_string(name);
	assert_int_equal(validator_check_columns(bench->validator, &column, 1, &err), STATUS_INVALID);
	assert_non_null(strstr(err.detail, "\xE2\x82\xAC\xE2\x80\xA6. The schema"));
	assert_true(strlen(err.detail) < 300);
}

static void one_known_column_is_enough(void **state)
{
	static const struct slice columns[] = {{"x", 1}, {"E-MAIL", 6}};
	struct bench *bench = *state;

	assert_int_equal(validator_check_columns(bench->validator, columns, 2, NULL), STATUS_OK);
}

static void each_unique_field_claims_its_value(void **state)
{
	struct bench *bench = *state;

	use_document(bench, "{\"fields\": [{\"name\": \"id\", \"type\": \"integer\", \"constraints\": {\"unique\": true}},"
			    "{\"name\": \"note\"}, {\"name\": \"code\", \"constraints\": {\"unique\": true}}]}");
	begin_record(bench);
	add(bench, "id", "007");
	add(bench, "note", "x");
	add(bench, "code", "c");
	check(bench);
	assert_int_equal(bench->record.claim_count, 2);
	assert_slice(bench->record.claims[0].field, "id");
	assert_slice(bench->record.claims[0].key, "=e1 7");
	assert_slice(bench->record.claims[0].value, "007");
	assert_slice(bench->record.claims[1].field, "code");
	assert_slice(bench->record.claims[1].key, "=c");
	assert_int_equal(bench->record.claims[1].line, 8);
}

static void freeing_nothing_is_fine(void **state)
{
	(void)state;
	validator_free(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_complete_row_is_valid_and_typed),
		TEST(whole_numbers_in_text_are_ages),
		TEST(what_is_no_whole_number_is_a_type_error),
		TEST(numbers_out_of_range_fail_the_limit_at_any_size),
		TEST(json_numbers_are_whole_by_value_and_keep_their_digits),
		TEST(json_values_of_another_type_are_type_errors),
		TEST(an_empty_optional_number_becomes_null_and_never_zero),
		TEST(an_empty_optional_text_is_kept_as_sent),
		TEST(required_fields_may_not_be_empty),
		TEST(an_error_says_where_its_cell_stands),
		TEST(a_cell_elsewhere_has_the_place_of_its_record),
		TEST(required_fields_may_not_be_absent),
		TEST(every_error_of_a_row_is_reported),
		TEST(an_invalid_row_keeps_its_other_values_as_sent),
		TEST(names_are_counted_in_characters),
		TEST(headers_match_without_case_and_separators),
		TEST(further_columns_are_kept_as_they_are),
		TEST(the_exact_spelling_wins_a_field_and_the_other_column_is_kept),
		TEST(among_other_spellings_the_first_wins),
		TEST(rows_with_other_members_are_mapped_anew),
		TEST(headers_too_large_to_keep_are_mapped_too),
		TEST(what_the_reader_reported_is_kept_and_not_reported_twice),
		TEST(a_missing_cell_is_reported_once),
		TEST(rows_that_are_no_records_get_no_further_errors),
		TEST(the_schema_any_takes_everything),
		TEST(numbers_without_limits_keep_every_digit_and_their_sign),
		TEST(exhausted_memory_is_an_error_of_the_call),
		TEST(a_file_without_any_known_column_is_refused_with_both_lists),
		TEST(long_column_names_are_cut_between_characters),
		TEST(one_known_column_is_enough),
		TEST(each_unique_field_claims_its_value),
		TEST(freeing_nothing_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
