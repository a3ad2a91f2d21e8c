/* Schemas by name, and the documents that they and imports have. */
#include "base/clock.h"
#include "store/sqlite/internal.h"

#include "base/banned.h"

static enum status no_such_schema(struct slice name, struct error *err)
{
	return error_set(err, STATUS_NOT_FOUND, "unknown-schema", "there is no schema '%.*s'",
			 SLICE_ARG(name));
}

/* ---- documents ---- */

enum status schema_document_keep(struct sqlite_store *store, struct slice document, int64_t *id,
				 struct error *err)
{
	unsigned char hash[SHA256_SIZE];
	struct query query;

	sha256_of(document, hash);
	writer_query(store, &query, WRITE_FIND_DOCUMENT);
	query_bind_blob(&query, 1, hash, SHA256_SIZE);
	*id = query_row(&query) ? query_int(&query, 0) : 0;
	enum status status = query_end(&query, err);
	if (status != STATUS_OK || *id)
		return status;
	writer_query(store, &query, WRITE_ADD_DOCUMENT);
	query_bind_blob(&query, 1, hash, SHA256_SIZE);
	query_bind_text(&query, 2, document);
	status = query_run(&query, err);
	*id = sqlite3_last_insert_rowid(store->writer.connection.db);
	return status;
}

enum status schema_document_drop(struct sqlite_store *store, int64_t id, struct error *err)
{
	return id ? writer_run_by_id(store, WRITE_DROP_DOCUMENT, id, err) : STATUS_OK;
}

/* ---- writing ---- */

/* The document that the schema has; 0: there is no such schema. */
static enum status find_document(struct sqlite_store *store, struct slice name, int64_t *id,
				 struct error *err)
{
	struct query query;

	writer_query(store, &query, WRITE_READ_SCHEMA);
	query_bind_text(&query, 1, name);
	*id = query_row(&query) ? query_int(&query, 0) : 0;
	return query_end(&query, err);
}

static enum status put_within(struct sqlite_store *store, struct slice name, struct slice document,
			      struct error *err)
{
	char now[CLOCK_TEXT_SIZE];
	int64_t before, after;
	struct query query;
	enum status status = find_document(store, name, &before, err);

	if (status == STATUS_OK)
		status = schema_document_keep(store, document, &after, err);
	if (status != STATUS_OK)
		return status;
	clock_format(clock_now_ms(), now);
	writer_query(store, &query, WRITE_PUT_SCHEMA);
	query_bind_text(&query, 1, name);
	query_bind_int(&query, 2, after);
	query_bind_text(&query, 3, slice_of(now, CLOCK_TEXT_SIZE - 1));
	status = query_run(&query, err);
	return status == STATUS_OK ? schema_document_drop(store, before, err) : status;
}

enum status schema_put(struct store *base, struct slice name, struct slice document,
		       struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	return writer_end(store, put_within(store, name, document, err), err);
}

static enum status delete_within(struct sqlite_store *store, struct slice name, struct error *err)
{
	struct query query;
	int64_t document;
	enum status status = find_document(store, name, &document, err);

	if (status != STATUS_OK)
		return status;
	if (!document)
		return no_such_schema(name, err);
	writer_query(store, &query, WRITE_DROP_SCHEMA);
	query_bind_text(&query, 1, name);
	status = query_run(&query, err);
	return status == STATUS_OK ? schema_document_drop(store, document, err) : status;
}

enum status schema_delete(struct store *base, struct slice name, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);
	enum status status = writer_begin(store, err);

	if (status != STATUS_OK)
		return status;
	return writer_end(store, delete_within(store, name, err), err);
}

/* ---- reading ---- */

static void read_row(struct query *query, struct arena *arena, struct stored_schema *schema)
{
	*schema = (struct stored_schema){
		.id = query_int(query, 0),
		.name = query_text(query, 1, arena),
		.document_id = query_int(query, 2),
		.document = query_text(query, 3, arena),
		.created_ms = time_text_parse(query_text_borrowed(query, 4)),
		.updated_ms = time_text_parse(query_text_borrowed(query, 5)),
	};
}

enum status schema_get(struct store_reader *base, struct slice name, struct arena *arena,
		       struct stored_schema *schema, struct error *err)
{
	struct query query;

	query_begin(&query, &sqlite_reader_of(base)->connection, READ_SCHEMA);
	query_bind_text(&query, 1, name);
	bool found = query_row(&query);
	if (found)
		read_row(&query, arena, schema);
	enum status status = query_end(&query, err);
	return status == STATUS_OK && !found ? no_such_schema(name, err) : status;
}

enum status schemas_list(struct store_reader *base, const struct page_query *page,
			 struct arena *arena, struct schema_list *list, struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	struct query query;

	*list = (struct schema_list){
		.schemas = arena_alloc_zeroed(arena, page->limit, sizeof *list->schemas)};
	if (!list->schemas)
		return error_no_memory(err);
	query_begin(&query, &reader->connection, READ_SCHEMA_COUNT);
	if (query_row(&query))
		list->total = query_int(&query, 0);
	enum status status = query_end(&query, err);
	if (status != STATUS_OK)
		return status;
	query_begin(&query, &reader->connection, READ_SCHEMAS);
	query_bind_int(&query, 1, page->cursor_id);
	query_bind_int(&query, 2, (int64_t)page->limit + 1);
	query_bind_int(&query, 3, page->cursor_id ? 0 : page->offset);
	while (query_row(&query)) {
		if (list->count == page->limit) {
			list->more = true;
			break;
		}
		read_row(&query, arena, &list->schemas[list->count++]);
	}
	return query_end(&query, err);
}

enum status schema_document_get(struct store_reader *base, int64_t id, struct arena *arena,
				struct slice *document, struct error *err)
{
	struct query query;

	query_begin(&query, &sqlite_reader_of(base)->connection, READ_DOCUMENT);
	query_bind_int(&query, 1, id);
	bool found = query_row(&query);
	if (found)
		*document = query_text(&query, 0, arena);
	enum status status = query_end(&query, err);
	if (status == STATUS_OK && !found)
		return error_set(err, STATUS_NOT_FOUND, NULL, "there is no schema document %lld",
				 (long long)id);
	return status;
}
