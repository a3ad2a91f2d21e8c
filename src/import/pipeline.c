/* One function a stage: read a batch, check it, store it. A pipeline keeps its reader open between its
 * turns (import_queue.c), and closes it when the machine failed it. */
#include "base/clock.h"
#include "base/log.h"
#include "import/column_feed.h"
#include "import/fixes.h"
#include "import/internal.h"
#include "import/renaming.h"
#include "import/row_check.h"
#include "intake/spool.h"
#include "parse/reader.h"
#include "record/data_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum {
	BATCH_RECORDS = 8000,
	/* While others wait to write, uploads that are to be acknowledged among them, and for a second after. */
	BATCH_RECORDS_SHARED = 2000,
	SHARED_MS = 1000,
	BATCH_BYTES = 6 << 20,
	CLAIM_ARENA = 1 << 20,
	TURN_MS = 50,
	BACKOFF_FIRST_MS = 500,
	BACKOFF_LAST_MS = 30000,
};

bool scratch_init(struct import_scratch *scratch)
{
	*scratch = (struct import_scratch){0};
	strbuf_init(&scratch->json, SIZE_MAX / 2);
	spellings_init(&scratch->spellings);
	scratch->batch = &scratch->batches[0];
	return batch_init(&scratch->batches[0], BATCH_RECORDS, BATCH_BYTES) &&
	       batch_init(&scratch->batches[1], BATCH_RECORDS, BATCH_BYTES) &&
	       append_stage_start(&scratch->append, NULL) == STATUS_OK;
}

void scratch_release(struct import_scratch *scratch)
{
	append_stage_stop(&scratch->append);
	batch_release(&scratch->batches[0]);
	batch_release(&scratch->batches[1]);
	strbuf_release(&scratch->json);
	spellings_release(&scratch->spellings);
}

/* ---- opened, closed ---- */

enum status pipeline_claim(struct importer *importer, bool only_new, struct pipeline **out, struct error *err)
{
	struct pipeline *pipeline = calloc(1, sizeof *pipeline);
	struct store *store = importer->config.store;

	if (!pipeline)
		return error_no_memory(err);
	pipeline->importer = importer;
	pipeline->fd = -1;
	pipeline->backoff_ms = BACKOFF_FIRST_MS;
	arena_init(&pipeline->arena, CLAIM_ARENA);
	pthread_mutex_lock(&importer->lives);
	enum status status = store->call->claim_import(store, only_new, &pipeline->arena, &pipeline->claim, err);
	if (status == STATUS_OK && !pipeline->claim.rows_done)
		columns_begin_import(importer->config.columns, pipeline->claim.import.id);
	pthread_mutex_unlock(&importer->lives);
	if (status != STATUS_OK) {
		pipeline_free(pipeline);
		return status;
	}
	pipeline->rows = pipeline->claim.rows_done;
	snprintf(pipeline->request_id, sizeof pipeline->request_id, "%.*s",
		 SLICE_ARG(pipeline->claim.import.request_id));
	*out = pipeline;
	importer_tell(importer, pipeline->claim.import.id);
	return STATUS_OK;
}

static void pipeline_close(struct pipeline *pipeline)
{
	reader_close(pipeline->reader);
	validator_free(pipeline->validator);
	schema_release(pipeline->schema);
	if (pipeline->fd >= 0)
		close(pipeline->fd);
	pipeline->schema = NULL;
	pipeline->reader = NULL;
	pipeline->validator = NULL;
	pipeline->fd = -1;
	pipeline->columns_checked = false;
}

void pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	pipeline_close(pipeline);
	arena_release(&pipeline->arena);
	free(pipeline);
}

void pipeline_give_back(struct pipeline *pipeline)
{
	struct store *store = pipeline->importer->config.store;
	int64_t id = pipeline->claim.import.id;
	struct error err;

	if (store->call->release_import(store, id, &err) != STATUS_OK)
		log_error(LOG_EVENT("claim not given back; it ends at the next start"),
			  LOG_INT("import_id", id), LOG_ERR(&err));
	pipeline_free(pipeline);
}

