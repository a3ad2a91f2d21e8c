/* A response while it is being filled, and the two ways it leaves: as the library's response, or
 * written by us where the library can answer no more (a body that has begun). */
#ifndef ROWMILL_HTTP_RESPONSE_H
#define ROWMILL_HTTP_RESPONSE_H

#include <microhttpd.h>

#include "http/framing.h"
#include "http/server.h"
#include "http/stream.h"

struct response_header {
	struct response_header *next;
	const char *name, *value; /* in the request's arena */
};

struct http_response {
	struct arena *arena; /* the request's */
	unsigned status;
	struct response_header *headers;
	struct slice body;
	char *owned; /* the body's heap block; NULL where the body is static */
	struct body_stream stream;
	bool no_memory;
};

void response_init(struct http_response *response, struct arena *arena);
void response_release(struct http_response *response); /* a zeroed struct is fine */

/* The library's form. The body moves into it; of a stream, `read` is asked for it with `context`, and the stream
 * stays the response's. NULL: no memory. `close`: the last of its connection. */
struct MHD_Response *response_build(struct http_response *response, bool close, MHD_ContentReaderCallback read,
				    void *context);

/* Status line, headers and body as bytes; always the last of its connection. */
void response_write(const struct http_response *response, struct strbuf *out);

#endif
