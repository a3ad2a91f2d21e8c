/* The life of an import: added, claimed, filled, finished, failed, cancelled, retried, deleted. */
#include "fixture.h"

static void an_added_import_is_read_back_whole(void **state)
{
	struct fixture *f = *state;
	int64_t id = add(f, 1);
	struct import import = get(f, id);

	assert_slice(import.filename, "people.csv");
	assert_int_equal(import.file_hash.size, 64);
	assert_int_equal(import.size_bytes, 128);
	assert_slice(import.format, "csv");
	assert_slice(import.schema, "people");
	assert_slice(import.options, "{\"wait\":1}");
	assert_slice(import.dialect, "");
	assert_slice(import.spool_name, "0123abcd");
	assert_slice(import.request_id, "request-1");
	assert_int_equal(import.status, IMPORT_PENDING);
	assert_false(import.parsed);
	assert_slice(import.error_code, "");
	assert_true(import.created_ms > 1700000000000);
	assert_int_equal(import.started_ms, 0);
	assert_int_equal(import.completed_ms, 0);
	check_ledger(f);
}

static void the_same_content_is_refused_and_names_the_first(void **state)
{
	struct fixture *f = *state;
	int64_t first = add(f, 1), second = 0;
	struct new_import again = describe(1);

	assert_int_equal(f->store->call->add_import(f->store, &again, &second, &f->err),
			 STATUS_EXISTS);
	assert_int_equal(second, first);
	assert_int_equal(stats(f).imports[IMPORT_PENDING], 1);
}

static void imports_without_a_key_are_never_duplicates(void **state)
{
	struct fixture *f = *state;

	assert_int_not_equal(add(f, 0), add(f, 0));
}

static void a_batch_counts_its_records_and_keeps_them_as_sent(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);

	append(f, id, 75, 10);
	check_ledger(f);
	struct import import = get(f, id);
	assert_int_equal(import.status, IMPORT_PROCESSING);
	assert_int_equal(import.total_records, 75);
	assert_int_equal(import.failed_records, 7);
	assert_slice(import.dialect, "{\"delimiter\":\",\"}");
	struct record_list records = list(f, id, RECORD_STATUS_ANY, (struct page_query){.limit = 100});
	assert_int_equal(records.count, 75);
	for (size_t i = 0; i < 75; i++) {
		assert_int_equal(records.records[i].row, i + 1);
		assert_int_equal(records.records[i].line, i + 2);
		assert_int_equal(records.records[i].valid, (i + 1) % 10 != 0);
		assert_false(records.records[i].embedded);
		assert_true(records.records[i].created_ms >= import.created_ms);
	}
	assert_slice(records.records[0].data, "{\"name\":\"Person 1\",\"age\":30.0}");
	assert_slice(records.records[0].errors, "[]");
	assert_slice(records.records[0].error_message, "");
	assert_slice(records.records[9].error_message,
		     "email: is \"wrong\"; age: is \"wrong\"");
	assert_slice(records.records[9].errors,
		     "[{\"field\":\"email\",\"code\":\"type-error\",\"constraint\":null,"
		     "\"message\":\"is \\\"wrong\\\"\",\"value\":\"x\",\"line\":11,\"byte\":0},"
		     "{\"field\":\"age\",\"code\":\"type-error\",\"constraint\":null,"
		     "\"message\":\"is \\\"wrong\\\"\",\"value\":\"x\",\"line\":11,\"byte\":0}]");
}

static void the_oldest_import_is_claimed_first_and_by_one_worker(void **state)
{
	struct fixture *f = *state;
	struct import_claim nothing;
	int64_t first = add(f, 1), second = add(f, 2);

	claim(f, first);
	claim(f, second);
	assert_int_equal(f->store->call->claim_import(f->store, false, &f->arena, &nothing, &f->err),
			 STATUS_END);
	assert_int_equal(get(f, first).status, IMPORT_PROCESSING);
	assert_true(get(f, first).started_ms > 0);
}

static void a_released_import_goes_on_behind_its_last_batch(void **state)
{
	struct fixture *f = *state;
	struct import_claim again;
	int64_t id = add_claimed(f, 1);

	append(f, id, 40, 0);
	assert_ok(f->store->call->release_import(f->store, id, &f->err), &f->err);
	assert_ok(f->store->call->claim_import(f->store, false, &f->arena, &again, &f->err), &f->err);
	assert_int_equal(again.import.id, id);
	assert_int_equal(again.rows_done, 40);
	assert_int_equal(again.import.total_records, 40);
	append(f, id, 2, 0);
	assert_int_equal(get(f, id).total_records, 42);
}

