/* Pages of a list that is ranked once and then kept: what keyword and hybrid search have in common. */
#include "search/internal.h"

#include <math.h>
#include <stdlib.h>

#include "base/banned.h"

const struct words *page_words(struct page *page, struct error *err)
{
	struct words *words = page->words;

	if (words)
		return words;
	words = arena_alloc_zeroed(page->arena, 1, sizeof *words);
	if (!words || !words_parse(page->request->query, page->arena, words)) {
		error_no_memory(err);
		return NULL;
	}
	if (words_add_similar(words, page->searcher->store->call, page->reader, page->arena, err) != STATUS_OK)
		return NULL;
	page->words = words;
	return words;
}

enum status page_match(struct page *page, bool any, struct word_hits *hits, struct error *err)
{
	const struct words *words = page_words(page, err);
	const struct id_set *within = NULL;

	if (!words)
		return err->status;
	if (page->request->filter && !(within = page_ids(page)))
		return error_no_memory(err);
	struct word_query query = {
		.terms = words->terms,
		.count = words->count,
		.any = any,
		.import_id = page->request->import_id,
		.status = page->request->status,
		.within = within,
		.limit = page_needs_all(page) ? SEARCH_ALL_MOST : SEARCH_DEPTH_MOST,
	};
	return page->searcher->store->call->match_words(page->reader, &query, page->arena, hits, err);
}

/* Looks the records up; those gone from this snapshot are left out, with their scores. */
static enum status look_up(struct page *page, const struct ranked_item *items, size_t count, struct error *err)
{
	struct record_list *list = &page->result->list;
	int64_t *ids = arena_alloc(page->arena, count * sizeof *ids);
	float *scores = arena_alloc(page->arena, count * sizeof *scores);
	size_t item = 0;

	if (!ids || !scores)
		return error_no_memory(err);
	for (size_t i = 0; i < count; i++)
		ids[i] = items[i].id;
	enum status status =
		page->searcher->store->call->get_records(page->reader, ids, count, page->arena, list, err);
	if (status != STATUS_OK)
		return status;
	for (size_t i = 0; i < list->count; i++) {
		while (items[item].id != list->records[i].id)
			item++;
		scores[i] = items[item].score;
	}
	page->result->scores = scores;
	return STATUS_OK;
}

static int compare_items(const void *a, const void *b)
{
	int64_t left = ((const struct ranked_item *)a)->id, right = ((const struct ranked_item *)b)->id;

	return (left > right) - (left < right);
}

/* Narrows what the columns select to what was found; `by_id` is in the order of ids. */
static enum status keep_items(struct page *page, const struct ranked_item *by_id, size_t count, struct error *err)
{
	struct id_set ids;

	if (!id_set_init(&ids, count ? by_id[0].id : 1, count ? by_id[count - 1].id : 0))
		return error_no_memory(err);
	for (size_t i = 0; i < count; i++)
		id_set_add(&ids, by_id[i].id);
	column_selection_keep(&page->selection, &ids);
	id_set_release(&ids);
	return STATUS_OK;
}

/* What was found, in the order of fields. */
static enum status show_ordered(struct page *page, const struct ranked_item *by_id, size_t count, struct error *err)
{
	struct search_result *result = page->result;
	struct ordered_ids ordered;
	enum status status = page_order(page, &ordered, err);

	if (status == STATUS_OK)
		status = page_fetch_ordered(page, &ordered, err);
	if (status != STATUS_OK || !result->list.count)
		return status;
	result->scores = arena_alloc(page->arena, result->list.count * sizeof *result->scores);
	if (!result->scores)
		return error_no_memory(err);
	for (size_t i = 0; i < result->list.count; i++) {
		struct ranked_item key = {.id = result->list.records[i].id};
		const struct ranked_item *item = bsearch(&key, by_id, count, sizeof key, compare_items);
		result->scores[i] = item ? item->score : NAN;
	}
	return STATUS_OK;
}

bool page_needs_all(const struct page *page)
{
	return page->request->facet_count || page->request->sort_count;
}

bool page_goes_on(const struct page *page)
{
	return page->has_cursor && !page_needs_all(page);
}

static enum status show_ranked(struct page *page, const struct ranked_item *items, size_t count, int64_t total,
			       struct error *err);

enum status page_show_ranked(struct page *page, const struct ranked_item *items, size_t count, int64_t total,
			     struct error *err)
{
	if (!page_needs_all(page))
		return show_ranked(page, items, count, total, err);
	struct ranked_item *by_id = arena_alloc(page->arena, (count + 1) * sizeof *by_id);
	if (!by_id)
		return error_no_memory(err);
	if (count)
		memcpy(by_id, items, count * sizeof *by_id);
	qsort(by_id, count, sizeof *by_id, compare_items);
	enum status status = keep_items(page, by_id, count, err);
	if (status != STATUS_OK)
		return status;
	if (page->request->sort_count)
		return show_ordered(page, by_id, count, err);
	if (page->has_cursor)
		return page_go_on_ranked(page, err);
	return show_ranked(page, items, count < SEARCH_DEPTH_MOST ? count : SEARCH_DEPTH_MOST, total, err);
}

static enum status show_ranked(struct page *page, const struct ranked_item *items, size_t count, int64_t total,
			       struct error *err)
{
	size_t offset = page->request->offset < (int64_t)count ? (size_t)page->request->offset : count;
	size_t shown = count - offset < page->request->limit ? count - offset : page->request->limit;
	enum status status = look_up(page, items + offset, shown, err);

	page->result->list.total = total;
	if (status != STATUS_OK || offset + shown == count)
		return status;
	int64_t name = ranked_lists_keep(page->searcher->lists, page->list_id, items, count);
	if (!name)
		return error_no_memory(err);
	page_write_next(page, name, 0, shown);
	return STATUS_OK;
}

enum status page_go_on_ranked(struct page *page, struct error *err)
{
	size_t limit = page->request->limit, count;
	struct ranked_item *items = arena_alloc(page->arena, limit * sizeof *items);
	bool more;

	if (!items)
		return error_no_memory(err);
	if (!ranked_lists_read(page->searcher->lists, page->cursor.id, page->list_id, (size_t)page->cursor.offset,
			       limit, items, &count, &more))
		return error_set(err, STATUS_INVALID, "expired-cursor",
				 "names a list that is not kept any longer; start again without it");
	enum status status = look_up(page, items, count, err);
	page->result->list.total = page->cursor.total;
	if (status == STATUS_OK && more)
		page_write_next(page, page->cursor.id, 0, count);
	return status;
}
