#include "fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA_CAP = 256 << 20 };

static void open_store(struct fixture *fixture)
{
	struct store_config config = {.path = fixture->path, .readers = READERS};

	assert_ok(store_open(&config, &fixture->store, &fixture->err), &fixture->err);
}

int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	if (!fixture)
		return -1;
	arena_init(&fixture->arena, ARENA_CAP);
	snprintf(fixture->path, sizeof fixture->path, "%s/store.db", make_temporary_folder());
	open_store(fixture);
	*state = fixture;
	return 0;
}

int tear_down(void **state)
{
	struct fixture *fixture = *state;

	if (fixture->store)
		fixture->store->call->close(fixture->store);
	arena_release(&fixture->arena);
	free(fixture);
	return 0;
}

void reopen(struct fixture *fixture)
{
	if (fixture->store)
		fixture->store->call->close(fixture->store);
	fixture->store = NULL;
	open_store(fixture);
}

void crash_while(struct fixture *fixture, void (*work)(struct fixture *fixture))
{
	int outcome;

	fixture->store->call->close(fixture->store);
	fixture->store = NULL;
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		open_store(fixture);
		work(fixture);
		_exit(77);
	}
	assert_int_equal(waitpid(child, &outcome, 0), child);
	assert_true(WIFEXITED(outcome));
	assert_int_equal(WEXITSTATUS(outcome), 77);
	open_store(fixture);
}

struct new_import describe(int content)
{
	static unsigned char key[SHA256_SIZE];
	char name[16];

	snprintf(name, sizeof name, "content %d", content);
	sha256_of(slice_of_string(name), key);
	return (struct new_import){
		.filename = SLICE("people.csv"),
		.format = SLICE("csv"),
		.schema = SLICE("people"),
		.options = SLICE("{\"wait\":1}"),
		.spool_name = SLICE("0123abcd"),
		.request_id = SLICE("request-1"),
		.file_hash = key,
		.duplicate_key = content ? key : NULL,
		.size_bytes = 128,
	};
}

int64_t add(struct fixture *fixture, int content)
{
	return add_as(fixture, describe(content));
}

int64_t add_as(struct fixture *fixture, struct new_import import)
{
	int64_t id = 0;

	assert_ok(fixture->store->call->add_import(fixture->store, &import, &id, &fixture->err),
		  &fixture->err);
	assert_true(id > 0);
	return id;
}

void claim(struct fixture *fixture, int64_t id)
{
	struct import_claim claim;

	assert_ok(fixture->store->call->claim_import(fixture->store, false, &fixture->arena, &claim,
						     &fixture->err),
		  &fixture->err);
	assert_int_equal(claim.import.id, id);
}

int64_t add_claimed(struct fixture *fixture, int content)
{
	int64_t id = add(fixture, content);

	claim(fixture, id);
	return id;
}

static void fill_record(struct batch *batch, uint64_t row, bool valid)
{
	struct record *record = batch_add(batch);
	char data[128];

	assert_non_null(record);
	record->row = row;
	record->line = row + 1;
	snprintf(data, sizeof data, "{\"name\":\"Person %llu\",\"age\":30.0}", (unsigned long long)row);
	assert_true(arena_copy(&batch->arena, slice_of_string(data), &record->data));
	if (valid)
		return;
	for (int i = 0; i < 2; i++) {
		struct cell_error *error = record_add_error(record, &batch->arena);
		assert_non_null(error);
		error->field = i ? SLICE("age") : SLICE("email");
		error->code = "type-error";
		error->message = SLICE("is \"wrong\"");
		error->value = SLICE("x");
		error->has_value = true;
		error->line = record->line;
	}
}

enum status try_append(struct fixture *fixture, int64_t id, uint64_t count, uint64_t invalid_every)
{
	struct batch batch;
	uint64_t rows = 0;

	if (find(fixture, id) == STATUS_OK)
		rows = (uint64_t)get(fixture, id).total_records;
	assert_true(batch_init(&batch, count + 1, 1 << 20));
	for (uint64_t row = rows + 1; row <= rows + count; row++)
		fill_record(&batch, row, !invalid_every || row % invalid_every != 0);
	enum status status = fixture->store->call->append_batch(
		fixture->store, id, &batch, SLICE("csv"), SLICE("{\"delimiter\":\",\"}"), &fixture->err);
	batch_release(&batch);
	return status;
}

void append(struct fixture *fixture, int64_t id, uint64_t count, uint64_t invalid_every)
{
	assert_ok(try_append(fixture, id, count, invalid_every), &fixture->err);
}