static enum status rename_columns(struct pipeline *pipeline, struct reader_options *options,
				  struct error *err)
{
	struct column_rename *renames;
	size_t count = pipeline->upload.map_count;
	enum status status =
		upload_options_renames(&pipeline->upload, &pipeline->arena, &renames, err);

	if (status == STATUS_OK)
		status = renaming_tell_reader(pipeline->schema, renames, count, &pipeline->arena, options, err);
	return status == STATUS_OK && count ? validator_rename(pipeline->validator, renames, count, err)
					    : status;
}

/* Rows that are still wrong are given back as those of the import that they are of. */
static enum status read_target_form(struct pipeline *pipeline, struct error *err)
{
	struct store *store = pipeline->importer->config.store;
	struct store_reader *reader = NULL;
	struct import target;
	enum status status = store->call->open_reader(store, &reader, err);

	if (status == STATUS_OK)
		status = store->call->get_import(reader, pipeline->claim.import.fixes, &pipeline->arena, &target, err);
	store->call->close_reader(store, reader);
	if (status == STATUS_NOT_FOUND)
		return error_set(err, status, "fixed-import-gone", "import %lld, whose rows were to be corrected, is gone",
				 (long long)pipeline->claim.import.fixes);
	return status == STATUS_OK ? reject_form_read(&target, &pipeline->arena, &pipeline->form, err) : status;
}

/* What nobody said of a corrected file is as it was given back. The delimiter and the quote are told by the file, as a
 * spreadsheet may have changed them; that a file has an escape, or no quotes, cannot be told so. */
static void read_as_given_back(const struct pipeline *pipeline, struct reader_options *options)
{
	const struct reject_form *form = &pipeline->form;
	const struct reader_words *words = &pipeline->upload.words;

	options->expect_utf8 = true;
	if (form->format != REJECT_CSV)
		return;
	if (!words->quote.size)
		options->no_quotes = form->no_quotes;
	if (!words->escape.size && form->escape.size)
		options->escape = form->escape.data[0];
}

/* A file that is broken as a whole must not have corrected anything: so it is read once before. */
static enum status read_through(struct pipeline *pipeline, const struct reader_options *options, struct error *err)
{
	struct reader *reader;
	enum status status = reader_open(pipeline->fd, options, &reader, err);

	if (status != STATUS_OK)
		return status;
	while (status == STATUS_OK && !pipeline->importer->stopping)
		status = reader_skip(reader, 100000, err);
	reader_close(reader);
	if (status == STATUS_OK)
		return error_set(err, STATUS_UNAVAILABLE, "stopping", "the server stops");
	if (status != STATUS_END)
		return status;
	return lseek(pipeline->fd, 0, SEEK_SET) == 0 ? STATUS_OK : error_from_errno(err, errno, "reading the upload again");
}

static enum status open_reader(struct pipeline *pipeline, struct error *err)
{
	struct reader_options options = {0};
	const char *param;
	const struct import *import = &pipeline->claim.import;
	enum status status =
		upload_options_read(import->options, &pipeline->arena, &pipeline->upload, err);

	if (status == STATUS_OK)
		status = schema_cache_get(pipeline->importer->config.schemas, import->schema,
					  import->schema_document, &pipeline->schema, err);
	if (status != STATUS_OK)
		return status;
	pipeline->fd = spool_open(pipeline->importer->config.spool_folder, import->spool_name, err);
	if (pipeline->fd < 0)
		return err->status;
	pipeline->validator = validator_new(pipeline->schema);
	if (!pipeline->validator)
		return error_no_memory(err);
	status = reader_options_read(&pipeline->upload.words, &options, &param, err);
	if (status != STATUS_OK)
		return status;
	options.temporary_folder = pipeline->importer->config.spool_folder;
	status = rename_columns(pipeline, &options, err);
	if (status == STATUS_OK && import->fixes) {
		status = read_target_form(pipeline, err);
		read_as_given_back(pipeline, &options);
	}
	if (status == STATUS_OK && import->fixes && !pipeline->rows)
		status = read_through(pipeline, &options, err);
	if (status != STATUS_OK)
		return status;
	return reader_open(pipeline->fd, &options, &pipeline->reader, err);
}

static enum status pipeline_open(struct pipeline *pipeline, struct error *err)
{
	enum status status;

