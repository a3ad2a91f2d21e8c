/* What becomes of validation when memory is exhausted. What libraries make counts
 * as an allocation. */
#include "support.h"

#include "allocations.h"

#include <stdio.h>
#include <stdlib.h>

#include <idn2.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "validate/email.h"
#include "validate/inference.h"
#include "validate/pattern.h"
#include "validate/schema.h"
#include "validate/schema_cache.h"

#include "base/banned.h"

#define CODE (PCRE2_SPTR text, PCRE2_SIZE size, uint32_t options, int *code, PCRE2_SIZE *at, pcre2_compile_context *context)
FAILING_CALL(int, idn2_lookup_u8, (const uint8_t *name, uint8_t **ascii, int flags), (name, ascii, flags), IDN2_MALLOC)
FAILING_CALL(pcre2_code *, pcre2_compile_8, CODE, (text, size, options, code, at, context),
	     (*code = PCRE2_ERROR_HEAP_FAILED, NULL))
FAILING_CALL(pcre2_match_data *, pcre2_match_data_create_8, (uint32_t size, pcre2_general_context *context),
	     (size, context), NULL)
FAILING_CALL(pcre2_match_context *, pcre2_match_context_create_8, (pcre2_general_context *context), (context), NULL)
FAILING_CALL(pcre2_jit_stack *, pcre2_jit_stack_create_8,
	     (PCRE2_SIZE first, PCRE2_SIZE most, pcre2_general_context *context), (first, most, context), NULL)

/* With a place for what makes it longer. */
#define DOCUMENT                                                                                                              \
	"{\"fields\": [{\"name\": \"name\", \"aliases\": [\"label\"], \"constraints\": {\"pattern\": \"[a-z]+\", \"unique\": true}},"   \
	" {\"name\": \"size\", \"type\": \"number\", \"decimalChar\": \",\", \"constraints\": {\"minimum\": 1, \"maximum\": 9}},"      \
	" {\"name\": \"day\", \"type\": \"date\", \"format\": \"%%d.%%m.%%Y\", \"constraints\": {\"maximum\": \"31.12.2030\"}},"       \
	" {\"name\": \"kind\", \"constraints\": {\"enum\": [\"a\", \"b\"]}},"                                                         \
	" {\"name\": \"rate\", \"type\": \"number\", \"decimalChar\": \",\", \"constraints\": {\"enum\": [\"1,5\", \"2,5\"]}},"         \
	" {\"name\": \"sure\", \"type\": \"boolean\", \"trueValues\": [\"yes\"], \"falseValues\": [\"no\"]}],"                        \
	" \"missingValues\": [\"\", \"-\"], \"embedding_template\": \"{{{name}}} of {kind}\", \"x-long\": \"%*s\"}"

/* Good until the next call. */
static struct slice document(int longer)
{
	static char text[1 << 17];

	return slice_of(text, (size_t)snprintf(text, sizeof text, DOCUMENT, longer, ""));
}

/* Every call fails once, alone or with all behind it. Returns the number of calls. */
static long parse_with_failing_calls(struct slice text, bool alone)
{
	const struct schema *schema = NULL;
	struct error err;
	bool failed = true;
	long calls = 0;

	for (; failed; calls++) {
		(alone ? fail_one_allocation : allow_allocations)(calls);
		enum status status = schema_parse(SLICE("test"), text, &schema, NULL, &err);
		failed = allocations_end();
		assert_int_equal(status, failed ? STATUS_NO_MEMORY : STATUS_OK);
		assert_int_equal(schema == NULL, failed);
	}
	assert_slice(schema_name(schema), "test");
	schema_release(schema);
	return calls;
}

/* Whichever call fails, and whether more do: there is no schema that lacks something. */
static void a_schema_is_made_whole_or_not_at_all(void **state)
{
	enum { BLOCK = 64 * 1024, WHOLE = 6 * 1024 };

	(void)state;
	assert_true(parse_with_failing_calls(document(0), false) > 3);
	assert_true(parse_with_failing_calls(document(0), true) > 3);
	/* The arena takes memory block by block: with ever less of the first, each thing is once the one that needs
	 * the second. */
	for (int left = 16; left <= WHOLE; left += 16)
		parse_with_failing_calls(document(BLOCK - left - (int)document(0).size), left % 32);
}

static void faults_need_room_in_their_arena(void **state)
{
	const struct schema *schema;
	struct error err;

	(void)state;
	enum status status = STATUS_NO_MEMORY;
	for (size_t cap = 0; status == STATUS_NO_MEMORY; cap += 16) {
		struct arena arena;
		struct schema_faults faults = {.arena = &arena};
		arena_init(&arena, cap);
		status = schema_parse(SLICE("test"), SLICE("{\"fields\": [{\"name\": 1}]}"), &schema, &faults, &err);
		assert_true(status == STATUS_NO_MEMORY || faults.count == 1);
		arena_release(&arena);
	}
	assert_int_equal(status, STATUS_INVALID);
}

