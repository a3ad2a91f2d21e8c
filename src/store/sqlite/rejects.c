#include "store/sqlite/rejects.h"

#include "base/banned.h"

enum status rejects_keep(struct sqlite_store *store, const struct record *record, int64_t record_id,
			 int64_t fixed_by, struct error *err)
{
	struct query query;

	if (!record->reject.data)
		return STATUS_OK;
	writer_query(store, &query, WRITE_KEEP_REJECT);
	query_bind_int(&query, 1, record_id);
	query_bind_blob(&query, 2, record->reject.data, record->reject.size);
	query_bind_int(&query, 3, (int64_t)record->reject_split);
	query_bind_int_or_null(&query, 4, fixed_by);
	return query_run(&query, err);
}

enum status rejects_read(struct sqlite_store *store, int64_t record_id, struct arena *arena, struct rejected_row *kept,
			 struct error *err)
{
	struct query query;

	*kept = (struct rejected_row){.record_id = record_id};
	writer_query(store, &query, WRITE_READ_REJECT);
	query_bind_int(&query, 1, record_id);
	if (query_row(&query)) {
		const void *sent = sqlite3_column_blob(query.statement, 0);
		size_t size = (size_t)sqlite3_column_bytes(query.statement, 0);
		if (sent && !arena_copy(arena, slice_of(sent, size), &kept->sent))
			query_no_memory(&query);
		kept->split = (size_t)query_int(&query, 1);
		kept->errors = query_text(&query, 2, arena);
		if (kept->split > kept->sent.size)
			kept->split = kept->sent.size;
	}
	return query_end(&query, err);
}

static bool read_row(struct query *query, struct arena *arena, struct rejected_row *row)
{
	*row = (struct rejected_row){
		.record_id = query_int(query, 0),
		.row = query_int(query, 1),
		.line = query_int(query, 2),
		.message = query_text(query, 3, arena),
		.errors = query_is_null(query, 4) ? SLICE("[]") : query_text(query, 4, arena),
		.split = (size_t)query_int(query, 6),
	};
	const void *sent = sqlite3_column_blob(query->statement, 5);
	size_t size = (size_t)sqlite3_column_bytes(query->statement, 5);
	if (!sent || !size)
		row->data = query_text(query, 7, arena);
	else if (!arena_copy(arena, slice_of(sent, size), &row->sent))
		return false;
	if (row->split > row->sent.size)
		row->split = row->sent.size;
	return true;
}

/* The bounds of what is rejected, and the import's run. */
static enum status read_bounds(struct sqlite_reader *reader, int64_t import_id, int64_t *last,
			       struct reject_list *list, struct error *err)
{
	struct query query;

	query_begin(&query, &reader->connection, READ_ERROR_BOUNDS);
	query_bind_int(&query, 1, import_id);
	bool found = query_row(&query);
	if (found) {
		*last = query_int(&query, 1);
		list->run = query_int(&query, 2);
	}
	enum status status = query_end(&query, err);
	if (status == STATUS_OK && !found)
		return error_set(err, STATUS_NOT_FOUND, NULL, "there is no import %lld",
				 (long long)import_id);
	return status;
}

enum status rejects_list(struct store_reader *base, int64_t import_id, int64_t after_id, uint32_t limit,
			 size_t size_limit, struct arena *arena, struct reject_list *list,
			 struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	int64_t last = 0;
	size_t size = 0;
	struct query query;

	*list = (struct reject_list){.rows = arena_alloc_zeroed(arena, limit, sizeof *list->rows)};
	if (!list->rows)
		return error_no_memory(err);
	enum status status = read_bounds(reader, import_id, &last, list, err);
	if (status != STATUS_OK)
		return status;
	query_begin(&query, &reader->connection, READ_REJECTS);
	query_bind_int(&query, 1, import_id);
	query_bind_int(&query, 2, after_id);
	query_bind_int(&query, 3, last);
	while (query_row(&query)) {
		if (list->count == limit || size >= size_limit) {
			list->more = true;
			break;
		}
		struct rejected_row *row = &list->rows[list->count++];
		if (!read_row(&query, arena, row)) {
			query_no_memory(&query);
			break;
		}
		size += row->sent.size + row->data.size + row->errors.size;
	}
	return query_end(&query, err);
}
