/* Reading records: pages of ids first, from the indexes alone, then the wide rows by id. */
#include "store/sqlite/spans.h"

#include "base/banned.h"

static void read_record_row(struct query *query, struct arena *arena, struct stored_record *record)
{
	*record = (struct stored_record){
		.id = query_int(query, 1),
		.import_id = query_int(query, 2),
		.row = query_int(query, 3),
		.line = query_int(query, 4),
		.valid = query_int(query, 5) != 0,
		.embedded = query_int(query, 6) != 0,
		.data = query_text(query, 7, arena),
		.error_message = query_text(query, 8, arena),
		.errors = query_is_null(query, 9) ? SLICE("[]") : query_text(query, 9, arena),
		.created_ms = time_text_parse(query_text_borrowed(query, 10)),
	};
}

bool ids_as_json(const int64_t *ids, size_t count, struct arena *arena, struct slice *text)
{
	struct strbuf list;
	struct json_writer json;

	strbuf_init(&list, 64 + 24 * count);
	json_writer_init(&json, &list);
	json_begin_array(&json);
	for (size_t i = 0; i < count; i++)
		json_put_int(&json, ids[i]);
	json_end_array(&json);
	bool done = strbuf_ok(&list) && arena_copy(arena, strbuf_slice(&list), text);
	strbuf_release(&list);
	return done;
}

/* Begins a statement over these ids; its rows name their place in the list. */
static enum status begin_ids(struct query *query, struct sqlite_reader *reader, int statement,
			     const int64_t *ids, size_t count, struct arena *arena, struct error *err)
{
	struct slice list;

	if (!ids_as_json(ids, count, arena, &list))
		return error_no_memory(err);
	query_begin(query, &reader->connection, statement);
	query_bind_text(query, 1, list);
	return STATUS_OK;
}

enum status records_get(struct store_reader *base, const int64_t *ids, size_t count,
			struct arena *arena, struct record_list *list, struct error *err)
{
	struct query query;

	*list = (struct record_list){
		.records = arena_alloc_zeroed(arena, count, sizeof *list->records)};
	if (!list->records)
		return error_no_memory(err);
	enum status status =
		begin_ids(&query, sqlite_reader_of(base), READ_RECORDS, ids, count, arena, err);
	if (status != STATUS_OK)
		return status;
	while (query_row(&query))
		read_record_row(&query, arena, &list->records[query_int(&query, 0)]);
	status = query_end(&query, err);
	/* Those that are gone leave no gap. */
	for (size_t i = 0; i < count; i++)
		if (list->records[i].id)
			list->records[list->count++] = list->records[i];
	list->total = (int64_t)list->count;
	return status;
}

enum status records_list(struct store_reader *base, const struct record_query *wanted,
			 struct arena *arena, struct record_list *list, struct error *err)
{
	static const enum record_kind kind_of[] = {
		[RECORD_STATUS_ANY] = RECORDS_ANY,
		[RECORD_STATUS_VALID] = RECORDS_VALID,
		[RECORD_STATUS_INVALID] = RECORDS_INVALID,
	};
	struct sqlite_reader *reader = sqlite_reader_of(base);
	const struct page_query *page = &wanted->page;
	enum record_kind kind = kind_of[wanted->status];
	struct spans spans;
	int64_t *ids;
	size_t count;

	*list = (struct record_list){0};
	enum status status = spans_read(reader, wanted->import_id, kind, arena, &spans, err);
	/* One more than asked for tells whether something follows. */
	if (status == STATUS_OK)
		status = spans_list_ids(reader, &spans, kind, page->cursor_id,
					page->cursor_id ? 0 : page->offset,
					(size_t)page->limit + 1, arena, &ids, &count, err);
	if (status != STATUS_OK)
		return status;
	bool more = count > page->limit;
	status = records_get(base, ids, more ? page->limit : count, arena, list, err);
	list->total = spans.total;
	list->more = more;
	return status;
}

enum status records_list_rows(struct store_reader *base, int64_t import_id, int64_t after_id, int64_t last_id,
			      uint32_t limit, struct arena *arena, struct stored_row **rows, size_t *count,
			      struct error *err)
{
	struct query query;

	*count = 0;
	*rows = arena_alloc_zeroed(arena, limit, sizeof **rows);
	if (!*rows)
		return error_no_memory(err);
	query_begin(&query, &sqlite_reader_of(base)->connection, READ_ROWS);
	query_bind_int(&query, 1, import_id);
	query_bind_int(&query, 2, after_id);
	query_bind_int(&query, 3, last_id);
	query_bind_int(&query, 4, limit);
	while (query_row(&query))
		(*rows)[(*count)++] = (struct stored_row){
			.id = query_int(&query, 0),
			.row = query_int(&query, 1),
			.valid = query_int(&query, 2) != 0,
			.embedded = query_int(&query, 3) != 0,
			.data = query_text(&query, 4, arena),
			.created_ms = time_text_parse(query_text_borrowed(&query, 5)),
		};
	return query_end(&query, err);
}

enum status records_last_id(struct store_reader *base, int64_t *id, struct error *err)
{
	struct query query;

	query_begin(&query, &sqlite_reader_of(base)->connection, READ_LAST_ID);
	*id = query_row(&query) ? query_int(&query, 0) : 0;
	return query_end(&query, err);
}

static enum status list_pending_ids(struct sqlite_reader *reader, int64_t import_id, int64_t after_id,
				    uint32_t limit, struct arena *arena, int64_t **ids, size_t *count,
				    struct error *err)
{
	struct spans spans;

