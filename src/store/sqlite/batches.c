/* Storing a batch: its records, the counters and the checkpoint in one transaction. */
#include "base/clock.h"
#include "store/sqlite/corrections.h"
#include "store/sqlite/errors.h"
#include "store/sqlite/rejects.h"
#include "store/sqlite/unique.h"
#include "store/sqlite/words.h"

#include "base/banned.h"

/* What is the same for every record of a batch, and what adds up over them. */
struct batch_writer {
	struct sqlite_store *store;
	int64_t import_id;
	struct slice now;
	int64_t valid, invalid, errors;
	int64_t first_id; /* of the batch's records; 0: there are none */
	bool dry_run;
	int64_t fixes;    /* the import whose records its rows correct; 0: none */
	bool loose;       /* either: valid rows are not stored, and invalid ones count as no records */
};

static void count_records(struct batch_writer *batch, const struct record *records, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (record_is_valid(&records[i])) {
			batch->valid++;
			continue;
		}
		batch->invalid++;
		batch->errors += (int64_t)records[i].error_count;
	}
}

/* Whether the words are among the batch's spellings: it brings those of records that are stored as they came. */
static bool is_spelled_out(const struct batch *batch, const struct record *record)
{
	return batch->spellings.data && !record->claim_count;
}

static enum status keep_spellings(struct batch_writer *writer, const struct batch *batch, struct error *err)
{
	enum status status = spellings_keep(writer->store, batch->spellings, err);

	for (size_t i = 0; i < batch->count && status == STATUS_OK; i++)
		if (!is_spelled_out(batch, &batch->records[i]))
			status = spellings_keep(writer->store, batch->records[i].words, err);
	return status;
}

static enum status insert_rows(struct batch_writer *writer, struct added_rows *rows, struct error *err)
{
	struct query query;

	writer_query(writer->store, &query, WRITE_ADD_RECORDS);
	query_bind_int(&query, 1, writer->import_id);
	query_bind_text(&query, 2, writer->now);
	enum status status = query_run(&query, err);
	if (status != STATUS_OK)
		return status;
	/* Within a transaction, ids are given without a gap: the records' are the latest ones. */
	int64_t last = sqlite3_last_insert_rowid(writer->store->writer.connection.db);
	writer->first_id = rows->first_id = last - (int64_t)rows->count + 1;
	return words_add_rows(writer->store, err);
}

/* Stores the records, which have their words. */
static enum status insert_batch(struct batch_writer *writer, const struct batch *batch, struct error *err)
{
	struct added_rows *rows = &writer->store->writer.rows;

	count_records(writer, batch->records, batch->count);
	if (!batch->count)
		return STATUS_OK;
	rows->records = batch->records;
	rows->count = batch->count;
	enum status status = insert_rows(writer, rows, err);
	rows->records = NULL;
	rows->count = 0;
	return status == STATUS_OK ? keep_spellings(writer, batch, err) : status;
}

static enum status count_batch(struct batch_writer *batch, const struct batch *facts, struct slice format,
			       struct slice dialect, struct error *err)
{
	int64_t count = batch->loose ? batch->invalid : batch->valid + batch->invalid;
	struct query query;

	writer_query(batch->store, &query, batch->loose ? WRITE_COUNT_LOOSE : WRITE_COUNT_BATCH);
	query_bind_int(&query, 1, batch->import_id);
	query_bind_int(&query, 2, batch->valid);
	query_bind_int(&query, 3, batch->invalid);
	query_bind_int(&query, 4, batch->errors);
	if (count) {
		query_bind_int(&query, 5, batch->first_id);
		query_bind_int(&query, 6, batch->first_id + count - 1);
	}
	query_bind_text_or_null(&query, 7, format);
	query_bind_text_or_null(&query, 8, dialect);
	query_bind_text_or_null(&query, 9, facts->columns);
	return query_run(&query, err);
}

/* Counts the errors of the batch's records, which are stored already, and keeps what was sent of them. */
static enum status count_errors(struct batch_writer *writer, const struct batch *batch, struct error *err)
{
	struct error_tally tally;
	bool counted = true;

	if (!writer->invalid)
		return STATUS_OK;
	error_tally_init(&tally);
	for (size_t i = 0; i < batch->count && counted; i++)
		counted = error_tally_add(&tally, &batch->records[i]);
	enum status status = counted ? errors_count(writer->store, writer->import_id, &tally, err)
				     : error_no_memory(err);
	for (size_t i = 0; i < batch->count && status == STATUS_OK; i++) {
		const struct record *record = &batch->records[i];
		int64_t id = writer->first_id + (int64_t)i;
		if (record_is_valid(record))
			continue;
		status = errors_link(writer->store, &tally, record, id, err);
		if (status == STATUS_OK)
			status = rejects_keep(writer->store, record, id, 0, err);
	}
	error_tally_release(&tally);
	return status;
}

static enum status take_values_of(struct batch_writer *writer, struct record *record, struct arena *arena,
				  struct error *err)
{
	bool lost = false;
	enum status status = unique_take(writer->store, writer->import_id, (int64_t)record->row, record, arena, &lost, err);

	if (status != STATUS_OK || !lost)
		return status;
	/* It is stored otherwise than it came. */
	return words_make(record, arena) ? STATUS_OK : error_no_memory(err);
}

