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

/* Where one record's errors lie in the writer's scratch buffers, which may move while they grow. */
struct error_texts {
	size_t errors_at, errors_size, summary_at, summary_size;
};

static struct error_texts write_errors(struct writer *writer, const struct record *record)
{
	struct error_texts at = {.errors_at = writer->errors.size,
				 .summary_at = writer->summary.size};
	struct json_writer json;

	json_writer_init(&json, &writer->errors);
	record_write_errors(record, true, &json);
	record_write_summary(record, &writer->summary);
	at.errors_size = writer->errors.size - at.errors_at;
	at.summary_size = writer->summary.size - at.summary_at;
	return at;
}

static void bind_record(struct query *query, const struct batch_writer *batch, int slot,
			const struct record *record, const struct error_texts *at)
{
	const struct writer *writer = &batch->store->writer;
	int first = slot * ADD_VALUES;
	bool valid = record_is_valid(record);

	query_bind_int(query, first + 1, batch->import_id);
	query_bind_text(query, first + 2, record->data);
	query_bind_text(query, first + 3, valid ? SLICE("valid") : SLICE("invalid"));
	query_bind_text_or_null(query, first + 4,
				slice_of(writer->summary.data + at->summary_at, at->summary_size));
	query_bind_text(query, first + 5, batch->now);
	query_bind_int(query, first + 6, (int64_t)record->row);
	query_bind_int(query, first + 7, (int64_t)record->line);
	query_bind_text_or_null(query, first + 8,
				slice_of(writer->errors.data + at->errors_at, at->errors_size));
}

/* Inserts `count` records: ADD_ROWS or 1. */
static enum status insert_records(struct batch_writer *batch, const struct record *records,
				  size_t count, struct error *err)
{
	struct writer *writer = &batch->store->writer;
	struct error_texts at[ADD_ROWS] = {0};
	struct query query;

	strbuf_clear(&writer->errors);
	strbuf_clear(&writer->summary);
	for (size_t i = 0; i < count; i++) {
		if (record_is_valid(&records[i])) {
			batch->valid++;
			continue;
		}
		batch->invalid++;
		batch->errors += (int64_t)records[i].error_count;
		at[i] = write_errors(writer, &records[i]);
	}
	if (!strbuf_ok(&writer->errors) || !strbuf_ok(&writer->summary))
		return error_no_memory(err);
	writer_query(batch->store, &query, count == 1 ? WRITE_ADD_RECORD : WRITE_ADD_RECORDS);
	for (size_t i = 0; i < count; i++)
		bind_record(&query, batch, (int)i, &records[i], &at[i]);
	return query_run(&query, err);
}

static enum status insert_batch(struct batch_writer *writer, const struct batch *batch,
				struct error *err)
{
	size_t done = 0;

	while (done < batch->count) {
		size_t count = batch->count - done >= ADD_ROWS ? ADD_ROWS : 1;
		enum status status =
			insert_records(writer, batch->records + done, count, err);
		if (status != STATUS_OK)
			return status;
		done += count;
	}
	return STATUS_OK;
}

/* Within a transaction, ids are given without a gap: the records' are the latest ones. */
static enum status insert_words(struct batch_writer *writer, const struct batch *batch,
				const struct folded_texts *texts, struct error *err)
{
	int64_t last = sqlite3_last_insert_rowid(writer->store->writer.connection.db);
	enum status status = STATUS_OK;

	writer->first_id = last - (int64_t)texts->count + 1;
	for (size_t i = 0; i < texts->count && status == STATUS_OK; i++) {
		int64_t id = writer->first_id + (int64_t)i;
		/* What lost a claim is stored otherwise than it came. */
		status = batch->records[i].claim_count
				 ? words_add_data(writer->store, id, batch->records[i].data, err)
				 : words_add(writer->store, id, folded_text(texts, i), err);
	}
	return status;
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

/* Decides who has the values that must be unique. */
static enum status take_values(struct batch_writer *writer, struct batch *batch, struct error *err)
{
	enum status status = STATUS_OK;
	bool lost = false;

	for (size_t i = 0; i < batch->count && status == STATUS_OK; i++)
		if (batch->records[i].claim_count)
			status = unique_take(writer->store, writer->import_id, (int64_t)batch->records[i].row,
					     &batch->records[i], &batch->arena, &lost, err);
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
		/* What is given back of it is with the import that the row is of. */
		record->reject = slice_of(NULL, 0);
	}
	return status;
}

/* Stores the invalid rows alone, out of sight. */
static enum status insert_loose(struct batch_writer *writer, struct batch *batch, struct error *err)
{
	struct batch invalid = {0};
	struct folded_texts texts = {0};

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
	enum status status = folded_texts_make(&texts, &invalid) ? insert_batch(writer, &invalid, err)
								 : error_no_memory(err);
	if (status == STATUS_OK)
		status = insert_words(writer, &invalid, &texts, err);
	if (status == STATUS_OK)
		status = count_errors(writer, &invalid, err);
	folded_texts_release(&texts);
	return status;
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

static enum status append_kept(struct batch_writer *writer, struct batch *batch, const struct folded_texts *texts,
			       struct slice format, struct slice dialect, struct error *err)
{
	enum status status = take_values(writer, batch, err);

	if (status == STATUS_OK)
		status = insert_batch(writer, batch, err);
	if (status == STATUS_OK)
		status = insert_words(writer, batch, texts, err);
	if (status == STATUS_OK)
		status = count_batch(writer, batch, format, dialect, err);
	return status == STATUS_OK ? count_errors(writer, batch, err) : status;
}

static enum status append(struct batch_writer *writer, struct batch *batch, const struct folded_texts *texts,
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
				       : append_kept(writer, batch, texts, format, dialect, err);
	batch->first_id = writer->loose ? 0 : writer->first_id;
	return import_end_claimed(writer->store, status, err);
}

enum status import_append(struct store *base, int64_t id, struct batch *batch,
			  struct slice format, struct slice dialect, struct error *err)
{
	struct batch_writer writer = {.store = sqlite_store_of(base), .import_id = id};
	struct folded_texts texts;
	/* Before the turn is taken: others write meanwhile. */
	enum status status = folded_texts_make(&texts, batch) ? append(&writer, batch, &texts, format, dialect, err)
							       : error_no_memory(err);

	folded_texts_release(&texts);
	return status;
}
