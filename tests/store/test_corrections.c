/* One record that gets other contents: in its row, the counts, the words, the errors and the unique values. */
#include "fixture.h"

#include <stdio.h>

static struct stored_record record_at(struct fixture *f, int64_t import_id, size_t index)
{
	struct record_list records = list(f, import_id, RECORD_STATUS_ANY, (struct page_query){.limit = 100});

	assert_true(index < records.count);
	return records.records[index];
}

static struct record checked(const char *data)
{
	return (struct record){.shape = RECORD_FIELDS, .data = slice_of_string(data)};
}

static const float *one_vector(void)
{
	static float vector[VECTOR_DIMENSION];

	make_vector(50, vector);
	return vector;
}

static enum status correct(struct fixture *f, const struct stored_record *before, struct record *record,
			   const float *vector)
{
	static const unsigned char hash[TEXT_HASH_SIZE] = {7};
	struct correction correction = {.record_id = before->id,
					.data_before = before->data,
					.record = record,
					.arena = &f->arena,
					.vector = vector,
					.text_hash = vector ? hash : NULL};

	return f->store->call->correct_record(f->store, &correction, &f->err);
}

static void an_invalid_record_becomes_valid(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_completed(f, 1, 4, 2);
	struct stored_record before = record_at(f, id, 1);
	struct record record = checked("{\"name\":\"Ostrich\",\"age\":31.50}");

	assert_false(before.valid);
	assert_ok(correct(f, &before, &record, one_vector()), &f->err);
	struct stored_record after = record_at(f, id, 1);
	assert_true(after.valid && after.embedded);
	assert_int_equal(after.id, before.id);
	assert_int_equal(after.row, before.row);
	assert_slice(after.data, "{\"name\":\"Ostrich\",\"age\":31.50}");
	assert_slice(after.errors, "[]");
	assert_int_equal(after.error_message.size, 0);
	assert_int_equal(get(f, id).processed_records, 3);
	assert_int_equal(get(f, id).failed_records, 1);
	assert_int_equal(get(f, id).embedded_records, 3);
	assert_int_equal(count_word(f, "ostrich"), 1);
	check_ledger(f);
}

static void a_valid_record_gets_other_words_and_the_counts_stay(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_completed(f, 1, 3, 0);
	struct stored_record before = record_at(f, id, 0);
	struct record first = checked("{\"name\":\"Ostrich\"}"), second = checked("{\"name\":\"Walrus\"}");

	assert_ok(correct(f, &before, &first, one_vector()), &f->err);
	before = record_at(f, id, 0);
	assert_ok(correct(f, &before, &second, one_vector()), &f->err);
	assert_int_equal(count_word(f, "ostrich"), 0);
	assert_int_equal(count_word(f, "walrus"), 1);
	assert_int_equal(count_word(f, "person"), 2);
	assert_int_equal(get(f, id).embedded_records, 3);
	check_ledger(f);
	reopen(f);
	assert_slice(record_at(f, id, 0).data, "{\"name\":\"Walrus\"}");
	check_ledger(f);
}

static void what_was_made_of_older_data_changes_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_completed(f, 1, 3, 0);
	struct stored_record before = record_at(f, id, 0);
	struct record first = checked("{\"name\":\"Ostrich\"}"), second = checked("{\"name\":\"Walrus\"}");

	assert_ok(correct(f, &before, &first, one_vector()), &f->err);
	assert_int_equal(correct(f, &before, &second, one_vector()), STATUS_CONFLICT);
	assert_string_equal(f->err.code, "changed-meanwhile");
	assert_slice(record_at(f, id, 0).data, "{\"name\":\"Ostrich\"}");
	check_ledger(f);
}

