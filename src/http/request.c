#include "http/request.h"

#include <stdlib.h>
#include <strings.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/banned.h"

enum { HEADER_COUNT_MOST = 100, ARENA_KEPT_MOST = 256 * 1024 };

static const struct http_fault no_memory = {503, "The server has no memory left for this request."};

bool request_begin(struct http_request *request, struct http_server *server, struct MHD_Connection *connection,
		   const char *raw_target)
{
	struct arena arena = request->arena;

	if (arena.cap == 0)
		arena_init(&arena, REQUEST_ARENA_LIMIT);
	*request = (struct http_request){.server = server,
					 .connection = connection,
					 .arena = arena,
					 .raw_target = raw_target,
					 .began_ns = clock_monotonic_ns()};
	response_init(&request->response, &request->arena);
	random_hex(request->id, 16);
	/* The library cuts the target up in place once this call has returned. */
	return arena_copy(&request->arena, slice_of_string(raw_target), &request->head.target);
}

void request_end(struct http_request *request)
{
	response_release(&request->response);
	if (request->built)
		MHD_destroy_response(request->built);
	request->built = NULL;
	if (request->arena.total_size > ARENA_KEPT_MOST)
		arena_release(&request->arena);
	else
		arena_reset(&request->arena);
}

void request_free(struct http_request *request)
{
	arena_release(&request->arena);
	free(request);
}

/* ---- the head as the library understood it, held against the bytes that were sent ---- */

/* The library (0.9.75) works on the head in place: it ends each token by a NUL and hands out pointers.
 * It takes a bare LF for CRLF, cuts values at a NUL, and glues a folded line to its header's
 * name ("Content-: 5" and " Length" become Content-Length), all unseen. But every byte of a
 * strict head is accounted for: method SP target SP version CRLF, each name ':' blanks value CRLF
 * right behind the one before, CRLF, and nothing more up to the head's size. `at` is where the next
 * token must stand; a head that does not fit is refused. */
struct head_walk {
	struct http_request *request;
	struct http_header *headers;
	size_t count, most;
	const char *at;
	bool as_sent, copied;
};

static bool is_blank(const char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != ' ' && *from != '\t')
			return false;
	return true;
}

static enum MHD_Result walk_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
				   const char *value, size_t value_size)
{
	struct head_walk *walk = context;
	struct http_header *header = &walk->headers[walk->count];

	(void)kind;
	if (walk->count == walk->most)
		return MHD_NO;
	if (name != walk->at || !value || (uintptr_t)value <= (uintptr_t)name + name_size ||
	    (uintptr_t)value > (uintptr_t)name + REQUEST_HEAD_LIMIT || !is_blank(name + name_size + 1, value))
		walk->as_sent = false;
	if (!arena_copy(&walk->request->arena, slice_of(name, name_size), &header->name) ||
	    !arena_copy(&walk->request->arena, value ? slice_of(value, value_size) : SLICE(""), &header->value))
		walk->copied = false;
	walk->at = value ? value + value_size + 2 : NULL;
	walk->count++;
	return walk->as_sent && walk->copied ? MHD_YES : MHD_NO;
}

static struct http_fault copy_head(struct http_request *request, const char *method, const char *version)
{
	struct head_walk walk = {.request = request, .as_sent = true, .copied = true, .most = HEADER_COUNT_MOST};
	const union MHD_ConnectionInfo *size =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	size_t method_size = strlen(method);

	if (!arena_copy(&request->arena, slice_of(method, method_size), &request->head.method))
		return no_memory;
	if (!size || size->header_size > REQUEST_HEAD_LIMIT ||
	    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, NULL, NULL) > HEADER_COUNT_MOST)
		return (struct http_fault){431, "The request's headers are over 8 KiB, or more than 100."};
	walk.headers = arena_alloc_zeroed(&request->arena, HEADER_COUNT_MOST, sizeof *walk.headers);
	if (!walk.headers)
		return no_memory;
	request->head.version_1_0 = strcmp(version, "HTTP/1.0") == 0;
	walk.at = version + strlen(version) + 2;
	MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, walk_header, &walk);
	if (!walk.copied)
		return no_memory;
	request->head.headers = walk.headers;
	request->head.header_count = walk.count;
	if (!walk.as_sent || request->raw_target != method + method_size + 1 ||
	    version != request->raw_target + request->head.target.size + 1 ||
	    walk.at + 2 != method + size->header_size)
		return (struct http_fault){400, "The request's head is not one line after the other, each ended by CR and "
						"LF: a folded line, a bare LF, a NUL or a doubled space."};
	return (struct http_fault){0};
}

static void take_id(struct http_request *request)
{
	struct slice given = http_request_header(request, "X-Request-Id");

	if (given.size == 0 || given.size > REQUEST_ID_MOST)
		return;
	for (size_t i = 0; i < given.size; i++) {
		char c = given.data[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		      c == '-'))
			return;
	}
	memcpy(request->id, given.data, given.size);
	request->id[given.size] = '\0';
}

struct http_fault request_read_head(struct http_request *request, const char *method, const char *version)
{
	struct http_fault fault = copy_head(request, method, version);

	/* The response may need the target, as far as it can be read, whatever is wrong. */
	if (!target_parse(request->head.target, &request->arena, &request->target))
		return no_memory;
	take_id(request);
	if (!fault.status)
		fault = framing_check(&request->head, &request->framing);
	if (fault.status)
		return fault;
	struct slice host = http_request_header(request, "Host");
	if (request->target.authority.data && !slice_equal_ignoring_ascii_case(request->target.authority, host))
		return (struct http_fault){400, "The request's target and its Host header name two hosts."};
	return fault;
}

/* ---- what callbacks ask ---- */

struct slice http_request_method(const struct http_request *request)
{
	return request->head.method;
}

struct slice http_request_path(const struct http_request *request)
{
	return request->target.path;
}

struct slice http_request_target(const struct http_request *request)
{
	return request->head.target;
}

const char *http_request_id(const struct http_request *request)
{
	return request->id;
}

struct slice http_request_header(const struct http_request *request, const char *name)
{
	const struct http_header *header = head_find(&request->head, name);

	return header ? header->value : slice_of(NULL, 0);
}

const struct http_parameter *http_request_parameters(const struct http_request *request, size_t *count)
{
	*count = request->target.parameter_count;
	return request->target.parameters;
}

bool http_request_bad_escape(const struct http_request *request)
{
	return request->target.bad_escape;
}

bool http_request_content_length(const struct http_request *request, uint64_t *size)
{
	if (request->framing.chunked)
		return false;
	*size = request->framing.content_length;
	return true;
}

struct arena *http_request_arena(struct http_request *request)
{
	return &request->arena;
}

void *http_request_state(const struct http_request *request)
{
	return request->state;
}

void http_request_set_state(struct http_request *request, void *state)
{
	request->state = state;
}
