/* What the files of this room share: the searcher, and one page under way.
 *
 * A page is made in this order: the cursor is opened, what can be ranked outside of the store is
 * ranked, the snapshot is taken, and what was found is looked up in it. */
#ifndef ROWMILL_SEARCH_INTERNAL_H
#define ROWMILL_SEARCH_INTERNAL_H

#include "search/searcher.h"

#include <pthread.h>

struct searcher {
	struct store *store;
	const struct embed_model *model;
	struct vector_index *index;

	/* Workspaces that no query uses at the moment. */
	pthread_mutex_t mutex;
	pthread_cond_t returned;
	struct embed_workspace **workspaces;
	unsigned idle, made;
};

/* One page under way: the request with its cursor opened. */
struct page {
	struct searcher *searcher;
	const struct search_request *request;
	struct search_result *result;
	struct store_reader *reader; /* NULL until the snapshot is taken */
	struct arena *arena;
	uint64_t list_id;
	bool has_cursor;
	struct cursor cursor;
	void *found; /* what the mode's `find` left for its `fetch` */
};

/* How a mode makes its page. `find` runs before the snapshot is taken, so that all it knows was committed
 * before and the snapshot shows it whole; NULL: nothing to do. `fetch` fills the result's list, scores,
 * total and next. */
struct search_method {
	const char *name;
	enum status (*find)(struct page *page, struct error *err);
	enum status (*fetch)(struct page *page, struct error *err);
};

extern const struct search_method search_list, search_semantic;

/* The cursor of the page behind this one, into the result. `passed`: records that this page shows or leaves
 * out. */
void page_write_next(struct page *page, int64_t last_id, float last_score, size_t passed);

#endif
