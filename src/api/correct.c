/* PATCH /api/records/{id}. */
#include "api/internal.h"
#include "import/correct.h"

#include <stdio.h>

#include "base/banned.h"

/* ---- the body ---- */

static void refuse_body(struct api_call *call, const struct error *err)
{
	char detail[ERROR_DETAIL_SIZE + 32];

	if (err->status != STATUS_INVALID) {
		problem_error(call, err);
		return;
	}
	snprintf(detail, sizeof detail, "the body is no JSON: %s", err->detail);
	problem_respond(call->request, call->response, 400, "malformed-json", detail);
}

static void check_members(struct api_call *call, const struct json_node *body)
{
	const struct json_node *data = json_node_find(body, "data");

	for (const struct json_node *node = body->first; node; node = node->next)
		if (node != data)
			add_param_error(call, "body", node->name, "unknown", "there is no such member here");
	if (!data)
		add_param_error(call, "body", SLICE("data"), "missing",
				"must be an object with the members of the record's data that are to change");
	else if (data->kind != NODE_OBJECT)
		add_param_error(call, "body", SLICE("data"), "wrong-type", "must be an object");
}

/* The object in "data", which keeps its numbers digit for digit; NULL: the answer says no. */
static const struct json_node *read_body(struct api_call *call)
{
	const struct json_node *body;
	struct error err;

	if (json_tree_read(strbuf_slice(&call->body), call->arena, &body, &err) != STATUS_OK) {
		refuse_body(call, &err);
		return NULL;
	}
	if (body->kind != NODE_OBJECT)
		add_param_error(call, "body", (struct slice){NULL, 0}, "wrong-type",
				"the body must be a JSON object");
	else
		check_members(call, body);
	if (!call->error_count)
		return json_node_find(body, "data");
	problem_params(call);
	return NULL;
}

/* ---- answers ---- */

static void write_errors(const struct correction_result *result, struct json_writer *json)
{
	json_begin_array(json);
	for (size_t i = 0; i < result->error_count; i++) {
		const struct cell_error *error = &result->errors[i];
		json_begin_object(json);
		json_put_member(json, "loc");
		json_begin_array(json);
		json_put_text(json, "body");
		json_put_text(json, "data");
		if (error->field.size)
			json_put_string(json, error->field);
		json_end_array(json);
		json_put_member(json, "msg");
		json_put_string(json, error->message);
		json_put_text_member(json, "type", error->code);
		json_end_object(json);
	}
	json_end_array(json);
}

static void respond_invalid(struct api_call *call, const struct correction_result *result)
{
	struct strbuf errors;
	struct json_writer json;
	char detail[ERROR_DETAIL_SIZE];
	const struct cell_error *first = &result->errors[0];

	strbuf_init(&errors, ANSWER_LIMIT);
	json_writer_init(&json, &errors);
	write_errors(result, &json);
	snprintf(detail, sizeof detail, "the record would not be valid, and stays as it is: %.*s%s%.*s",
		 SLICE_ARG(first->field), first->field.size ? ": " : "", SLICE_ARG(first->message));
	problem_respond_with(call->request, call->response, 422, "invalid-record", detail, "errors",
			     strbuf_slice(&errors));
	strbuf_release(&errors);
}

/* *read: the record as If-Match wants it; its data NULL where the request says nothing of it. */
static enum status check_precondition(struct api_call *call, struct stored_record *read, struct error *err)
{
	struct slice if_match = http_request_header(call->request, "If-Match");

	*read = (struct stored_record){0};
	if (!if_match.data)
		return STATUS_OK;
	enum status status = read_record(call, read, err);
	return status == STATUS_OK ? check_if_match(if_match, read, err) : status;
}

static void respond_error(struct api_call *call, const struct error *err)
{
	bool was_conditional = http_request_header(call->request, "If-Match").data != NULL;

	if (was_conditional && err->status == STATUS_CONFLICT && strcmp(err->code, "changed-meanwhile") == 0)
		problem_respond(call->request, call->response, 412, "precondition-failed", err->detail);
	else
		problem_error(call, err);
}

void handle_patch_record(struct api_call *call)
{
	struct correction_result result = {0};
	struct stored_record read;
	struct error err;
	const struct json_node *data = read_body(call);

	if (!data)
		return;
	enum status status = check_precondition(call, &read, &err);
	const struct correction_request request = {.record_id = call->id, .patch = data, .data_before = read.data};
	if (status == STATUS_OK)
		status = importer_correct(call->api->config.importer, &request, call->arena, &result, &err);
	if (status == STATUS_OK)
		respond_record(call, &result.record);
	else if (status == STATUS_INVALID && result.error_count)
		respond_invalid(call, &result);
	else
		respond_error(call, &err);
}