static void only_a_claimed_import_takes_rows(void **state)
{
	struct fixture *f = *state;
	int64_t id = add(f, 1);

	assert_int_equal(try_append(f, id, 1, 0), STATUS_CONFLICT);
	claim(f, id);
	append(f, id, 1, 0);
	finish(f, id);
	assert_int_equal(try_append(f, id, 1, 0), STATUS_CONFLICT);
	assert_int_equal(get(f, id).total_records, 1);
}

static void no_row_is_stored_twice(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);
	struct batch batch;

	append(f, id, 5, 0);
	assert_true(batch_init(&batch, 1, 1024));
	struct record *record = batch_add(&batch);
	record->row = 5;
	record->data = SLICE("{}");
	assert_int_equal(f->store->call->append_batch(f->store, id, &batch, SLICE(""), SLICE(""),
						      &f->err),
			 STATUS_INTERNAL);
	record->row = 7;
	assert_int_equal(f->store->call->append_batch(f->store, id, &batch, SLICE(""), SLICE(""),
						      &f->err),
			 STATUS_INTERNAL);
	batch_release(&batch);
	assert_int_equal(get(f, id).total_records, 5);
	check_ledger(f);
}

static void an_empty_file_completes_at_once(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);

	assert_true(finish(f, id));
	struct import import = get(f, id);
	assert_int_equal(import.status, IMPORT_COMPLETED);
	assert_true(import.parsed);
	assert_true(import.completed_ms > 0);
	assert_int_equal(import.total_records, 0);
}

static void a_file_without_a_valid_row_completes_at_once(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);

	append(f, id, 3, 1);
	assert_true(finish(f, id));
	assert_int_equal(get(f, id).status, IMPORT_COMPLETED);
	assert_int_equal(get(f, id).failed_records, 3);
	check_ledger(f);
}

static void a_failed_import_keeps_no_record_and_says_why(void **state)
{
	struct fixture *f = *state;
	int64_t kept = add_completed(f, 1, 30, 7), id = add_claimed(f, 2);

	append(f, id, 50, 3);
	fail_parsing(f, id);
	check_ledger(f);
	struct import import = get(f, id);
	assert_int_equal(import.status, IMPORT_FAILED);
	assert_slice(import.error_code, "syntax-error");
	assert_slice(import.error_detail, "an unclosed quote");
	assert_int_equal(import.error_line, 3);
	assert_int_equal(import.error_column, 4);
	assert_int_equal(import.error_byte, 50);
	assert_int_equal(import.total_records, 0);
	assert_int_equal(import.failed_records, 0);
	assert_slice(import.spool_name, "0123abcd");
	assert_int_equal(get(f, kept).total_records, 30);
	purge_all(f, 7);
	check_ledger(f);
	assert_int_equal(find(f, id), STATUS_OK);
}

static void a_failed_import_frees_its_key(void **state)
{
	struct fixture *f = *state;
	int64_t failed = add_claimed(f, 1), holder = 0;

	fail_parsing(f, failed);
	int64_t second = add(f, 1);
	assert_int_equal(f->store->call->retry_import(f->store, failed, &holder, &f->err),
			 STATUS_EXISTS);
	assert_int_equal(holder, second);
	assert_int_equal(get(f, failed).status, IMPORT_FAILED);
}

static void a_retry_takes_its_key_back(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1), holder, duplicate;
	struct new_import again = describe(1);

	fail_parsing(f, id);
	assert_ok(f->store->call->retry_import(f->store, id, &holder, &f->err), &f->err);
	assert_int_equal(f->store->call->add_import(f->store, &again, &duplicate, &f->err),
			 STATUS_EXISTS);
	assert_int_equal(duplicate, id);
	struct import import = get(f, id);
	assert_int_equal(import.status, IMPORT_PENDING);
	assert_slice(import.error_code, "");
	assert_int_equal(import.error_line, 0);
	assert_int_equal(import.completed_ms, 0);
}

static void a_retry_never_shows_rows_of_the_earlier_run(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1), holder;

	append(f, id, 90, 4);
	fail_parsing(f, id);
	assert_ok(f->store->call->retry_import(f->store, id, &holder, &f->err), &f->err);
	check_ledger(f);
	assert_int_equal(count_pending(f), 0);
	claim(f, id);
	append(f, id, 20, 5);
	check_ledger(f);
	/* Some of the old rows go while the new ones stay. */
	assert_ok(f->store->call->purge_slice(f->store, 30, &f->err), &f->err);
	check_ledger(f);
	finish(f, id);
	embed_all(f);
	purge_all(f, 30);
	check_ledger(f);
	assert_int_equal(get(f, id).status, IMPORT_COMPLETED);
	assert_int_equal(get(f, id).embedded_records, 16);
}

