#include "support.h"

#include "record/batch.h"

#include "base/banned.h"

static void a_batch_is_full_when_it_holds_its_capacity(void **state)
{
	struct batch batch;

	(void)state;
	assert_true(batch_init(&batch, 3, 1 << 20));
	for (size_t i = 0; i < 3; i++) {
		assert_false(batch_is_full(&batch));
		struct record *record = batch_add(&batch);
		assert_ptr_equal(record, &batch.records[i]);
		record->row = 7;
	}
	assert_true(batch_is_full(&batch));
	assert_null(batch_add(&batch));
	assert_int_equal(batch.count, 3);
	batch_release(&batch);
}

static void a_batch_is_full_when_it_passed_its_size(void **state)
{
	struct batch batch;

	(void)state;
	assert_true(batch_init(&batch, 100, 1000));
	assert_non_null(arena_alloc(&batch.arena, 900));
	assert_false(batch_is_full(&batch));
	/* One record may pass the limit. */
	assert_non_null(arena_alloc(&batch.arena, 16 << 20));
	assert_true(batch_is_full(&batch));
	assert_non_null(batch_add(&batch));
	batch_release(&batch);
}

static void a_cleared_batch_is_new_and_its_records_are_zeroed(void **state)
{
	struct batch batch;

	(void)state;
	assert_true(batch_init(&batch, 2, 1 << 20));
	struct record *record = batch_add(&batch);
	record->row = 7;
	record->error_count = 1;
	assert_non_null(arena_alloc(&batch.arena, 5000));
	size_t kept = batch.arena.total_size;
	batch_clear(&batch);
	assert_int_equal(batch.count, 0);
	assert_int_equal(arena_used(&batch.arena), 0);
	assert_int_equal(batch.arena.total_size, kept);
	record = batch_add(&batch);
	assert_int_equal(record->row, 0);
	assert_int_equal(record->error_count, 0);
	batch_release(&batch);
}

static void what_one_huge_record_took_is_given_back(void **state)
{
	struct batch batch;

	(void)state;
	assert_true(batch_init(&batch, 2, 100000));
	assert_non_null(arena_alloc(&batch.arena, 16 << 20));
	batch_clear(&batch);
	assert_int_equal(batch.arena.total_size, 0);
	/* And the arena works as before. */
	assert_non_null(arena_alloc(&batch.arena, 16 << 20));
	batch_release(&batch);
}

static void a_batch_may_be_released_twice(void **state)
{
	struct batch batch;

	(void)state;
	assert_true(batch_init(&batch, 2, 1000));
	batch_release(&batch);
	batch_release(&batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_full_when_it_holds_its_capacity),
		cmocka_unit_test(a_batch_is_full_when_it_passed_its_size),
		cmocka_unit_test(a_cleared_batch_is_new_and_its_records_are_zeroed),
		cmocka_unit_test(what_one_huge_record_took_is_given_back),
		cmocka_unit_test(a_batch_may_be_released_twice),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}