/* A row whose every cell is wrong, or right, with an arena that has `cap` bytes. */
static enum status check_row(struct validator *validator, const char *const cells[5], size_t cap, int calls, struct strbuf *errors)
{
	static const char *const names[] = {"name", "size", "day", "kind", "sure"};
	struct field fields[5];
	struct record record = {.fields = fields, .field_count = 5};
	struct json_writer json;
	struct arena arena;
	struct error err;

	for (size_t i = 0; i < 5; i++)
		fields[i] = (struct field){slice_of_string(names[i]), {VALUE_STRING, slice_of_string(cells[i])}};
	arena_init(&arena, cap);
	allow_allocations(calls);
	enum status status = validator_check(validator, &record, &arena, &err);
	allocations_end();
	strbuf_clear(errors);
	json_writer_init(&json, errors);
	if (status == STATUS_OK)
		record_write_errors(&record, true, &json);
	arena_release(&arena);
	return status;
}

/* Longer than what is taken at once for a key. */
#define LONG_KIND "a kind that there is not, and that has more than the sixty-four bytes of a short key"

static void a_row_needs_room_for_its_values_and_errors(void **state)
{
	static const char *const rows[][5] = {{"ada", "5,5", "29.02.2024", "a", "yes"},
					      {"Ada", "5,5", "29.02.2024", LONG_KIND, "yes"},
					      {"Ada", "10,5", "01.01.2031", "c", "maybe"},
					      {"Ada", "0,5", "x", "c", "maybe"}};
	const struct schema *schema;
	struct strbuf expected, errors;
	struct error err;

	(void)state;
	strbuf_init(&expected, 1 << 20);
	strbuf_init(&errors, 1 << 20);
	assert_ok(schema_parse(SLICE("test"), document(0), &schema, NULL, &err), &err);
	struct validator *validator = validator_new(schema);
	assert_non_null(validator);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(check_row(validator, rows[i], 1 << 20, -1, &expected), STATUS_OK);
		assert_int_equal(expected.size == 2, i == 0);
		enum status status = STATUS_NO_MEMORY;
		for (size_t cap = 0; status == STATUS_NO_MEMORY; cap += 8)
			status = check_row(validator, rows[i], cap, -1, &errors);
		assert_int_equal(status, STATUS_OK);
		assert_slice(strbuf_slice(&errors), expected.data);
		status = STATUS_NO_MEMORY;
		for (int calls = 0; status == STATUS_NO_MEMORY; calls++) {
			struct validator *fresh = validator_new(schema); /* that has not kept the header */
			assert_non_null(fresh);
			status = check_row(fresh, rows[i], 1 << 20, calls, &errors);
			validator_free(fresh);
		}
		assert_int_equal(status, STATUS_OK);
		assert_slice(strbuf_slice(&errors), expected.data);
	}
	validator_free(validator);
	schema_release(schema);
	strbuf_release(&expected);
	strbuf_release(&errors);
}

static void a_renamed_column_needs_room_for_its_conflict(void **state)
{
	const struct column_rename rename = {SLICE("Titel"), SLICE("name")};
	const struct schema *schema;
	enum status status = STATUS_NO_MEMORY;
	struct error err;

	(void)state;
	assert_ok(schema_parse(SLICE("test"), SLICE("{\"fields\": [{\"name\": \"name\"}]}"), &schema, NULL, &err), &err);
	struct validator *validator = validator_new(schema);
	assert_non_null(validator);
	allow_allocations(0);
	status = validator_rename(validator, &rename, 1, &err);
	allocations_end();
	assert_int_equal(status, STATUS_NO_MEMORY);
	assert_ok(validator_rename(validator, &rename, 1, &err), &err);
	status = STATUS_NO_MEMORY;
	for (size_t cap = 0; status == STATUS_NO_MEMORY; cap += 16) {
		struct field fields[] = {{SLICE("name"), {VALUE_STRING, SLICE("a")}}, {SLICE("Titel"), {VALUE_STRING, SLICE("b")}}};
		struct record record = {.fields = fields, .field_count = 2};
		struct arena arena;
		arena_init(&arena, cap);
		status = validator_check(validator, &record, &arena, &err);
		assert_true(status == STATUS_NO_MEMORY || strcmp(record.errors[0].code, "duplicate-label") == 0);
		arena_release(&arena);
	}
	assert_int_equal(status, STATUS_OK);
	validator_free(validator);
	schema_release(schema);
}

/* A row of the schema can be checked without a JIT, only not without room for a match. */
static void matching_does_without_its_stack(void **state)
{
	struct pattern *pattern;
	struct pattern_scratch *scratch;
	struct error err;

	(void)state;
	assert_ok(pattern_compile(SLICE("a+"), &pattern, &err), &err);
	for (int calls = 0; calls < 3; calls++) {
		allow_allocations(calls);
		scratch = pattern_scratch_new();
		allocations_end();
		assert_null(scratch);
	}
	allow_allocations(3);
	scratch = pattern_scratch_new();
	allocations_end();
	assert_non_null(scratch);
	assert_int_equal(pattern_match(pattern, SLICE("aa"), scratch), PATTERN_MATCHES);
	pattern_scratch_free(scratch);
	pattern_free(pattern);
	for (int calls = 0; calls < 2; calls++) {
		allow_allocations(calls);
		enum status status = pattern_compile(SLICE("a+"), &pattern, &err);
		allocations_end();
		assert_int_equal(status, STATUS_NO_MEMORY);
		assert_null(pattern);
	}
}