static void only_failed_and_cancelled_imports_run_again(void **state)
{
	struct fixture *f = *state;
	int64_t id = add(f, 1), holder;

	assert_int_equal(f->store->call->retry_import(f->store, id, &holder, &f->err),
			 STATUS_CONFLICT);
	assert_int_equal(f->store->call->retry_import(f->store, 999, &holder, &f->err),
			 STATUS_NOT_FOUND);
}

static void cancelling_ends_what_has_not_ended(void **state)
{
	struct fixture *f = *state;
	const struct store_backend *call = f->store->call;
	int64_t pending = add(f, 1), completed;

	assert_ok(call->cancel_import(f->store, pending, &f->err), &f->err);
	completed = add_completed(f, 2, 3, 0);
	assert_int_equal(get(f, pending).status, IMPORT_CANCELLED);
	assert_slice(get(f, pending).error_code, "cancelled");
	assert_int_equal(call->cancel_import(f->store, pending, &f->err), STATUS_CONFLICT);
	assert_int_equal(call->cancel_import(f->store, completed, &f->err), STATUS_CONFLICT);
	assert_int_equal(call->cancel_import(f->store, 999, &f->err), STATUS_NOT_FOUND);
	check_ledger(f);
}

static void a_worker_learns_that_its_import_was_cancelled(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);

	append(f, id, 10, 0);
	assert_ok(f->store->call->cancel_import(f->store, id, &f->err), &f->err);
	assert_int_equal(try_append(f, id, 10, 0), STATUS_CANCELLED);
	check_ledger(f);
	assert_int_equal(get(f, id).total_records, 0);
}

static void a_retried_import_waits_for_the_worker_that_still_held_it(void **state)
{
	struct fixture *f = *state;
	const struct store_backend *call = f->store->call;
	struct import_claim nothing;
	int64_t id = add_claimed(f, 1), holder;
	bool completed;

	append(f, id, 10, 0);
	assert_ok(call->cancel_import(f->store, id, &f->err), &f->err);
	assert_ok(call->retry_import(f->store, id, &holder, &f->err), &f->err);
	/* Two workers at the same import would store its rows twice. */
	assert_int_equal(call->claim_import(f->store, false, &f->arena, &nothing, &f->err), STATUS_END);
	assert_int_equal(call->finish_parsing(f->store, id, SLICE(""), SLICE(""), &completed, &f->err),
			 STATUS_CANCELLED);
	assert_false(completed);
	claim(f, id);
	append(f, id, 3, 0);
	assert_int_equal(get(f, id).total_records, 3);
	check_ledger(f);
}

static void a_deleted_import_is_gone_at_once_with_a_receipt(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	int64_t id = add_completed(f, 1, 100, 10), kept = add_completed(f, 2, 5, 0);

	assert_ok(f->store->call->delete_import(f->store, id, &f->arena, &receipt, &f->err), &f->err);
	assert_int_equal(receipt.import_id, id);
	assert_int_equal(receipt.records, 100);
	assert_int_equal(receipt.vectors, 90);
	assert_int_equal(receipt.errors, 20);
	assert_int_equal(receipt.size_bytes, 128);
	assert_slice(receipt.filename, "people.csv");
	assert_slice(receipt.spool_name, "0123abcd");
	assert_int_equal(find(f, id), STATUS_NOT_FOUND);
	assert_int_equal(list(f, id, RECORD_STATUS_ANY, (struct page_query){.limit = 10}).total, 0);
	assert_int_equal(list(f, 0, RECORD_STATUS_ANY, (struct page_query){.limit = 10}).total, 5);
	assert_int_equal(list(f, 0, RECORD_STATUS_ANY, (struct page_query){.limit = 10})
				 .records[0]
				 .import_id,
			 kept);
	check_ledger(f);
	assert_int_equal(f->store->call->delete_import(f->store, id, &f->arena, &receipt, &f->err),
			 STATUS_NOT_FOUND);
	add(f, 1);
}

