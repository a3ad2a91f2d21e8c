#include "import/column_feed.h"

#include "base/clock.h"
#include "base/log.h"
#include "parse/reader.h"

#include "base/banned.h"

enum { LOAD_ROWS = 1000, LOAD_IMPORTS = 1000, LOAD_ARENA = 1 << 28 };

/* The fields of a record as its data has them. Data that is no object has none, nor has data that is no JSON. */
static struct column_row row_of(struct slice data, bool valid, bool embedded, struct arena *arena)
{
	struct record record = {0};
	struct column_row row = {.valid = valid, .embedded = embedded};

	enum status status = json_read_record(data, arena, &record, NULL);
	if ((status == STATUS_OK || status == STATUS_INVALID) && record.shape == RECORD_FIELDS) {
		row.fields = record.fields;
		row.field_count = record.field_count;
	}
	return row;
}

void column_feed_batch(struct columns *columns, int64_t import_id, struct batch *batch)
{
	struct column_row *rows;

	if (!batch->count)
		return;
	rows = arena_alloc_zeroed(&batch->arena, batch->count, sizeof *rows);
	for (size_t i = 0; rows && i < batch->count; i++) {
		const struct record *record = &batch->records[i];
		/* What is stored of an invalid row is what was sent, which its fields are not always. */
		if (record_is_valid(record))
			rows[i] = (struct column_row){
				.fields = record->fields, .field_count = record->field_count, .valid = true};
		else
			rows[i] = row_of(record->data, false, false, &batch->arena);
	}
	if (rows)
		columns_append(columns, import_id, batch->first_id, batch->created_ms,
			       (int64_t)batch->records[0].row, rows, batch->count);
	else
		columns_give_up(columns);
}

void column_feed_records(struct columns *columns, const struct stored_record *records, size_t count)
{
	struct arena arena;

	if (!count)
		return;
	arena_init(&arena, LOAD_ARENA);
	int64_t *ids = arena_alloc_zeroed(&arena, count, sizeof *ids);
	struct column_row *rows = arena_alloc_zeroed(&arena, count, sizeof *rows);
	for (size_t i = 0; ids && rows && i < count; i++) {
		ids[i] = records[i].id;
		rows[i] = row_of(records[i].data, records[i].valid, records[i].embedded, &arena);
	}
	if (ids && rows)
		columns_replace(columns, records[0].import_id, ids, rows, count);
	else
		columns_give_up(columns);
	arena_release(&arena);
}

void column_feed_vectors(struct columns *columns, const struct record_vector *vectors, size_t count)
{
	for (size_t i = 0; i < count;) {
		int64_t ids[256], import_id = vectors[i].import_id;
		size_t found = 0;
		for (; i < count && vectors[i].import_id == import_id && found < 256; i++)
			if (vectors[i].attached)
				ids[found++] = vectors[i].id;
		columns_set_embedded(columns, import_id, ids, found, true);
	}
}

/* ---- loading ---- */

struct load {
	struct columns *columns;
	struct store *store;
	int64_t last_id;
	const atomic_bool *stopping;
	struct arena slice, rows; /* of one import's slice of rows: what the store gave, and what was read in it */
};

static bool end_segment(struct load *load, struct segment_builder **builder)
{
	bool done = true;

	if (*builder && segment_builder_count(*builder))
		done = columns_load(load->columns,
				    segment_builder_finish(*builder, columns_spill(load->columns)));
	segment_builder_free(*builder);
	*builder = NULL;
	return done;
}

static bool add_row(struct load *load, int64_t import_id, const struct stored_row *row,
		    struct segment_builder **builder)
{
	if (*builder && (segment_builder_count(*builder) == SEGMENT_ROWS_MOST ||
			 segment_builder_size(*builder) > SEGMENT_BYTES_MOST) &&
	    !end_segment(load, builder))
		return false;
	if (!*builder)
		*builder = segment_builder_new(import_id, row->row);
	arena_reset(&load->rows);
	struct column_row cells = row_of(row->data, row->valid, row->embedded, &load->rows);
	return *builder && segment_builder_add(*builder, row->id, row->created_ms, &cells);
}

/* Each slice has a reader of its own, so that no snapshot is held for long. */
static enum status load_import(struct load *load, int64_t import_id, struct error *err)
{
	struct segment_builder *builder = NULL;
	enum status status = STATUS_OK;
	size_t count = LOAD_ROWS;
	int64_t after = 0;

	while (status == STATUS_OK && count == LOAD_ROWS) {
		struct store_reader *reader = NULL;
		struct stored_row *rows;
		if (*load->stopping)
			status = error_set(err, STATUS_UNAVAILABLE, "stopping", "the server stops");
		arena_reset(&load->slice);
		if (status == STATUS_OK)
			status = load->store->call->open_reader(load->store, &reader, err);
		if (status == STATUS_OK)
			status = load->store->call->list_rows(reader, import_id, after, load->last_id,
							      LOAD_ROWS, &load->slice, &rows, &count, err);
		load->store->call->close_reader(load->store, reader);
		for (size_t i = 0; status == STATUS_OK && i < count; i++) {
			after = rows[i].id;
			if (!add_row(load, import_id, &rows[i], &builder))
				status = error_no_memory(err);
		}
	}
	if (status == STATUS_OK && !end_segment(load, &builder))
		status = error_no_memory(err);
	segment_builder_free(builder);
	return status;
}

static enum status load_all(struct load *load, struct error *err)
{
	struct import_query query = {.page = {.limit = LOAD_IMPORTS}};
	struct import_list list = {.more = true};
	enum status status = STATUS_OK;
	struct arena arena;

	arena_init(&arena, LOAD_ARENA);
	while (status == STATUS_OK && list.more) {
		struct store_reader *reader = NULL;
		arena_reset(&arena);
		status = load->store->call->open_reader(load->store, &reader, err);
		if (status == STATUS_OK)
			status = load->store->call->list_imports(reader, &query, &arena, &list, err);
		load->store->call->close_reader(load->store, reader);
		for (size_t i = 0; status == STATUS_OK && i < list.count; i++) {
			query.page.cursor_id = list.imports[i].id;
			if (list.imports[i].total_records)
				status = load_import(load, list.imports[i].id, err);
		}
	}
	arena_release(&arena);
	return status;
}

void column_feed_load(struct columns *columns, struct store *store, int64_t last_id,
		      const atomic_bool *stopping)
{
	struct load load = {.columns = columns, .store = store, .last_id = last_id, .stopping = stopping};
	uint64_t started_ns = clock_monotonic_ns();
	struct error err;

	arena_init(&load.slice, LOAD_ARENA);
	arena_init(&load.rows, LOAD_ARENA);
	enum status status = load_all(&load, &err);
	arena_release(&load.slice);
	arena_release(&load.rows);
	if (status == STATUS_OK)
		log_info(LOG_EVENT("columns loaded"), LOG_INT("bytes", columns_size(columns)),
			 LOG_INT("ms", (clock_monotonic_ns() - started_ns) / 1000000));
	else if (!*stopping)
		log_error(LOG_EVENT("columns not loaded"), LOG_ERR(&err));
	columns_end_load(columns, status == STATUS_OK);
}

enum status column_feed_last_id(struct store *store, int64_t *last_id, struct error *err)
{
	struct store_reader *reader = NULL;
	enum status status = store->call->open_reader(store, &reader, err);

	if (status == STATUS_OK)
		status = store->call->get_last_record_id(reader, last_id, err);
	store->call->close_reader(store, reader);
	return status;
}
