/* The page of a list that goes by ids: its parameters, its cursor, its "page" member and its Link header. */
#include "api/internal.h"

#include "base/banned.h"

/* Opens the cursor of a list, where one is given; false: the answer says no. */
static bool open_cursor(struct api_call *call, struct list_page *page)
{
	struct slice text = param_text(call, "cursor");

	page->has_cursor = param_given(call, "cursor");
	if (!page->has_cursor)
		return true;
	if (param_given(call, "offset"))
		add_param_error(call, "query", SLICE("offset"), "conflict",
				"cannot be used together with cursor");
	else if (!cursor_parse(text, page->list_id, &page->cursor))
		add_param_error(call, "query", SLICE("cursor"), "invalid-cursor",
				"does not belong to this list; start again without it");
	else
		return true;
	problem_params(call);
	return false;
}

bool list_page_open(struct api_call *call, const char *kind, struct slice conditions, struct list_page *page)
{
	*page = (struct list_page){.list_id = cursor_list_id(kind, conditions)};
	if (!open_cursor(call, page))
		return false;
	page->query.limit = (uint32_t)param_number(call, "limit");
	page->query.offset = param_number(call, "offset");
	page->query.cursor_id = page->has_cursor ? page->cursor.id : 0;
	return true;
}

void list_page_write(struct api_call *call, struct json_writer *json, const struct list_page *page,
		     int64_t total, size_t count, int64_t last_id, bool more)
{
	int64_t offset = page->has_cursor ? page->cursor.offset : page->query.offset;
	struct strbuf next;

	total = page->has_cursor ? page->cursor.total : total;
	strbuf_init(&next, CURSOR_TEXT_MOST);
	if (more) {
		struct cursor cursor = {
			.id = last_id, .offset = offset + (int64_t)count, .total = total};
		cursor_write(&cursor, page->list_id, &next);
	}
	present_page(json, page->query.limit, offset, total, strbuf_slice(&next));
	respond_next_link(call, strbuf_slice(&next));
	strbuf_release(&next);
}
