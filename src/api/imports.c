#include "api/internal.h"
#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

/* Opens the cursor of a list, where one is given; false: the answer says no. */
static bool open_cursor(struct api_call *call, uint64_t list_id, struct cursor *cursor,
			bool *has_cursor)
{
	struct slice text = param_text(call, "cursor");

	*has_cursor = param_given(call, "cursor");
	if (!*has_cursor)
		return true;
	if (param_given(call, "offset"))
		add_param_error(call, "query", SLICE("offset"), "conflict",
				"cannot be used together with cursor");
	else if (!cursor_parse(text, list_id, cursor))
		add_param_error(call, "query", SLICE("cursor"), "invalid-cursor",
				"does not belong to this list; start again without it");
	else
		return true;
	problem_params(call);
	return false;
}

static uint64_t list_id_of(const struct api_call *call, const char *kind, int64_t id)
{
	struct strbuf conditions;

	strbuf_init(&conditions, 128);
	strbuf_add_format(&conditions, "%lld %lld", (long long)id,
			  (long long)param_number(call, "status"));
	uint64_t list_id = cursor_list_id(kind, strbuf_slice(&conditions));
	strbuf_release(&conditions);
	return list_id;
}

/* A list's page with its cursor and Link header. */
struct list_page {
	uint64_t list_id;
	struct cursor cursor;
	bool has_cursor;
	struct page_query query;
};

static bool open_page(struct api_call *call, const char *kind, int64_t id, struct list_page *page)
{
	*page = (struct list_page){.list_id = list_id_of(call, kind, id)};
	if (!open_cursor(call, page->list_id, &page->cursor, &page->has_cursor))
		return false;
	page->query.limit = (uint32_t)param_number(call, "limit");
	page->query.offset = param_number(call, "offset");
	page->query.cursor_id = page->has_cursor ? page->cursor.id : 0;
	return true;
}

static void write_page(struct api_call *call, struct json_writer *json, const struct list_page *page,
		       int64_t total, size_t count, int64_t last_id, bool more)
{
	int64_t offset = page->has_cursor ? page->cursor.offset : page->query.offset;
	struct strbuf next;

	total = page->has_cursor ? page->cursor.total : total;
	strbuf_init(&next, 256);
	if (more) {
		struct cursor cursor = {
			.id = last_id, .offset = offset + (int64_t)count, .total = total};
		cursor_write(&cursor, page->list_id, &next);
	}
	present_page(json, page->query.limit, offset, total, strbuf_slice(&next));
	respond_next_link(call, strbuf_slice(&next));
	strbuf_release(&next);
}

void handle_list_imports(struct api_call *call)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	struct import_list list;
	struct list_page page;
	struct answer answer;
	struct error err;

	if (!open_page(call, "imports", 0, &page))
		return;
	struct import_query query = {.by_status = param_given(call, "status"), .page = page.query};
	if (query.by_status)
		query.status = (enum import_status)param_number(call, "status");
	enum status status = store->call->open_reader(store, &reader, &err);
	if (status == STATUS_OK)
		status = store->call->list_imports(reader, &query, call->arena, &list, &err);
	store->call->close_reader(store, reader);
	if (status != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	answer_begin(&answer);
	json_put_member(&answer.json, "imports");
	json_begin_array(&answer.json);
	for (size_t i = 0; i < list.count; i++)
		present_import(&answer.json, call->api->config.importer, &list.imports[i]);
	json_end_array(&answer.json);
	write_page(call, &answer.json, &page, list.total, list.count,
		   list.count ? list.imports[list.count - 1].id : 0, list.more);
	answer_send(&answer, call, 200);
}

void handle_get_import(struct api_call *call)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	struct import import;
	struct record_list list;
	struct list_page page;
	struct answer answer;
	struct error err;

	if (!open_page(call, "import", call->id, &page))
		return;
	struct record_query query = {.import_id = call->id,
				     .status = param_given(call, "status")
						       ? (enum record_status)(param_number(call, "status") + 1)
						       : RECORD_STATUS_ANY,
				     .page = page.query};
	enum status status = store->call->open_reader(store, &reader, &err);
	if (status == STATUS_OK)
		status = store->call->get_import(reader, call->id, call->arena, &import, &err);
	if (status == STATUS_OK)
		status = store->call->list_records(reader, &query, call->arena, &list, &err);
	store->call->close_reader(store, reader);
	if (status != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	answer_begin(&answer);
	present_import_members(&answer.json, call->api->config.importer, &import);
	json_put_member(&answer.json, "records");
	json_begin_array(&answer.json);
	for (size_t i = 0; i < list.count; i++)
		present_record(&answer.json, &list.records[i], NULL, NULL, 0);
	json_end_array(&answer.json);
	write_page(call, &answer.json, &page, list.total, list.count,
		   list.count ? list.records[list.count - 1].id : 0, list.more);
	answer_send(&answer, call, 200);
}

void handle_delete_import(struct api_call *call)
{
	struct delete_receipt receipt;
	struct answer answer;
	struct error err;

	enum status status =
		importer_delete(call->api->config.importer, call->id, call->arena, &receipt, &err);
	if (status != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	log_info(LOG_EVENT("import deleted"), LOG_INT("import_id", receipt.import_id),
		 LOG_INT("records", receipt.records), LOG_INT("vectors", receipt.vectors));
	answer_begin(&answer);
	json_put_int_member(&answer.json, "import_id", receipt.import_id);
	json_put_member(&answer.json, "filename");
	json_put_string(&answer.json, receipt.filename);
	json_put_int_member(&answer.json, "records", receipt.records);
	json_put_int_member(&answer.json, "vectors", receipt.vectors);
	json_put_int_member(&answer.json, "errors", receipt.errors);
	json_put_int_member(&answer.json, "size_bytes", receipt.size_bytes);
	present_time(&answer.json, "deleted_at", clock_now_ms());
	answer_send(&answer, call, 200);
}
