/* Pages of what the columns select, by fields or by id. */
#include "search/internal.h"

#include "base/banned.h"

const struct id_set *page_ids(struct page *page)
{
	if (!page->has_ids)
		page->has_ids = column_selection_ids(&page->selection, &page->ids);
	return page->has_ids ? &page->ids : NULL;
}

static enum status order_by_id(struct page *page, struct ordered_ids *ordered, struct error *err)
{
	const struct search_request *request = page->request;
	int64_t skip = page->has_cursor ? 0 : request->offset;
	struct id_set ids;

	if (!column_selection_ids(&page->selection, &ids))
		return error_no_memory(err);
	int64_t id = id_set_next(&ids, page->has_cursor ? page->cursor.id + 1 : 0);
	for (; id >= 0 && skip > 0; skip--)
		id = id_set_next(&ids, id + 1);
	for (; id >= 0 && ordered->count < request->limit; id = id_set_next(&ids, id + 1))
		ordered->ids[ordered->count++] = id;
	ordered->more = id >= 0;
	id_set_release(&ids);
	return STATUS_OK;
}

static enum status order_by_fields(struct page *page, struct ordered_ids *ordered, struct error *err)
{
	const struct search_request *request = page->request;
	struct column_page wanted = {
		.keys = request->sort,
		.key_count = request->sort_count,
		.skip = page->has_cursor ? 0 : (size_t)request->offset,
		.limit = request->limit,
	};

	if (page->has_cursor)
		wanted.after = slice_of((const char *)page->cursor.keys, page->cursor.keys_size);
	struct strbuf place;
	strbuf_init(&place, CURSOR_KEYS_MOST);
	enum order_result result = column_order(&page->selection, &wanted, ordered->ids, &ordered->count,
						&ordered->more, &place);
	bool kept = strbuf_ok(&place) && arena_copy(page->arena, strbuf_slice(&place), &ordered->place);
	strbuf_release(&place);
	switch (result) {
	case ORDER_DONE:
		return kept ? STATUS_OK : error_no_memory(err);
	case ORDER_BAD_PLACE:
		return error_set(err, STATUS_INVALID, "invalid-cursor",
				 "the cursor does not belong to this search; start again without it");
	case ORDER_NO_MEMORY:
	default:
		return error_no_memory(err);
	}
}

enum status page_order(struct page *page, struct ordered_ids *ordered, struct error *err)
{
	*ordered = (struct ordered_ids){
		.ids = arena_alloc_zeroed(page->arena, page->request->limit, sizeof *ordered->ids)};
	if (!ordered->ids)
		return error_no_memory(err);
	return page->request->sort_count ? order_by_fields(page, ordered, err)
					 : order_by_id(page, ordered, err);
}

enum status page_fetch_ordered(struct page *page, const struct ordered_ids *ordered, struct error *err)
{
	struct search_result *result = page->result;
	enum status status = STATUS_OK;

	if (ordered->count)
		status = page->searcher->store->call->get_records(page->reader, ordered->ids, ordered->count,
								  page->arena, &result->list, err);
	if (status != STATUS_OK)
		return status;
	result->list.total = page->has_cursor ? page->cursor.total : (int64_t)page->selection.count;
	if (!ordered->more)
		return STATUS_OK;
	struct cursor next = {.id = ordered->ids[ordered->count - 1],
			      .offset = result->offset + (int64_t)ordered->count,
			      .total = result->list.total,
			      .keys_size = (uint16_t)ordered->place.size};
	if (ordered->place.size)
		memcpy(next.keys, ordered->place.data, ordered->place.size);
	cursor_write(&next, page->list_id, &result->next);
	return STATUS_OK;
}
