/* Imports that correct rejected rows of another one: each row in its place, both ledgers right at every moment, and
 * nobody waits for what is gone. */
#include "fixture.h"

/* Rows 2 and 4 are wrong. */
static int64_t add_target(struct fixture *f, int content, bool no_embed)
{
	struct new_import import = describe(content);
	int64_t id;

	import.no_embed = no_embed;
	id = add_as(f, import);
	claim(f, id);
	append_rows(f, id, {"{\"n\":1}", .code = "one"}, {"{\"n\":\"two\"}", .error = "n"}, {.data = "{\"n\":3}"},
		    {"{\"n\":\"four\"}", .error = "n", .code = "four"});
	finish(f, id);
	embed_all(f);
	assert_int_equal(get(f, id).status, IMPORT_COMPLETED);
	return id;
}

static struct new_import fixes_of(struct fixture *f, int64_t target)
{
	struct new_import import = describe(0);

	import.fixes = target;
	import.no_embed = get(f, target).no_embed;
	return import;
}

static int64_t add_fixes(struct fixture *f, int64_t target)
{
	int64_t id = add_as(f, fixes_of(f, target));

	claim(f, id);
	return id;
}

static enum status try_fixes(struct fixture *f, int64_t target)
{
	struct new_import import = describe(0);
	int64_t id;

	import.fixes = target;
	return f->store->call->add_import(f->store, &import, &id, &f->err);
}

static enum status try_finish(struct fixture *f, int64_t id)
{
	bool completed;

	return f->store->call->finish_parsing(f->store, id, SLICE("csv"), SLICE("{}"), &completed, &f->err);
}

static void retry(struct fixture *f, int64_t id)
{
	int64_t holder;

	assert_ok(f->store->call->retry_import(f->store, id, &holder, &f->err), &f->err);
}

static void corrected_rows_take_the_place_of_the_rejected_ones(void **state)
{
	struct fixture *f = *state;
	int64_t target = add_target(f, 1, false), before = record_of_row(f, target, 2).id;
	int64_t fixes = add_fixes(f, target);

	assert_int_equal(get(f, fixes).fixes, target);
	assert_int_equal(get(f, target).status, IMPORT_PROCESSING);
	append_rows(f, fixes, {"{\"n\":2}", .fixes_row = 2}, {"{\"n\":\"still\"}", .error = "m", .fixes_row = 4});
	check_counts(f, target, IMPORT_PROCESSING, 3, 1, 2);
	check_counts(f, fixes, IMPORT_PROCESSING, 1, 1, 0);
	check_ledger(f);
	struct stored_record record = record_of_row(f, target, 2);
	assert_int_equal(record.id, before);
	assert_true(record.valid && !record.embedded);
	assert_slice(record.data, "{\"n\":2}");
	assert_slice(record_of_row(f, target, 4).data, "{\"n\":\"still\"}");
	assert_int_equal(list_errors(f, (struct error_query){.import_id = target, .field = SLICE("m"), .page.limit = 9}).total, 1);
	assert_int_equal(list_errors(f, (struct error_query){.import_id = target, .field = SLICE("n"), .page.limit = 9}).total, 0);
	assert_false(finish(f, fixes));
	assert_int_equal(get(f, fixes).status, IMPORT_PROCESSING);
	assert_int_equal(embed_all(f), 1);
	check_counts(f, target, IMPORT_COMPLETED, 3, 1, 3);
	check_counts(f, fixes, IMPORT_COMPLETED, 1, 1, 1);
	check_ledger(f);
}

