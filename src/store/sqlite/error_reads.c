/* Lists of cell errors. A page begins at a record and a place among its errors; with a filter, the
 * records come from the index of each group that passes it. */
#include "store/sqlite/internal.h"

#include <stdlib.h>

#include "base/banned.h"

/* What of an import's records has errors that count. */
struct bounds {
	int64_t first, last; /* record ids; last 0: none */
	int64_t run, error_count;
	bool loose;
};

static enum status read_bounds(struct sqlite_reader *reader, int64_t import_id, struct bounds *bounds,
			       struct error *err)
{
	struct query query;

	*bounds = (struct bounds){0};
	query_begin(&query, &reader->connection, READ_ERROR_BOUNDS);
	query_bind_int(&query, 1, import_id);
	bool found = query_row(&query);
	if (found)
		*bounds = (struct bounds){.first = query_int(&query, 0),
					  .last = query_int(&query, 1),
					  .run = query_int(&query, 2),
					  .error_count = query_int(&query, 3),
					  .loose = query_int(&query, 4) != 0};
	enum status status = query_end(&query, err);
	if (status == STATUS_OK && !found)
		return error_set(err, STATUS_NOT_FOUND, NULL, "there is no import %lld",
				 (long long)import_id);
	return status;
}

/* ---- groups ---- */

enum status errors_list_groups(struct store_reader *base, int64_t import_id, struct arena *arena,
			       struct error_group **groups, size_t *count, struct error *err)
{
	struct sqlite_reader *reader = sqlite_reader_of(base);
	struct bounds bounds;
	struct query query;

	*count = 0;
	*groups = arena_alloc_zeroed(arena, ERROR_GROUPS_MOST, sizeof **groups);
	if (!*groups)
		return error_no_memory(err);
	enum status status = read_bounds(reader, import_id, &bounds, err);
	if (status != STATUS_OK)
		return status;
	query_begin(&query, &reader->connection, READ_ERROR_GROUPS);
	query_bind_int(&query, 1, import_id);
	query_bind_int(&query, 2, bounds.run);
	query_bind_int(&query, 3, ERROR_GROUPS_MOST);
	while (query_row(&query))
		(*groups)[(*count)++] = (struct error_group){.field = query_text(&query, 0, arena),
							     .code = query_text(&query, 1, arena),
							     .count = query_int(&query, 2)};
	return query_end(&query, err);
}

/* ---- a page ---- */

struct page {
	struct sqlite_reader *reader;
	const struct error_query *wanted;
	struct bounds bounds;
	struct arena *arena;
	int64_t from_record, after_place; /* go on in this record behind this place; -1: from its first */
	int64_t skip;
	struct error_list *list;
};

static bool is_filtered(const struct error_query *wanted)
{
	return wanted->field.data || wanted->code.data;
}

/* Takes rows of (record, row, place, JSON text), up to the page's limit and one more. */
static enum status take_errors(struct page *page, struct query *query, struct error *err)
{
	struct error_list *list = page->list;
	size_t limit = page->wanted->page.limit;

	while (query_row(query)) {
		if (list->count == limit) {
			list->more = true;
			break;
		}
		list->errors[list->count++] = (struct stored_error){
			.record_id = query_int(query, 0),
			.row = query_int(query, 1),
			.place = query_int(query, 2),
			.json = query_text(query, 3, page->arena),
		};
	}
	return query_end(query, err);
}

static enum status list_all(struct page *page, struct error *err)
{
	struct query query;

	page->list->total = page->bounds.error_count;
	query_begin(&query, &page->reader->connection, READ_ERRORS);
	query_bind_int(&query, 1, page->wanted->import_id);
	query_bind_int(&query, 2, page->from_record);
	query_bind_int(&query, 3, page->bounds.last);
	query_bind_int(&query, 4, page->after_place);
	query_bind_int(&query, 5, (int64_t)page->wanted->page.limit + 1);
	query_bind_int(&query, 6, page->skip);
	return take_errors(page, &query, err);
}

/* The groups that pass the filter, and how many errors they hold. */
static enum status find_groups(struct page *page, int64_t **groups, size_t *count, struct error *err)
{
	const struct error_query *wanted = page->wanted;
	size_t capacity = 0;
	struct query query;

