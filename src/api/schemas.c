/* Schemas by name: /api/schemas. */
#include "api/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "import/proposal.h"

#include <stdio.h>

#include "base/banned.h"

enum status find_schema(struct api_call *call, struct slice name, const struct schema **schema,
			struct error *err)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	struct stored_schema stored;

	*schema = schema_builtin(name);
	if (*schema)
		return STATUS_OK;
	enum status status = store->call->open_reader(store, &reader, err);
	if (status == STATUS_OK)
		status = store->call->get_schema(reader, name, call->arena, &stored, err);
	store->call->close_reader(store, reader);
	return status == STATUS_OK ? schema_parse(name, stored.document, schema, NULL, err) : status;
}

static void respond_document(struct api_call *call, const struct schema *schema)
{
	struct strbuf body;
	struct json_writer json;

	strbuf_init(&body, ANSWER_LIMIT);
	json_writer_init(&json, &body);
	schema_write_document(schema, &json);
	if (!strbuf_ok(&body)) {
		problem_respond(call->request, call->response, 503, "out-of-memory", "memory is exhausted");
	} else {
		http_response_status(call->response, 200);
		http_response_body(call->response, "application/json", &body);
	}
	strbuf_release(&body);
}

void handle_get_schema(struct api_call *call)
{
	const struct schema *schema;
	struct error err;

	if (find_schema(call, call->suffix, &schema, &err) != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	respond_document(call, schema);
	schema_release(schema);
}

/* ---- the list: the built-in ones, and behind them those of the store, whose ids are told one by one
 * after theirs ---- */

static void present_builtin(struct json_writer *json, const struct schema *schema)
{
	json_begin_object(json);
	json_put_member(json, "name");
	json_put_string(json, schema_name(schema));
	json_put_member(json, "built_in");
	json_put_bool(json, true);
	present_time(json, "created_at", 0);
	present_time(json, "updated_at", 0);
	json_end_object(json);
}

static void present_stored(struct json_writer *json, const struct stored_schema *stored)
{
	json_begin_object(json);
	json_put_member(json, "name");
	json_put_string(json, stored->name);
	json_put_member(json, "built_in");
	json_put_bool(json, false);
	present_time(json, "created_at", stored->created_ms);
	present_time(json, "updated_at", stored->updated_ms);
	json_end_object(json);
}

/* Which part of the page is built in, and what is left for the store. */
static void divide_page(const struct page_query *page, size_t *first, size_t *end,
			struct page_query *stored)
{
	int64_t count = (int64_t)schema_builtin_count();
	int64_t start = page->cursor_id ? page->cursor_id : page->offset;

	*stored = *page;
	*first = (size_t)(start < count ? start : count);
	*end = *first + page->limit < (size_t)count ? *first + page->limit : (size_t)count;
	stored->limit = page->limit - (uint32_t)(*end - *first);
	stored->cursor_id = page->cursor_id > count ? page->cursor_id - count : 0;
	stored->offset = page->cursor_id || page->offset < count ? 0 : page->offset - count;
}

static enum status list_stored(struct api_call *call, struct page_query *page, struct schema_list *list,
			       struct error *err)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	bool is_wanted = page->limit > 0;

	/* The store's pages have at least one item: whether there is one is what is asked then. */
	page->limit = is_wanted ? page->limit : 1;
	enum status status = store->call->open_reader(store, &reader, err);
	if (status == STATUS_OK)
		status = store->call->list_schemas(reader, page, call->arena, list, err);
	store->call->close_reader(store, reader);
	if (status == STATUS_OK && !is_wanted) {
		list->more = list->count > 0;
		list->count = 0;
	}
	return status;
}