	if (pipeline->reader)
		return STATUS_OK;
	log_info(LOG_EVENT(pipeline->rows ? "import resumed" : "import started"),
		 LOG_INT("import_id", pipeline->claim.import.id), LOG_INT("rows_done", pipeline->rows));
	status = open_reader(pipeline, err);
	if (status == STATUS_OK && pipeline->rows)
		status = reader_skip(pipeline->reader, pipeline->rows, err);
	if (status == STATUS_END)
		return error_set(err, STATUS_CORRUPT, "file-changed",
				 "the uploaded file has fewer rows than were stored of it");
	return status;
}

/* ---- the stages ---- */

/* What the validator calls the columns: it names those of a row that is there for nothing else. */
static enum status name_columns(struct pipeline *pipeline, const struct slice *columns, size_t count,
				struct reject_column *named, struct error *err)
{
	struct arena *arena = &pipeline->arena;
	struct record record = {.fields = arena_alloc_zeroed(arena, count, sizeof *record.fields),
				.field_count = count};

	if (!record.fields)
		return error_no_memory(err);
	for (size_t i = 0; i < count; i++)
		record.fields[i] = (struct field){columns[i], {VALUE_STRING, SLICE("")}};
	enum status status = validator_check(pipeline->validator, &record, arena, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		named[i] = (struct reject_column){.sent = columns[i], .field = record.fields[i].name};
	return status;
}

/* Settles how invalid rows are given back; the import keeps the columns with the first batch. */
static enum status settle_form(struct pipeline *pipeline, struct import_scratch *scratch,
			       const struct slice *columns, size_t count, struct error *err)
{
	struct reject_column *named = arena_alloc_zeroed(&pipeline->arena, count, sizeof *named);
	struct json_writer json;
	struct import import = pipeline->claim.import;
	enum status status = named ? name_columns(pipeline, columns, count, named, err)
				   : error_no_memory(err);

	if (status != STATUS_OK)
		return status;
	strbuf_clear(&scratch->json);
	reject_columns_write(named, count, &scratch->json);
	if (!strbuf_ok(&scratch->json) ||
	    !arena_copy(&pipeline->arena, strbuf_slice(&scratch->json), &pipeline->columns))
		return error_no_memory(err);
	strbuf_clear(&scratch->json);
	json_writer_init(&json, &scratch->json);
	dialect_write_json(reader_dialect(pipeline->reader), &json);
	import.format = slice_of_string(file_format_name(reader_format(pipeline->reader)));
	import.columns = count ? pipeline->columns : SLICE("");
	if (!strbuf_ok(&scratch->json) ||
	    !arena_copy(&pipeline->arena, strbuf_slice(&scratch->json), &import.dialect))
		return error_no_memory(err);
	return reject_form_read(&import, &pipeline->arena, &pipeline->form, err);
}

/* The header is known from the first read on, also in a file without rows. */
static enum status check_columns(struct pipeline *pipeline, struct import_scratch *scratch, struct error *err)
{
	size_t count;
	const struct slice *columns = reader_columns(pipeline->reader, &count);

	if (pipeline->columns_checked)
		return STATUS_OK;
	pipeline->columns_checked = true;
	enum status status = columns ? validator_check_columns(pipeline->validator, columns, count, err)
				     : STATUS_OK;
	if (status != STATUS_OK || pipeline->claim.import.fixes)
		return status;
	return settle_form(pipeline, scratch, columns, count, err);
}

static size_t batch_capacity(const struct import_scratch *scratch)
{
	bool shared = scratch->awaited_ns && clock_monotonic_ns() - scratch->awaited_ns < SHARED_MS * 1000000ull;

	return shared ? BATCH_RECORDS_SHARED : BATCH_RECORDS;
}

static enum status read_batch(struct pipeline *pipeline, struct import_scratch *scratch, struct error *err)
{
	batch_clear(scratch->batch);
	scratch->batch->capacity = batch_capacity(scratch);
	enum status status = reader_next(pipeline->reader, scratch->batch, err);
	pipeline->bytes_read = reader_bytes_read(pipeline->reader);
	if (status != STATUS_OK && status != STATUS_END)
		return status;
	enum status columns = check_columns(pipeline, scratch, err);
	return columns == STATUS_OK ? status : columns;
}

static enum status fold_words(struct import_scratch *scratch, struct record *record, struct error *err)
{
	strbuf_clear(&scratch->json);
	if (!data_fold_words(record->data, &scratch->json) ||
	    !arena_copy(&scratch->batch->arena, strbuf_slice(&scratch->json), &record->words))
		return error_no_memory(err);
	if (!record->claim_count)
		spellings_add(&scratch->spellings, record->words);
	return STATUS_OK;
}

static enum status take_spellings(struct import_scratch *scratch, struct error *err)
{
	struct strbuf *words = &scratch->spellings.words;

