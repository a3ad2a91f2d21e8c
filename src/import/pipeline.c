/* One function a stage: read a batch, check it, store it. */
#include "base/clock.h"
#include "base/log.h"
#include "import/internal.h"
#include "import/upload_options.h"
#include "intake/spool.h"
#include "parse/reader.h"

#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

enum {
	BATCH_RECORDS = 1000,
	BATCH_BYTES = 4 << 20,
	CLAIM_ARENA = 1 << 20,
	BACKOFF_FIRST_MS = 500,
	BACKOFF_LAST_MS = 30000,
};

struct pipeline {
	struct importer *importer;
	struct running_import *running;
	const struct import *import;
	struct arena arena; /* lives as long as the claim */
	struct upload_options upload; /* what the sender said */
	const struct schema *schema;
	int fd;
	struct reader *reader;
	struct validator *validator;
	struct batch batch;
	struct strbuf json; /* scratch for one record's data */
	bool columns_checked;
};

static void pipeline_release(struct pipeline *pipeline)
{
	reader_close(pipeline->reader);
	validator_free(pipeline->validator);
	schema_release(pipeline->schema);
	batch_release(&pipeline->batch);
	strbuf_release(&pipeline->json);
	arena_release(&pipeline->arena);
	if (pipeline->fd >= 0)
		close(pipeline->fd);
}

static enum status pipeline_open(struct pipeline *pipeline, struct error *err)
{
	struct reader_options options = {0};

	arena_init(&pipeline->arena, CLAIM_ARENA);
	strbuf_init(&pipeline->json, SIZE_MAX / 2);
	enum status status =
		upload_options_read(pipeline->import->options, &pipeline->arena, &pipeline->upload, err);
	if (status == STATUS_OK)
		status = schema_cache_get(pipeline->importer->config.schemas, pipeline->import->schema,
					  pipeline->import->schema_document, &pipeline->schema, err);
	if (status != STATUS_OK)
		return status;
	pipeline->fd = spool_open(pipeline->importer->config.spool_folder,
				  pipeline->import->spool_name, err);
	if (pipeline->fd < 0)
		return err->status;
	pipeline->validator = validator_new(pipeline->schema);
	if (!pipeline->validator || !batch_init(&pipeline->batch, BATCH_RECORDS, BATCH_BYTES))
		return error_no_memory(err);
	options.known_fields = schema_known_columns(pipeline->schema, &options.known_field_count);
	return reader_open(pipeline->fd, &options, &pipeline->reader, err);
}

/* The header is known from the first read on, also in a file without rows. */
static enum status check_columns(struct pipeline *pipeline, struct error *err)
{
	size_t count;
	const struct slice *columns = reader_columns(pipeline->reader, &count);

	if (pipeline->columns_checked || !columns)
		return STATUS_OK;
	pipeline->columns_checked = true;
	return validator_check_columns(pipeline->validator, columns, count, err);
}

static enum status read_batch(struct pipeline *pipeline, struct error *err)
{
	batch_clear(&pipeline->batch);
	enum status status = reader_next(pipeline->reader, &pipeline->batch, err);
	pipeline->running->bytes_read = reader_bytes_read(pipeline->reader);
	if (status != STATUS_OK && status != STATUS_END)
		return status;
	enum status columns = check_columns(pipeline, err);
	return columns == STATUS_OK ? status : columns;
}

static enum status check_batch(struct pipeline *pipeline, struct error *err)
{
	struct batch *batch = &pipeline->batch;
	struct json_writer json;

	for (size_t i = 0; i < batch->count; i++) {
		struct record *record = &batch->records[i];
		enum status status =
			validator_check(pipeline->validator, record, &batch->arena, err);
		if (status != STATUS_OK)
			return status;
		strbuf_clear(&pipeline->json);
		json_writer_init(&json, &pipeline->json);
		record_write_data(record, &json);
		if (!strbuf_ok(&pipeline->json) ||
		    !arena_copy(&batch->arena, strbuf_slice(&pipeline->json), &record->data))
			return error_no_memory(err);
	}
	return STATUS_OK;
}

/* What the import shows of how the file was read, as JSON in the batch's arena. */
static enum status describe_dialect(struct pipeline *pipeline, struct slice *dialect,
				    struct error *err)
{
	struct json_writer json;

	strbuf_clear(&pipeline->json);
	json_writer_init(&json, &pipeline->json);
	dialect_write_json(reader_dialect(pipeline->reader), &json);
	if (!strbuf_ok(&pipeline->json) ||
	    !arena_copy(&pipeline->batch.arena, strbuf_slice(&pipeline->json), dialect))
		return error_no_memory(err);
	return STATUS_OK;
}

static enum status store_batch(struct pipeline *pipeline, struct error *err)
{
	struct store *store = pipeline->importer->config.store;
	struct slice format = slice_of_string(file_format_name(reader_format(pipeline->reader)));
	struct slice dialect;
	enum status status = describe_dialect(pipeline, &dialect, err);

	if (status != STATUS_OK)
		return status;
	status = store->call->append_batch(store, pipeline->import->id, &pipeline->batch, format,
					   dialect, err);
	if (status == STATUS_OK) {
		log_debug(LOG_EVENT("batch stored"), LOG_INT("import_id", pipeline->import->id),
			  LOG_INT("records", pipeline->batch.count));
		bell_ring(&pipeline->importer->embed_bell);
	}
	return status;
}

