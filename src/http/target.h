/* The request target (RFC 9112 section 3.2) taken apart and percent-decoded (RFC 3986 section 2.1).
 *
 * Decoded text has a counted length: %00 is data. Bytes over 0x7F are taken as they are, because
 * curl sends a URL as it was typed. What follows a '#' is ignored. */
#ifndef ROWMILL_HTTP_TARGET_H
#define ROWMILL_HTTP_TARGET_H

#include "base/arena.h"
#include "http/server.h"

struct http_target {
	struct slice authority; /* of "http://authority/path"; data NULL in the usual form */
	struct slice path;      /* decoded; "*" for OPTIONS *, "/" where an authority stands alone */
	struct http_parameter *parameters;
	size_t parameter_count;
	bool bad_escape; /* a '%' without two hexadecimal digits; it is kept as it is */
};

/* false: memory is exhausted. All that is found lives as long as the arena and `text`. */
bool target_parse(struct slice text, struct arena *arena, struct http_target *target);

#endif
