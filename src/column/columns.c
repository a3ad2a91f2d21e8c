#include "column/columns.h"

#include "base/log.h"
#include "column/spill.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/banned.h"

/* That many small segments of an import are made one. */
enum { MERGE_COUNT = 16, SMALL_ROWS = SEGMENT_ROWS_MOST / MERGE_COUNT, FIRST_REMOVED = 16 };

/* A record that got its vector before its row came here. */
struct early {
	int64_t import_id, id;
};

/* A set of import ids. */
struct import_ids {
	int64_t *ids;
	size_t count, capacity;
};

struct columns {
	struct spill *spill; /* NULL: none could be made */
	pthread_mutex_t mutex;
	pthread_cond_t loaded;
	bool loading, incomplete;
	uint64_t version;
	struct column_view *current; /* NULL: memory was exhausted while it was first made */
	struct import_ids removed;
	struct early *early;
	size_t early_count, early_capacity;
	/* While loading: imports that were removed since it began, even if they began anew. */
	struct import_ids removed_in_load;
};

static bool has_id(const struct import_ids *set, int64_t id)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->ids[i] == id)
			return true;
	return false;
}

static bool add_id(struct import_ids *set, int64_t id)
{
	if (has_id(set, id))
		return true;
	if (set->count == set->capacity) {
		size_t larger = set->capacity ? 2 * set->capacity : FIRST_REMOVED;
		int64_t *more = realloc(set->ids, larger * sizeof *more);
		if (!more)
			return false;
		set->ids = more;
		set->capacity = larger;
	}
	set->ids[set->count++] = id;
	return true;
}

static void remove_id(struct import_ids *set, int64_t id)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->ids[i] == id) {
			set->ids[i] = set->ids[--set->count];
			return;
		}
}

/* A list with room for `count` segments, and none in it. */
static struct column_view *view_new(size_t count)
{
	struct column_view *view = malloc(sizeof *view + count * sizeof(struct segment *));

	if (view) {
		view->references = 1;
		view->count = 0;
	}
	return view;
}

struct columns *columns_new(const char *folder)
{
	struct columns *columns = calloc(1, sizeof *columns);

	if (!columns)
		return NULL;
	columns->current = view_new(0);
	if (!columns->current) {
		free(columns);
		return NULL;
	}
	pthread_mutex_init(&columns->mutex, NULL);
	pthread_cond_init(&columns->loaded, NULL);
	columns->spill = spill_new(folder);
	if (!columns->spill)
		log_warning(LOG_EVENT("columns stay in memory: no file can be made for them"));
	return columns;
}

void columns_free(struct columns *columns)
{
	if (!columns)
		return;
	column_view_release(columns->current);
	spill_free(columns->spill);
	free(columns->removed.ids);
	free(columns->removed_in_load.ids);
	free(columns->early);
	pthread_cond_destroy(&columns->loaded);
	pthread_mutex_destroy(&columns->mutex);
	free(columns);
}

void column_view_release(struct column_view *view)
{
	if (!view || atomic_fetch_sub(&view->references, 1) > 1)
		return;
	for (size_t i = 0; i < view->count; i++)
		segment_release(view->segments[i]);
	free(view);
}

static struct column_view *share_current(struct columns *columns)
{
	pthread_mutex_lock(&columns->mutex);
	struct column_view *view = columns->current;
	atomic_fetch_add(&view->references, 1);
	pthread_mutex_unlock(&columns->mutex);
	return view;
}

/* Puts a list in place of the present one, which is given back. Under the mutex. */
static struct column_view *exchange(struct columns *columns, struct column_view *next)
{
	struct column_view *last = columns->current;

	columns->version++;
	columns->current = next;
	return last;
}

/* Returns whether they were complete until now. */
static bool mark_incomplete(struct columns *columns)
{
	pthread_mutex_lock(&columns->mutex);
	bool first = !columns->incomplete;
	columns->incomplete = true;
	pthread_mutex_unlock(&columns->mutex);
	return first;
}

static bool fail(struct columns *columns)
{
	if (mark_incomplete(columns))
		log_error(LOG_EVENT("columns are incomplete until restart: memory is exhausted"));
	return false;
}

/* Under the mutex, as the two below. */
static bool add_early(struct columns *columns, int64_t import_id, int64_t id)
{
	if (columns->early_count == columns->early_capacity) {
		size_t larger = columns->early_capacity ? 2 * columns->early_capacity : 256;
		struct early *more = realloc(columns->early, larger * sizeof *more);
		if (!more)
			return false;
		columns->early = more;
		columns->early_capacity = larger;
	}
	columns->early[columns->early_count++] = (struct early){import_id, id};
	return true;
}