static void what_cannot_be_made_is_null(void **state)
{
	const struct schema_source source = {0};
	struct error err;

	(void)state;
	allow_allocations(0);
	struct schema_cache *cache = schema_cache_new(&source);
	struct inference *inference = inference_new();
	struct validator *validator = validator_new(schema_builtin(SLICE("people")));
	allocations_end();
	assert_null(cache);
	assert_null(inference);
	inference = inference_new();
	assert_non_null(inference);
	allow_allocations(0);
	enum status status = inference_add_columns(inference, &SLICE("a"), 1, &err);
	allocations_end();
	assert_int_equal(status, STATUS_NO_MEMORY);
	inference_free(inference);
	assert_null(validator);
	schema_cache_free(NULL);
}

static void a_validator_is_made_whole_or_not_at_all(void **state)
{
	const struct schema *schemas[2] = {schema_builtin(SLICE("people"))};
	struct error err;

	(void)state;
	assert_ok(schema_parse(SLICE("test"), document(0), &schemas[1], NULL, &err), &err);
	for (int i = 0; i < 2; i++)
		for (int alone = 0; alone < 2; alone++) {
			bool failed = true;
			long calls = 0;
			int spared = 0;
			for (; failed; calls++) {
				(alone ? fail_one_allocation : allow_allocations)(calls);
				struct validator *validator = validator_new(schemas[i]);
				failed = allocations_end();
				assert_true(validator || failed);
				spared += validator && failed;
				validator_free(validator);
			}
			assert_int_equal(calls, i ? 10 : 6);
			/* Matching does without its stack. */
			assert_int_equal(spared, i);
		}
	schema_release(schemas[1]);
}

/* Checks a person whose e-mail address needs libidn2, when `calls` allocations succeed. */
static enum status check_person(struct validator *validator, int calls)
{
	struct field fields[] = {
		{SLICE("Name"), {VALUE_STRING, SLICE("Ada")}},
		{SLICE("Email"), {VALUE_STRING, SLICE("ada@b\xC3\xBC" "cher.de")}},
	};
	struct record record = {.fields = fields, .field_count = 2};
	struct arena arena;
	struct error err;

	arena_init(&arena, 1 << 20);
	allow_allocations(calls);
	enum status status = validator_check(validator, &record, &arena, &err);
	allocations_end();
	arena_release(&arena);
	if (status == STATUS_OK)
		assert_true(record_is_valid(&record));
	return status;
}

static void a_header_that_cannot_be_kept_is_found_anew(void **state)
{
	struct validator *validator = validator_new(schema_builtin(SLICE("people")));

	(void)state;
	assert_non_null(validator);
	/* No call succeeds: the header is not kept, and libidn2 fails. */
	assert_int_equal(check_person(validator, 0), STATUS_NO_MEMORY);
	assert_int_equal(check_person(validator, -1), STATUS_OK);
	/* The header is kept now; libidn2 alone needs memory. */
	assert_int_equal(check_person(validator, 0), STATUS_NO_MEMORY);
	assert_int_equal(check_person(validator, 1), STATUS_OK);
	validator_free(validator);
}

static void an_address_that_needs_no_idna_needs_no_memory(void **state)
{
	enum email_fault fault;

	(void)state;
	allow_allocations(0);
	enum status plain = email_check(SLICE("ada@example.com"), &fault);
	enum status international = email_check(SLICE("ada@b\xC3\xBC" "cher.de"), &fault);
	allocations_end();
	assert_int_equal(plain, STATUS_OK);
	assert_int_equal(international, STATUS_NO_MEMORY);
}

static jmp_buf aborted;

void __wrap_abort(void);

void __wrap_abort(void)
{
	longjmp(aborted, 1);
}

static void no_fingerprint_is_better_than_a_wrong_one(void **state)
{
	const struct schema *const people = schema_builtin(SLICE("people"));
	unsigned char digest[32];

	(void)state;
	catch_log();
	allow_allocations(0);
	if (setjmp(aborted) == 0)
		schema_fingerprint(people, digest);
	bool failed = allocations_end();
	assert_slice(caught_log(), "rowmill: the schema's fingerprint found no memory\n");
	assert_true(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_schema_is_made_whole_or_not_at_all),
		cmocka_unit_test(faults_need_room_in_their_arena),
		cmocka_unit_test(a_row_needs_room_for_its_values_and_errors),
		cmocka_unit_test(a_renamed_column_needs_room_for_its_conflict),
		cmocka_unit_test(matching_does_without_its_stack),
		cmocka_unit_test(what_cannot_be_made_is_null),
		cmocka_unit_test(a_validator_is_made_whole_or_not_at_all),
		cmocka_unit_test(a_header_that_cannot_be_kept_is_found_anew),
		cmocka_unit_test(an_address_that_needs_no_idna_needs_no_memory),
		cmocka_unit_test(no_fingerprint_is_better_than_a_wrong_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