static void write_row(struct batch *batch, uint64_t number, const struct row *row)
{
	struct record *record = batch_add(batch);
	struct strbuf reject;

	assert_non_null(record);
	record->row = number;
	record->line = number + 1;
	record->fixes_row = row->fixes_row;
	record->data = slice_of_string(row->data);
	if (row->error) {
		struct cell_error *error = record_add_error(record, &batch->arena);
		assert_non_null(error);
		error->field = slice_of_string(row->error);
		error->code = "type-error";
		error->message = SLICE("is wrong");
		error->line = record->line;
	}
	if (row->code) {
		record->claims = arena_alloc_zeroed(&batch->arena, 1, sizeof *record->claims);
		assert_non_null(record->claims);
		record->claims[0] = (struct unique_claim){.field = SLICE("code"),
							  .key = slice_of_string(row->code),
							  .value = slice_of_string(row->code)};
		record->claim_count = 1;
		record->data_as_sent = slice_of_string(row->sent ? row->sent : row->data);
	}
	/* Also of a valid one, which may lose its value. */
	strbuf_init(&reject, 1 << 16);
	strbuf_add_format(&reject, "(%s)", row->data);
	assert_true(arena_copy(&batch->arena, strbuf_slice(&reject), &record->reject));
	record->reject_split = record->reject.size - 1;
	strbuf_release(&reject);
}

enum status try_append_rows(struct fixture *fixture, int64_t id, const struct row *rows, size_t count)
{
	struct batch batch;
	uint64_t before = (uint64_t)get(fixture, id).total_records;

	assert_true(batch_init(&batch, count, 1 << 20));
	for (size_t i = 0; i < count; i++)
		write_row(&batch, before + i + 1, &rows[i]);
	enum status status = fixture->store->call->append_batch(fixture->store, id, &batch, SLICE("csv"),
								SLICE("{}"), &fixture->err);
	batch_release(&batch);
	return status;
}

bool finish(struct fixture *fixture, int64_t id)
{
	bool completed;

	assert_ok(fixture->store->call->finish_parsing(fixture->store, id, SLICE("csv"), SLICE("{}"),
						       &completed, &fixture->err),
		  &fixture->err);
	return completed;
}

void fail_parsing(struct fixture *fixture, int64_t id)
{
	struct error reason;

	error_set_at(&reason, STATUS_INVALID, "syntax-error", 3, 4, 50, "an unclosed quote");
	assert_ok(fixture->store->call->fail_import(fixture->store, id, &reason, &fixture->err),
		  &fixture->err);
}

int64_t add_completed(struct fixture *fixture, int content, uint64_t count, uint64_t invalid_every)
{
	int64_t id = add_claimed(fixture, content);

	append(fixture, id, count, invalid_every);
	finish(fixture, id);
	embed_all(fixture);
	assert_int_equal(get(fixture, id).status, IMPORT_COMPLETED);
	return id;
}

void make_vector(int64_t id, float vector[VECTOR_DIMENSION])
{
	float norm = sqrtf(1.0f + (float)(id % 97) * (float)(id % 97));

	memset(vector, 0, VECTOR_DIMENSION * sizeof *vector);
	vector[0] = 1.0f / norm;
	vector[383] = (float)(id % 97) / norm;
}

size_t embed_all(struct fixture *fixture)
{
	enum { SLAB = 64 };
	const struct store_backend *call = fixture->store->call;
	static float values[SLAB][VECTOR_DIMENSION];
	int64_t after = 0;
	size_t total = 0;

	for (;;) {
		struct record_vector vectors[SLAB] = {0};
		struct pending_record *pending;
		struct store_reader *reader;
		int64_t completed[SLAB];
		size_t count, completed_count;

		assert_ok(call->open_reader(fixture->store, &reader, &fixture->err), &fixture->err);
		enum status status = call->list_pending(reader, 0, after, SLAB, &fixture->arena, &pending,
							&count, &fixture->err);
		call->close_reader(fixture->store, reader);
		assert_ok(status, &fixture->err);
		if (count == 0)
			return total;
		for (size_t i = 0; i < count; i++) {
			make_vector(pending[i].id, values[i]);
			vectors[i] = (struct record_vector){.id = pending[i].id,
							    .import_id = pending[i].import_id,
							    .vector = values[i]};
		}
		assert_ok(call->attach_vectors(fixture->store, vectors, count, completed,
					       &completed_count, &fixture->err),
			  &fixture->err);
		after = pending[count - 1].id;
		total += count;
	}
}

