#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#include "base/banned.h"

enum { ALIGNMENT = 16, BLOCK_SIZE = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	alignas(ALIGNMENT) char bytes[];
};

void arena_init(struct arena *arena, size_t cap)
{
	*arena = (struct arena){.cap = cap};
}

void arena_release(struct arena *arena)
{
	for (struct arena_block *block = arena->first, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct arena){.cap = arena->cap};
}

void arena_reset(struct arena *arena)
{
	arena->current = arena->first;
	arena->used = arena->filled = 0;
}

/* Moves to a block with room for `size` bytes: one kept from an earlier round, or a new one
 * put right behind the current. */
static bool next_block(struct arena *arena, size_t size)
{
	while (arena->current && arena->current->next) {
		arena->filled += arena->current->size;
		arena->current = arena->current->next;
		arena->used = 0;
		if (size <= arena->current->size)
			return true;
	}
	size_t block_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	if (block_size > arena->cap - arena->total_size) {
		block_size = size;
		if (block_size > arena->cap - arena->total_size)
			return false;
	}
	struct arena_block *block = malloc(sizeof *block + block_size);
	if (!block)
		return false;
	block->next = NULL;
	block->size = block_size;
	if (arena->current) {
		arena->filled += arena->current->size;
		arena->current->next = block;
	} else {
		arena->first = block;
	}
	arena->current = block;
	arena->used = 0;
	arena->total_size += block_size;
	return true;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX - ALIGNMENT)
		return NULL;
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (size == 0)
		size = ALIGNMENT;
	if (!arena->current || size > arena->current->size - arena->used)
		if (!next_block(arena, size))
			return NULL;
	void *bytes = arena->current->bytes + arena->used;
	arena->used += size;
	return bytes;
}

void *arena_alloc_zeroed(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return NULL;
	void *items = arena_alloc(arena, bytes);
	if (items)
		memset(items, 0, bytes);
	return items;
}

bool arena_copy(struct arena *arena, struct slice text, struct slice *copy)
{
	char *bytes = arena_alloc(arena, text.size + 1);

	if (!bytes)
		return false;
	if (text.size)
		memcpy(bytes, text.data, text.size);
	bytes[text.size] = '\0';
	*copy = slice_of(bytes, text.size);
	return true;
}
