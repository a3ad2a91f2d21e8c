/* Records as they lie: by id. */
#include "search/internal.h"

#include "base/banned.h"

static enum status fetch_list(struct page *page, struct error *err)
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

const struct search_method search_list = {.name = "list", .fetch = fetch_list};
