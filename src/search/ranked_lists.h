/* Ranked lists that cursors name, kept for ten minutes, so that their pages neither repeat nor leave out a
 * record while data is added.
 *
 * At most RANKED_LISTS_MOST are kept, of at most 10,000 records each (20 MB in all): where more are asked for, the
 * oldest goes before its time.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_SEARCH_RANKED_LISTS_H
#define ROWMILL_SEARCH_RANKED_LISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANKED_LISTS_MOST = 128, RANKED_KEPT_S = 600 };

struct ranked_item {
	int64_t id;
	float score;
};

struct ranked_lists;

struct ranked_lists *ranked_lists_new(void); /* NULL: memory is exhausted */
void ranked_lists_free(struct ranked_lists *lists);

/* Keeps a copy and names it; 0: memory is exhausted. `search` is what it belongs to (cursor_list_id). */
int64_t ranked_lists_keep(struct ranked_lists *lists, uint64_t search, const struct ranked_item *items, size_t count);

/* Fills items[limit] with those from `offset` on; *more: further ones follow. false: the list is gone. */
bool ranked_lists_read(struct ranked_lists *lists, int64_t name, uint64_t search, size_t offset, size_t limit,
		       struct ranked_item *items, size_t *count, bool *more);

#endif
