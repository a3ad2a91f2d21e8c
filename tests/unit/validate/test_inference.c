#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "validate/inference.h"
#include "validate/schema.h"

#include "base/banned.h"

/* The proposal for one column `a` with these values; "\1" is a row without it. */
static void check_proposal_at(const char *const *values, const char *expected, int line)
{
	struct inference *inference = inference_new();
	const struct schema *schema;
	struct strbuf out, wanted;
	struct json_writer json;
	struct error err;

	strbuf_init(&out, 1 << 16);
	strbuf_init(&wanted, 1 << 16);
	json_writer_init(&json, &out);
	for (size_t i = 0; values[i]; i++) {
		struct field field = {SLICE("a"), {VALUE_STRING, slice_of_string(values[i])}};
		struct record record = {.fields = &field, .field_count = values[i][0] != 1};
		assert_ok(inference_add(inference, &record, &err), &err);
	}
	assert_ok(inference_write(inference, &json, &err), &err);
	strbuf_add_format(&wanted, "{\"fields\":[{\"name\":\"a\",%s}]}", expected);
	if (!slice_equal(strbuf_slice(&out), strbuf_slice(&wanted)))
		fail_msg("line %d: %s, not %s", line, out.data, wanted.data);
	assert_ok(schema_parse(SLICE("proposed"), strbuf_slice(&out), &schema, NULL, &err), &err);
	schema_release(schema);
	strbuf_release(&out);
	strbuf_release(&wanted);
	inference_free(inference);
}
#define check_proposal(expected_, ...)                                                             \
	check_proposal_at((const char *const[]){__VA_ARGS__, NULL}, expected_, __LINE__)

#define REQUIRED ",\"constraints\":{\"required\":true}"

static void types_are_those_of_every_value(void **state)
{
	(void)state;
	check_proposal("\"type\":\"integer\"" REQUIRED, "1", " 20 ", "-3");
	check_proposal("\"type\":\"integer\"", "1", "");
	check_proposal("\"type\":\"integer\"", "1", "\1");
	check_proposal("\"type\":\"integer\"" REQUIRED, "0", "1");
	check_proposal("\"type\":\"number\"" REQUIRED, "1", "2.5");
	check_proposal("\"type\":\"boolean\"" REQUIRED, "true", "False");
	check_proposal("\"type\":\"date\"" REQUIRED, "2024-02-29");
	check_proposal("\"type\":\"datetime\"" REQUIRED, "2024-02-29T00:00:00Z");
	check_proposal("\"type\":\"datetime\",\"format\":\"%Y-%m-%d %H:%M\"" REQUIRED, "2024-02-29 01:02");
	check_proposal("\"type\":\"string\",\"format\":\"email\"" REQUIRED, "a@example.com");
	check_proposal("\"type\":\"string\",\"format\":\"uri\"" REQUIRED, "https://example.com");
	check_proposal("\"type\":\"string\"" REQUIRED, "1", "x");
	check_proposal("\"type\":\"string\"", "", "");
}

static void digits_that_name_things_stay_strings(void **state)
{
	(void)state;
	check_proposal("\"type\":\"string\"" REQUIRED, "90210", "00501");
	check_proposal("\"type\":\"string\"" REQUIRED, "+4930123");
	check_proposal("\"type\":\"string\"" REQUIRED, "1234567890123456789");
	check_proposal("\"type\":\"number\"" REQUIRED, "0.5", "-0.5");
}

static void what_can_be_read_in_two_ways_stays_a_string(void **state)
{
	(void)state;
	check_proposal("\"type\":\"string\"" REQUIRED, "1,234");
	check_proposal("\"type\":\"number\",\"decimalChar\":\",\"" REQUIRED, "1,5", "1,234");
	check_proposal("\"type\":\"number\",\"groupChar\":\",\"" REQUIRED, "1,234.5", "1,234");
	check_proposal("\"type\":\"number\",\"decimalChar\":\",\",\"groupChar\":\".\"" REQUIRED, "1.234,5");
	check_proposal("\"type\":\"string\"" REQUIRED, "01/02/2024");
	check_proposal("\"type\":\"date\",\"format\":\"%d/%m/%Y\"" REQUIRED, "01/02/2024", "31/01/2024");
	check_proposal("\"type\":\"date\",\"format\":\"%m/%d/%Y\"" REQUIRED, "01/02/2024", "01/31/2024");
	check_proposal("\"type\":\"date\",\"format\":\"%d.%m.%Y\"" REQUIRED, "01.02.2024");
}

