/* The records of a view that meet a condition: for each segment, a bit a row.
 *
 *	column_select(&selection, view, &condition);
 *	… selection.count; column_selection_ids(&selection, &ids); order.h; facet.h …
 *	column_selection_release(&selection);
 *
 * Threads: a selection belongs to one thread at a time. */
#ifndef ROWMILL_COLUMN_SELECTION_H
#define ROWMILL_COLUMN_SELECTION_H

#include "column/columns.h"
#include "column/filter.h"
#include "record/id_set.h"

enum selected_status { SELECT_ANY, SELECT_VALID, SELECT_INVALID };

struct column_condition {
	int64_t import_id; /* 0: all */
	enum selected_status status;
	const struct filter *filter; /* NULL: none */
};

struct column_selection {
	const struct column_view *view; /* borrowed */
	uint64_t **bits;                /* [view->count]: of a segment, [segment_words]; NULL: no row of it */
	uint64_t *words;                /* where these lie */
	size_t count;                   /* records selected */
	size_t valid_count, embedded_count; /* of those */
};

/* false: memory is exhausted; for all below too. */
bool column_select(struct column_selection *selection, const struct column_view *view,
		   const struct column_condition *condition);
void column_selection_release(struct column_selection *selection); /* a zeroed struct is fine */

/* Keeps what is also in `ids`. */
void column_selection_keep(struct column_selection *selection, const struct id_set *ids);
/* Keeps the records that have their vector. */
void column_selection_keep_embedded(struct column_selection *selection);

/* The selected records as a set, to be released. */
bool column_selection_ids(const struct column_selection *selection, struct id_set *ids);

#endif
