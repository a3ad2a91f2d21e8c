/* Reading imports, and what is counted over all of them. */
#include "base/clock.h"
#include "store/sqlite/internal.h"

#include <sys/stat.h>

#include "base/banned.h"

enum { ERROR_FIELDS_MOST = 1000 };

static int64_t query_time(struct query *query, int column)
{
	return time_text_parse(query_text_borrowed(query, column));
}

void import_read_row(struct query *query, struct arena *arena, struct import *import)
{
	*import = (struct import){
		.id = query_int(query, 0),
		.filename = query_text(query, 1, arena),
		.file_hash = query_text(query, 2, arena),
		.size_bytes = query_int(query, 3),
		.format = query_text(query, 4, arena),
		.schema = query_text(query, 5, arena),
		.options = query_text(query, 6, arena),
		.dialect = query_text(query, 7, arena),
		.spool_name = query_text(query, 8, arena),
		.request_id = query_text(query, 9, arena),
		.parsed = query_int(query, 11) != 0,
		.total_records = query_int(query, 12),
		.processed_records = query_int(query, 13),
		.failed_records = query_int(query, 14),
		.embedded_records = query_int(query, 15),
		.truncated_texts = query_int(query, 16),
		.error_code = query_text(query, 17, arena),
		.error_detail = query_text(query, 18, arena),
		.error_line = query_int(query, 19),
		.error_column = query_int(query, 20),
		.error_byte = query_int(query, 21),
		.created_ms = query_time(query, 22),
		.started_ms = query_time(query, 23),
		.completed_ms = query_time(query, 24),
		.schema_document = query_int(query, 25),
		.no_embed = query_int(query, 26) != 0,
		.columns = query_text(query, 27, arena),
		.dry_run = query_int(query, 28) != 0,
		.fixes = query_int(query, 29),
	};
	import_status_parse(query_text_borrowed(query, 10), &import->status);
}

enum status imports_list_to_embed(struct store_reader *base, uint32_t limit, struct arena *arena,
				  int64_t **ids, size_t *count, struct error *err)
{
	struct query query;

	*count = 0;
	*ids = arena_alloc_zeroed(arena, limit, sizeof **ids);
	if (!*ids)
		return error_no_memory(err);
	query_begin(&query, &sqlite_reader_of(base)->connection, READ_TO_EMBED);
	query_bind_int(&query, 1, limit);
	while (query_row(&query))
		(*ids)[(*count)++] = query_int(&query, 0);
	return query_end(&query, err);
}

enum status import_get(struct store_reader *base, int64_t id, struct arena *arena,
		       struct import *import, struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	struct query query;

	query_begin(&query, &reader->connection, READ_IMPORT);
	query_bind_int(&query, 1, id);
	bool found = query_row(&query);
	if (found)
		import_read_row(&query, arena, import);
	enum status status = query_end(&query, err);
	if (status == STATUS_OK && !found)
		return error_set(err, STATUS_NOT_FOUND, NULL, "there is no import %lld",
				 (long long)id);
	return status;
}

static enum status count_imports(struct sqlite_reader *reader, const struct import_query *wanted,
				 int64_t *total, struct error *err)
{
	struct query query;

	query_begin(&query, &reader->connection,
		    wanted->by_status ? READ_IMPORT_COUNT_BY_STATUS : READ_IMPORT_COUNT);
	if (wanted->by_status)
		query_bind_text(&query, 1, slice_of_string(import_status_name(wanted->status)));
	if (query_row(&query))
		*total = query_int(&query, 0);
	return query_end(&query, err);
}