/* One read in a snapshot of its own. */
#define READ(fixture_, call_, ...)                                                                 \
	do {                                                                                       \
		struct fixture *f_ = (fixture_);                                                   \
		struct store_reader *reader_;                                                      \
		assert_ok(f_->store->call->open_reader(f_->store, &reader_, &f_->err), &f_->err);  \
		enum status status_ = f_->store->call->call_(reader_, __VA_ARGS__, &f_->err);      \
		f_->store->call->close_reader(f_->store, reader_);                                 \
		assert_ok(status_, &f_->err);                                                      \
	} while (0)

struct import get(struct fixture *fixture, int64_t id)
{
	struct import import;

	READ(fixture, get_import, id, &fixture->arena, &import);
	return import;
}

enum status find(struct fixture *fixture, int64_t id)
{
	const struct store_backend *call = fixture->store->call;
	struct store_reader *reader;
	struct import import;

	assert_ok(call->open_reader(fixture->store, &reader, &fixture->err), &fixture->err);
	enum status status = call->get_import(reader, id, &fixture->arena, &import, &fixture->err);
	call->close_reader(fixture->store, reader);
	return status;
}

struct record_list list(struct fixture *fixture, int64_t import_id, enum record_status status,
			struct page_query page)
{
	struct record_query query = {.import_id = import_id, .status = status, .page = page};
	struct record_list list;

	READ(fixture, list_records, &query, &fixture->arena, &list);
	return list;
}

struct import_list list_imports(struct fixture *fixture, struct import_query query)
{
	struct import_list list;

	READ(fixture, list_imports, &query, &fixture->arena, &list);
	return list;
}

struct stored_record record_of_row(struct fixture *fixture, int64_t import_id, int64_t row)
{
	struct record_list records =
		list(fixture, import_id, RECORD_STATUS_ANY, (struct page_query){.limit = 1000});

	for (size_t i = 0; i < records.count; i++)
		if (records.records[i].row == row)
			return records.records[i];
	fail_msg("import %lld has no row %lld", (long long)import_id, (long long)row);
	return (struct stored_record){0};
}

struct error_list list_errors(struct fixture *fixture, struct error_query query)
{
	struct error_list list;

	READ(fixture, list_errors, &query, &fixture->arena, &list);
	return list;
}

size_t count_pending(struct fixture *fixture)
{
	struct pending_record *records;
	size_t count;

	READ(fixture, list_pending, 0, 0, 100000, &fixture->arena, &records, &count);
	return count;
}

size_t count_vectors(struct fixture *fixture)
{
	struct record_vector *vectors;
	size_t count;

	READ(fixture, list_vectors, 0, INT64_MAX, 100000, &fixture->arena, &vectors, &count);
	return count;
}

struct store_stats stats(struct fixture *fixture)
{
	struct store_stats stats;

	READ(fixture, get_stats, &stats);
	return stats;
}

static size_t walk_records(struct fixture *fixture, int64_t import_id, enum record_status status)
{
	struct page_query page = {.limit = 1000};
	size_t count = 0;

	for (;;) {
		struct record_list records = list(fixture, import_id, status, page);
		for (size_t i = 0; i < records.count; i++) {
			assert_true(records.records[i].id > page.cursor_id);
			page.cursor_id = records.records[i].id;
		}
		count += records.count;
		if (!records.more) {
			assert_int_equal(records.total, count);
			return count;
		}
	}
}

/* Errors over all pages of a list, each behind the one before. */
static int64_t walk_errors(struct fixture *fixture, struct error_query query)
{
	struct store *store = fixture->store;
	struct store_reader *reader = NULL;
	struct error_list list = {.more = true};
	int64_t count = 0, total = -1;

	query.page = (struct page_query){.limit = 7};
	assert_ok(store->call->open_reader(store, &reader, &fixture->err), &fixture->err);
	while (list.more) {
		assert_ok(store->call->list_errors(reader, &query, &fixture->arena, &list, &fixture->err),
			  &fixture->err);
		if (total < 0)
			total = list.total;
		for (size_t i = 0; i < list.count; i++) {
			assert_true(error_place(&list.errors[i]) > query.page.cursor_id);
			query.page.cursor_id = error_place(&list.errors[i]);
		}
		count += (int64_t)list.count;
	}
	store->call->close_reader(store, reader);
	assert_int_equal(count, total);
	return count;
}

