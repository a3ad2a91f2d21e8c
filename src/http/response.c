#include "http/response.h"

#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "base/banned.h"

void response_init(struct http_response *response, struct arena *arena)
{
	*response = (struct http_response){.arena = arena, .status = 200};
}

void response_release(struct http_response *response)
{
	body_stream_close(&response->stream);
	free(response->owned);
	response->owned = NULL;
	response->body = slice_of(NULL, 0);
}

void http_response_status(struct http_response *response, unsigned status)
{
	response->status = status;
}

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.size; i++)
		if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7F)
			return false;
	return true;
}

bool http_response_header(struct http_response *response, const char *name, struct slice value)
{
	struct response_header **at = &response->headers;
	struct slice copied_name, copied_value;

	if (!is_token(slice_of_string(name)) || value.size == 0 || !is_printable(value))
		return false;
	if (!arena_copy(response->arena, slice_of_string(name), &copied_name) ||
	    !arena_copy(response->arena, value, &copied_value)) {
		response->no_memory = true;
		return false;
	}
	while (*at && !slice_equal_ignoring_ascii_case(slice_of_string((*at)->name), copied_name))
		at = &(*at)->next;
	if (!*at) {
		*at = arena_alloc_zeroed(response->arena, 1, sizeof **at);
		if (!*at) {
			response->no_memory = true;
			return false;
		}
	}
	(*at)->name = copied_name.data;
	(*at)->value = copied_value.data;
	return true;
}

static void set_body(struct http_response *response, const char *content_type, struct slice body)
{
	response->body = body;
	if (content_type)
		http_response_header(response, "Content-Type", slice_of_string(content_type));
}

void http_response_body(struct http_response *response, const char *content_type, struct strbuf *body)
{
	size_t size = 0;

	response_release(response);
	response->owned = strbuf_take(body, &size);
	if (!response->owned)
		response->no_memory = true;
	else
		set_body(response, content_type, slice_of(response->owned, size));
}

void http_response_static(struct http_response *response, const char *content_type, struct slice body)
{
	response_release(response);
	set_body(response, content_type, body);
}

void http_response_stream(struct http_response *response, const char *content_type,
			  const struct http_stream *stream)
{
	response_release(response);
	response->stream = (struct body_stream){.source = *stream, .step = HTTP_STREAM_MORE};
	strbuf_init(&response->stream.piece, STREAM_PIECE_LIMIT);
	set_body(response, content_type, slice_of(NULL, 0));
}

unsigned http_response_status_of(const struct http_response *response)
{
	return response->status;
}

struct slice http_response_header_of(const struct http_response *response, const char *name)
{
	for (const struct response_header *at = response->headers; at; at = at->next)
		if (slice_equal_ignoring_ascii_case(slice_of_string(at->name), slice_of_string(name)))
			return slice_of_string(at->value);
	return slice_of(NULL, 0);
}

struct slice http_response_body_of(const struct http_response *response)
{
	return response->body;
}

/* A response that found no memory half-way is not sent half. */
static void give_up_content(struct http_response *response)
{
	log_error(LOG_EVENT("no memory for a response"));
	response_release(response);
	response->headers = NULL;
	response->status = 500;
}

static struct MHD_Response *build_body(struct http_response *response, MHD_ContentReaderCallback read,
				       void *context)
{
	if (response->stream.source.next)
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTP_STREAM_PIECE, read, context, NULL);
	/* The library takes const away but does not write. */
	return MHD_create_response_from_buffer(response->body.size, (void *)(uintptr_t)response->body.data,
					       response->owned ? MHD_RESPMEM_MUST_FREE
							       : MHD_RESPMEM_PERSISTENT);
}

struct MHD_Response *response_build(struct http_response *response, bool close, MHD_ContentReaderCallback read,
				    void *context)
{
	struct MHD_Response *built;

	if (response->no_memory)
		give_up_content(response);
	built = build_body(response, read, context);
	if (!built)
		return NULL;
	response->owned = NULL;
	for (const struct response_header *header = response->headers; header; header = header->next)
		if (MHD_add_response_header(built, header->name, header->value) != MHD_YES)
			goto fail;
	if (close && MHD_add_response_header(built, "Connection", "close") != MHD_YES)
		goto fail;
	return built;

fail:
	MHD_destroy_response(built);
	return NULL;
}

/* RFC 9110 section 5.6.7; strftime would follow the locale. */
static void write_date(struct strbuf *out)
{
	static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	strbuf_add_format(out, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", days[utc.tm_wday], utc.tm_mday,
			  months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

void response_write(const struct http_response *response, struct strbuf *out)
{
	strbuf_add_format(out, "HTTP/1.1 %u %s\r\n", response->status,
			  MHD_get_reason_phrase_for(response->status));
	write_date(out);
	for (const struct response_header *header = response->headers; header; header = header->next)
		strbuf_add_format(out, "%s: %s\r\n", header->name, header->value);
	strbuf_add_format(out, "Content-Length: %zu\r\nConnection: close\r\n\r\n", response->body.size);
	strbuf_add_slice(out, response->body);
}
