/* The best few of many hits: by score, highest first, then by id, lowest first.
 *
 * A heap with the worst hit kept at its root, so that most hits cost one comparison.
 *
 * Threads: belongs to one thread at a time. */
#ifndef ROWMILL_VECTOR_TOP_HITS_H
#define ROWMILL_VECTOR_TOP_HITS_H

#include "vector/vector_index.h"

struct top_hits {
	struct vector_hit *hits; /* [capacity] */
	size_t count, capacity;
};

static inline bool hit_is_before(const struct vector_hit *a, const struct vector_hit *b)
{
	return a->score != b->score ? a->score > b->score : a->id < b->id;
}

/* Returns false when memory is exhausted. capacity may be 0. */
bool top_hits_init(struct top_hits *top, size_t capacity);
void top_hits_release(struct top_hits *top); /* a zeroed struct is fine */

void top_hits_offer(struct top_hits *top, struct vector_hit hit);

/* Puts hits[0..count) in order; nothing may be offered afterwards. */
void top_hits_sort(struct top_hits *top);

#endif