	return strbuf_ok(words) && arena_copy(&scratch->batch->arena, strbuf_slice(words), &scratch->batch->spellings)
		       ? STATUS_OK
		       : error_no_memory(err);
}

static enum status check_batch(struct pipeline *pipeline, struct import_scratch *scratch, struct error *err)
{
	struct batch *batch = scratch->batch;
	struct row_check check = {.validator = pipeline->validator,
				  .schema = pipeline->schema,
				  .form = &pipeline->form,
				  .scratch = &scratch->json,
				  .is_fix = pipeline->claim.import.fixes != 0};
	enum status status = STATUS_OK;

	spellings_clear(&scratch->spellings);
	for (size_t i = 0; i < batch->count && status == STATUS_OK; i++) {
		if (pipeline->claim.import.fixes)
			status = fixes_take(&batch->records[i], &batch->arena, err);
		if (status == STATUS_OK)
			status = row_check(&check, &batch->records[i], &batch->arena, err);
		if (status == STATUS_OK)
			status = fold_words(scratch, &batch->records[i], err);
	}
	return status == STATUS_OK ? take_spellings(scratch, err) : status;
}

/* What the import shows of how the file was read, as JSON in the batch's arena. */
static enum status describe_dialect(struct pipeline *pipeline, struct import_scratch *scratch,
				    struct slice *dialect, struct error *err)
{
	struct json_writer json;