	*groups = NULL;
	*count = 0;
	query_begin(&query, &page->reader->connection, READ_ERROR_GROUPS_LIKE);
	query_bind_int(&query, 1, wanted->import_id);
	query_bind_int(&query, 2, page->bounds.run);
	if (wanted->code.data)
		query_bind_text(&query, 3, wanted->code);
	if (wanted->field.data)
		query_bind_text(&query, 4, wanted->field);
	while (query_row(&query)) {
		if (*count == capacity) {
			capacity = capacity ? 2 * capacity : 16;
			int64_t *larger = realloc(*groups, capacity * sizeof *larger);
			if (!larger) {
				query_no_memory(&query);
				break;
			}
			*groups = larger;
		}
		(*groups)[(*count)++] = query_int(&query, 0);
		page->list->total += query_int(&query, 1);
	}
	return query_end(&query, err);
}

static int compare_ids(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Puts ids in order, each once, and keeps the `limit` least. */
static size_t least_ids(int64_t *ids, size_t count, size_t limit)
{
	size_t kept = 0;

	qsort(ids, count, sizeof *ids, compare_ids);
	for (size_t i = 0; i < count && kept < limit; i++)
		if (!kept || ids[i] != ids[kept - 1])
			ids[kept++] = ids[i];
	return kept;
}

/* The next records of each group in turn; the least of all of them are the page's. */
static enum status find_records(struct page *page, const int64_t *groups, size_t group_count,
				int64_t *ids, size_t limit, size_t *count, struct error *err)
{
	*count = 0;
	for (size_t i = 0; i < group_count; i++) {
		struct query query;
		size_t found = *count;
		query_begin(&query, &page->reader->connection, READ_RECORDS_OF_ERROR_GROUP);
		query_bind_int(&query, 1, groups[i]);
		query_bind_int(&query, 2, page->from_record);
		query_bind_int(&query, 3, page->bounds.last);
		query_bind_int(&query, 4, (int64_t)limit);
		while (query_row(&query))
			ids[found++] = query_int(&query, 0);
		enum status status = query_end(&query, err);
		if (status != STATUS_OK)
			return status;
		*count = least_ids(ids, found, limit);
	}
	return STATUS_OK;
}

static enum status read_filtered(struct page *page, const int64_t *ids, size_t count, struct error *err)
{
	const struct error_query *wanted = page->wanted;
	struct query query;
	struct slice list;

	if (!ids_as_json(ids, count, page->arena, &list))
		return error_no_memory(err);
	query_begin(&query, &page->reader->connection, READ_ERRORS_OF);
	query_bind_text(&query, 1, list);
	query_bind_int(&query, 2, page->from_record);
	query_bind_int(&query, 3, page->after_place);
	if (wanted->code.data)
		query_bind_text(&query, 4, wanted->code);
	if (wanted->field.data)
		query_bind_text(&query, 5, wanted->field);
	query_bind_int(&query, 6, (int64_t)wanted->page.limit + 1);
	query_bind_int(&query, 7, page->skip);
	return take_errors(page, &query, err);
}

static enum status list_filtered(struct page *page, struct error *err)
{
	/* Each record has at least one that passes, but the first, where the page before may have ended. */
	size_t limit = (size_t)page->wanted->page.limit + (size_t)page->skip + 2, count = 0, group_count = 0;
	int64_t *groups = NULL, *ids = malloc(2 * limit * sizeof *ids);
	enum status status = ids ? find_groups(page, &groups, &group_count, err) : error_no_memory(err);

	if (status == STATUS_OK)
		status = find_records(page, groups, group_count, ids, limit, &count, err);
	if (status == STATUS_OK && count)
		status = read_filtered(page, ids, count, err);
	free(groups);
	free(ids);
	return status;
}

enum status errors_list(struct store_reader *base, const struct error_query *wanted, struct arena *arena,
			struct error_list *list, struct error *err)
{
	const struct page_query *at = &wanted->page;
	struct page page = {.reader = sqlite_reader_of(base), .wanted = wanted, .arena = arena, .list = list};

	*list = (struct error_list){
		.errors = arena_alloc_zeroed(arena, at->limit, sizeof *list->errors)};
	if (!list->errors)
		return error_no_memory(err);
	enum status status = read_bounds(page.reader, wanted->import_id, &page.bounds, err);
	if (status != STATUS_OK || !page.bounds.last)
		return status;
	list->loose = page.bounds.loose;
	page.from_record = page.bounds.first;
	page.after_place = -1;
	if (at->cursor_id) {
		page.from_record = error_place_record(at->cursor_id);
		page.after_place = error_place_index(at->cursor_id);
	} else {
		page.skip = at->offset;
	}
	return is_filtered(wanted) ? list_filtered(&page, err) : list_all(&page, err);
}
