/* Records as they lie, by id, or in the order of fields. */
#include "search/internal.h"

#include "base/banned.h"

static enum status find_list(struct page *page, struct error *err)
{
	const struct search_request *request = page->request;
	struct ordered_ids *ordered;

	/* Facets alone do not change the list. */
	if (!request->filter && !request->sort_count)
		return STATUS_OK;
	ordered = arena_alloc_zeroed(page->arena, 1, sizeof *ordered);
	if (!ordered)
		return error_no_memory(err);
	page->found = ordered;
	return page_order(page, ordered, err);
}

static enum status fetch_stored(struct page *page, struct error *err)
{
	const struct search_request *request = page->request;
	struct record_query query = {
		.import_id = request->import_id,
		.status = request->status,
		.page = {.limit = request->limit,
			 .offset = request->offset,
			 .cursor_id = page->has_cursor ? page->cursor.id : 0},
	};
	struct record_list *list = &page->result->list;
	enum status status = page->searcher->store->call->list_records(page->reader, &query,
									page->arena, list, err);

	if (status != STATUS_OK)
		return status;
	if (page->has_cursor)
		list->total = page->cursor.total;
	if (list->more && list->count)
		page_write_next(page, list->records[list->count - 1].id, 0, list->count);
	return STATUS_OK;
}

static enum status fetch_list(struct page *page, struct error *err)
{
	struct ordered_ids *ordered = page->found;

	if (!ordered)
		return fetch_stored(page, err);
	return page_fetch_ordered(page, ordered, err);
}

const struct search_method search_list = {.name = "list", .find = find_list, .fetch = fetch_list};
