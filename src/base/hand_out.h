/* Items handed out to workers in pieces that get smaller towards the end, so that all workers are done at about the
 * same time.
 *
 *	hand_out_init(&items, count, workers, 16, 128);
 *	while ((size = hand_out_take(&items, &first)))   // in each worker
 *		… items first to first + size - 1 …
 *
 * Threads: hand_out_take may be called from any thread. */
#ifndef ROWMILL_BASE_HAND_OUT_H
#define ROWMILL_BASE_HAND_OUT_H

#include <stdatomic.h>
#include <stddef.h>

struct hand_out {
	_Atomic size_t next;
	size_t count, workers, least, most;
};

/* The next piece where `left` items are left: one worker's part of them, at least `least` and at most `most`. It may be more
 * than is left. */
size_t hand_out_size(size_t left, size_t workers, size_t least, size_t most);

void hand_out_init(struct hand_out *items, size_t count, size_t workers, size_t least, size_t most);

/* The number of items that are the caller's, from *first on; 0: none is left. */
size_t hand_out_take(struct hand_out *items, size_t *first);

#endif