static void a_row_that_cannot_be_placed_fails_in_the_fixes_alone(void **state)
{
	struct fixture *f = *state;
	int64_t target = add_target(f, 1, false), fixes = add_fixes(f, target);

	append_rows(f, fixes, {.data = "{\"n\":0}"}, {"{\"n\":99}", .fixes_row = 99}, {"{\"n\":77}", .fixes_row = 1},
		    {"{\"n\":2}", .fixes_row = 2}, {"{\"n\":22}", .fixes_row = 2},
		    {"{\"n\":\"still\"}", .error = "n", .fixes_row = 4}, {"{\"n\":4}", .fixes_row = 4});
	check_counts(f, fixes, IMPORT_PROCESSING, 1, 6, 0);
	check_counts(f, target, IMPORT_PROCESSING, 3, 1, 2);
	assert_slice(record_of_row(f, target, 1).data, "{\"n\":1}");
	assert_slice(record_of_row(f, target, 2).data, "{\"n\":2}");
	assert_slice(record_of_row(f, target, 4).data, "{\"n\":\"still\"}");
	struct error_list errors = list_errors(
		f, (struct error_query){.import_id = fixes, .code = SLICE("row-error"), .page.limit = 10});
	assert_int_equal(errors.total, 5);
	assert_true(errors.loose);
	check_ledger(f);
	finish(f, fixes);
	embed_all(f);
	check_counts(f, fixes, IMPORT_COMPLETED, 1, 6, 1);
	check_ledger(f);
}

static void only_what_is_completed_and_has_records_can_be_corrected(void **state)
{
	struct fixture *f = *state;
	struct new_import dry = describe(3);
	int64_t target = add_target(f, 1, false), failed = add_claimed(f, 2);

	fail_parsing(f, failed);
	assert_int_equal(try_fixes(f, failed), STATUS_CONFLICT);
	assert_string_equal(f->err.code, "not-completed");
	dry.dry_run = true;
	assert_int_equal(try_fixes(f, add_as(f, dry)), STATUS_CONFLICT);
	assert_string_equal(f->err.code, "not-fixable");
	assert_int_equal(try_fixes(f, 999), STATUS_NOT_FOUND);
	int64_t fixes = add_as(f, fixes_of(f, target));
	assert_int_equal(try_fixes(f, target), STATUS_CONFLICT); /* one at a time */
	assert_string_equal(f->err.code, "not-completed");
	assert_int_equal(try_fixes(f, fixes), STATUS_CONFLICT);
	assert_string_equal(f->err.code, "not-fixable");
	assert_int_equal(f->store->call->cancel_import(f->store, target, &f->err), STATUS_CONFLICT);
	check_ledger(f);
}

static void a_fixes_import_that_is_cancelled_leaves_what_it_repaired(void **state)
{
	struct fixture *f = *state;
	int64_t target = add_target(f, 1, false), fixes = add_fixes(f, target);

	append_rows(f, fixes, {"{\"n\":2}", .fixes_row = 2});
	assert_ok(f->store->call->cancel_import(f->store, fixes, &f->err), &f->err);
	check_counts(f, fixes, IMPORT_CANCELLED, 0, 0, 0);
	check_counts(f, target, IMPORT_PROCESSING, 3, 1, 2);
	check_ledger(f);
	/* Its vectors are still to come. */
	assert_int_equal(embed_all(f), 1);
	check_counts(f, target, IMPORT_COMPLETED, 3, 1, 3);
	purge_all(f, 10);
	assert_true(record_of_row(f, target, 2).valid);
	check_ledger(f);
}

/* A second run meets what the first one has done, which is no error. */
static void a_fixes_import_that_is_retried_counts_its_own_work(void **state)
{
	struct fixture *f = *state;
	const struct row rows[] = {{"{\"n\":2}", .fixes_row = 2},
				   {"{\"n\":\"still\"}", .error = "n", .fixes_row = 4},
				   {"{\"n\":77}", .fixes_row = 1}};
	int64_t target = add_target(f, 1, false), fixes = add_fixes(f, target);

	assert_ok(try_append_rows(f, fixes, rows, 2), &f->err);
	assert_ok(f->store->call->cancel_import(f->store, fixes, &f->err), &f->err);
	embed_all(f);
	assert_int_equal(try_append_rows(f, fixes, rows, 1), STATUS_CANCELLED);
	retry(f, fixes);
	assert_int_equal(get(f, target).status, IMPORT_PROCESSING);
	claim(f, fixes);
	assert_ok(try_append_rows(f, fixes, rows, 3), &f->err);
	check_counts(f, fixes, IMPORT_PROCESSING, 1, 2, 0);
	check_counts(f, target, IMPORT_PROCESSING, 3, 1, 3);
	assert_int_equal(list_errors(f, (struct error_query){.import_id = fixes, .code = SLICE("row-error"), .page.limit = 9})
				 .total,
			 1);
	check_ledger(f);
	assert_true(finish(f, fixes));
	check_counts(f, target, IMPORT_COMPLETED, 3, 1, 3);
	check_counts(f, fixes, IMPORT_COMPLETED, 1, 2, 1);
	check_ledger(f);
}