static enum status finish(struct pipeline *pipeline, struct error *err)
{
	struct store *store = pipeline->importer->config.store;
	struct slice format = slice_of_string(file_format_name(reader_format(pipeline->reader)));
	struct slice dialect;
	bool completed = false;
	enum status status = describe_dialect(pipeline, &dialect, err);

	if (status != STATUS_OK)
		return status;
	status = store->call->finish_parsing(store, pipeline->import->id, format, dialect,
					     &completed, err);
	if (status == STATUS_OK) {
		log_info(LOG_EVENT(completed ? "import completed" : "import stored"),
			 LOG_INT("import_id", pipeline->import->id));
		bell_ring(&pipeline->importer->ended_bell);
	}
	return status;
}

static enum status run_stages(struct pipeline *pipeline, uint64_t rows_done, struct error *err)
{
	enum status status = pipeline_open(pipeline, err);

	if (status == STATUS_OK && rows_done)
		status = reader_skip(pipeline->reader, rows_done, err);
	while (status == STATUS_OK) {
		if (pipeline->importer->stopping)
			return error_set(err, STATUS_UNAVAILABLE, "stopping", "the server stops");
		status = read_batch(pipeline, err);
		if (status == STATUS_END)
			return finish(pipeline, err);
		if (status == STATUS_OK)
			status = check_batch(pipeline, err);
		if (status == STATUS_OK)
			status = store_batch(pipeline, err);
	}
	return status;
}

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
	enum status status = store->call->fail_import(store, import->id, reason, err);

	if (status != STATUS_OK)
		return status;
	vector_index_remove_import(importer->config.index, import->id);
	log_warning(LOG_EVENT("import failed"), LOG_INT("import_id", import->id), LOG_ERR(reason),
		    LOG_INT("line", reason->line), LOG_INT("column", reason->column),
		    LOG_INT("byte", reason->byte));
	bell_ring(&importer->purge_bell);
	bell_ring(&importer->ended_bell);
	return STATUS_OK;
}

enum status pipeline_run(struct importer *importer, struct running_import *running,
			 const struct import_claim *claim, struct error *err)
{
	struct pipeline pipeline = {
		.importer = importer, .running = running, .import = &claim->import, .fd = -1};
	struct store *store = importer->config.store;
	struct error reason = {0};

	enum status status = run_stages(&pipeline, claim->rows_done, &reason);
	pipeline_release(&pipeline);
	if (status == STATUS_OK)
		return STATUS_OK;
	if (status == STATUS_CANCELLED) {
		log_info(LOG_EVENT("import stopped: cancelled or deleted"),
			 LOG_INT("import_id", claim->import.id));
		return STATUS_OK;
	}
	if (is_the_files_fault(status)) {
		status = record_failure(importer, &claim->import, &reason, err);
		if (status == STATUS_OK)
			return STATUS_OK;
	} else {
		*err = reason;
	}
	struct error late;
	if (store->call->release_import(store, claim->import.id, &late) != STATUS_OK)
		log_error(LOG_EVENT("claim not given back; it ends at the next start"),
			  LOG_INT("import_id", claim->import.id), LOG_ERR(&late));
	return status;
}

static void run_claim(struct importer *importer, struct running_import *running,
		      const struct import_claim *claim, uint64_t *backoff_ms)
{
	struct error err = {0};
	char request_id[65];

	snprintf(request_id, sizeof request_id, "%.*s", SLICE_ARG(claim->import.request_id));
	log_set_request(request_id);
	log_info(LOG_EVENT(claim->rows_done ? "import resumed" : "import started"),
		 LOG_INT("import_id", claim->import.id), LOG_INT("rows_done", claim->rows_done));
	running->bytes_read = 0;
	running->import_id = claim->import.id;
	enum status status = pipeline_run(importer, running, claim, &err);
	running->import_id = 0;
	if (status != STATUS_OK && !importer->stopping) {
		log_error(LOG_EVENT("import interrupted; it goes on later"),
			  LOG_INT("import_id", claim->import.id), LOG_ERR(&err),
			  LOG_INT("retry_in_ms", *backoff_ms));
		importer_pause(importer, *backoff_ms);
		*backoff_ms = *backoff_ms * 2 > BACKOFF_LAST_MS ? BACKOFF_LAST_MS : *backoff_ms * 2;
	} else {
		*backoff_ms = BACKOFF_FIRST_MS;
	}
	log_set_request("");
}

void *import_thread_main(void *argument)
{
	struct running_import *running = argument;
	struct importer *importer = running->importer;
	struct store *store = importer->config.store;
	uint64_t backoff_ms = BACKOFF_FIRST_MS;
	struct arena arena;

	arena_init(&arena, CLAIM_ARENA);
	while (!importer->stopping) {
		struct import_claim claim;
		struct error err;
		uint64_t seen = bell_count(&importer->import_bell);

		arena_reset(&arena);
		enum status status = store->call->claim_import(store, &arena, &claim, &err);
		if (status == STATUS_OK) {
			run_claim(importer, running, &claim, &backoff_ms);
			continue;
		}
		if (status != STATUS_END)
			log_error(LOG_EVENT("no import can be claimed"), LOG_ERR(&err));
		bell_wait(&importer->import_bell, seen, 5000);
	}
	arena_release(&arena);
	return NULL;
}
