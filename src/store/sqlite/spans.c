#include "store/sqlite/spans.h"

#include <stdlib.h>

#include "base/banned.h"

/* Ids that are read from each import of a group at a time. */
enum { ID_CHUNK = 1024, FIRST_SPANS = 64 };

static int64_t count_of(struct query *query, enum record_kind kind)
{
	switch (kind) {
	case RECORDS_VALID:
		return query_int(query, 4);
	case RECORDS_INVALID:
		return query_int(query, 5);
	case RECORDS_PENDING:
		return query_int(query, 7) ? 0 : query_int(query, 4) - query_int(query, 6);
	case RECORDS_EMBEDDED:
		return query_int(query, 6);
	case RECORDS_ANY:
	default:
		return query_int(query, 3);
	}
}

static bool grow(struct spans *spans, size_t *capacity, struct arena *arena)
{
	if (spans->count < *capacity)
		return true;
	size_t larger = *capacity ? 2 * *capacity : FIRST_SPANS;
	struct span *items = arena_alloc_zeroed(arena, larger, sizeof *items);
	if (!items)
		return false;
	if (spans->count)
		memcpy(items, spans->items, spans->count * sizeof *items);
	spans->items = items;
	*capacity = larger;
	return true;
}

enum status spans_read(struct sqlite_reader *reader, int64_t import_id, enum record_kind kind,
		       struct arena *arena, struct spans *spans, struct error *err)
{
	size_t capacity = 0;
	struct query query;

	*spans = (struct spans){0};
	query_begin(&query, &reader->connection, import_id ? READ_SPAN : READ_SPANS);
	if (import_id)
		query_bind_int(&query, 1, import_id);
	while (query_row(&query)) {
		int64_t count = count_of(&query, kind);
		if (!count)
			continue;
		if (!grow(spans, &capacity, arena)) {
			query_no_memory(&query);
			break;
		}
		spans->items[spans->count++] = (struct span){
			.import_id = query_int(&query, 0),
			.first = query_int(&query, 1),
			.last = query_int(&query, 2),
			.count = count,
		};
		spans->total += count;
	}
	return query_end(&query, err);
}

size_t spans_group(const struct spans *spans, size_t from, int64_t *last)
{
	size_t to = from + 1;

	*last = spans->items[from].last;
	for (; to < spans->count && spans->items[to].first <= *last; to++)
		if (spans->items[to].last > *last)
			*last = spans->items[to].last;
	return to - from;
}

/* A walk over the ids of all spans in rising order. */
struct walk {
	struct sqlite_reader *reader;
	enum record_kind kind;
	int64_t after;
	int64_t skip;    /* ids still to be left out */
	int64_t *ids;    /* found */
	size_t count, limit;
	int64_t *chunk; /* scratch of a group: [group][ID_CHUNK], in `arena` */
	size_t chunk_groups;
	struct arena *arena;
};

static const int statement_of[] = {
	[RECORDS_ANY] = READ_IDS,
	[RECORDS_VALID] = READ_IDS_BY_STATUS,
	[RECORDS_INVALID] = READ_IDS_BY_STATUS,
	[RECORDS_PENDING] = READ_IDS_PENDING,
};

static enum status read_ids(struct walk *walk, const struct span *span, size_t limit, int64_t skip,
			    int64_t *ids, size_t *count, struct error *err)
{
	struct query query;
	int64_t before = walk->after < span->first ? span->first - 1 : walk->after;

	query_begin(&query, &walk->reader->connection, statement_of[walk->kind]);
	query_bind_int(&query, 1, span->import_id);
	query_bind_int(&query, 2, before);
	query_bind_int(&query, 3, span->last);
	query_bind_int(&query, 4, (int64_t)limit);
	query_bind_int(&query, 5, skip);
	if (walk->kind == RECORDS_VALID || walk->kind == RECORDS_INVALID)
		query_bind_text(&query, 6,
				walk->kind == RECORDS_VALID ? SLICE("valid") : SLICE("invalid"));
	for (*count = 0; query_row(&query);)
		ids[(*count)++] = query_int(&query, 0);
	return query_end(&query, err);
}

/* The common case: the rows of one import lie alone. Where they lie without a gap, an offset is
 * an addition; else SQLite skips them in the index. */
static enum status walk_single(struct walk *walk, const struct span *span, struct error *err)
{
	size_t found;

	if (walk->kind == RECORDS_ANY && walk->skip && span->last - span->first + 1 == span->count) {
		walk->after = (walk->after < span->first ? span->first - 1 : walk->after) + walk->skip;
		walk->skip = 0;
	}
	enum status status = read_ids(walk, span, walk->limit - walk->count, walk->skip,
				      walk->ids + walk->count, &found, err);

	walk->count += found;
	walk->skip = 0;
	return status;
}

static int compare_ids(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

/* Imports that ran at once: the next ids of each, put in order; the smallest of them are
 * surely the next of all. */
static enum status walk_group(struct walk *walk, const struct span *group, size_t group_count,
			      struct error *err)
{
	if (group_count > walk->chunk_groups) {
		walk->chunk = arena_alloc_zeroed(walk->arena, group_count,
						 ID_CHUNK * sizeof *walk->chunk);
		walk->chunk_groups = group_count;
		if (!walk->chunk)
			return error_no_memory(err);
	}
	while (walk->count < walk->limit) {
		size_t found = 0;
		for (size_t i = 0; i < group_count; i++) {
			size_t more = 0;
			enum status status = STATUS_OK;
			if (group[i].last > walk->after)
				status = read_ids(walk, &group[i], ID_CHUNK, 0, walk->chunk + found,
						  &more, err);
			if (status != STATUS_OK)
				return status;
			found += more;
		}
		if (!found)
			break;
		qsort(walk->chunk, found, sizeof *walk->chunk, compare_ids);
		if (found > ID_CHUNK)
			found = ID_CHUNK;
		for (size_t i = 0; i < found && walk->count < walk->limit; i++) {
			if (walk->skip)
				walk->skip--;
			else
				walk->ids[walk->count++] = walk->chunk[i];
		}
		walk->after = walk->chunk[found - 1];
	}
	return STATUS_OK;
}

static int64_t count_group(const struct span *group, size_t group_count)
{
	int64_t count = 0;

	for (size_t i = 0; i < group_count; i++)
		count += group[i].count;
	return count;
}

enum status spans_list_ids(struct sqlite_reader *reader, const struct spans *spans,
			   enum record_kind kind, int64_t after, int64_t skip, size_t limit,
			   struct arena *arena, int64_t **ids, size_t *count, struct error *err)
{
	struct walk walk = {.reader = reader, .kind = kind, .after = after, .skip = skip,
			    .limit = limit, .arena = arena};
	enum status status = STATUS_OK;

	walk.ids = arena_alloc_zeroed(arena, limit, sizeof *walk.ids);
	if (!walk.ids)
		return error_no_memory(err);
	for (size_t i = 0; i < spans->count && walk.count < limit && status == STATUS_OK;) {
		const struct span *group = &spans->items[i];
		int64_t last;
		size_t group_count = spans_group(spans, i, &last);
		int64_t held = count_group(group, group_count);
		i += group_count;
		if (last <= walk.after)
			continue;
		if (walk.skip >= held && walk.after < group->first) {
			walk.skip -= held;
			continue;
		}
		status = group_count == 1 ? walk_single(&walk, group, err)
					  : walk_group(&walk, group, group_count, err);
	}
	*ids = walk.ids;
	*count = walk.count;
	return status;
}