void handle_list_schemas(struct api_call *call)
{
	int64_t builtin_count = (int64_t)schema_builtin_count();
	struct page_query stored;
	struct schema_list list;
	struct list_page page;
	struct answer answer;
	struct error err;
	size_t first, end;

	if (!list_page_open(call, "schemas", SLICE(""), &page))
		return;
	divide_page(&page.query, &first, &end, &stored);
	if (list_stored(call, &stored, &list, &err) != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	answer_begin(&answer);
	json_put_member(&answer.json, "schemas");
	json_begin_array(&answer.json);
	for (size_t i = first; i < end; i++)
		present_builtin(&answer.json, schema_builtin_at(i));
	for (size_t i = 0; i < list.count; i++)
		present_stored(&answer.json, &list.schemas[i]);
	json_end_array(&answer.json);
	int64_t last = list.count ? list.schemas[list.count - 1].id + builtin_count : (int64_t)end;
	bool more = list.more || end < schema_builtin_count();
	list_page_write(call, &answer.json, &page, list.total + builtin_count, end - first + list.count, last,
			more);
	answer_send(&answer, call, 200);
}

/* ---- changing ---- */

/* Whether a schema may be put or deleted under the path's name; false: the answer says no. */
static bool may_change(struct api_call *call)
{
	if (schema_builtin(call->suffix)) {
		problem_respond(call->request, call->response, 409, "built-in-schema",
				"this schema is built in and cannot be changed; put yours under another name");
		return false;
	}
	if (schema_name_is_valid(call->suffix))
		return true;
	add_param_error(call, "path", SLICE("name"), "out-of-range",
			"must be 1 to %d of the letters A to Z, a to z, digits, '-', '_' and '.', and not "
			"begin with '.'",
			SCHEMA_NAME_MAX);
	problem_params(call);
	return false;
}

static void respond_faults(struct api_call *call, const struct schema_faults *faults)
{
	if (strcmp(faults->list[0].type, "syntax-error") == 0) {
		char detail[ERROR_DETAIL_SIZE];
		snprintf(detail, sizeof detail, "%.*s", SLICE_ARG(faults->list[0].message));
		problem_respond(call->request, call->response, 400, "malformed-json", detail);
		return;
	}
	for (size_t i = 0; i < faults->count; i++) {
		size_t at = call->error_count;
		add_param_error(call, "body", faults->list[i].place, faults->list[i].type, "%.*s",
				SLICE_ARG(faults->list[i].message));
		if (at < call->error_count)
			call->errors[at].is_pointer = true;
	}
	problem_params(call);
}

static void put_schema(struct api_call *call, const struct schema *schema)
{
	struct store *store = call->api->config.store;
	struct error err;

	if (store->call->put_schema(store, call->suffix, schema_document(schema), &err) != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	log_info(LOG_EVENT("schema put"), LOG_SLICE("schema", call->suffix));
	respond_document(call, schema);
}

void handle_put_schema(struct api_call *call)
{
	struct schema_faults faults = {.arena = call->arena};
	const struct schema *schema;
	struct error err;

	if (!may_change(call))
		return;
	enum status status =
		schema_parse(call->suffix, strbuf_slice(&call->body), &schema, &faults, &err);
	if (status == STATUS_INVALID) {
		respond_faults(call, &faults);
	} else if (status != STATUS_OK) {
		problem_error(call, &err);
	} else {
		put_schema(call, schema);
		schema_release(schema);
	}
}

void handle_delete_schema(struct api_call *call)
{
	struct store *store = call->api->config.store;
	struct answer answer;
	struct error err;

	if (schema_builtin(call->suffix) && !may_change(call))
		return;
	if (store->call->delete_schema(store, call->suffix, &err) != STATUS_OK) {
		problem_error(call, &err);
		return;
	}
	log_info(LOG_EVENT("schema deleted"), LOG_SLICE("schema", call->suffix));
	answer_begin(&answer);
	json_put_member(&answer.json, "name");
	json_put_string(&answer.json, call->suffix);
	present_time(&answer.json, "deleted_at", clock_now_ms());
	answer_send(&answer, call, 200);
}

/* ---- proposing ---- */

void handle_infer_schema(struct api_call *call)
{
	struct reader_options options;
	struct strbuf body;
	struct json_writer json;
	struct error err;
	int fd;

	if (!upload_open_file(call, &options, &fd))
		return;
	strbuf_init(&body, SCHEMA_DOCUMENT_MAX);
	json_writer_init(&json, &body);
	enum status status =
		proposal_write(fd, &options, (uint64_t)param_number(call, "rows"), &json, &err);
	if (status == STATUS_OK && !strbuf_ok(&body))
		status = error_set(&err, STATUS_TOO_LARGE, NULL,
				   "the names of the columns are longer than a schema can be");
	if (status == STATUS_INVALID) {
		add_param_error(call, "body", SLICE("file"), err.code, "%s", err.detail);
		problem_params(call);
	} else if (status != STATUS_OK) {
		problem_error(call, &err);
	} else {
		http_response_status(call->response, 200);
		http_response_body(call->response, "application/json", &body);
	}
	strbuf_release(&body);
}
