/* Vectors: pending, attached, completing their import, and gone with it. */
#include "fixture.h"

static void attach(struct fixture *f, struct record_vector *vectors, size_t count,
		   int64_t *completed, size_t *completed_count)
{
	assert_ok(f->store->call->attach_vectors(f->store, vectors, count, completed,
						 completed_count, &f->err),
		  &f->err);
}

static struct pending_record *pending(struct fixture *f, int64_t after, uint32_t limit, size_t *count)
{
	struct pending_record *records;
	struct store_reader *reader;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->list_pending(reader, 0, after, limit, &f->arena, &records, count,
					       &f->err),
		  &f->err);
	f->store->call->close_reader(f->store, reader);
	return records;
}

static size_t count_behind(struct fixture *f, int64_t after, uint32_t limit)
{
	struct store_reader *reader;
	size_t count;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->count_pending(reader, 0, after, limit, &f->arena, &count, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	return count;
}

static void valid_records_are_pending_in_slices(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1), after = 0;
	size_t count, total = 0;

	append(f, id, 50, 5);
	do {
		assert_int_equal(count_behind(f, after, 100), 40 - total);
		assert_int_equal(count_behind(f, after, 7), 40 - total < 7 ? 40 - total : 7);
		struct pending_record *records = pending(f, after, 7, &count);
		for (size_t i = 0; i < count; i++) {
			assert_true(records[i].id > after);
			assert_int_equal(records[i].import_id, id);
			assert_slice(records[i].schema, "people");
			assert_true(slice_starts_with(records[i].data, SLICE("{\"name\":\"Person ")));
			after = records[i].id;
		}
		total += count;
	} while (count);
	assert_int_equal(total, 40);
}

static void an_import_completes_with_its_last_vector(void **state)
{
	struct fixture *f = *state;
	struct record_vector vectors[3] = {0};
	float vector[VECTOR_DIMENSION];
	int64_t id = add_claimed(f, 1), completed[3];
	size_t count, completed_count;

	append(f, id, 3, 0);
	struct pending_record *records = pending(f, 0, 10, &count);
	make_vector(1, vector);
	for (size_t i = 0; i < 3; i++)
		vectors[i] = (struct record_vector){
			.id = records[i].id, .import_id = id, .vector = vector, .truncated = i == 1};
	attach(f, vectors, 2, completed, &completed_count);
	assert_int_equal(completed_count, 0);
	assert_true(vectors[0].attached && vectors[1].attached);
	assert_false(finish(f, id)); /* one is missing */
	assert_int_equal(get(f, id).status, IMPORT_PROCESSING);
	assert_true(get(f, id).parsed);
	check_ledger(f);
	attach(f, vectors + 2, 1, completed, &completed_count);
	assert_int_equal(completed_count, 1);
	assert_int_equal(completed[0], id);
	assert_int_equal(get(f, id).status, IMPORT_COMPLETED);
	assert_int_equal(get(f, id).truncated_texts, 1);
	assert_true(get(f, id).completed_ms > 0);
	check_ledger(f);
}

static void an_import_completes_when_parsing_ends_behind_its_vectors(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f, 1);

	append(f, id, 5, 0);
	assert_int_equal(embed_all(f), 5);
	assert_int_equal(get(f, id).status, IMPORT_PROCESSING);
	assert_true(finish(f, id));
}

static void a_vector_is_attached_once(void **state)
{
	struct fixture *f = *state;
	float vector[VECTOR_DIMENSION];
	int64_t id = add_claimed(f, 1), completed[2];
	size_t count, completed_count;

	append(f, id, 2, 0);
	make_vector(1, vector);
	struct pending_record *records = pending(f, 0, 1, &count);
	struct record_vector twice[2] = {
		{.id = records[0].id, .import_id = id, .vector = vector},
		{.id = records[0].id, .import_id = id, .vector = vector},
	};
	attach(f, twice, 2, completed, &completed_count);
	assert_true(twice[0].attached);
	assert_false(twice[1].attached);
	assert_int_equal(get(f, id).embedded_records, 1);
}

static void invalid_records_take_no_vector(void **state)
{
	struct fixture *f = *state;
	float vector[VECTOR_DIMENSION];
	int64_t id = add_claimed(f, 1), completed[1];
	size_t completed_count;

	append(f, id, 1, 1);
	make_vector(1, vector);
	struct record_vector wrong = {
		.id = list(f, id, RECORD_STATUS_ANY, (struct page_query){.limit = 1}).records[0].id,
		.import_id = id,
		.vector = vector,
	};
	attach(f, &wrong, 1, completed, &completed_count);
	assert_false(wrong.attached);
	check_ledger(f);
}

static void vectors_of_what_is_gone_are_not_attached(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	struct record_vector vectors[3] = {0};
	float vector[VECTOR_DIMENSION];
	int64_t deleted = add_claimed(f, 1), retried = add_claimed(f, 2), kept = add_claimed(f, 3);
	int64_t completed[3], holder;
	size_t count, completed_count;

	append(f, deleted, 1, 0);
	append(f, retried, 1, 0);
	append(f, kept, 1, 0);
	struct pending_record *records = pending(f, 0, 10, &count);
	assert_int_equal(count, 3);
	make_vector(1, vector);
	for (size_t i = 0; i < 3; i++)
		vectors[i] = (struct record_vector){
			.id = records[i].id, .import_id = records[i].import_id, .vector = vector};
	assert_ok(f->store->call->delete_import(f->store, deleted, &f->arena, &receipt, &f->err),
		  &f->err);
	fail_parsing(f, retried);
	assert_ok(f->store->call->retry_import(f->store, retried, &holder, &f->err), &f->err);
	claim(f, retried);
	append(f, retried, 1, 0);
	finish(f, kept);
	attach(f, vectors, 3, completed, &completed_count);
	assert_false(vectors[0].attached);
	assert_false(vectors[1].attached);
	assert_true(vectors[2].attached);
	assert_int_equal(completed_count, 1);
	assert_int_equal(completed[0], kept);
	assert_int_equal(get(f, retried).embedded_records, 0);
	check_ledger(f);
}