	*count = 0;
	enum status status = spans_read(reader, import_id, RECORDS_PENDING, arena, &spans, err);
	return status == STATUS_OK ? spans_list_ids(reader, &spans, RECORDS_PENDING, after_id, 0, limit, arena,
						    ids, count, err)
				   : status;
}

enum status records_count_pending(struct store_reader *base, int64_t import_id, int64_t after_id, uint32_t limit,
				  struct arena *arena, size_t *count, struct error *err)
{
	int64_t *ids;

	return list_pending_ids(sqlite_reader_of(base), import_id, after_id, limit, arena, &ids, count, err);
}

enum status records_list_pending(struct store_reader *base, int64_t import_id, int64_t after_id,
				 uint32_t limit, struct arena *arena, struct pending_record **records,
				 size_t *count, struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	struct query query;
	int64_t *ids;

	enum status status = list_pending_ids(reader, import_id, after_id, limit, arena, &ids, count, err);
	if (status != STATUS_OK)
		return status;
	*records = arena_alloc_zeroed(arena, *count, sizeof **records);
	if (!*records)
		return error_no_memory(err);
	status = begin_ids(&query, reader, READ_PENDING, ids, *count, arena, err);
	if (status != STATUS_OK)
		return status;
	while (query_row(&query))
		(*records)[query_int(&query, 0)] = (struct pending_record){
			.id = query_int(&query, 1),
			.import_id = query_int(&query, 2),
			.data = query_text(&query, 3, arena),
			.schema = query_text(&query, 4, arena),
			.schema_document = query_int(&query, 5),
		};
	return query_end(&query, err);
}

/* ---- vectors ---- */

enum { VECTOR_SIZE = VECTOR_DIMENSION * sizeof(float) };

static bool is_in_group(const struct span *group, size_t group_count, int64_t import_id, int64_t id)
{
	for (size_t i = 0; i < group_count; i++)
		if (group[i].import_id == import_id)
			return id >= group[i].first && id <= group[i].last;
	return false;
}

static bool read_vector_row(struct query *query, struct arena *arena, struct record_vector *vector)
{
	const void *bytes = sqlite3_column_blob(query->statement, 2);
	float *copy = arena_alloc(arena, VECTOR_SIZE);

	if (!bytes || !copy || sqlite3_column_bytes(query->statement, 2) != VECTOR_SIZE)
		return false;
	memcpy(copy, bytes, VECTOR_SIZE);
	*vector = (struct record_vector){
		.id = query_int(query, 0), .import_id = query_int(query, 1), .vector = copy};
	return true;
}

/* Rows lie in the order of their ids: a scan of the table itself is the fastest way to them. */
static enum status read_group(struct sqlite_reader *reader, const struct span *group,
			      size_t group_count, int64_t after, int64_t last, size_t limit,
			      struct arena *arena, struct record_vector *vectors, size_t *count,
			      struct error *err)
{
	struct query query;

	query_begin(&query, &reader->connection, READ_VECTORS);
	query_bind_int(&query, 1, after < group->first ? group->first - 1 : after);
	query_bind_int(&query, 2, last);
	while (*count < limit && query_row(&query)) {
		if (!is_in_group(group, group_count, query_int(&query, 1), query_int(&query, 0)))
			continue;
		if (!read_vector_row(&query, arena, &vectors[*count])) {
			query_no_memory(&query);
			break;
		}
		(*count)++;
	}
	return query_end(&query, err);
}

enum status vectors_list(struct store_reader *base, int64_t after_id, int64_t last_id, uint32_t limit,
			 struct arena *arena, struct record_vector **vectors, size_t *count,
			 struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	struct spans spans;

	*count = 0;
	*vectors = arena_alloc_zeroed(arena, limit, sizeof **vectors);
	if (!*vectors)
		return error_no_memory(err);
	enum status status = spans_read(reader, 0, RECORDS_EMBEDDED, arena, &spans, err);
	for (size_t i = 0; i < spans.count && *count < limit && status == STATUS_OK;) {
		int64_t last;
		size_t group_count = spans_group(&spans, i, &last);
		if (spans.items[i].first > last_id)
			break;
		if (last > last_id)
			last = last_id;
		if (last > after_id)
			status = read_group(reader, &spans.items[i], group_count, after_id, last,
					    limit, arena, *vectors, count, err);
		i += group_count;
	}
	return status;
}

static enum status find_vector(struct sqlite_reader *reader, const unsigned char *hash,
			       struct arena *arena, const float **vector, struct error *err)
{
	struct query query;

	*vector = NULL;
	query_begin(&query, &reader->connection, READ_VECTOR_OF_TEXT);
	query_bind_blob(&query, 1, hash, TEXT_HASH_SIZE);
	if (query_row(&query)) {
		float *copy = arena_alloc(arena, VECTOR_SIZE);
		if (!copy)
			query_no_memory(&query);
		else if (sqlite3_column_bytes(query.statement, 0) == VECTOR_SIZE)
			*vector = memcpy(copy, sqlite3_column_blob(query.statement, 0), VECTOR_SIZE);
	}
	return query_end(&query, err);
}

enum status vectors_find(struct store_reader *base, const unsigned char *hashes, size_t count,
			 struct arena *arena, const float **vectors, struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	enum status status = STATUS_OK;

	for (size_t i = 0; i < count && status == STATUS_OK; i++)
		status = find_vector(reader, hashes + i * TEXT_HASH_SIZE, arena, &vectors[i], err);
	return status;
}