static void words_for_nothing_are_missing_values(void **state)
{
	(void)state;
	check_proposal("\"type\":\"integer\",\"missingValues\":[\"\",\"NA\",\"-\"]", "1", "NA", " - ");
	check_proposal("\"type\":\"string\"", "x", "NA");
	check_proposal("\"type\":\"string\"", "NA", "NA");
}

static void json_values_keep_their_kinds(void **state)
{
	struct inference *inference = inference_new();
	struct field fields[] = {
		{SLICE("n"), {VALUE_NUMBER, SLICE("1.5")}},     {SLICE("b"), {VALUE_BOOLEAN, SLICE("true")}},
		{SLICE("list"), {VALUE_ARRAY, SLICE("[1]")}},    {SLICE("mixed"), {VALUE_NUMBER, SLICE("1")}},
		{SLICE(" "), {VALUE_STRING, SLICE("no name")}}, {SLICE("none"), {VALUE_NULL, SLICE("")}},
		{SLICE("_extra"), {VALUE_ARRAY, SLICE("[1]")}},
	};
	struct record record = {.fields = fields, .field_count = 7};
	struct record no_object = {.shape = RECORD_VALUE};
	struct cell_error extra = {.code = "extra-cell"};
	struct strbuf out;
	struct json_writer json;
	struct error err;

	(void)state;
	record.errors = &extra;
	record.error_count = 1;
	assert_ok(inference_add(inference, &record, &err), &err);
	record.error_count = 0;
	record.field_count = 6;
	fields[3].value = (struct value){VALUE_STRING, SLICE("x")};
	assert_ok(inference_add(inference, &record, &err), &err);
	assert_ok(inference_add(inference, &no_object, &err), &err);
	strbuf_init(&out, 1 << 16);
	json_writer_init(&json, &out);
	assert_ok(inference_write(inference, &json, &err), &err);
	assert_slice(strbuf_slice(&out),
		     "{\"fields\":[{\"name\":\"n\",\"type\":\"number\"},{\"name\":\"b\",\"type\":\"boolean\"},"
		     "{\"name\":\"list\",\"type\":\"any\"},{\"name\":\"mixed\",\"type\":\"any\"},"
		     "{\"name\":\"none\",\"type\":\"string\"}]}");
	strbuf_release(&out);
	inference_free(inference);
}

/* What is written for rows (NULL: none) of columns that were told before. */
static void check_written(struct inference *inference, const char *expected)
{
	struct strbuf out;
	struct json_writer json;
	struct error err;

	strbuf_init(&out, 1 << 16);
	json_writer_init(&json, &out);
	assert_ok(inference_write(inference, &json, &err), &err);
	assert_slice(strbuf_slice(&out), expected);
	strbuf_release(&out);
	inference_free(inference);
}

static void a_header_without_rows_requires_nothing(void **state)
{
	static char long_name[1001];
	struct inference *inference = inference_new();
	struct error err;

	(void)state;
	memset(long_name, 'x', sizeof long_name);
	const struct slice columns[] = {SLICE("a"), slice_of(long_name, 1001), SLICE("b")};
	assert_ok(inference_add_columns(inference, columns, 3, &err), &err);
	check_written(inference, "{\"fields\":[{\"name\":\"a\",\"type\":\"string\"},{\"name\":\"b\",\"type\":\"string\"}]}");
}

static void members_come_in_any_order(void **state)
{
	struct field fields[] = {{SLICE("a"), {VALUE_NUMBER, SLICE("1")}}, {SLICE("b"), {VALUE_STRING, SLICE("x")}},
				 {SLICE("c"), {VALUE_ARRAY, SLICE("[]")}}};
	struct field turned[] = {fields[2], fields[1], fields[0]};
	/* The reader's errors say nothing of columns, but for one. */
	struct cell_error damaged = {.code = "encoding-error"};
	struct record records[] = {{.fields = fields, .field_count = 3, .errors = &damaged, .error_count = 1},
				   {.fields = turned, .field_count = 3}};
	struct inference *inference = inference_new();
	struct error err;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		assert_ok(inference_add(inference, &records[i], &err), &err);
	check_written(inference, "{\"fields\":[{\"name\":\"a\",\"type\":\"integer\"" REQUIRED "},"
				 "{\"name\":\"b\",\"type\":\"string\"" REQUIRED "},{\"name\":\"c\",\"type\":\"any\"}]}");
}