enum status imports_list(struct store_reader *base, const struct import_query *wanted,
			 struct arena *arena, struct import_list *list, struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	const struct page_query *page = &wanted->page;
	struct query query;

	*list = (struct import_list){
		.imports = arena_alloc_zeroed(arena, page->limit, sizeof *list->imports)};
	if (!list->imports)
		return error_no_memory(err);
	enum status status = count_imports(reader, wanted, &list->total, err);
	if (status != STATUS_OK)
		return status;
	query_begin(&query, &reader->connection,
		    wanted->by_status ? READ_IMPORTS_BY_STATUS : READ_IMPORTS);
	query_bind_int(&query, 1, page->cursor_id ? page->cursor_id : INT64_MAX);
	query_bind_int(&query, 2, (int64_t)page->limit + 1);
	query_bind_int(&query, 3, page->cursor_id ? 0 : page->offset);
	if (wanted->by_status)
		query_bind_text(&query, 4, slice_of_string(import_status_name(wanted->status)));
	while (query_row(&query)) {
		if (list->count == page->limit) {
			list->more = true;
			break;
		}
		import_read_row(&query, arena, &list->imports[list->count++]);
	}
	return query_end(&query, err);
}

enum status dry_run_find_old(struct store_reader *base, int64_t before_ms, int64_t *id, struct error *err)
{
	char before[CLOCK_TEXT_SIZE];
	struct query query;

	clock_format(before_ms, before);
	query_begin(&query, &sqlite_reader_of(base)->connection, READ_OLD_DRY_RUN);
	query_bind_text(&query, 1, slice_of(before, CLOCK_TEXT_SIZE - 1));
	*id = query_row(&query) ? query_int(&query, 0) : 0;
	return query_end(&query, err);
}

static int64_t file_size(const char *path, const char *suffix)
{
	struct strbuf name;
	struct stat info;
	int64_t size = 0;

	strbuf_init(&name, 1 << 16);
	strbuf_add_string(&name, path);
	strbuf_add_string(&name, suffix);
	if (strbuf_ok(&name) && stat(name.data, &info) == 0)
		size = info.st_size;
	strbuf_release(&name);
	return size;
}

static enum status count_by_status(struct sqlite_reader *reader, struct store_stats *stats,
				   struct error *err)
{
	struct query query;

	query_begin(&query, &reader->connection, READ_STATUS_COUNTS);
	while (query_row(&query)) {
		enum import_status status;
		/* One that is being purged is not in the list of statuses. */
		if (import_status_parse(query_text_borrowed(&query, 0), &status))
			stats->imports[status] = query_int(&query, 1);
	}
	return query_end(&query, err);
}

static struct field_errors *find_field(struct field_errors *errors, size_t *count, struct slice field,
				       struct arena *arena)
{
	for (size_t i = 0; i < *count; i++)
		if (slice_equal(errors[i].field, field))
			return &errors[i];
	if (*count == ERROR_FIELDS_MOST || !arena_copy(arena, field, &errors[*count].field))
		return NULL;
	return &errors[(*count)++];
}

enum status field_errors_count(struct store_reader *base, struct arena *arena, struct field_errors **errors,
			       size_t *count, struct error *err)
{
	struct query query;

	*count = 0;
	*errors = arena_alloc_zeroed(arena, ERROR_FIELDS_MOST, sizeof **errors);
	if (!*errors)
		return error_no_memory(err);
	query_begin(&query, &sqlite_reader_of(base)->connection, READ_FIELD_ERRORS);
	while (query_row(&query)) {
		struct field_errors *found =
			find_field(*errors, count, query_text_borrowed(&query, 0), arena);
		if (found)
			found->count += query_int(&query, 1);
	}
	return query_end(&query, err);
}

enum status stats_get(struct store_reader *base, struct store_stats *stats, struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	struct query query;

	*stats = (struct store_stats){0};
	enum status status = count_by_status(reader, stats, err);
	if (status != STATUS_OK)
		return status;
	query_begin(&query, &reader->connection, READ_SPANS);
	while (query_row(&query)) {
		stats->records_valid += query_int(&query, 4);
		stats->records_invalid += query_int(&query, 5);
		stats->records_embedded += query_int(&query, 6);
	}
	stats->bytes = file_size(reader->store->path, "") + file_size(reader->store->path, "-wal");
	return query_end(&query, err);
}

enum status spool_names_list(struct store_reader *base,
			     void (*keep)(void *context, struct slice name), void *context,
			     struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	struct query query;

	query_begin(&query, &reader->connection, READ_SPOOL_NAMES);
	while (query_row(&query))
		keep(context, query_text_borrowed(&query, 0));
	return query_end(&query, err);
}
