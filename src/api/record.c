/* GET /api/records/{id}. */
#include "api/internal.h"

#include "base/banned.h"

/* STATUS_NOT_FOUND where the record is gone or was never there. */
static enum status read_record(struct api_call *call, struct stored_record *record, struct error *err)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	struct record_list list;
	enum status status = store->call->open_reader(store, &reader, err);

	if (status == STATUS_OK)
		status = store->call->get_records(reader, &call->id, 1, call->arena, &list, err);
	store->call->close_reader(store, reader);
	if (status == STATUS_OK && !list.count)
		return error_set(err, STATUS_NOT_FOUND, NULL, "there is no record %lld", (long long)call->id);
	if (status == STATUS_OK)
		*record = list.records[0];
	return status;
}

static void respond_record(struct api_call *call)
{
	struct stored_record record;
	struct json_writer json;
	struct strbuf body;
	struct error err;

	if (read_record(call, &record, &err) != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	strbuf_init(&body, ANSWER_LIMIT);
	json_writer_init(&json, &body);
	present_record(&json, &record, NULL, SLICE("{}"), NULL, 0);
	http_response_body(call->response, "application/json", &body);
	strbuf_release(&body);
}

void handle_get_record(struct api_call *call)
{
	respond_record(call);
}
