#include "record/batch.h"

#include <stdlib.h>

#include "base/banned.h"

/* A record may be up to some 16 MiB as sent, and several times that once decoded. */
enum { ARENA_SLACK = 256 << 20 };

bool batch_init(struct batch *batch, size_t capacity, size_t size_limit)
{
	*batch = (struct batch){.capacity = capacity, .size_limit = size_limit};
	arena_init(&batch->arena, size_limit + ARENA_SLACK);
	batch->records = calloc(capacity, sizeof *batch->records);
	return batch->records != NULL;
}

void batch_release(struct batch *batch)
{
	arena_release(&batch->arena);
	free(batch->records);
	*batch = (struct batch){0};
}

void batch_clear(struct batch *batch)
{
	/* One huge record should not hold its memory for the rest of the import. */
	if (batch->arena.total_size > 2 * batch->size_limit)
		arena_release(&batch->arena);
	else
		arena_reset(&batch->arena);
	batch->count = 0;
	batch->spellings = slice_of(NULL, 0);
}

bool batch_is_full(const struct batch *batch)
{
	return batch->count == batch->capacity || arena_used(&batch->arena) >= batch->size_limit;
}

struct record *batch_add(struct batch *batch)
{
	if (batch->count == batch->capacity)
		return NULL;
	struct record *record = &batch->records[batch->count++];
	*record = (struct record){0};
	return record;
}
