/* Dry runs: imports that count and report as real ones would, and keep nothing that counts. */
#include "fixture.h"

static int64_t add_dry(struct fixture *f)
{
	struct new_import import = describe(0);

	import.dry_run = true;
	return add_as(f, import);
}

static int64_t find_older(struct fixture *f, int64_t before_ms)
{
	struct store_reader *reader;
	int64_t id = -1;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->find_old_dry_run(reader, before_ms, &id, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	return id;
}

static struct reject_list list_rejects(struct fixture *f, int64_t id)
{
	struct store_reader *reader;
	struct reject_list rejects;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->list_rejects(reader, id, 0, 100, 1 << 20, &f->arena, &rejects, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	return rejects;
}

static void it_counts_and_keeps_nothing_that_counts(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_dry(f);

	claim(f, id);
	append_rows(f, id, {.data = "{\"n\":1}"}, {"{\"n\":\"x\"}", .error = "n"}, {.data = "{\"n\":3}"});
	check_counts(f, id, IMPORT_PROCESSING, 2, 1, 2);
	check_ledger(f);
	assert_true(finish(f, id));
	assert_true(get(f, id).dry_run);
	check_counts(f, id, IMPORT_COMPLETED, 2, 1, 2);
	assert_int_equal(list(f, id, RECORD_STATUS_ANY, (struct page_query){.limit = 9}).total, 0);
	assert_int_equal(list(f, 0, RECORD_STATUS_ANY, (struct page_query){.limit = 9}).total, 0);
	assert_int_equal(list_imports(f, (struct import_query){.page.limit = 9}).total, 0);
	assert_int_equal(
		list_imports(f, (struct import_query){.by_status = true, .status = IMPORT_COMPLETED, .page.limit = 9})
			.total,
		0);
	assert_int_equal(stats(f).imports[IMPORT_COMPLETED], 0);
	assert_int_equal(count_pending(f), 0);
	check_ledger(f);
}

static void its_errors_and_rejects_are_shown(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_dry(f);

	claim(f, id);
	append_rows(f, id, {.data = "{\"n\":1}"}, {"{\"n\":\"x\"}", .error = "n"});
	add_completed(f, 1, 4, 2); /* rows of others lie in between */
	append_rows(f, id, {"{\"n\":3}", .error = "m"});
	finish(f, id);
	reopen(f);
	struct error_list errors = list_errors(f, (struct error_query){.import_id = id, .page.limit = 9});
	assert_int_equal(errors.total, 2);
	assert_true(errors.loose);
	assert_int_equal(errors.errors[0].row, 2);
	assert_int_equal(errors.errors[1].row, 3);
	struct reject_list rejects = list_rejects(f, id);
	assert_int_equal(rejects.count, 2);
	assert_slice(rejects.rows[0].sent, "({\"n\":\"x\"})");
	assert_int_equal(rejects.rows[1].row, 3);
	check_ledger(f);
}

static void unique_values_are_predicted_across_batches(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_dry(f);

	claim(f, id);
	append_rows(f, id, {"{}", .code = "a"}, {"{}", .code = "b", .error = "n"});
	append_rows(f, id, {"{}", .code = "a"}, {"{}", .code = "b"}, {"{}", .code = "c"});
	check_counts(f, id, IMPORT_PROCESSING, 2, 3, 2);
	assert_int_equal(list_errors(f, (struct error_query){.import_id = id, .code = SLICE("unique-error"), .page.limit = 9})
				 .total,
			 2);
}

static void it_fails_is_cancelled_and_runs_again_like_others(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_dry(f), holder;

	claim(f, id);
	append_rows(f, id, {"{}", .code = "a", .error = "n"}, {.data = "{}"});
	fail_parsing(f, id);
	check_counts(f, id, IMPORT_FAILED, 0, 0, 0);
	assert_int_equal(list_errors(f, (struct error_query){.import_id = id, .page.limit = 9}).total, 0);
	assert_int_equal(list_rejects(f, id).count, 0);
	assert_ok(f->store->call->retry_import(f->store, id, &holder, &f->err), &f->err);
	claim(f, id);
	append_rows(f, id, {"{}", .code = "a"}, {"{}", .error = "n"});
	purge_all(f, 1);
	check_counts(f, id, IMPORT_PROCESSING, 1, 1, 1);
	assert_int_equal(list_rejects(f, id).count, 1);
	assert_ok(f->store->call->cancel_import(f->store, id, &f->err), &f->err);
	check_counts(f, id, IMPORT_CANCELLED, 0, 0, 0);
	check_ledger(f);
}

static void it_may_be_any_number_of_times_the_same_file(void **state)
{
	struct fixture *f = *state;

	add(f, 1);
	assert_int_not_equal(add_dry(f), add_dry(f));
}

static void the_oldest_is_found_by_its_age(void **state)
{
	struct fixture *f = *state;
	int64_t real = add(f, 1), first = add_dry(f), second = add_dry(f);
	int64_t first_ms = get(f, first).created_ms, second_ms = get(f, second).created_ms;

	assert_int_equal(find_older(f, get(f, real).created_ms), 0);
	assert_int_equal(find_older(f, first_ms), 0); /* not before its own time is over */
	assert_int_equal(find_older(f, second_ms + 1), first);
	delete_import(f, first);
	assert_int_equal(find_older(f, second_ms), 0);
	assert_int_equal(find_older(f, second_ms + 1), second);
	delete_import(f, second);
	assert_int_equal(find_older(f, INT64_C(4102444800000)), 0); /* the year 2100; the real one stays */
	purge_all(f, 10);
	assert_int_equal(find(f, real), STATUS_OK);
}

static void a_deleted_one_leaves_nothing_to_be_shown(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	int64_t id = add_dry(f);

	claim(f, id);
	append_rows(f, id, {.data = "{}"}, {"{}", .error = "n"}, {"{}", .error = "n"});
	finish(f, id);
	assert_ok(f->store->call->delete_import(f->store, id, &f->arena, &receipt, &f->err), &f->err);
	assert_int_equal(receipt.errors, 2);
	assert_int_equal(find(f, id), STATUS_NOT_FOUND);
	purge_all(f, 1);
	check_ledger(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(it_counts_and_keeps_nothing_that_counts),
		store_test(its_errors_and_rejects_are_shown),
		store_test(unique_values_are_predicted_across_batches),
		store_test(it_fails_is_cancelled_and_runs_again_like_others),
		store_test(it_may_be_any_number_of_times_the_same_file),
		store_test(the_oldest_is_found_by_its_age),
		store_test(a_deleted_one_leaves_nothing_to_be_shown),
	};
	return cmocka_run_group_tests_name("store dry runs", tests, NULL, NULL);
}
