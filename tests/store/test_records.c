/* Reading records: pages, cursors, snapshots, and lists over imports that ran at once. */
#include "fixture.h"

enum { PAGE_CAP = 4096 };

/* Ids of all pages of a list, one page after the other by cursor. */
static size_t walk(struct fixture *f, int64_t import_id, enum record_status status, uint32_t limit,
		   int64_t ids[PAGE_CAP])
{
	struct page_query page = {.limit = limit};
	size_t count = 0;

	for (;;) {
		struct record_list records = list(f, import_id, status, page);
		assert_true(records.count <= limit);
		for (size_t i = 0; i < records.count; i++)
			ids[count++] = records.records[i].id;
		if (!records.more)
			return count;
		page.cursor_id = ids[count - 1];
	}
}

static void check_page(struct fixture *f, int64_t import_id, enum record_status status,
		       const int64_t *expected, size_t total, size_t offset, uint32_t limit)
{
	struct record_list records = list(f, import_id, status,
					  (struct page_query){.limit = limit, .offset = (int64_t)offset});
	size_t rest = offset < total ? total - offset : 0;

	assert_int_equal(records.total, total);
	assert_int_equal(records.count, rest < limit ? rest : limit);
	assert_int_equal(records.more, rest > limit);
	for (size_t i = 0; i < records.count; i++)
		assert_int_equal(records.records[i].id, expected[offset + i]);
}

static void pages_by_cursor_and_by_offset_are_the_same(void **state)
{
	struct fixture *f = *state;
	static int64_t ids[PAGE_CAP];
	int64_t id = add_completed(f, 1, 103, 10);
	enum record_status kinds[] = {RECORD_STATUS_ANY, RECORD_STATUS_VALID, RECORD_STATUS_INVALID};
	size_t counts[] = {103, 93, 10};

	for (size_t kind = 0; kind < 3; kind++) {
		assert_int_equal(walk(f, id, kinds[kind], 7, ids), counts[kind]);
		for (size_t offset = 0; offset < counts[kind] + 3; offset++)
			check_page(f, id, kinds[kind], ids, counts[kind], offset, 5);
	}
}

/* Three imports whose batches interleave, one before and one behind them, and one of the
 * three deleted: what a list over all imports must look like is told by lists of each. */
static void a_list_over_all_is_the_lists_of_each_in_order(void **state)
{
	struct fixture *f = *state;
	static int64_t all[PAGE_CAP], each[PAGE_CAP];
	struct delete_receipt receipt;
	int64_t imports[5];
	size_t total = 0, each_total = 0;

	imports[0] = add_completed(f, 1, 50, 3);
	for (int i = 1; i <= 3; i++)
		imports[i] = add_claimed(f, i + 1);
	for (int round = 0; round < 6; round++)
		for (int i = 1; i <= 3; i++)
			append(f, imports[i], (uint64_t)(10 * i + round), 4);
	for (int i = 1; i <= 3; i++)
		finish(f, imports[i]);
	embed_all(f);
	imports[4] = add_completed(f, 9, 20, 2);
	assert_ok(f->store->call->delete_import(f->store, imports[2], &f->arena, &receipt, &f->err),
		  &f->err);
	check_ledger(f);

	for (enum record_status kind = RECORD_STATUS_ANY; kind <= RECORD_STATUS_INVALID; kind++) {
		each_total = 0;
		for (int i = 0; i < 5; i++)
			each_total += walk(f, imports[i], kind, 1000, each + each_total);
		for (size_t i = 1; i < each_total; i++) /* insertion sort: an oracle of its own */
			for (size_t j = i; j && each[j - 1] > each[j]; j--) {
				int64_t swap = each[j];
				each[j] = each[j - 1];
				each[j - 1] = swap;
			}
		total = walk(f, 0, kind, 13, all);
		assert_int_equal(total, each_total);
		assert_memory_equal(all, each, total * sizeof *all);
		for (size_t offset = 0; offset < total + 5; offset += 3)
			check_page(f, 0, kind, all, total, offset, 9);
	}
}

/* The ids of such an import have gaps, whether its neighbour is there or gone. */
static void offsets_count_rows_and_not_ids(void **state)
{
	struct fixture *f = *state;
	static int64_t ids[PAGE_CAP];
	struct delete_receipt receipt;
	int64_t id = add_claimed(f, 1), other = add_claimed(f, 2);

	for (int round = 0; round < 4; round++) {
		append(f, id, 10, 3);
		append(f, other, 15, 0);
	}
	for (int gone = 0; gone < 2; gone++) {
		assert_int_equal(walk(f, id, RECORD_STATUS_ANY, 1000, ids), 40);
		for (size_t offset = 0; offset < 42; offset++)
			check_page(f, id, RECORD_STATUS_ANY, ids, 40, offset, 6);
		if (gone)
			check_page(f, 0, RECORD_STATUS_ANY, ids, 40, 25, 6);
		else
			assert_ok(f->store->call->delete_import(f->store, other, &f->arena,
								&receipt, &f->err),
				  &f->err);
	}
}

static void interleaved_imports_are_merged_over_many_chunks(void **state)
{
	struct fixture *f = *state;
	static int64_t all[PAGE_CAP];
	int64_t first = add_claimed(f, 1), second = add_claimed(f, 2);

	/* More rows of one than are read from each at a time. */
	append(f, first, 1, 0);
	append(f, second, 1500, 0);
	append(f, first, 1500, 0);
	append(f, second, 7, 0);
	assert_int_equal(walk(f, 0, RECORD_STATUS_ANY, 1000, all), 3008);
	for (size_t i = 1; i < 3008; i++)
		assert_true(all[i] > all[i - 1]);
	for (size_t offset = 900; offset < 3008; offset += 301)
		check_page(f, 0, RECORD_STATUS_ANY, all, 3008, offset, 50);
	assert_int_equal(count_pending(f), 3008);
}

