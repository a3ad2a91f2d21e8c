#include "api/api.h"

#include "api/internal.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

/* Bytes of a body that nobody asked for and that are read over. */
enum { STRAY_BODY_LIMIT = 64 * 1024 };

struct api *api_new(const struct api_config *config)
{
	struct api *api = calloc(1, sizeof *api);

	if (!api)
		return NULL;
	api->config = *config;
	api->started_ns = clock_monotonic_ns();
	idempotency_room_init(&api->keys);
	stats_cache_init(&api->stats);
	return api;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	idempotency_room_release(&api->keys);
	stats_cache_release(&api->stats);
	free(api);
}

/* Matches "/api/imports/{id}" against a path; the id is a positive integer without sign or leading
 * zeros, and a trailing {file} or {name} is any last segment. */
static bool match_path(const char *pattern, struct slice path, int64_t *id, struct slice *file)
{
	struct slice left = slice_of_string(pattern);

	while (left.size && left.data[0] != '{') {
		if (!path.size || path.data[0] != left.data[0])
			return false;
		left = slice_of(left.data + 1, left.size - 1);
		path = slice_of(path.data + 1, path.size - 1);
	}
	if (!left.size)
		return !path.size;
	if (slice_is(left, "{file}") || slice_is(left, "{name}")) {
		*file = path;
		return path.size && slice_find(path, '/', 0) == path.size;
	}
	size_t size = slice_find(path, '/', 0), name = strlen("{id}");
	if (size == 0 || path.data[0] < '1' || path.data[0] > '9' ||
	    !slice_parse_int64(slice_of(path.data, size), id))
		return false;
	return slice_equal(slice_of(left.data + name, left.size - name),
			   slice_of(path.data + size, path.size - size));
}

/* Whether the path holds a '/' that was sent as %2F: it separates nothing, and no path of ours has one. */
static bool has_escaped_slash(const struct http_request *request)
{
	struct slice target = http_request_target(request);
	size_t end = slice_find(target, '?', 0);

	for (size_t i = 0; i + 2 < end; i++)
		if (target.data[i] == '%' && target.data[i + 1] == '2' &&
		    (target.data[i + 2] == 'F' || target.data[i + 2] == 'f'))
			return true;
	return false;
}

/* The route of a request; NULL and the methods that the path has (empty: there is no such path). */
static const struct route *find_route(struct api_call *call, struct strbuf *methods)
{
	struct slice method = http_request_method(call->request);
	struct slice path = http_request_path(call->request);

	if (has_escaped_slash(call->request))
		return NULL;
	if (slice_is(method, "HEAD"))
		method = SLICE("GET");
	for (size_t i = 0; i < route_count; i++) {
		if (!match_path(routes[i].path, path, &call->id, &call->suffix))
			continue;
		if (slice_is(method, routes[i].method))
			return &routes[i];
		strbuf_add_format(methods, "%s%s", methods->size ? ", " : "", routes[i].method);
		if (strcmp(routes[i].method, "GET") == 0)
			strbuf_add_string(methods, ", HEAD");
	}
	return NULL;
}

static enum http_action refuse_route(struct http_request *request, struct http_response *response,
				     const struct strbuf *methods)
{
	if (methods->size) {
		http_response_header(response, "Allow", strbuf_slice(methods));
		problem_respond(request, response, 405, "method-not-allowed",
				"there is no such method here; Allow names those that there are");
	} else {
		problem_respond(request, response, 404, "not-found",
				"there is nothing at this path; /docs lists what there is");
	}
	return HTTP_RESPOND;
}

static bool accepts_body(struct api_call *call, struct http_response *response)
{
	uint64_t size = 0;
	struct slice type = http_request_header(call->request, "Content-Type");
	uint64_t limit = call->route->body == BODY_JSON ? BODY_LIMIT : STRAY_BODY_LIMIT;

	if (call->route->body == BODY_UPLOAD)
		return upload_begin(call, response);
	if (http_request_content_length(call->request, &size) && size > limit) {
		problem_respond(call->request, response, 413, "body-too-large",
				"the body of this request is over its limit of 1 MiB");
		return false;
	}
	if (call->route->body == BODY_JSON && type.data) {
		struct slice media = slice_trim(slice_of(type.data, slice_find(type, ';', 0)));
		if (!slice_equal_ignoring_ascii_case(media, SLICE("application/json"))) {
			problem_respond(call->request, response, 415, "unsupported-media-type",
					"send the body as Content-Type: application/json");
			return false;
		}
	}
	return true;
}

static enum http_action on_headers(void *context, struct http_request *request,
				   struct http_response *response)
{
	struct api *api = context;
	struct arena *arena = http_request_arena(request);
	struct strbuf methods;

	if (!guard_check(api, request, response))
		return HTTP_RESPOND;
	if (http_request_bad_escape(request)) {
		problem_respond(request, response, 400, "malformed-request",
				"a '%' in the address is not followed by two hexadecimal digits");
		return HTTP_RESPOND;
	}
	struct api_call *call = arena_alloc_zeroed(arena, 1, sizeof *call);
	if (!call) {
		problem_respond(request, response, 503, "out-of-memory", "memory is exhausted");
		return HTTP_RESPOND;
	}
	*call = (struct api_call){.api = api, .request = request, .arena = arena, .response = response};
	strbuf_init(&methods, 128);
	call->route = find_route(call, &methods);
	enum http_action action = HTTP_CONTINUE;
	if (!call->route) {
		action = refuse_route(request, response, &methods);
	} else {
		strbuf_init(&call->body, BODY_LIMIT);
		http_request_set_state(request, call);
		params_read(call);
		if (call->error_count) {
			problem_params(call);
			action = HTTP_RESPOND;
		} else if (!accepts_body(call, response)) {
			action = HTTP_RESPOND;
		}
	}
	strbuf_release(&methods);
	call->response = NULL;
	return action;
}

static enum http_action on_body(void *context, struct http_request *request, struct slice piece,
				struct http_response *response)
{
	struct api_call *call = http_request_state(request);

	(void)context;
	if (call->route->body == BODY_UPLOAD)
		return upload_feed(call, piece, response);
	if (call->route->body == BODY_JSON)
		strbuf_add_slice(&call->body, piece);
	if (strbuf_ok(&call->body))
		return HTTP_CONTINUE;
	problem_respond(request, response, 413, "body-too-large",
			"the body of this request is over its limit of 1 MiB");
	return HTTP_RESPOND;
}

static void on_request(void *context, struct http_request *request, struct http_response *response)
{
	struct api_call *call = http_request_state(request);

	(void)context;
	call->response = response;
	call->route->handle(call);
	call->response = NULL;
}

static void on_done(void *context, struct http_request *request)
{
	struct api_call *call = http_request_state(request);

	(void)context;
	if (!call)
		return;
	idempotency_end(call);
	upload_free(call->upload);
	strbuf_release(&call->body);
}

static void on_refused(void *context, struct http_request *request, unsigned status,
		       const char *detail, struct http_response *response)
{
	static const struct {
		unsigned status;
		const char *code;
	} codes[] = {{400, "malformed-request"}, {413, "body-too-large"},   {431, "headers-too-large"},
		     {501, "not-implemented"},   {503, "too-many-requests"}};
	const char *code = "refused";

	(void)context;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].status == status)
			code = codes[i].code;
	problem_respond(request, response, status, code, detail);
}

struct http_callbacks api_callbacks(struct api *api)
{
	return (struct http_callbacks){.context = api,
				       .on_headers = on_headers,
				       .on_body = on_body,
				       .on_request = on_request,
				       .on_done = on_done,
				       .on_refused = on_refused};
}