static void vectors_of_an_earlier_run_are_not_read(void **state)
{
	struct fixture *f = *state;
	int64_t retried = add_claimed(f, 1), neighbour = add_claimed(f, 2), holder;

	append(f, neighbour, 1, 0);
	append(f, retried, 5, 0);
	embed_all(f);
	fail_parsing(f, retried);
	assert_int_equal(count_vectors(f), 1);
	assert_ok(f->store->call->retry_import(f->store, retried, &holder, &f->err), &f->err);
	claim(f, retried);
	append(f, retried, 2, 0);
	append(f, neighbour, 1, 0); /* whose rows lie on both sides of the old ones */
	embed_all(f);
	assert_int_equal(count_vectors(f), 4);
	check_ledger(f);
}

static void one_call_serves_several_imports(void **state)
{
	struct fixture *f = *state;
	struct record_vector vectors[30] = {0};
	float vector[VECTOR_DIMENSION];
	int64_t imports[3], completed[30];
	size_t count, completed_count;

	for (int i = 0; i < 3; i++)
		imports[i] = add_claimed(f, i + 1);
	for (int round = 0; round < 10; round++)
		for (int i = 0; i < 3; i++)
			append(f, imports[i], 1, 0);
	for (int i = 0; i < 3; i++)
		finish(f, imports[i]);
	struct pending_record *records = pending(f, 0, 30, &count);
	assert_int_equal(count, 30);
	make_vector(1, vector);
	for (size_t i = 0; i < 30; i++)
		vectors[i] = (struct record_vector){
			.id = records[i].id, .import_id = records[i].import_id, .vector = vector};
	attach(f, vectors, 30, completed, &completed_count);
	assert_int_equal(completed_count, 3);
	check_ledger(f);
}

static void vectors_come_back_bit_for_bit_in_slices(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	float expected[VECTOR_DIMENSION];
	struct record_vector *vectors;
	struct store_reader *reader;
	int64_t first = add_completed(f, 1, 100, 7), after = 0;
	size_t count, total = 0;

	add_completed(f, 2, 40, 0);
	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	do {
		assert_ok(f->store->call->list_vectors(reader, after, INT64_MAX, 13, &f->arena, &vectors, &count,
						       &f->err),
			  &f->err);
		for (size_t i = 0; i < count; i++) {
			assert_true(vectors[i].id > after);
			after = vectors[i].id;
			make_vector(after, expected);
			assert_memory_equal(vectors[i].vector, expected, sizeof expected);
		}
		total += count;
	} while (count);
	/* A range: behind the first id, up to the last and with it. */
	assert_ok(f->store->call->list_vectors(reader, after - 5, after - 2, 13, &f->arena, &vectors, &count,
					       &f->err),
		  &f->err);
	assert_int_equal(count, 3);
	assert_int_equal(vectors[2].id, after - 2);
	f->store->call->close_reader(f->store, reader);
	assert_int_equal(total, 86 + 40);
	assert_ok(f->store->call->delete_import(f->store, first, &f->arena, &receipt, &f->err),
		  &f->err);
	assert_int_equal(count_vectors(f), 40);
}

static void nothing_to_attach_is_fine(void **state)
{
	struct fixture *f = *state;
	size_t completed_count = 9;

	attach(f, NULL, 0, NULL, &completed_count);
	assert_int_equal(completed_count, 0);
}

static void a_text_is_found_by_its_hash_and_no_other(void **state)
{
	struct fixture *f = *state;
	unsigned char hashes[3][TEXT_HASH_SIZE] = {{1}, {2}, {1, 2}};
	const float *found[3];
	float vector[VECTOR_DIMENSION];
	struct store_reader *reader;
	int64_t id = add_claimed(f, 1), completed[2];
	size_t count, completed_count;

	append(f, id, 2, 0);
	struct pending_record *records = pending(f, 0, 10, &count);
	make_vector(7, vector);
	struct record_vector vectors[2] = {
		{.id = records[0].id, .import_id = id, .vector = vector, .text_hash = hashes[0]},
		{.id = records[1].id, .import_id = id, .vector = vector}, /* not to be found */
	};
	attach(f, vectors, 2, completed, &completed_count);
	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->find_vectors(reader, hashes[0], 3, &f->arena, found, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	assert_non_null(found[0]);
	assert_memory_equal(found[0], vector, sizeof vector);
	assert_null(found[1]);
	assert_null(found[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(valid_records_are_pending_in_slices),
		store_test(an_import_completes_with_its_last_vector),
		store_test(an_import_completes_when_parsing_ends_behind_its_vectors),
		store_test(a_vector_is_attached_once),
		store_test(invalid_records_take_no_vector),
		store_test(vectors_of_what_is_gone_are_not_attached),
		store_test(vectors_of_an_earlier_run_are_not_read),
		store_test(one_call_serves_several_imports),
		store_test(vectors_come_back_bit_for_bit_in_slices),
		store_test(nothing_to_attach_is_fine),
		store_test(a_text_is_found_by_its_hash_and_no_other),
	};
	return cmocka_run_group_tests_name("store vectors", tests, NULL, NULL);
}
