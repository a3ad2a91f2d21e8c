/* Every field of every record as typed columns in memory: what filters, sorts, facets and statistics read.
 *
 *	columns_append(columns, import_id, first_id, created_ms, first_row, rows, count);
 *	…
 *	view = columns_view(columns);        // as they are now, whatever is written meanwhile
 *	column_select(view, &condition, …);  // select.h, order.h, facet.h
 *	column_view_release(view);
 *
 * Columns are made of segments (segment.h): one for each batch stored, merged into larger ones as they come.
 * A change makes new segments and a new list of them; who reads keeps the list that he took. So nobody waits
 * for anybody, and deleting an import is leaving out its segments.
 *
 * They follow the store: rows enter when their batch is committed and leave when their import is gone, and are
 * read anew from the store at each start. A record that they name may be gone from the store a moment later:
 * what is shown of it is looked up there.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_COLUMN_COLUMNS_H
#define ROWMILL_COLUMN_COLUMNS_H

#include "column/segment.h"

struct columns;

/* Large segments lie in a file without a name in this folder. NULL: memory is exhausted. */
struct columns *columns_new(const char *folder);
void columns_free(struct columns *columns); /* NULL is fine; every view was released */

/* ---- following the store ---- */

/* The first claim of an import, or that of a retry: rows of it count from now on. */
void columns_begin_import(struct columns *columns, int64_t import_id);

/* Rows that were stored, with ids and row numbers that follow one another. false: memory is exhausted, and the
 * columns are incomplete from then on: columns_check says so. */
bool columns_append(struct columns *columns, int64_t import_id, int64_t first_id, int64_t created_ms,
		    int64_t first_row, const struct column_row *rows, size_t count);

/* Records of one import with their new content; ids rise. Waits until loading has ended. false: as above. */
bool columns_replace(struct columns *columns, int64_t import_id, const int64_t *ids,
		     const struct column_row *rows, size_t count);

/* The records of one import that have got their vectors (or lost them); also before their rows are appended.
 * false: as above. */
bool columns_set_embedded(struct columns *columns, int64_t import_id, const int64_t *ids, size_t count,
			  bool embedded);

/* The import is gone, and what is appended to it is ignored until it begins anew. */
void columns_remove_import(struct columns *columns, int64_t import_id);

/* ---- loading what the store has at start ---- */

/* Before anything else happens to the columns. */
void columns_begin_load(struct columns *columns);

/* A finished segment of rows that were in the store at that time; taken over. */
bool columns_load(struct columns *columns, struct segment *segment);
struct spill *columns_spill(struct columns *columns); /* for making it */

/* Everything is there, or not: `done` false leaves the columns incomplete. Who loads knows why, and says so. */
void columns_end_load(struct columns *columns, bool done);

/* There was no memory for giving rows to the columns: they are incomplete from now on, which is logged. */
void columns_give_up(struct columns *columns);

/* ---- reading ---- */

struct column_view {
	atomic_uint references;
	size_t count;
	struct segment *segments[]; /* [count] */
};

/* Waits until loading has ended. STATUS_UNAVAILABLE ("columns-incomplete") where memory was exhausted. */
enum status columns_view(struct columns *columns, struct column_view **view, struct error *err);
void column_view_release(struct column_view *view); /* NULL is fine */

/* Least and greatest id of any row; false: there is none. */
bool column_view_ids(const struct column_view *view, int64_t *first, int64_t *last);

/* Changes whenever a segment is added, exchanged or removed. */
uint64_t columns_version(struct columns *columns);

/* Bytes that the columns take, in memory and in their file. */
size_t columns_size(struct columns *columns);

#endif