static void mark_embedded(struct segment *segment, uint32_t row, bool embedded)
{
	uint64_t bit = (uint64_t)1 << (row % 64);

	if (embedded)
		atomic_fetch_or(&segment->embedded[row / 64], bit);
	else
		atomic_fetch_and(&segment->embedded[row / 64], ~bit);
}

static void take_early(struct columns *columns, struct segment *segment)
{
	size_t kept = 0;

	for (size_t i = 0; i < columns->early_count; i++) {
		struct early early = columns->early[i];
		uint32_t row = early.import_id == segment->import_id ? segment_row(segment, early.id)
								     : segment->count;
		if (row < segment->count)
			mark_embedded(segment, row, true);
		else
			columns->early[kept++] = early;
	}
	columns->early_count = kept;
}

static void drop_early(struct columns *columns, int64_t import_id)
{
	size_t kept = 0;

	for (size_t i = 0; i < columns->early_count; i++)
		if (columns->early[i].import_id != import_id)
			columns->early[kept++] = columns->early[i];
	columns->early_count = kept;
}

/* Adds a segment at the end unless its import is in the set. */
static bool add_segment(struct columns *columns, struct segment *segment, const struct import_ids *unless)
{
	struct column_view *last = NULL;

	pthread_mutex_lock(&columns->mutex);
	bool ignored = has_id(unless, segment->import_id);
	struct column_view *next = ignored ? NULL : view_new(columns->current->count + 1);
	if (next) {
		for (size_t i = 0; i < columns->current->count; i++)
			next->segments[next->count++] = segment_share(columns->current->segments[i]);
		take_early(columns, segment);
		next->segments[next->count++] = segment;
		last = exchange(columns, next);
	}
	pthread_mutex_unlock(&columns->mutex);
	column_view_release(last);
	if (!next)
		segment_release(segment);
	return next || ignored;
}

/* ---- merging ---- */

static bool fits_behind(const struct segment *a, const struct segment *b)
{
	return a->import_id == b->import_id && a->first_row + a->count == b->first_row;
}

/* The small segments of an import at the end of its rows, in the order of these, as places in the view. */
static size_t find_small(const struct column_view *view, int64_t import_id, size_t places[MERGE_COUNT])
{
	const struct segment *after = NULL;
	size_t count = 0;
	uint32_t rows = 0;
	size_t bytes = 0;

	for (size_t i = view->count; i-- > 0 && count < MERGE_COUNT;) {
		const struct segment *segment = view->segments[i];
		if (segment->import_id != import_id)
			continue;
		rows += segment->count;
		bytes += segment->block_size;
		if (segment->count > SMALL_ROWS || rows > SEGMENT_ROWS_MOST || bytes > SEGMENT_BYTES_MOST ||
		    (after && !fits_behind(segment, after)))
			break;
		after = segment;
		places[count++] = i;
	}
	for (size_t i = 0; i < count / 2; i++) {
		size_t other = places[i];
		places[i] = places[count - 1 - i];
		places[count - 1 - i] = other;
	}
	return count;
}

/* Where the list now has these segments; false: one is gone. */
static bool find_again(const struct column_view *view, struct segment *const *sources, size_t count,
		       size_t *first)
{
	size_t found = 0;

	for (size_t i = 0; i < view->count && found < count; i++)
		if (view->segments[i] == sources[found]) {
			if (found++ == 0)
				*first = i;
		}
	return found == count;
}

static bool is_among(const struct segment *segment, struct segment *const *sources, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (segment == sources[i])
			return true;
	return false;
}

/* Puts one segment in the place of others. false: memory is exhausted, or one of them is no longer there
 * (*gone); the segment is then released. */
static bool swap_segments(struct columns *columns, struct segment *const *sources, size_t count,
			  struct segment *made, bool copy_embedded, bool *gone)
{
	struct column_view *last = NULL, *next = NULL;
	size_t first = 0;

	pthread_mutex_lock(&columns->mutex);
	*gone = !find_again(columns->current, sources, count, &first);
	if (!*gone)
		next = view_new(columns->current->count - count + 1);
	if (next) {
		if (copy_embedded)
			segment_copy_embedded(made, sources, count);
		for (size_t i = 0; i < columns->current->count; i++) {
			struct segment *segment = columns->current->segments[i];
			if (i == first)
				next->segments[next->count++] = made;
			else if (!is_among(segment, sources, count))
				next->segments[next->count++] = segment_share(segment);
		}
		last = exchange(columns, next);
	}
	pthread_mutex_unlock(&columns->mutex);
	column_view_release(last);
	if (!next)
		segment_release(made);
	return next != NULL;
}

