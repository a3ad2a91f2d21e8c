/* What the files of this room share: the searcher, and one page under way.
 *
 * A page is made in this order: the cursor is opened, what can be ranked outside of the store is
 * ranked, the snapshot is taken, and what was found is looked up in it. */
#ifndef ROWMILL_SEARCH_INTERNAL_H
#define ROWMILL_SEARCH_INTERNAL_H

#include "search/ranked_lists.h"
#include "search/searcher.h"
#include "search/words.h"

#include <pthread.h>

struct searcher {
	struct store *store;
	const struct embed_model *model;
	struct vector_index *index;
	struct ranked_lists *lists;

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
	struct words *words; /* of the query; NULL until page_words() is called */
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

extern const struct search_method search_list, search_semantic, search_keyword, search_hybrid;

/* The words of the query, with those that are nearly them. NULL on failure. */
const struct words *page_words(struct page *page, struct error *err);

/* The records that hold all the words (`any`: one of them), at most SEARCH_DEPTH_MOST. */
enum status page_match(struct page *page, bool any, struct word_hits *hits, struct error *err);

/* Shows the page of a list that was just ranked, and keeps the list where there are further ones. `total` is what the
 * page says of all that there are. */
enum status page_show_ranked(struct page *page, const struct ranked_item *items, size_t count, int64_t total,
			     struct error *err);

/* Shows the page of the kept list that the cursor names. */
enum status page_go_on_ranked(struct page *page, struct error *err);

/* The cursor of the page behind this one, into the result. `passed`: records that this page shows or leaves
 * out. */
void page_write_next(struct page *page, int64_t last_id, float last_score, size_t passed);

#endif
