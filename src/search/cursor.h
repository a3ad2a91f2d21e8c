/* Keyset cursors as clients see them: an opaque word of [A-Za-z0-9_-]+.
 *
 * A cursor holds where the last page ended and what the client has seen so far, so that the
 * next page costs what the first did and its offset and total are known without counting. It
 * is bound to the list that it was made for: used on another one, or changed, it is refused.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_SEARCH_CURSOR_H
#define ROWMILL_SEARCH_CURSOR_H

#include "base/slice.h"
#include "base/strbuf.h"

enum {
	CURSOR_KEYS_MOST = 1200,
	CURSOR_TEXT_MOST = 2048, /* characters of one */
};

struct cursor {
	int64_t id;     /* of the last item of the page */
	float score;    /* of that item, where the list is ordered by score */
	int64_t offset; /* items before the next page */
	int64_t total;  /* items on all pages, when the first was made */
	/* What else the list is ordered by, of that item. */
	uint16_t keys_size;
	unsigned char keys[CURSOR_KEYS_MOST];
};

/* Names a list: what is listed and by which conditions. */
uint64_t cursor_list_id(const char *kind, struct slice conditions);

void cursor_write(const struct cursor *cursor, uint64_t list_id, struct strbuf *out);

/* false: it is no cursor of this list. */
bool cursor_parse(struct slice text, uint64_t list_id, struct cursor *cursor);

#endif