static void a_cursor_is_stable_while_rows_are_added_and_deleted(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	int64_t early = add_completed(f, 1, 10, 0), id = add_completed(f, 2, 30, 0);
	struct record_list page = list(f, 0, RECORD_STATUS_ANY, (struct page_query){.limit = 20});
	int64_t cursor = page.records[19].id;

	add_completed(f, 3, 5, 0);
	assert_ok(f->store->call->delete_import(f->store, early, &f->arena, &receipt, &f->err),
		  &f->err);
	page = list(f, 0, RECORD_STATUS_ANY, (struct page_query){.limit = 100, .cursor_id = cursor});
	assert_int_equal(page.count, 25);
	assert_int_equal(page.records[0].import_id, id);
	assert_int_equal(page.records[0].row, 11);
	assert_int_equal(page.total, 35);
	assert_false(page.more);
}

static void a_reader_sees_one_moment(void **state)
{
	struct fixture *f = *state;
	const struct store_backend *call = f->store->call;
	struct record_query query = {.page.limit = 100};
	struct delete_receipt receipt;
	struct store_reader *reader;
	struct record_list records;
	struct store_stats before;
	struct import import;
	int64_t id = add_completed(f, 1, 10, 0), other = add_claimed(f, 2);

	assert_ok(call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(call->get_stats(reader, &before, &f->err), &f->err);
	append(f, other, 10, 0);
	assert_ok(call->delete_import(f->store, id, &f->arena, &receipt, &f->err), &f->err);
	purge_all(f, 3);
	assert_ok(call->get_import(reader, id, &f->arena, &import, &f->err), &f->err);
	assert_ok(call->list_records(reader, &query, &f->arena, &records, &f->err), &f->err);
	assert_int_equal(records.total, before.records_valid);
	assert_int_equal(records.count, 10);
	assert_int_equal(records.records[0].import_id, id);
	call->close_reader(f->store, reader);
	assert_int_equal(list(f, 0, RECORD_STATUS_ANY, query.page).records[0].import_id, other);
}

static void a_reader_begins_at_its_first_read(void **state)
{
	struct fixture *f = *state;
	struct store_reader *reader;
	struct import import;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	int64_t id = add(f, 1);
	assert_ok(f->store->call->get_import(reader, id, &f->arena, &import, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
}

static void records_come_in_the_order_asked_without_those_that_are_gone(void **state)
{
	struct fixture *f = *state;
	const struct store_backend *call = f->store->call;
	struct delete_receipt receipt;
	struct store_reader *reader;
	struct record_list records;
	int64_t gone = add_completed(f, 1, 5, 0), id = add_completed(f, 2, 5, 2);
	int64_t first = list(f, id, RECORD_STATUS_ANY, (struct page_query){.limit = 1}).records[0].id;
	int64_t lost = list(f, gone, RECORD_STATUS_ANY, (struct page_query){.limit = 1}).records[0].id;
	int64_t wanted[] = {first + 3, lost, first, 999999, first + 1};

	assert_ok(call->delete_import(f->store, gone, &f->arena, &receipt, &f->err), &f->err);
	assert_ok(call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(call->get_records(reader, wanted, 5, &f->arena, &records, &f->err), &f->err);
	call->close_reader(f->store, reader);
	assert_int_equal(records.count, 3);
	assert_int_equal(records.records[0].row, 4);
	assert_int_equal(records.records[1].row, 1);
	assert_true(records.records[1].embedded);
	assert_int_equal(records.records[2].row, 2);
	assert_false(records.records[2].embedded);
}

static void bytes_come_back_as_they_were(void **state)
{
	struct fixture *f = *state;
	struct batch batch;
	int64_t id = add_claimed(f, 1);
	static const char data[] = "{\"a\":\"\\u0000 \xF0\x9F\x8E\x89 'quote' \\\"; DROP TABLE x\",\"n\":1e-9}";

	assert_true(batch_init(&batch, 1, 1024));
	struct record *record = batch_add(&batch);
	record->row = record->line = 1;
	record->data = SLICE(data);
	assert_ok(f->store->call->append_batch(f->store, id, &batch, SLICE(""), SLICE(""), &f->err),
		  &f->err);
	batch_release(&batch);
	assert_slice(list(f, id, RECORD_STATUS_ANY, (struct page_query){.limit = 1}).records[0].data,
		     data);
	assert_slice(get(f, id).format, "csv"); /* an empty one changes nothing */
}

static void an_unknown_import_has_no_records(void **state)
{
	struct fixture *f = *state;
	struct record_list records;

	add_completed(f, 1, 3, 0);
	records = list(f, 999, RECORD_STATUS_ANY, (struct page_query){.limit = 10});
	assert_int_equal(records.count, 0);
	assert_int_equal(records.total, 0);
	assert_false(records.more);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(pages_by_cursor_and_by_offset_are_the_same),
		store_test(a_list_over_all_is_the_lists_of_each_in_order),
		store_test(offsets_count_rows_and_not_ids),
		store_test(interleaved_imports_are_merged_over_many_chunks),
		store_test(a_cursor_is_stable_while_rows_are_added_and_deleted),
		store_test(a_reader_sees_one_moment),
		store_test(a_reader_begins_at_its_first_read),
		store_test(records_come_in_the_order_asked_without_those_that_are_gone),
		store_test(bytes_come_back_as_they_were),
		store_test(an_unknown_import_has_no_records),
	};
	return cmocka_run_group_tests_name("store records", tests, NULL, NULL);
}