static void deleting_in_the_middle_of_an_import_stops_its_worker(void **state)
{
	struct fixture *f = *state;
	const struct store_backend *call = f->store->call;
	struct delete_receipt receipt;
	struct error reason;
	bool completed;
	int64_t id = add_claimed(f, 1);

	append(f, id, 33, 0);
	assert_ok(call->delete_import(f->store, id, &f->arena, &receipt, &f->err), &f->err);
	assert_int_equal(receipt.records, 33);
	assert_int_equal(try_append(f, id, 5, 0), STATUS_CANCELLED);
	assert_int_equal(call->finish_parsing(f->store, id, SLICE(""), SLICE(""), &completed, &f->err),
			 STATUS_CANCELLED);
	error_set(&reason, STATUS_INVALID, NULL, "late");
	assert_int_equal(call->fail_import(f->store, id, &reason, &f->err), STATUS_CANCELLED);
	assert_ok(call->release_import(f->store, id, &f->err), &f->err);
	purge_all(f, 10);
	assert_int_equal(try_append(f, id, 5, 0), STATUS_CANCELLED);
	check_ledger(f);
}

static void ids_are_never_used_again(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	int64_t id = add_completed(f, 1, 3, 0);
	int64_t last = list(f, id, RECORD_STATUS_ANY, (struct page_query){.limit = 9}).records[2].id;

	assert_ok(f->store->call->delete_import(f->store, id, &f->arena, &receipt, &f->err), &f->err);
	purge_all(f, 100);
	int64_t next = add_completed(f, 1, 1, 0);
	assert_true(next > id);
	assert_true(list(f, next, RECORD_STATUS_ANY, (struct page_query){.limit = 9}).records[0].id >
		    last);
}

static void remember_name(void *context, struct slice name)
{
	assert_slice(name, "0123abcd");
	(*(int *)context)++;
}

static int count_spool_names(struct fixture *f)
{
	struct store_reader *reader;
	int count = 0;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->list_spool_names(reader, remember_name, &count, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	return count;
}

static void spool_files_are_kept_until_their_import_is_deleted(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	int64_t failed = add_claimed(f, 1);

	fail_parsing(f, failed);
	add_completed(f, 2, 1, 0);
	assert_int_equal(count_spool_names(f), 2);
	assert_ok(f->store->call->delete_import(f->store, failed, &f->arena, &receipt, &f->err),
		  &f->err);
	assert_int_equal(count_spool_names(f), 1);
}

static void imports_are_listed_newest_first_in_pages(void **state)
{
	struct fixture *f = *state;
	struct import_query query = {.page.limit = 2};
	int64_t ids[5];

	for (int i = 0; i < 5; i++)
		ids[i] = add(f, i + 1);
	struct import_list page = list_imports(f, query);
	assert_int_equal(page.count, 2);
	assert_int_equal(page.total, 5);
	assert_true(page.more);
	assert_int_equal(page.imports[0].id, ids[4]);
	query.page.cursor_id = page.imports[1].id;
	add(f, 6); /* newer ones do not move the pages behind */
	page = list_imports(f, query);
	assert_int_equal(page.imports[0].id, ids[2]);
	query.page = (struct page_query){.limit = 2, .offset = 4};
	page = list_imports(f, query);
	assert_int_equal(page.count, 2);
	assert_int_equal(page.imports[1].id, ids[0]);
	assert_false(page.more);
	query = (struct import_query){.by_status = true, .status = IMPORT_COMPLETED, .page.limit = 9};
	assert_int_equal(list_imports(f, query).total, 0);
	query.status = IMPORT_PENDING;
	assert_int_equal(list_imports(f, query).count, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(an_added_import_is_read_back_whole),
		store_test(the_same_content_is_refused_and_names_the_first),
		store_test(imports_without_a_key_are_never_duplicates),
		store_test(a_batch_counts_its_records_and_keeps_them_as_sent),
		store_test(the_oldest_import_is_claimed_first_and_by_one_worker),
		store_test(a_released_import_goes_on_behind_its_last_batch),
		store_test(only_a_claimed_import_takes_rows),
		store_test(no_row_is_stored_twice),
		store_test(an_empty_file_completes_at_once),
		store_test(a_file_without_a_valid_row_completes_at_once),
		store_test(a_failed_import_keeps_no_record_and_says_why),
		store_test(a_failed_import_frees_its_key),
		store_test(a_retry_takes_its_key_back),
		store_test(a_retry_never_shows_rows_of_the_earlier_run),
		store_test(only_failed_and_cancelled_imports_run_again),
		store_test(cancelling_ends_what_has_not_ended),
		store_test(a_worker_learns_that_its_import_was_cancelled),
		store_test(a_retried_import_waits_for_the_worker_that_still_held_it),
		store_test(a_deleted_import_is_gone_at_once_with_a_receipt),
		store_test(deleting_in_the_middle_of_an_import_stops_its_worker),
		store_test(ids_are_never_used_again),
		store_test(spool_files_are_kept_until_their_import_is_deleted),
		store_test(imports_are_listed_newest_first_in_pages),
	};
	return cmocka_run_group_tests_name("store imports", tests, NULL, NULL);
}