/* Small segments are only slower: without memory for the merged one, they stay. */
static void merge_small(struct columns *columns, int64_t import_id)
{
	struct column_view *view = share_current(columns);
	size_t places[MERGE_COUNT];

	if (find_small(view, import_id, places) == MERGE_COUNT) {
		struct segment *sources[MERGE_COUNT];
		bool gone;
		for (size_t i = 0; i < MERGE_COUNT; i++)
			sources[i] = view->segments[places[i]];
		struct segment *merged = segment_merge(sources, MERGE_COUNT, columns->spill);
		if (merged)
			swap_segments(columns, sources, MERGE_COUNT, merged, true, &gone);
	}
	column_view_release(view);
}

/* ---- following the store ---- */

void columns_begin_import(struct columns *columns, int64_t import_id)
{
	pthread_mutex_lock(&columns->mutex);
	remove_id(&columns->removed, import_id);
	pthread_mutex_unlock(&columns->mutex);
}

/* A segment of at most SEGMENT_ROWS_MOST rows. */
static struct segment *make_segment(struct columns *columns, int64_t import_id, int64_t first_id,
				    int64_t created_ms, int64_t first_row, const struct column_row *rows,
				    size_t count)
{
	struct segment_builder *builder = segment_builder_new(import_id, first_row);
	bool done = builder != NULL;

	for (size_t i = 0; done && i < count; i++)
		done = segment_builder_add(builder, first_id + (int64_t)i, created_ms, &rows[i]);
	struct segment *segment = done ? segment_builder_finish(builder, columns->spill) : NULL;
	segment_builder_free(builder);
	return segment;
}

bool columns_append(struct columns *columns, int64_t import_id, int64_t first_id, int64_t created_ms,
		    int64_t first_row, const struct column_row *rows, size_t count)
{
	for (size_t done = 0; done < count;) {
		size_t part = count - done < SMALL_ROWS ? count - done : SMALL_ROWS;
		struct segment *segment =
			make_segment(columns, import_id, first_id + (int64_t)done, created_ms,
				     first_row + (int64_t)done, rows + done, part);
		if (!segment || !add_segment(columns, segment, &columns->removed))
			return fail(columns);
		merge_small(columns, import_id);
		done += part;
	}
	return true;
}

static void wait_loaded(struct columns *columns)
{
	pthread_mutex_lock(&columns->mutex);
	while (columns->loading)
		pthread_cond_wait(&columns->loaded, &columns->mutex);
	pthread_mutex_unlock(&columns->mutex);
}

/* The segment of the view that has the record; *row: its place there. The last one found is the likeliest. */
static struct segment *find_in(const struct column_view *view, int64_t import_id, int64_t id, size_t *hint,
			       uint32_t *row)
{
	for (size_t i = 0; i < view->count; i++) {
		size_t at = (*hint + i) % view->count;
		struct segment *segment = view->segments[at];
		if (segment->import_id != import_id)
			continue;
		*row = segment_row(segment, id);
		if (*row < segment->count) {
			*hint = at;
			return segment;
		}
	}
	return NULL;
}

/* The segment that has this record, shared; NULL: none has. *row: its place there. */
static struct segment *find_record(struct columns *columns, int64_t import_id, int64_t id, uint32_t *row)
{
	struct column_view *view = share_current(columns);
	struct segment *found = NULL;

	size_t hint = 0;
	found = find_in(view, import_id, id, &hint, row);
	if (found)
		segment_share(found);
	column_view_release(view);
	return found;
}

/* Those of the records that are in the segment, as a segment of their own; they come first among ids[taken…]
 * that rise. NULL: memory is exhausted. */
static struct segment *make_changed(struct columns *columns, const struct segment *segment, const int64_t *ids,
				    const struct column_row *rows, size_t count, size_t *taken)
{
	struct segment_builder *builder = segment_builder_new(segment->import_id, segment->first_row);
	bool done = builder != NULL;

	for (*taken = 0; done && *taken < count; ++*taken) {
		uint32_t at = segment_row(segment, ids[*taken]);
		if (at == segment->count)
			break;
		done = segment_builder_add(builder, ids[*taken], segment_created_ms(segment, at), &rows[*taken]);
	}
	struct segment *changed = done ? segment_builder_finish(builder, columns->spill) : NULL;
	segment_builder_free(builder);
	return changed;
}

/* Replaces the first of these records, and those behind it that are in the same segment. false: memory is
 * exhausted. */
static bool replace_some(struct columns *columns, int64_t import_id, const int64_t *ids,
			 const struct column_row *rows, size_t count, size_t *taken)
{
	bool gone = true;
	uint32_t at = 0;

	while (gone) {
		struct segment *segment = find_record(columns, import_id, ids[0], &at);
		if (!segment) {
			*taken = 1; /* its import is gone meanwhile */
			return true;
		}
		struct segment *changed = make_changed(columns, segment, ids, rows, count, taken);
		struct segment *next =
			changed ? segment_replace(segment, changed, columns->spill) : NULL;
		segment_release(changed);
		gone = false;
		bool done = next && swap_segments(columns, &segment, 1, next, false, &gone);
		segment_release(segment);
		if (done)
			return true;
		if (!next)
			return false;
	}
	return false;
}