static void a_retry_waits_until_its_target_can_be_corrected(void **state)
{
	struct fixture *f = *state;
	int64_t target = add_target(f, 1, false), fixes = add_fixes(f, target), holder;

	append_rows(f, fixes, {"{\"n\":2}", .fixes_row = 2});
	assert_ok(f->store->call->cancel_import(f->store, fixes, &f->err), &f->err);
	assert_int_equal(f->store->call->retry_import(f->store, fixes, &holder, &f->err), STATUS_CONFLICT);
	check_counts(f, fixes, IMPORT_CANCELLED, 0, 0, 0);
	embed_all(f);
	assert_int_equal(try_append_rows(f, fixes, &(struct row){.data = "{}"}, 1), STATUS_CANCELLED);
	delete_import(f, target);
	assert_int_equal(f->store->call->retry_import(f->store, fixes, &holder, &f->err), STATUS_NOT_FOUND);
	check_counts(f, fixes, IMPORT_CANCELLED, 0, 0, 0);
}

static void a_target_that_is_deleted_ends_the_fixes_as_failed(void **state)
{
	struct fixture *f = *state;
	struct error reason;
	int64_t target = add_target(f, 1, false), fixes = add_fixes(f, target);

	append_rows(f, fixes, {"{\"n\":2}", .fixes_row = 2});
	delete_import(f, target);
	for (int purged = 0; purged < 2; purged++) {
		assert_int_equal(try_append_rows(f, fixes, &(struct row){"{\"n\":4}", .fixes_row = 4}, 1),
				 STATUS_NOT_FOUND);
		assert_string_equal(f->err.code, "fixed-import-gone");
		assert_int_equal(try_finish(f, fixes), STATUS_NOT_FOUND); /* nothing would complete it later */
		assert_string_equal(f->err.code, "fixed-import-gone");
		reason = f->err;
		purge_all(f, 100);
	}
	assert_ok(f->store->call->fail_import(f->store, fixes, &reason, &f->err), &f->err);
	check_counts(f, fixes, IMPORT_FAILED, 0, 0, 0);
	assert_slice(get(f, fixes).error_code, "fixed-import-gone");
	check_ledger(f);
}

static void a_target_that_is_deleted_after_all_was_read_completes_the_fixes(void **state)
{
	struct fixture *f = *state;
	int64_t target = add_target(f, 1, false), fixes = add_fixes(f, target);

	append_rows(f, fixes, {"{\"n\":2}", .fixes_row = 2});
	assert_false(finish(f, fixes));
	delete_import(f, target);
	check_counts(f, fixes, IMPORT_COMPLETED, 1, 0, 1);
	assert_int_equal(embed_all(f), 0);
	check_ledger(f);
}

static void a_deleted_fixes_import_holds_nobody_up(void **state)
{
	struct fixture *f = *state;
	int64_t target = add_target(f, 1, true), fixes = add_fixes(f, target);

	append_rows(f, fixes, {"{\"n\":2}", .fixes_row = 2});
	delete_import(f, fixes);
	check_counts(f, target, IMPORT_COMPLETED, 3, 1, 0);
	assert_int_equal(try_append_rows(f, add_fixes(f, target), &(struct row){"{\"n\":4}", .fixes_row = 4}, 1),
			 STATUS_OK);
	check_counts(f, target, IMPORT_PROCESSING, 4, 0, 0);
	purge_all(f, 10);
	check_ledger(f);
}

