/* Pages of a list that is ranked once and then kept: what keyword and hybrid search have in common. */
#include "search/internal.h"

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

	if (!words)
		return err->status;
	struct word_query query = {
		.terms = words->terms,
		.count = words->count,
		.any = any,
		.import_id = page->request->import_id,
		.status = page->request->status,
		.limit = SEARCH_DEPTH_MOST,
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

enum status page_show_ranked(struct page *page, const struct ranked_item *items, size_t count, int64_t total,
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
