/* What people do with an import beside reading it: stop it, run it again, give it vectors. */
#include "api/internal.h"
#include "base/log.h"

#include <stdio.h>

#include "base/banned.h"

void respond_import(struct api_call *call, int64_t id, unsigned status)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	struct import import;
	struct answer answer;
	struct error err;
	char location[64];

	enum status read = store->call->open_reader(store, &reader, &err);
	if (read == STATUS_OK)
		read = store->call->get_import(reader, id, call->arena, &import, &err);
	store->call->close_reader(store, reader);
	if (read != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	snprintf(location, sizeof location, "/api/imports/%lld", (long long)id);
	http_response_header(call->response, "Location", slice_of_string(location));
	answer_begin(&answer);
	present_import_members(&answer.json, call->api->config.importer, &import);
	answer_send(&answer, call, status);
}

static void respond_done(struct api_call *call, enum status status, const struct error *err,
			 const char *event)
{
	if (status != STATUS_OK) {
		problem_error(call, err);
		return;
	}
	log_info(LOG_EVENT(event), LOG_INT("import_id", call->id));
	respond_import(call, call->id, 202);
}

void handle_cancel_import(struct api_call *call)
{
	struct error err;
	enum status status = importer_cancel(call->api->config.importer, call->id, &err);

	respond_done(call, status, &err, "import cancelled");
}

void handle_retry_import(struct api_call *call)
{
	struct error err;
	int64_t holder = 0;
	enum status status = importer_retry(call->api->config.importer, call->id, &holder, &err);

	if (status == STATUS_EXISTS)
		problem_duplicate(call, holder, err.detail);
	else
		respond_done(call, status, &err, "import runs again");
}

void handle_embed_import(struct api_call *call)
{
	struct error err;
	enum status status = importer_embed(call->api->config.importer, call->id, &err);

	respond_done(call, status, &err, "import is to be embedded");
}
