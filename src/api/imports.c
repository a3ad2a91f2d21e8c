#include "api/internal.h"
#include "base/clock.h"
#include "base/log.h"

#include "base/banned.h"

/* What narrows the list: the import, and the status asked for. */
static bool open_page(struct api_call *call, const char *kind, int64_t id, struct list_page *page)
{
	struct strbuf conditions;

	strbuf_init(&conditions, 128);
	strbuf_add_format(&conditions, "%lld %lld", (long long)id,
			  (long long)param_number(call, "status"));
	bool opened = list_page_open(call, kind, strbuf_slice(&conditions), page);
	strbuf_release(&conditions);
	return opened;
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
	list_page_write(call, &answer.json, &page, list.total, list.count,
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
		present_record(&answer.json, &list.records[i], NULL, SLICE("{}"), NULL, 0);
	json_end_array(&answer.json);
	list_page_write(call, &answer.json, &page, list.total, list.count,
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