static void columns_are_limited_and_needed(void **state)
{
	struct inference *inference = inference_new();
	struct strbuf out;
	struct json_writer json;
	struct error err;
	char name[16];

	(void)state;
	strbuf_init(&out, 1 << 20);
	json_writer_init(&json, &out);
	assert_int_equal(inference_write(inference, &json, &err), STATUS_INVALID);
	assert_string_equal(err.code, "no-columns");
	for (int i = 0; i < SCHEMA_FIELDS_MAX; i++) {
		struct slice column = slice_of(name, (size_t)snprintf(name, sizeof name, "c%d", i));
		assert_ok(inference_add_columns(inference, &column, 1, &err), &err);
	}
	assert_int_equal(inference_add_columns(inference, (const struct slice[]){SLICE("more"), SLICE("c0")}, 2, &err),
			 STATUS_TOO_LARGE);
	assert_non_null(strstr(err.detail, "columns, the most"));
	struct field field = {SLICE("more"), {VALUE_STRING, SLICE("x")}};
	struct record record = {.fields = &field, .field_count = 1};
	assert_int_equal(inference_add(inference, &record, &err), STATUS_TOO_LARGE);
	strbuf_release(&out);
	inference_free(inference);
	inference_free(NULL);
}

static void names_are_limited_together(void **state)
{
	struct inference *inference = inference_new();
	size_t size = 1 << 20;
	char *name = calloc(1, size);
	enum status status = STATUS_OK;
	struct error err;
	int count = 0;

	(void)state;
	for (; status == STATUS_OK; count++) {
		name[0] = (char)('a' + count);
		status = inference_add_columns(inference, &(struct slice){name, size}, 1, &err);
	}
	assert_int_equal(status, STATUS_TOO_LARGE);
	assert_string_equal(err.code, "too-many-columns");
	assert_non_null(strstr(err.detail, "the names of the file's columns have more than 4194304 bytes together"));
	assert_int_equal(count, 5);
	free(name);
	inference_free(inference);
}

/* Whatever rows are seen, they are valid under what is proposed for them. */
static void rows_that_were_seen_are_valid(void **state)
{
	static const char *const texts[] = {
		"1",    "-20",  "3.5",  "1,5",  "1,234", "1.234,5", "true", "FALSE", "2024-01-02", "01/02/2024",
		"31/01/2024", "01/31/2024", "03.02.2024", "2024-01-02T03:04:05Z", "2024-01-02 03:04", "a@example.com",
		"https://example.com/", "x", "",  " ",  "NA", "-", "00501", "+49", "1e5", "12345678901234567890"};
	uint64_t random = random_seed();
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (int round = 0; round < 3000; round++) {
		const char *values[4];
		struct inference *inference = inference_new();
		const struct schema *schema;
		struct strbuf out;
		struct json_writer json;
		struct error err;
		strbuf_init(&out, 1 << 16);
		json_writer_init(&json, &out);
		for (int i = 0; i < 4; i++) {
			values[i] = texts[random_next(&random) % (sizeof texts / sizeof *texts)];
			if (i && random_next(&random) % 2)
				values[i] = values[i - 1];
			struct field field = {SLICE("a"), {VALUE_STRING, slice_of_string(values[i])}};
			struct record record = {.fields = &field, .field_count = 1};
			assert_ok(inference_add(inference, &record, &err), &err);
		}
		assert_ok(inference_write(inference, &json, &err), &err);
		assert_ok(schema_parse(SLICE("p"), strbuf_slice(&out), &schema, NULL, &err), &err);
		struct validator *validator = validator_new(schema);
		for (int i = 0; i < 4; i++) {
			struct field field = {SLICE("a"), {VALUE_STRING, slice_of_string(values[i])}};
			struct record record = {.fields = &field, .field_count = 1};
			arena_reset(&arena);
			assert_ok(validator_check(validator, &record, &arena, &err), &err);
			if (!record_is_valid(&record))
				fail_msg("'%s' under %s", values[i], out.data);
		}
		validator_free(validator);
		schema_release(schema);
		strbuf_release(&out);
		inference_free(inference);
	}
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_those_of_every_value),
		cmocka_unit_test(digits_that_name_things_stay_strings),
		cmocka_unit_test(what_can_be_read_in_two_ways_stays_a_string),
		cmocka_unit_test(words_for_nothing_are_missing_values),
		cmocka_unit_test(json_values_keep_their_kinds),
		cmocka_unit_test(a_header_without_rows_requires_nothing),
		cmocka_unit_test(members_come_in_any_order),
		cmocka_unit_test(columns_are_limited_and_needed),
		cmocka_unit_test(names_are_limited_together),
		cmocka_unit_test(rows_that_were_seen_are_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
