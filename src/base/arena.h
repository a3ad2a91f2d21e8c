/* Memory named by its lifetime: allocations are released together.
 *
 * Arenas are passed explicitly and named by lifetime where they are kept (batch, request).
 * arena_reset makes every pointer handed out invalid but keeps the blocks for the next round,
 * so a steady state allocates nothing.
 *
 * Threads: an arena belongs to one thread at a time. */
#ifndef ROWMILL_BASE_ARENA_H
#define ROWMILL_BASE_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
	struct arena_block *first, *current;
	size_t used;       /* bytes of the current block */
	size_t filled;     /* bytes of the blocks before it */
	size_t total_size; /* bytes of all blocks */
	size_t cap;        /* the most that total_size may become */
};

void arena_init(struct arena *arena, size_t cap);
void arena_release(struct arena *arena); /* a zeroed struct is fine */
void arena_reset(struct arena *arena);

/* `size` uninitialised bytes, aligned to 16; NULL when the cap or memory is exhausted.
 * size 0 gives a pointer that is not NULL. */
void *arena_alloc(struct arena *arena, size_t size);

/* `count` zeroed items; NULL also where count * size overflows. */
void *arena_alloc_zeroed(struct arena *arena, size_t count, size_t size);

/* Bytes taken since the last reset, with what was left over at the end of blocks. */
static inline size_t arena_used(const struct arena *arena)
{
	return arena->filled + arena->used;
}

/* A copy of `text` with a NUL behind it (not counted). Returns false on exhaustion. */
bool arena_copy(struct arena *arena, struct slice text, struct slice *copy);

#endif
