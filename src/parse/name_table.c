#include "parse/name_table.h"

#include "base/banned.h"

bool name_table_init(struct name_table *table, struct arena *arena, size_t capacity)
{
	size_t size = 16;

	while (size < 2 * capacity)
		size *= 2;
	table->mask = size - 1;
	table->slots = arena_alloc_zeroed(arena, size, sizeof *table->slots);
	return table->slots != NULL;
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo). */
static uint64_t hash_of(struct slice name)
{
	uint64_t hash = 0xCBF29CE484222325u;

	for (size_t i = 0; i < name.size; i++)
		hash = (hash ^ (unsigned char)name.data[i]) * 0x100000001B3u;
	return hash;
}

struct name_slot *name_table_find(struct name_table *table, struct slice name)
{
	size_t i = (size_t)hash_of(name) & table->mask;

	while (table->slots[i].count && !slice_equal(table->slots[i].name, name))
		i = (i + 1) & table->mask;
	table->slots[i].name = name;
	return &table->slots[i];
}
