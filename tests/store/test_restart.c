/* What a restart finds, after an orderly end and after a program that died; and purges, which
 * go on over restarts. */
#include "fixture.h"

static int64_t claim_any(struct fixture *f, uint64_t *rows_done)
{
	struct import_claim claim;

	assert_ok(f->store->call->claim_import(f->store, false, &f->arena, &claim, &f->err), &f->err);
	*rows_done = claim.rows_done;
	return claim.import.id;
}

static void an_unfinished_import_is_claimed_again_from_its_last_batch(void **state)
{
	struct fixture *f = *state;
	uint64_t rows_done;
	int64_t id = add_claimed(f, 1);

	append(f, id, 25, 5);
	reopen(f);
	check_ledger(f);
	assert_int_equal(claim_any(f, &rows_done), id);
	assert_int_equal(rows_done, 25);
	append(f, id, 5, 0);
	finish(f, id);
	embed_all(f);
	assert_int_equal(get(f, id).status, IMPORT_COMPLETED);
}

static void store_two_batches_and_claim_another(struct fixture *f)
{
	int64_t id = add_claimed(f, 1);

	append(f, id, 25, 5);
	append(f, id, 25, 5);
	add_claimed(f, 2);
}

static void a_program_that_died_loses_nothing_that_was_stored(void **state)
{
	struct fixture *f = *state;
	uint64_t rows_done;
	struct new_import again = describe(1);
	int64_t duplicate;

	crash_while(f, store_two_batches_and_claim_another);
	check_ledger(f);
	int64_t id = claim_any(f, &rows_done);
	assert_int_equal(rows_done, 50);
	assert_int_equal(get(f, id).failed_records, 10);
	assert_int_not_equal(claim_any(f, &rows_done), id);
	assert_int_equal(rows_done, 0);
	assert_int_equal(f->store->call->add_import(f->store, &again, &duplicate, &f->err),
			 STATUS_EXISTS);
	assert_int_equal(duplicate, id);
}

static void finish_parsing_without_vectors(struct fixture *f)
{
	int64_t id = add_claimed(f, 1);

	append(f, id, 25, 0);
	finish(f, id);
}

static void a_parsed_import_only_waits_for_its_vectors(void **state)
{
	struct fixture *f = *state;
	struct import_claim nothing;

	crash_while(f, finish_parsing_without_vectors);
	assert_int_equal(f->store->call->claim_import(f->store, false, &f->arena, &nothing, &f->err),
			 STATUS_END);
	assert_int_equal(embed_all(f), 25);
	assert_int_equal(stats(f).imports[IMPORT_COMPLETED], 1);
}

static void a_cancelled_claim_ends_with_its_program(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1), holder;

	assert_ok(f->store->call->cancel_import(f->store, id, &f->err), &f->err);
	reopen(f);
	assert_ok(f->store->call->retry_import(f->store, id, &holder, &f->err), &f->err);
	claim(f, id);
}

static void purging_is_cut_into_slices_and_goes_on_after_a_restart(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	int64_t deleted = add_completed(f, 1, 95, 10), failed = add_claimed(f, 2);
	int64_t kept = add_completed(f, 3, 30, 10);

	append(f, failed, 42, 5);
	fail_parsing(f, failed);
	assert_ok(f->store->call->delete_import(f->store, deleted, &f->arena, &receipt, &f->err),
		  &f->err);
	for (int i = 0; i < 3; i++) {
		assert_ok(f->store->call->purge_slice(f->store, 10, &f->err), &f->err);
		check_ledger(f);
	}
	reopen(f);
	check_ledger(f);
	/* 95 + 42 rows, of which 30 are gone, their words, and what finds their errors by field and code. */
	assert_in_range(purge_all(f, 10), 11, 23);
	check_ledger(f);
	assert_int_equal(find(f, deleted), STATUS_NOT_FOUND);
	assert_int_equal(find(f, failed), STATUS_OK);
	assert_int_equal(get(f, kept).total_records, 30);
	assert_int_equal(f->store->call->purge_slice(f->store, 10, &f->err), STATUS_END);
}

static void a_purge_spares_the_rows_of_the_run_that_counts(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1), holder;

	for (int run = 0; run < 3; run++) {
		append(f, id, 20, 3);
		fail_parsing(f, id);
		assert_ok(f->store->call->retry_import(f->store, id, &holder, &f->err), &f->err);
		claim(f, id);
	}
	append(f, id, 11, 3);
	purge_all(f, 9);
	check_ledger(f);
	assert_int_equal(get(f, id).total_records, 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(an_unfinished_import_is_claimed_again_from_its_last_batch),
		store_test(a_program_that_died_loses_nothing_that_was_stored),
		store_test(a_parsed_import_only_waits_for_its_vectors),
		store_test(a_cancelled_claim_ends_with_its_program),
		store_test(purging_is_cut_into_slices_and_goes_on_after_a_restart),
		store_test(a_purge_spares_the_rows_of_the_run_that_counts),
	};
	return cmocka_run_group_tests_name("store restart", tests, NULL, NULL);
}