	strbuf_clear(&scratch->json);
	json_writer_init(&json, &scratch->json);
	dialect_write_json(reader_dialect(pipeline->reader), &json);
	if (!strbuf_ok(&scratch->json) ||
	    !arena_copy(&scratch->batch->arena, strbuf_slice(&scratch->json), dialect))
		return error_no_memory(err);
	return STATUS_OK;
}

static int compare_ids(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Records that were corrected are shown as the store has them now: all at once, since each change makes a segment
 * of the columns anew. */
static void show_corrected(struct importer *importer, struct batch *batch)
{
	struct store *store = importer->config.store;
	struct store_reader *reader = NULL;
	int64_t *ids = arena_alloc_zeroed(&batch->arena, batch->count, sizeof *ids);
	struct record_list list = {0};
	struct error err;
	size_t count = 0;

	for (size_t i = 0; ids && i < batch->count; i++)
		if (batch->records[i].corrected_id)
			ids[count++] = batch->records[i].corrected_id;
	if (!count)
		return;
	qsort(ids, count, sizeof *ids, compare_ids);
	if (store->call->open_reader(store, &reader, &err) != STATUS_OK ||
	    store->call->get_records(reader, ids, count, &batch->arena, &list, &err) != STATUS_OK)
		log_error(LOG_EVENT("corrected records are filtered as before until restart"), LOG_ERR(&err));
	store->call->close_reader(store, reader);
	column_feed_records(importer->config.columns, list.records, list.count);
}

static void show_batch(struct pipeline *pipeline, struct batch *batch)
{
	const struct import *import = &pipeline->claim.import;

	if (import->fixes)
		show_corrected(pipeline->importer, batch);
	else if (!import->dry_run)
		column_feed_batch(pipeline->importer->config.columns, import->id, batch);
}

static uint64_t count_invalid(const struct batch *batch)
{
	uint64_t count = 0;

	for (size_t i = 0; i < batch->count; i++)
		count += !record_is_valid(&batch->records[i]);
	return count;
}

static struct batch *other_batch(struct import_scratch *scratch)
{
	return scratch->batch == &scratch->batches[0] ? &scratch->batches[1] : &scratch->batches[0];
}

/* Waits for the batch under way, the one before the one that is read now. *stored: it; NULL where there was none. */
static enum status await_append(struct pipeline *pipeline, struct import_scratch *scratch, struct batch **stored,
				struct error *err)
{
	*stored = NULL;
	if (!scratch->storing)
		return STATUS_OK;
	scratch->storing = false;
	enum status status = append_stage_end(&scratch->append, err);
	if (status != STATUS_OK)
		return status;
	*stored = other_batch(scratch);
	if ((*stored)->awaited)
		scratch->awaited_ns = clock_monotonic_ns();
	pipeline->columns = SLICE("");
	pipeline->rows += (*stored)->count;
	return STATUS_OK;
}

/* Shows what is stored: to filters, to who waits for progress, to the embedding workers. */
static void announce(struct pipeline *pipeline, struct batch *stored, uint64_t bytes_read)
{
	struct importer *importer = pipeline->importer;
	int64_t id = pipeline->claim.import.id;

	show_batch(pipeline, stored);
	progress_stored(&importer->progress, id, bytes_read, stored->count, count_invalid(stored));
	log_debug(LOG_EVENT("batch stored"), LOG_INT("import_id", id), LOG_INT("records", stored->count));
	importer_feed(importer);
	importer_tell(importer, id);
	if (pipeline->claim.import.fixes)
		importer_tell(importer, pipeline->claim.import.fixes);
}

static enum status end_append(struct pipeline *pipeline, struct import_scratch *scratch, struct error *err)
{
	struct batch *stored;
	enum status status = await_append(pipeline, scratch, &stored, err);

	if (stored)
		announce(pipeline, stored, scratch->bytes_read);
	return status;
}

/* Has the batch stored, once the one before it is, which is announced while the writer has work again; the room of
 * that one is the next to be read into. */
static enum status store_batch(struct pipeline *pipeline, struct import_scratch *scratch, struct error *err)
{
	struct append append = {.store = pipeline->importer->config.store,
				.import_id = pipeline->claim.import.id,
				.batch = scratch->batch,
				.format = slice_of_string(file_format_name(reader_format(pipeline->reader)))};
	uint64_t bytes_stored = scratch->bytes_read;
	struct batch *stored;
	enum status status = describe_dialect(pipeline, scratch, &append.dialect, err);

	if (status == STATUS_OK)
		status = await_append(pipeline, scratch, &stored, err);
	if (status != STATUS_OK)
		return status;
	scratch->batch->columns = pipeline->columns;
	scratch->bytes_read = pipeline->bytes_read;
	append_stage_begin(&scratch->append, &append);
	scratch->storing = true;
	scratch->batch = other_batch(scratch);
	if (stored)
		announce(pipeline, stored, bytes_stored);
	return STATUS_OK;
}

static enum status finish(struct pipeline *pipeline, struct import_scratch *scratch, struct error *err)
{
	struct importer *importer = pipeline->importer;
	struct store *store = importer->config.store;
	int64_t id = pipeline->claim.import.id;
	struct slice format = slice_of_string(file_format_name(reader_format(pipeline->reader)));
	struct slice dialect;
	bool completed = false;
	enum status status = describe_dialect(pipeline, scratch, &dialect, err);

	if (status != STATUS_OK)
		return status;
	status = store->call->finish_parsing(store, id, format, dialect, &completed, err);
	if (status == STATUS_OK) {
		log_info(LOG_EVENT(completed ? "import completed" : "import stored"),
			 LOG_INT("import_id", id));
		importer_tell_end(importer);
	}
	return status == STATUS_OK ? STATUS_END : status;
}

static enum status run_batch(struct pipeline *pipeline, struct import_scratch *scratch, struct error *err)
{
	enum status status = read_batch(pipeline, scratch, err);

	if (status == STATUS_END) {
		status = end_append(pipeline, scratch, err);
		return status == STATUS_OK ? finish(pipeline, scratch, err) : status;
	}
	if (status == STATUS_OK)
		status = check_batch(pipeline, scratch, err);
	return status == STATUS_OK ? store_batch(pipeline, scratch, err) : status;
}

static enum status run_turn(struct pipeline *pipeline, struct import_scratch *scratch, struct error *err)
{
	uint64_t until = clock_monotonic_ns() + TURN_MS * 1000000ull;
	enum status status = pipeline_open(pipeline, err);
	struct error earlier;

	while (status == STATUS_OK && !pipeline->importer->stopping) {
		status = run_batch(pipeline, scratch, err);
		if (clock_monotonic_ns() >= until && import_queue_waits(&pipeline->importer->queue))
			break;
	}
	/* What went wrong with the batch before comes first. */
	enum status stored = end_append(pipeline, scratch, &earlier);
	if (stored == STATUS_OK)
		return status;
	*err = earlier;
	return stored;
}

/* ---- the end ---- */

/* Whether the file is to blame, so that trying again would end the same. */
static bool is_the_files_fault(enum status status)
{
	return status == STATUS_INVALID || status == STATUS_UNSUPPORTED ||
	       status == STATUS_TOO_LARGE || status == STATUS_NOT_FOUND ||
	       status == STATUS_CORRUPT;
}

static enum status record_failure(struct importer *importer, const struct import *import,
				  const struct error *reason, struct error *err)
{
	struct store *store = importer->config.store;

	pthread_mutex_lock(&importer->lives);
	enum status status = store->call->fail_import(store, import->id, reason, err);
	if (status == STATUS_OK)
		importer_forget(importer, import->id);
	pthread_mutex_unlock(&importer->lives);
	if (status != STATUS_OK)
		return status;
	log_warning(LOG_EVENT("import failed"), LOG_INT("import_id", import->id), LOG_ERR(reason),
		    LOG_INT("line", reason->line), LOG_INT("column", reason->column),
		    LOG_INT("byte", reason->byte));
	bell_ring(&importer->purge_bell);
	importer_tell_end(importer);
	return STATUS_OK;
}

/* The machine's fault: the reader is closed, and opened again behind the last row that is stored. */
static void set_back(struct pipeline *pipeline, const struct error *reason)
{
	struct store *store = pipeline->importer->config.store;
	struct store_reader *reader = NULL;
	struct arena arena;
	struct import import;

	pipeline_close(pipeline);
	arena_init(&arena, CLAIM_ARENA);
	if (store->call->open_reader(store, &reader, NULL) == STATUS_OK &&
	    store->call->get_import(reader, pipeline->claim.import.id, &arena, &import, NULL) == STATUS_OK)
		pipeline->rows = (uint64_t)import.total_records;
	store->call->close_reader(store, reader);
	arena_release(&arena);
	log_error(LOG_EVENT("import interrupted; it goes on later"),
		  LOG_INT("import_id", pipeline->claim.import.id), LOG_ERR(reason),
		  LOG_INT("retry_in_ms", pipeline->backoff_ms));
	pipeline->not_before_ns = clock_monotonic_ns() + pipeline->backoff_ms * 1000000;
	pipeline->backoff_ms =
		pipeline->backoff_ms * 2 > BACKOFF_LAST_MS ? BACKOFF_LAST_MS : pipeline->backoff_ms * 2;
}

static bool turn_is_last(struct pipeline *pipeline, struct import_scratch *scratch)
{
	struct importer *importer = pipeline->importer;
	struct error reason = {0}, err;
	enum status status = run_turn(pipeline, scratch, &reason);

	if (status == STATUS_OK) {
		pipeline->backoff_ms = BACKOFF_FIRST_MS;
		pipeline->not_before_ns = 0;
		return false;
	}
	if (status == STATUS_END)
		return true;
	if (status == STATUS_CANCELLED) {
		log_info(LOG_EVENT("import stopped: cancelled or deleted"),
			 LOG_INT("import_id", pipeline->claim.import.id));
		return true;
	}
	if (is_the_files_fault(status)) {
		status = record_failure(importer, &pipeline->claim.import, &reason, &err);
		if (status == STATUS_OK || status == STATUS_CANCELLED)
			return true;
		reason = err;
	}
	set_back(pipeline, &reason);
	return false;
}

bool pipeline_turn(struct pipeline *pipeline, struct import_scratch *scratch)
{
	log_set_request(pipeline->request_id);
	bool last = turn_is_last(pipeline, scratch);
	log_set_request("");
	return last;
}
