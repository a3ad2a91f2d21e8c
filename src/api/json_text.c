#include "api/json_text.h"

#include "base/strbuf.h"
#include "parse/json_scanner.h"
#include "parse/reader.h"

#include "base/banned.h"

bool json_text_members(struct slice object, struct arena *arena, const struct field **members, size_t *count)
{
	struct record record = {0};
	enum status status = json_read_record(object, arena, &record, NULL);

	*members = record.fields;
	*count = record.field_count;
	return status == STATUS_OK;
}

/* A value stands in an object of its own, so that it is read as members are. */
static bool read_item(struct slice text, struct arena *arena, struct value *item)
{
	static const char head[] = "{\"v\":";
	const struct field *members;
	size_t count;
	char *copy = arena_alloc(arena, sizeof head + text.size);

	if (!copy)
		return false;
	memcpy(copy, head, sizeof head - 1);
	memcpy(copy + sizeof head - 1, text.data, text.size);
	copy[sizeof head - 1 + text.size] = '}';
	if (!json_text_members(slice_of(copy, sizeof head + text.size), arena, &members, &count) || count != 1)
		return false;
	*item = members[0].value;
	return true;
}

/* Where the item that begins at `at` ends. */
static size_t item_end(struct slice array, size_t at)
{
	struct json_scanner scanner;

	json_scanner_start(&scanner, JSON_DEPTH_LIMIT);
	return at + json_scan(&scanner, slice_of(array.data + at, array.size - at));
}

static size_t count_items(struct slice array)
{
	size_t count = 0;

	for (size_t at = json_skip_space(array, 1); at < array.size && array.data[at] != ']'; count++) {
		at = json_skip_space(array, item_end(array, at));
		if (at < array.size && array.data[at] == ',')
			at = json_skip_space(array, at + 1);
	}
	return count;
}

bool json_text_items(struct slice array, struct arena *arena, struct value **items, size_t *count)
{
	size_t at = json_skip_space(array, 1);

	*count = count_items(array);
	*items = arena_alloc_zeroed(arena, *count, sizeof **items);
	if (!*items)
		return false;
	for (size_t i = 0; i < *count; i++) {
		size_t end = item_end(array, at);
		if (!read_item(slice_of(array.data + at, end - at), arena, &(*items)[i]))
			return false;
		at = json_skip_space(array, end);
		at = json_skip_space(array, at + 1);
	}
	return true;
}

struct value json_text_member(const struct field *members, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is(members[i].name, name))
			return members[i].value;
	return (struct value){.kind = VALUE_NULL};
}
