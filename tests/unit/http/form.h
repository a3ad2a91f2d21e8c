/* Runs the multipart reader over a body and keeps what came out. */
#ifndef ROWMILL_TESTS_UNIT_HTTP_FORM_H
#define ROWMILL_TESTS_UNIT_HTTP_FORM_H

#include "support.h"

#include "base/strbuf.h"
#include "http/multipart.h"

enum { FORM_PARTS_MOST = 8 };

struct form_part {
	struct strbuf name, filename, content_type, data;
	bool has_filename, ended;
};

struct form {
	struct form_part parts[FORM_PARTS_MOST];
	size_t count;
	enum status status; /* of the feed that failed, or of the end */
	struct error err;
};

/* `piece`: bytes a feed; 0: all at once. `first`: bytes of the first feed, before those. */
void form_read(struct form *form, struct slice boundary, struct slice body, size_t first, size_t piece);
void form_release(struct form *form);
bool form_equal(const struct form *a, const struct form *b);

#endif