/* The groups hold every error once, and each finds its own. */
static void check_errors(struct fixture *fixture, int64_t id)
{
	struct store *store = fixture->store;
	struct store_reader *reader = NULL;
	struct error_group *groups;
	size_t group_count;
	int64_t counted = 0;

	assert_ok(store->call->open_reader(store, &reader, &fixture->err), &fixture->err);
	assert_ok(store->call->list_error_groups(reader, id, &fixture->arena, &groups, &group_count,
						 &fixture->err),
		  &fixture->err);
	store->call->close_reader(store, reader);
	for (size_t i = 0; i < group_count; i++) {
		const struct error_query query = {
			.import_id = id, .field = groups[i].field, .code = groups[i].code};
		assert_int_equal(walk_errors(fixture, query), groups[i].count);
		counted += groups[i].count;
	}
	assert_int_equal(walk_errors(fixture, (struct error_query){.import_id = id}), counted);
}

void check_ledger(struct fixture *fixture)
{
	struct import_list imports = list_imports(fixture, (struct import_query){.page.limit = 1000});
	struct store_stats all = stats(fixture);
	int64_t valid = 0, invalid = 0, embedded = 0, waiting = 0;

	for (size_t i = 0; i < imports.count; i++) {
		const struct import *import = &imports.imports[i];
		assert_int_equal(import->total_records,
				 import->processed_records + import->failed_records);
		assert_true(import->embedded_records <= import->processed_records);
		if (import->status == IMPORT_COMPLETED && !import->no_embed)
			assert_int_equal(import->embedded_records, import->processed_records);
		check_errors(fixture, import->id);
		all.imports[import->status]--;
		if (import->fixes) { /* it keeps no records of its own */
			assert_int_equal(walk_records(fixture, import->id, RECORD_STATUS_ANY), 0);
			continue;
		}
		assert_int_equal(walk_records(fixture, import->id, RECORD_STATUS_ANY),
				 import->total_records);
		assert_int_equal(walk_records(fixture, import->id, RECORD_STATUS_VALID),
				 import->processed_records);
		assert_int_equal(walk_records(fixture, import->id, RECORD_STATUS_INVALID),
				 import->failed_records);
		valid += import->processed_records;
		invalid += import->failed_records;
		embedded += import->embedded_records;
		if (!import->no_embed)
			waiting += import->processed_records - import->embedded_records;
	}
	for (int i = 0; i < IMPORT_STATUS_COUNT; i++)
		assert_int_equal(all.imports[i], 0);
	assert_int_equal(all.records_valid, valid);
	assert_int_equal(all.records_invalid, invalid);
	assert_int_equal(all.records_embedded, embedded);
	assert_int_equal(walk_records(fixture, 0, RECORD_STATUS_ANY), valid + invalid);
	assert_int_equal(walk_records(fixture, 0, RECORD_STATUS_VALID), valid);
	assert_int_equal(walk_records(fixture, 0, RECORD_STATUS_INVALID), invalid);
	assert_int_equal(count_vectors(fixture), embedded);
	assert_int_equal(count_pending(fixture), waiting);
}

void check_counts(struct fixture *fixture, int64_t id, enum import_status status, int64_t processed,
		  int64_t failed, int64_t embedded)
{
	struct import import = get(fixture, id);

	assert_int_equal(import.status, status);
	assert_int_equal(import.processed_records, processed);
	assert_int_equal(import.failed_records, failed);
	assert_int_equal(import.total_records, processed + failed);
	assert_int_equal(import.embedded_records, embedded);
}

void delete_import(struct fixture *fixture, int64_t id)
{
	struct delete_receipt receipt;

	assert_ok(fixture->store->call->delete_import(fixture->store, id, &fixture->arena, &receipt,
						      &fixture->err),
		  &fixture->err);
}

unsigned purge_all(struct fixture *fixture, uint32_t limit)
{
	unsigned slices = 0;
	enum status status;

	while ((status = fixture->store->call->purge_slice(fixture->store, limit, &fixture->err)) ==
	       STATUS_OK)
		slices++;
	assert_int_equal(status, STATUS_END);
	return slices;
}

int64_t count_word(struct fixture *f, const char *word)
{
	struct slice text = slice_of_string(word);
	struct word_phrase phrase = {.words = &text, .count = 1, .weight = 1};
	struct word_term term = {.alternatives = &phrase, .count = 1};
	struct word_query query = {.terms = &term, .count = 1, .limit = 10};
	struct store_reader *reader;
	struct word_hits hits;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->match_words(reader, &query, &f->arena, &hits, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	return (int64_t)hits.total;
}