static void without_vectors_both_are_complete_at_once(void **state)
{
	struct fixture *f = *state;
	int64_t target = add_target(f, 1, true), fixes = add_fixes(f, target);

	append_rows(f, fixes, {"{\"n\":2}", .fixes_row = 2});
	assert_true(finish(f, fixes));
	check_counts(f, target, IMPORT_COMPLETED, 3, 1, 0);
	check_counts(f, fixes, IMPORT_COMPLETED, 1, 0, 0);
	check_ledger(f);
}

static void correct_one_row(struct fixture *f)
{
	int64_t target = add_target(f, 1, false), fixes = add_fixes(f, target);

	append_rows(f, fixes, {"{\"n\":2}", .fixes_row = 2});
}

static void after_a_crash_it_goes_on_behind_its_last_batch(void **state)
{
	struct fixture *f = *state;
	struct import_claim again;

	crash_while(f, correct_one_row);
	check_counts(f, 1, IMPORT_PROCESSING, 3, 1, 2);
	check_ledger(f);
	assert_ok(f->store->call->claim_import(f->store, false, &f->arena, &again, &f->err), &f->err);
	assert_int_equal(again.import.fixes, 1);
	assert_int_equal(again.rows_done, 1);
	append_rows(f, again.import.id, {"{\"n\":4}", .fixes_row = 4});
	assert_false(finish(f, again.import.id));
	assert_int_equal(embed_all(f), 2);
	check_counts(f, 1, IMPORT_COMPLETED, 4, 0, 4);
	check_counts(f, again.import.id, IMPORT_COMPLETED, 2, 0, 2);
	check_ledger(f);
}

static void a_correction_never_takes_a_value_that_another_row_has(void **state)
{
	struct fixture *f = *state;
	int64_t target = add_target(f, 1, false), fixes = add_fixes(f, target);

	append_rows(f, fixes, {"{\"n\":2}", .code = "one", .sent = "{\"n\":\"2\"}", .fixes_row = 2});
	struct stored_record record = record_of_row(f, target, 2);
	assert_false(record.valid);
	assert_slice(record.data, "{\"n\":\"2\"}");
	assert_non_null(memmem(record.errors.data, record.errors.size, "unique-error", 12));
	check_counts(f, fixes, IMPORT_PROCESSING, 0, 1, 0);
	/* Row 4 gives up its value, and then row 2 of a later file may have it. */
	append_rows(f, fixes, {"{\"n\":4}", .code = "five", .fixes_row = 4});
	finish(f, fixes);
	embed_all(f);
	fixes = add_fixes(f, target);
	append_rows(f, fixes, {"{\"n\":2}", .code = "four", .fixes_row = 2});
	finish(f, fixes);
	embed_all(f);
	check_counts(f, target, IMPORT_COMPLETED, 4, 0, 4);
	check_ledger(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(corrected_rows_take_the_place_of_the_rejected_ones),
		store_test(a_row_that_cannot_be_placed_fails_in_the_fixes_alone),
		store_test(only_what_is_completed_and_has_records_can_be_corrected),
		store_test(a_fixes_import_that_is_cancelled_leaves_what_it_repaired),
		store_test(a_fixes_import_that_is_retried_counts_its_own_work),
		store_test(a_retry_waits_until_its_target_can_be_corrected),
		store_test(a_target_that_is_deleted_ends_the_fixes_as_failed),
		store_test(a_target_that_is_deleted_after_all_was_read_completes_the_fixes),
		store_test(a_deleted_fixes_import_holds_nobody_up),
		store_test(without_vectors_both_are_complete_at_once),
		store_test(after_a_crash_it_goes_on_behind_its_last_batch),
		store_test(a_correction_never_takes_a_value_that_another_row_has),
	};
	return cmocka_run_group_tests_name("store fixes", tests, NULL, NULL);
}