bool columns_replace(struct columns *columns, int64_t import_id, const int64_t *ids,
		     const struct column_row *rows, size_t count)
{
	wait_loaded(columns);
	for (size_t done = 0, taken = 0; done < count; done += taken)
		if (!replace_some(columns, import_id, ids + done, rows + done, count - done, &taken))
			return fail(columns);
	return true;
}

bool columns_set_embedded(struct columns *columns, int64_t import_id, const int64_t *ids, size_t count,
			  bool embedded)
{
	size_t hint = 0;
	bool done = true;

	pthread_mutex_lock(&columns->mutex);
	for (size_t i = 0; i < count && done && !has_id(&columns->removed, import_id); i++) {
		uint32_t row = 0;
		struct segment *segment = find_in(columns->current, import_id, ids[i], &hint, &row);
		if (segment)
			mark_embedded(segment, row, embedded);
		else if (embedded)
			done = add_early(columns, import_id, ids[i]);
	}
	pthread_mutex_unlock(&columns->mutex);
	return done || fail(columns);
}

void columns_remove_import(struct columns *columns, int64_t import_id)
{
	struct column_view *last = NULL;

	pthread_mutex_lock(&columns->mutex);
	drop_early(columns, import_id);
	bool done = add_id(&columns->removed, import_id) &&
		    (!columns->loading || add_id(&columns->removed_in_load, import_id));
	struct column_view *next = done ? view_new(columns->current->count) : NULL;
	if (next) {
		for (size_t i = 0; i < columns->current->count; i++) {
			struct segment *segment = columns->current->segments[i];
			if (segment->import_id != import_id)
				next->segments[next->count++] = segment_share(segment);
		}
		last = exchange(columns, next);
	}
	pthread_mutex_unlock(&columns->mutex);
	column_view_release(last);
	if (!next)
		fail(columns);
}

/* ---- loading ---- */

void columns_begin_load(struct columns *columns)
{
	pthread_mutex_lock(&columns->mutex);
	columns->loading = true;
	pthread_mutex_unlock(&columns->mutex);
}

bool columns_load(struct columns *columns, struct segment *segment)
{
	return segment && add_segment(columns, segment, &columns->removed_in_load);
}

struct spill *columns_spill(struct columns *columns)
{
	return columns->spill;
}

void columns_end_load(struct columns *columns, bool done)
{
	if (!done)
		mark_incomplete(columns);
	pthread_mutex_lock(&columns->mutex);
	columns->loading = false;
	columns->removed_in_load.count = 0;
	pthread_cond_broadcast(&columns->loaded);
	pthread_mutex_unlock(&columns->mutex);
}

void columns_give_up(struct columns *columns)
{
	fail(columns);
}

/* ---- reading ---- */

enum status columns_view(struct columns *columns, struct column_view **view, struct error *err)
{
	wait_loaded(columns);
	*view = NULL;
	pthread_mutex_lock(&columns->mutex);
	bool incomplete = columns->incomplete;
	pthread_mutex_unlock(&columns->mutex);
	if (incomplete)
		return error_set(err, STATUS_UNAVAILABLE, "columns-incomplete",
				 "memory was exhausted, and filters, sorts and facets would be wrong; restart the server");
	*view = share_current(columns);
	return STATUS_OK;
}

bool column_view_ids(const struct column_view *view, int64_t *first, int64_t *last)
{
	bool found = false;

	for (size_t i = 0; i < view->count; i++) {
		int64_t from = segment_first_id(view->segments[i]), to = segment_last_id(view->segments[i]);
		if (!found || from < *first)
			*first = from;
		if (!found || to > *last)
			*last = to;
		found = true;
	}
	return found;
}

uint64_t columns_version(struct columns *columns)
{
	pthread_mutex_lock(&columns->mutex);
	uint64_t version = columns->version;
	pthread_mutex_unlock(&columns->mutex);
	return version;
}

size_t columns_size(struct columns *columns)
{
	struct column_view *view = share_current(columns);
	size_t size = 0;

	for (size_t i = 0; i < view->count; i++) {
		const struct segment *segment = view->segments[i];
		size += sizeof *segment + segment->block_size + 16 * (size_t)segment_words(segment) +
			segment->run_count * sizeof *segment->runs +
			segment->column_count * sizeof *segment->columns;
	}
	column_view_release(view);
	return size;
}
