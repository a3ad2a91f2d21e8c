/* A hash table of names, to find repeated ones. Its size is fixed when it is made.
 *
 * Threads: as the arena it lives in. */
#ifndef ROWMILL_PARSE_NAME_TABLE_H
#define ROWMILL_PARSE_NAME_TABLE_H

#include "base/arena.h"

struct name_slot {
	struct slice name; /* borrowed */
	size_t count;      /* 0: the slot is free. The user's to count up from 1. */
};

struct name_table {
	struct name_slot *slots;
	size_t mask;
};

/* For up to `capacity` names. Returns false when the arena is exhausted. */
bool name_table_init(struct name_table *table, struct arena *arena, size_t capacity);

/* The slot of `name`, or the free one where it belongs (with its name set). */
struct name_slot *name_table_find(struct name_table *table, struct slice name);

#endif
