/* Whether a request's head has one reading only (RFC 9110, RFC 9112 sections 2.2, 3.2, 5 and 6).
 *
 * A request that a proxy in front and this server could cut differently is refused, and its
 * connection closed: that is how requests are smuggled. Pure functions over what the library
 * understood; that it understood every byte as sent is checked in request.c. */
#ifndef ROWMILL_HTTP_FRAMING_H
#define ROWMILL_HTTP_FRAMING_H

#include "base/slice.h"

struct http_header {
	struct slice name, value;
};

struct http_head {
	struct slice method, target;
	bool version_1_0; /* HTTP/1.0; else 1.1 or later */
	const struct http_header *headers;
	size_t header_count;
};

struct http_framing {
	bool chunked;
	uint64_t content_length; /* 0 where there is no body, and where it is chunked */
};

struct http_fault {
	unsigned status;    /* 400 or 501; 0: none */
	const char *detail; /* one sentence; static */
};

struct http_fault framing_check(const struct http_head *head, struct http_framing *framing);

/* The first header so named (case ignored); NULL if there is none. */
const struct http_header *head_find(const struct http_head *head, const char *name);

/* One or more of RFC 9110's tchar. */
bool is_token(struct slice text);

#endif
