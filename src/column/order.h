/* Pages of a selection in the order of fields.
 *
 * A record stands before another by the first key in which they differ; in the end by id. Values are in the
 * order of their keys (cell_key.h); records without the value come last, whatever the direction.
 *
 * A page is found in one pass over the codes, and costs the same wherever it lies.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_COLUMN_ORDER_H
#define ROWMILL_COLUMN_ORDER_H

#include "base/strbuf.h"
#include "column/selection.h"

enum { SORT_KEYS_MOST = 4 };

struct sort_key {
	struct slice field; /* data NULL: it is `member` */
	enum record_member member;
	bool descending;
};

struct column_page {
	const struct sort_key *keys;
	size_t key_count; /* 1 to SORT_KEYS_MOST */
	/* Only what stands behind this place, as column_order() wrote it; empty: from the start. */
	struct slice after;
	size_t skip, limit; /* after that */
};

enum order_result { ORDER_DONE, ORDER_NO_MEMORY, ORDER_BAD_PLACE };

/* Fills ids[limit]; *more: something stands behind the last. `last`: its place, appended; at most
 * ORDER_PLACE_MOST bytes. ORDER_BAD_PLACE: `after` is no place in this order. */
enum { ORDER_PLACE_MOST = 8 + SORT_KEYS_MOST * (2 + KEY_MOST) };

enum order_result column_order(const struct column_selection *selection, const struct column_page *page,
			       int64_t *ids, size_t *count, bool *more, struct strbuf *last);

#endif