/* Decides who has the values that must be unique. */
static enum status take_values(struct batch_writer *writer, struct batch *batch, struct error *err)
{
	enum status status = STATUS_OK;

	for (size_t i = 0; i < batch->count && status == STATUS_OK; i++)
		if (batch->records[i].claim_count)
			status = take_values_of(writer, &batch->records[i], &batch->arena, err);
	return status;
}

/* No row twice and none left out: the first one follows on the last that is stored. */
static enum status check_rows(const struct batch *batch, int64_t rows, struct error *err)
{
	for (size_t i = 0; i < batch->count; i++)
		if (batch->records[i].row != (uint64_t)rows + i + 1)
			return error_set(err, STATUS_INTERNAL, "rows-out-of-order",
					 "row %llu was to be stored where row %llu follows",
					 (unsigned long long)batch->records[i].row,
					 (unsigned long long)rows + i + 1);
	return STATUS_OK;
}

static enum status read_kind(struct batch_writer *writer, struct error *err)
{
	struct query query;

	writer_query(writer->store, &query, WRITE_READ_KIND);
	query_bind_int(&query, 1, writer->import_id);
	if (query_row(&query)) {
		writer->dry_run = query_int(&query, 0) != 0;
		writer->fixes = query_int(&query, 1);
		writer->loose = writer->dry_run || writer->fixes;
	}
	return query_end(&query, err);
}

/* Puts the rows of a corrected file where they belong. */
static enum status apply_fixes(struct batch_writer *writer, struct batch *batch, struct error *err)
{
	struct correction_target target;
	enum status status = correction_target_read(writer->store, writer->fixes, &target, err);

	for (size_t i = 0; i < batch->count && status == STATUS_OK; i++) {
		struct record *record = &batch->records[i];
		status = correction_apply(writer->store, writer->import_id, &target, record, &batch->arena, err);
		/* What lost a value is kept otherwise than it came. */
		if (status == STATUS_OK && record->claim_count && !words_make(record, &batch->arena))
			status = error_no_memory(err);
		/* What is given back of it is with the import that the row is of. */
		record->reject = slice_of(NULL, 0);
	}
	return status;
}

/* Stores the invalid rows alone, out of sight. */
static enum status insert_loose(struct batch_writer *writer, struct batch *batch, struct error *err)
{
	struct batch invalid = {0};

	invalid.records = arena_alloc_zeroed(&batch->arena, batch->count, sizeof *invalid.records);
	if (!invalid.records)
		return error_no_memory(err);
	for (size_t i = 0; i < batch->count; i++)
		if (record_is_valid(&batch->records[i]))
			writer->valid++;
		else
			invalid.records[invalid.count++] = batch->records[i];
	if (!invalid.count)
		return STATUS_OK;
	enum status status = insert_batch(writer, &invalid, err);
	return status == STATUS_OK ? count_errors(writer, &invalid, err) : status;
}

static enum status append_loose(struct batch_writer *writer, struct batch *batch,
				struct slice format, struct slice dialect, struct error *err)
{
	enum status status = writer->fixes ? apply_fixes(writer, batch, err)
					   : take_values(writer, batch, err);

	if (status == STATUS_OK)
		status = insert_loose(writer, batch, err);
	return status == STATUS_OK ? count_batch(writer, batch, format, dialect, err) : status;
}

static enum status append_kept(struct batch_writer *writer, struct batch *batch,
			       struct slice format, struct slice dialect, struct error *err)
{
	enum status status = take_values(writer, batch, err);

	if (status == STATUS_OK)
		status = insert_batch(writer, batch, err);
	if (status == STATUS_OK)
		status = count_batch(writer, batch, format, dialect, err);
	return status == STATUS_OK ? count_errors(writer, batch, err) : status;
}

static enum status append(struct batch_writer *writer, struct batch *batch,
			  struct slice format, struct slice dialect, struct error *err)
{
	char now[CLOCK_TEXT_SIZE];
	int64_t rows;
	enum status status = writer_begin(writer->store, err);

	if (status != STATUS_OK)
		return status;
	batch->created_ms = clock_now_ms();
	clock_format(batch->created_ms, now);
	writer->now = slice_of_string(now);
	status = import_check_claim(writer->store, writer->import_id, &rows, err);
	if (status == STATUS_OK)
		status = check_rows(batch, rows, err);
	if (status == STATUS_OK)
		status = read_kind(writer, err);
	if (status == STATUS_OK)
		status = writer->loose ? append_loose(writer, batch, format, dialect, err)
				       : append_kept(writer, batch, format, dialect, err);
	batch->first_id = writer->loose ? 0 : writer->first_id;
	batch->awaited = turn_is_awaited(&writer->store->writer.turn);
	return import_end_claimed(writer->store, status, err);
}

enum status import_append(struct store *base, int64_t id, struct batch *batch,
			  struct slice format, struct slice dialect, struct error *err)
{
	struct batch_writer writer = {.store = sqlite_store_of(base), .import_id = id};

	/* Before the turn is taken: others write meanwhile. */
	for (size_t i = 0; i < batch->count; i++)
		if (!batch->records[i].words.data && !words_make(&batch->records[i], &batch->arena))
			return error_no_memory(err);
	return append(&writer, batch, format, dialect, err);
}
