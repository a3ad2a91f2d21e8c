#include "parse/csv_columns.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/utf8.h"
#include "parse/name_table.h"

#include "base/banned.h"

/* `stem` is not empty. */
static bool copy_numbered(struct arena *arena, struct slice *copy, struct slice stem,
			const char *separator, uint64_t number)
{
	char digits[32];
	int size = snprintf(digits, sizeof digits, "%s%" PRIu64, separator, number);
	char *out = arena_alloc(arena, stem.size + (size_t)size);

	if (!out)
		return false;
	memcpy(out, stem.data, stem.size);
	memcpy(out + stem.size, digits, (size_t)size);
	*copy = slice_of(out, stem.size + (size_t)size);
	return true;
}

/* Takes the name for this column; where it is taken already, the first free "name_2". */
static bool claim_name(struct name_table *table, struct arena *arena, struct slice *name)
{
	struct name_slot *slot = name_table_find(table, *name);

	if (slot->count == 0) {
		slot->count = 1;
		return true;
	}
	for (;;) {
		struct slice numbered;
		if (!copy_numbered(arena, &numbered, slot->name, "_", ++slot->count))
			return false;
		struct name_slot *other = name_table_find(table, numbered);
		if (other->count)
			continue;
		other->count = 1;
		*name = numbered;
		return true;
	}
}

bool csv_name_columns(const struct slice *cells, size_t count, struct arena *arena,
		      struct slice *names)
{
	struct name_table table;
	struct slice extra = SLICE("_extra");

	/* Each column claims one name. */
	if (!name_table_init(&table, arena, count + 1))
		return false;
	name_table_find(&table, extra)->count = 1;
	/* Names that are there come first: a blank header must not take one from them. */
	for (size_t i = 0; i < count; i++) {
		names[i] = slice_of(NULL, 0);
		if (!cells || slice_trim(cells[i]).size == 0)
			continue;
		if (!utf8_repair(cells[i], arena, &names[i]) ||
		    !claim_name(&table, arena, &names[i]))
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (names[i].size)
			continue;
		if (!copy_numbered(arena, &names[i], SLICE("field"), "", i + 1) ||
		    !claim_name(&table, arena, &names[i]))
			return false;
	}
	return true;
}