static void a_vector_is_there_exactly_where_the_import_has_them(void **state)
{
	struct fixture *f = *state;
	int64_t with_id = add_completed(f, 1, 2, 0), id;
	struct new_import without = describe(2);
	struct stored_record before = record_at(f, with_id, 0);
	struct record record = checked("{\"name\":\"Ostrich\"}");

	assert_int_equal(correct(f, &before, &record, NULL), STATUS_CONFLICT);
	without.no_embed = true;
	assert_ok(f->store->call->add_import(f->store, &without, &id, &f->err), &f->err);
	claim(f, id);
	append(f, id, 2, 2);
	assert_true(finish(f, id));
	before = record_at(f, id, 1);
	assert_int_equal(correct(f, &before, &record, one_vector()), STATUS_CONFLICT);
	assert_ok(correct(f, &before, &record, NULL), &f->err);
	assert_int_equal(get(f, id).processed_records, 2);
	assert_int_equal(get(f, id).embedded_records, 0);
	check_ledger(f);
}

static void records_of_imports_that_are_under_way_or_gone_stay(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);
	struct record record = checked("{\"name\":\"Ostrich\"}");
	struct delete_receipt receipt;

	append(f, id, 2, 0);
	struct stored_record before = record_at(f, id, 0);
	assert_int_equal(correct(f, &before, &record, one_vector()), STATUS_CONFLICT);
	assert_string_equal(f->err.code, "import-not-completed");
	finish(f, id);
	assert_int_equal(correct(f, &before, &record, one_vector()), STATUS_CONFLICT);
	embed_all(f);
	assert_ok(f->store->call->delete_import(f->store, id, &f->arena, &receipt, &f->err), &f->err);
	assert_int_equal(correct(f, &before, &record, one_vector()), STATUS_NOT_FOUND);
	check_ledger(f);
}

/* A record that is not valid, and one that loses a value: nothing of either is kept, nor are values given up. */
static void what_would_be_invalid_changes_nothing(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_completed(f, 1, 3, 0);
	struct unique_claim claim = {.field = SLICE("code"), .key = SLICE("1"), .value = SLICE("1")};
	struct unique_claim other = {.field = SLICE("code"), .key = SLICE("2"), .value = SLICE("2")};
	struct stored_record first = record_at(f, id, 0), second = record_at(f, id, 1);
	struct record record = checked("{\"code\":1}");

	record.claims = &claim;
	record.claim_count = 1;
	assert_ok(correct(f, &first, &record, one_vector()), &f->err);
	record = checked("{\"code\":2}");
	record.claims = &other;
	record.claim_count = 1;
	assert_ok(correct(f, &second, &record, one_vector()), &f->err);
	second = record_at(f, id, 1);
	record = checked("{\"code\":1,\"new\":true}");
	record.claims = &claim;
	record.claim_count = 1;
	assert_int_equal(correct(f, &second, &record, one_vector()), STATUS_INVALID);
	assert_int_equal(record.error_count, 1);
	assert_string_equal(record.errors[0].code, "unique-error");
	assert_slice(record_at(f, id, 1).data, "{\"code\":2}");
	/* Row 2 has its value still. */
	first = record_at(f, id, 0);
	record = checked("{\"code\":2}");
	record.claims = &other;
	record.claim_count = 1;
	assert_int_equal(correct(f, &first, &record, one_vector()), STATUS_INVALID);
	check_ledger(f);
}

static void correct_and_die(struct fixture *f)
{
	struct stored_record before = record_at(f, 1, 1);
	struct record record = checked("{\"name\":\"Ostrich\"}");

	assert_ok(correct(f, &before, &record, one_vector()), &f->err);
}

static void what_was_acknowledged_outlives_a_crash(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(add_completed(f, 1, 4, 2), 1);
	crash_while(f, correct_and_die);
	assert_slice(record_at(f, 1, 1).data, "{\"name\":\"Ostrich\"}");
	assert_int_equal(get(f, 1).processed_records, 3);
	check_ledger(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(an_invalid_record_becomes_valid),
		store_test(a_valid_record_gets_other_words_and_the_counts_stay),
		store_test(what_was_made_of_older_data_changes_nothing),
		store_test(a_vector_is_there_exactly_where_the_import_has_them),
		store_test(records_of_imports_that_are_under_way_or_gone_stay),
		store_test(what_would_be_invalid_changes_nothing),
		store_test(what_was_acknowledged_outlives_a_crash),
	};
	return cmocka_run_group_tests_name("store corrections", tests, NULL, NULL);
}
