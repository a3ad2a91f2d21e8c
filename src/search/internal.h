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
	struct columns *columns;

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
	/* What import, status and filter select, where filter, sort or facets are asked for. `find` narrows it to
	 * what the query finds. */
	bool has_selection;
	struct column_selection selection;
	size_t valid_count, embedded_count; /* of the selection before it was narrowed */
	struct id_set ids; /* the selection before it was narrowed, for who scans; `has_ids` */
	bool has_ids;
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

/* Facets and sorts are over all that is found, not only over what is ranked first. */
bool page_needs_all(const struct page *page);
/* The cursor names a kept list, and nothing else is wanted than its next page. */
bool page_goes_on(const struct page *page);

/* Shows the page of a list that was just ranked, and keeps the list where there are further ones. `total` is what the
 * page says of all that there are. */
enum status page_show_ranked(struct page *page, const struct ranked_item *items, size_t count, int64_t total,
			     struct error *err);

/* Shows the page of the kept list that the cursor names. */
enum status page_go_on_ranked(struct page *page, struct error *err);

/* The ids of the selection, made where they were not yet; NULL: memory is exhausted. */
const struct id_set *page_ids(struct page *page);

/* A page of the selection in the order asked for, or by id: `ids` are in the arena. */
struct ordered_ids {
	int64_t *ids;
	size_t count;
	bool more;
	struct slice place; /* of the last, as column_order() wrote it; in the arena */
};
enum status page_order(struct page *page, struct ordered_ids *ordered, struct error *err);

/* Looks up what was ordered, and writes the next cursor. */
enum status page_fetch_ordered(struct page *page, const struct ordered_ids *ordered, struct error *err);

/* facets.c: counts over the selection. */
enum status page_count_facets(struct page *page, struct error *err);

/* The cursor of the page behind this one, into the result. `passed`: records that this page shows or leaves
 * out. */
void page_write_next(struct page *page, int64_t last_id, float last_score, size_t passed);

#endif
