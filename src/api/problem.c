#include "api/internal.h"
#include "base/log.h"

#include <stdio.h>

#include "base/banned.h"

const char *problem_title(unsigned status)
{
	static const struct {
		unsigned status;
		const char *title;
	} titles[] = {
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{409, "Conflict"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{415, "Unsupported Media Type"},
		{422, "Unprocessable Content"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{503, "Service Unavailable"},
		{507, "Insufficient Storage"},
	};
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
		if (titles[i].status == status)
			return titles[i].title;
	return "Error";
}

/* Opens the object and writes the members that every problem has. */
static void begin(struct json_writer *json, struct http_request *request, unsigned status,
		  const char *code, const char *detail)
{
	json_begin_object(json);
	json_put_text_member(json, "type", "about:blank");
	json_put_text_member(json, "title", problem_title(status));
	json_put_int_member(json, "status", status);
	json_put_text_member(json, "detail", detail);
	json_put_member(json, "instance");
	json_put_string(json, http_request_target(request));
	json_put_text_member(json, "code", code);
	json_put_text_member(json, "request_id", http_request_id(request));
}

static void send(struct http_response *response, unsigned status, struct json_writer *json)
{
	json_end_object(json);
	http_response_status(response, status);
	if (status == 429 || status == 503)
		http_response_header(response, "Retry-After", SLICE("5"));
	http_response_body(response, "application/problem+json", json->out);
	strbuf_release(json->out);
}

void problem_respond_with(struct http_request *request, struct http_response *response, unsigned status,
			  const char *code, const char *detail, const char *member, struct slice value)
{
	struct strbuf body;
	struct json_writer json;

	strbuf_init(&body, ANSWER_LIMIT);
	json_writer_init(&json, &body);
	begin(&json, request, status, code, detail);
	if (member) {
		json_put_member(&json, member);
		json_put_raw(&json, value);
	}
	send(response, status, &json);
}

void problem_respond(struct http_request *request, struct http_response *response, unsigned status,
		     const char *code, const char *detail)
{
	problem_respond_with(request, response, status, code, detail, NULL, SLICE(""));
}

/* A step of a pointer, in which ~1 stands for '/' and ~0 for '~'. */
static void put_step(struct json_writer *json, struct slice step)
{
	struct strbuf text;

	strbuf_init(&text, BODY_LIMIT);
	for (size_t i = 0; i < step.size; i++) {
		bool escaped = step.data[i] == '~' && i + 1 < step.size;
		if (escaped)
			i++;
		strbuf_add_byte(&text, !escaped ? step.data[i] : step.data[i] == '1' ? '/' : '~');
	}
	json_put_string(json, strbuf_slice(&text));
	strbuf_release(&text);
}

/* A place in a document is a JSON Pointer (RFC 6901): each of its steps is an item of "loc". */
static void put_steps(struct json_writer *json, struct slice pointer)
{
	size_t at = 1;

	while (at <= pointer.size) {
		size_t end = slice_find(pointer, '/', at);
		struct slice step = slice_of(pointer.data + at, end - at);
		int64_t index;
		if (slice_parse_int64(step, &index) && index >= 0)
			json_put_int(json, index);
		else
			put_step(json, step);
		at = end + 1;
	}
}

static void put_loc(struct json_writer *json, const struct param_error *error)
{
	json_put_member(json, "loc");
	json_begin_array(json);
	json_put_text(json, error->where);
	if (error->is_pointer)
		put_steps(json, error->name);
	else if (error->name.size)
		json_put_string(json, error->name);
	if (error->path.size)
		json_put_raw(json, error->path);
	json_end_array(json);
}

void problem_params(struct api_call *call)
{
	const struct param_error *first = &call->errors[0];
	bool unsupported = strcmp(first->type, "not-supported") == 0;
	struct strbuf body;
	struct json_writer json;
	char detail[ERROR_DETAIL_SIZE];

	snprintf(detail, sizeof detail, "%.*s: %.*s", SLICE_ARG(first->name),
		 SLICE_ARG(first->message));
	strbuf_init(&body, ANSWER_LIMIT);
	json_writer_init(&json, &body);
	begin(&json, call->request, 422, unsupported ? "not-supported" : "invalid-parameter", detail);
	json_put_member(&json, "errors");
	json_begin_array(&json);
	for (size_t i = 0; i < call->error_count; i++) {
		json_begin_object(&json);
		put_loc(&json, &call->errors[i]);
		json_put_member(&json, "msg");
		json_put_string(&json, call->errors[i].message);
		json_put_text_member(&json, "type", call->errors[i].type);
		json_end_object(&json);
	}
	json_end_array(&json);
	send(call->response, 422, &json);
}

static unsigned http_status(enum status status)
{
	switch (status) {
	case STATUS_NOT_FOUND:
		return 404;
	case STATUS_EXISTS:
	case STATUS_CONFLICT:
		return 409;
	case STATUS_INVALID:
		return 422;
	case STATUS_TOO_LARGE:
		return 413;
	case STATUS_UNSUPPORTED:
		return 415;
	case STATUS_FULL:
		return 507;
	case STATUS_BUSY:
	case STATUS_UNAVAILABLE:
	case STATUS_NO_MEMORY:
		return 503;
	case STATUS_OK:
	case STATUS_END:
	case STATUS_CANCELLED:
	case STATUS_IO:
	case STATUS_CORRUPT:
	case STATUS_INTERNAL:
		break;
	}
	return 500;
}

void problem_error(struct api_call *call, const struct error *err)
{
	unsigned status = http_status(err->status);

	if (status >= 500)
		log_error(LOG_EVENT("request failed"), LOG_ERR(err));
	problem_respond(call->request, call->response, status, err->code, err->detail);
}

void problem_duplicate(struct api_call *call, int64_t original_id, const char *detail)
{
	char location[64], id[24];

	snprintf(location, sizeof location, "/api/imports/%lld", (long long)original_id);
	snprintf(id, sizeof id, "%lld", (long long)original_id);
	http_response_header(call->response, "Location", slice_of_string(location));
	problem_respond_with(call->request, call->response, 409, "duplicate-upload", detail, "import_id",
			     slice_of_string(id));
}
