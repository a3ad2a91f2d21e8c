/* Records, their words and their errors when memory is exhausted. */
#include "support.h"

#include "allocations.h"

#include <stdlib.h>

#include "record/data_reader.h"
#include "record/id_set.h"
#include "record/record.h"
#include "record/unique_claim.h"

#include "base/banned.h"

static void a_set_without_memory_is_empty(void **state)
{
	struct id_set set;

	(void)state;
	allow_allocations(0);
	bool made = id_set_init(&set, 1, 1000);
	allocations_end();
	assert_false(made);
	assert_int_equal(id_set_count(&set), 0);
	assert_int_equal(id_set_next(&set, 0), -1);
	id_set_release(&set);
}

static void values_without_memory_are_known_by_their_reader(void **state)
{
	struct slice data = SLICE("{\"n\\u0061me\":\"Ad\\u0061\",\"age\":30}");

	(void)state;
	for (int calls = 0; calls < 2; calls++) {
		struct data_reader reader;
		data_reader_init(&reader, data);
		allow_allocations(calls); /* one for the field's name, one for the value: both are escaped */
		bool found = data_reader_next(&reader), again = data_reader_next(&reader);
		allocations_end();
		assert_false(found);
		assert_false(again);
		assert_false(data_reader_ok(&reader));
		data_reader_release(&reader);
	}
}

static void words_without_memory_are_not_folded(void **state)
{
	struct strbuf out;

	(void)state;
	for (int calls = 0; calls < 3; calls++) {
		strbuf_init(&out, 1 << 20);
		allow_allocations(calls);
		bool folded = data_fold_words(SLICE("{\"n\\u0061me\":\"Ad\\u0061\"}"), &out);
		allocations_end();
		assert_false(folded);
		strbuf_release(&out);
	}
}

static void a_lost_claim_needs_room_for_its_error(void **state)
{
	const struct unique_claim claim = {.field = SLICE("email"), .key = SLICE("=a"), .value = SLICE("a"), .line = 3, .byte = 20};
	bool added = false;
	size_t cap = 0;

	(void)state;
	for (; !added; cap += 16) {
		struct record record = {0};
		struct arena arena;
		arena_init(&arena, cap);
		added = unique_claim_add_error(&record, &arena, &claim, 7);
		if (added) {
			assert_int_equal(record.error_count, 1);
			assert_slice(record.errors[0].field, "email");
			assert_slice(record.errors[0].value, "a");
			assert_non_null(strstr(record.errors[0].message.data, "row 7"));
			assert_int_equal(record.errors[0].line, 3);
			assert_int_equal(record.errors[0].byte, 20);
		}
		arena_release(&arena);
	}
	assert_true(cap > 64);
}

static void errors_that_are_read_back_need_room(void **state)
{
	const struct slice json = SLICE("[{\"field\":\"a\",\"code\":\"type-error\",\"constraint\":\"minimum\",\"message\":\"m\",\"value\":\"v\"}]");
	enum status status = STATUS_NO_MEMORY;
	size_t cap = 0;

	(void)state;
	for (; status == STATUS_NO_MEMORY; cap += 16) {
		struct record record = {.line = 3, .byte = 20};
		struct arena arena;
		struct error err;
		arena_init(&arena, cap);
		status = record_read_errors(&record, json, &arena, &err);
		if (status == STATUS_OK) {
			assert_int_equal(record.error_count, 1);
			assert_string_equal(record.errors[0].constraint, "minimum");
		}
		arena_release(&arena);
	}
	assert_int_equal(status, STATUS_OK);
	assert_true(cap > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_without_memory_is_empty),
		cmocka_unit_test(values_without_memory_are_known_by_their_reader),
		cmocka_unit_test(words_without_memory_are_not_folded),
		cmocka_unit_test(a_lost_claim_needs_room_for_its_error),
		cmocka_unit_test(errors_that_are_read_back_need_room),
	};

	return cmocka_run_group_tests_name("record memory", tests, NULL, NULL);
}
