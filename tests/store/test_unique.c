/* Values that must be unique: the lowest row of an import has one, whatever comes between. */
#include "fixture.h"

static bool lost(struct fixture *f, int64_t id, int64_t row)
{
	struct stored_record record = record_of_row(f, id, row);

	return memmem(record.errors.data, record.errors.size, "unique-error", 12) != NULL;
}

static void the_lowest_row_has_a_value_even_if_it_is_invalid(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);

	append_rows(f, id, {"{\"n\":1}", .code = "a"}, {"{\"n\":2}", .code = "b", .error = "email"},
		    {"{\"n\":3}", .code = "a", .sent = "{\"n\":\" 3\"}"}, {"{\"n\":4}", .code = "c"});
	append_rows(f, id, {"{\"n\":5}", .code = "b"}, {"{\"n\":6}", .code = "d"});
	assert_false(lost(f, id, 1) || lost(f, id, 2) || lost(f, id, 4) || lost(f, id, 6));
	assert_true(lost(f, id, 3) && lost(f, id, 5));
	assert_slice(record_of_row(f, id, 3).data, "{\"n\":\" 3\"}");
	assert_non_null(strstr(record_of_row(f, id, 5).error_message.data, "row 2"));
	check_counts(f, id, IMPORT_PROCESSING, 3, 3, 0);
	assert_int_equal(list_errors(f, (struct error_query){.import_id = id,
							     .field = SLICE("code"),
							     .code = SLICE("unique-error"),
							     .page.limit = 10})
				 .total,
			 2);
	check_ledger(f);
}

static void each_import_has_values_of_its_own(void **state)
{
	struct fixture *f = *state;
	int64_t first = add_claimed(f, 1), second = add_claimed(f, 2);

	append_rows(f, first, {"{}", .code = "a"});
	append_rows(f, second, {"{}", .code = "a"}, {"{}", .code = "a"});
	assert_false(lost(f, second, 1));
	assert_true(lost(f, second, 2));
}

static void a_run_that_ended_has_no_values_any_more(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1), holder;

	append_rows(f, id, {"{}", .code = "a"}, {"{}", .code = "b"});
	fail_parsing(f, id);
	assert_ok(f->store->call->retry_import(f->store, id, &holder, &f->err), &f->err);
	claim(f, id);
	append_rows(f, id, {"{}", .code = "b"}, {"{}", .code = "a"});
	check_counts(f, id, IMPORT_PROCESSING, 2, 0, 0);
	/* Nor does the purge of the earlier run take values from this one. */
	purge_all(f, 1);
	append_rows(f, id, {"{}", .code = "a"});
	assert_true(lost(f, id, 3));
}

static void store_one_batch(struct fixture *f)
{
	int64_t id = add_claimed(f, 1);

	append_rows(f, id, {"{}", .code = "a"}, {"{}", .code = "b"});
}

static void values_outlive_a_crash(void **state)
{
	struct fixture *f = *state;

	crash_while(f, store_one_batch);
	claim(f, 1);
	append_rows(f, 1, {"{}", .code = "c"}, {"{}", .code = "b"});
	assert_false(lost(f, 1, 3));
	assert_true(lost(f, 1, 4));
	check_ledger(f);
}

/* What a batch took that was never stored, it does not have. */
static void a_refused_batch_takes_no_values(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);
	struct unique_claim value = {.field = SLICE("code"), .key = SLICE("a")};
	struct batch batch;

	assert_true(batch_init(&batch, 2, 1 << 16));
	for (int i = 0; i < 2; i++) {
		struct record *record = batch_add(&batch);
		record->row = i ? 7 : 1; /* out of order */
		record->data = SLICE("{}");
		record->claims = &value;
		record->claim_count = 1;
	}
	assert_int_equal(f->store->call->append_batch(f->store, id, &batch, SLICE(""), SLICE(""), &f->err),
			 STATUS_INTERNAL);
	batch_release(&batch);
	append_rows(f, id, {.data = "{}"}, {"{}", .code = "a"});
	assert_false(lost(f, id, 2));
}

static void two_fields_may_have_the_same_value(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);
	struct unique_claim both[] = {{.field = SLICE("code"), .key = SLICE("a"), .value = SLICE("a")},
					     {.field = SLICE("mail"), .key = SLICE("a"), .value = SLICE("a")}};
	struct batch batch;

	append_rows(f, id, {"{}", .code = "a"});
	assert_true(batch_init(&batch, 1, 1 << 16));
	struct record *record = batch_add(&batch);
	record->row = 2;
	record->data = SLICE("{}");
	record->claims = both;
	record->claim_count = 2;
	assert_ok(f->store->call->append_batch(f->store, id, &batch, SLICE(""), SLICE(""), &f->err), &f->err);
	assert_int_equal(record->error_count, 1);
	assert_slice(record->errors[0].field, "code");
	batch_release(&batch);
	/* The other value is the row's, although it is invalid. */
	both[0].key = SLICE("z");
	assert_true(batch_init(&batch, 1, 1 << 16));
	record = batch_add(&batch);
	record->row = 3;
	record->data = SLICE("{}");
	record->claims = both;
	record->claim_count = 2;
	assert_ok(f->store->call->append_batch(f->store, id, &batch, SLICE(""), SLICE(""), &f->err), &f->err);
	assert_int_equal(record->error_count, 1);
	assert_slice(record->errors[0].field, "mail");
	batch_release(&batch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(the_lowest_row_has_a_value_even_if_it_is_invalid),
		store_test(each_import_has_values_of_its_own),
		store_test(a_run_that_ended_has_no_values_any_more),
		store_test(values_outlive_a_crash),
		store_test(a_refused_batch_takes_no_values),
		store_test(two_fields_may_have_the_same_value),
	};
	return cmocka_run_group_tests_name("store unique", tests, NULL, NULL);
}
