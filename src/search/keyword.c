/* Records that hold the words of the query, best first. */
#include "search/internal.h"

#include "base/banned.h"

static enum status fetch_matches(struct page *page, struct error *err)
{
	struct word_hits hits;

	if (page_goes_on(page))
		return page_go_on_ranked(page, err);
	enum status status = page_match(page, false, &hits, err);
	if (status != STATUS_OK)
		return status;
	struct ranked_item *items = arena_alloc(page->arena, hits.count * sizeof *items);
	if (!items)
		return error_no_memory(err);
	for (size_t i = 0; i < hits.count; i++)
		items[i] = (struct ranked_item){hits.hits[i].id, (float)hits.hits[i].score};
	return page_show_ranked(page, items, hits.count, hits.total, err);
}

const struct search_method search_keyword = {.name = "keyword", .fetch = fetch_matches};
