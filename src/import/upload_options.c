#include "import/upload_options.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/banned.h"

enum option_kind { OPTION_TEXT, OPTION_LABEL, OPTION_FLAG, OPTION_NUMBER };

/* Every member that is written as one JSON value; `maps` is an object of its own. */
static const struct option {
	const char *name;
	enum option_kind kind; /* OPTION_LABEL: a text in which case makes no difference */
	size_t at;
	bool changes_result;
} table[] = {
	{"schema", OPTION_TEXT, offsetof(struct upload_options, schema), false},
	{"format", OPTION_TEXT, offsetof(struct upload_options, words.format), true},
	{"delimiter", OPTION_TEXT, offsetof(struct upload_options, words.delimiter), true},
	{"quote", OPTION_TEXT, offsetof(struct upload_options, words.quote), true},
	{"escape", OPTION_TEXT, offsetof(struct upload_options, words.escape), true},
	{"encoding", OPTION_LABEL, offsetof(struct upload_options, words.encoding), true},
	{"sheet", OPTION_TEXT, offsetof(struct upload_options, words.sheet), true},
	{"no_header", OPTION_FLAG, offsetof(struct upload_options, words.no_header), true},
	{"skip", OPTION_NUMBER, offsetof(struct upload_options, words.skip), true},
	{"fixes", OPTION_NUMBER, offsetof(struct upload_options, fixes), true},
	{"dry_run", OPTION_FLAG, offsetof(struct upload_options, dry_run), true},
	{"no_embed", OPTION_FLAG, offsetof(struct upload_options, no_embed), false},
};

enum { OPTION_COUNT = sizeof table / sizeof *table, KEY_TEXT_CAP = 1 << 20 };

static const char *const on_duplicate_names[] = {"reject", "return", "force"};

void upload_options_init(struct upload_options *options)
{
	*options = (struct upload_options){.words.skip = -1};
}

enum status column_map_parse(struct slice text, struct column_map *map, struct error *err)
{
	size_t colon = text.size;

	while (colon > 0 && text.data[colon - 1] != ':')
		colon--;
	if (colon < 2 || colon == text.size)
		return error_set(err, STATUS_INVALID, NULL,
				 "must be a column of the file, a colon and a field of the schema, like "
				 "map=Mail address:email");
	map->column = slice_of(text.data, colon - 1);
	map->field = slice_of(text.data + colon, text.size - colon);
	return STATUS_OK;
}

/* ---- writing ---- */

static bool is_default(const struct upload_options *options, const struct option *option)
{
	static const struct upload_options defaults = {.words.skip = -1};
	const char *value = (const char *)options + option->at;

	switch (option->kind) {
	case OPTION_TEXT:
	case OPTION_LABEL:
		return ((const struct slice *)(const void *)value)->size == 0;
	case OPTION_FLAG:
		return !*(const bool *)value;
	case OPTION_NUMBER:
		break;
	}
	return *(const int64_t *)(const void *)value ==
	       *(const int64_t *)(const void *)((const char *)&defaults + option->at);
}

static void write_option(const struct upload_options *options, const struct option *option,
			 struct json_writer *json)
{
	const char *value = (const char *)options + option->at;

	json_put_member(json, option->name);
	if (option->kind == OPTION_FLAG)
		json_put_bool(json, *(const bool *)value);
	else if (option->kind == OPTION_NUMBER)
		json_put_int(json, *(const int64_t *)(const void *)value);
	else
		json_put_string(json, *(const struct slice *)(const void *)value);
}

static void write_map(const struct column_map *map, struct json_writer *json)
{
	json_begin_array(json);
	json_put_string(json, map->column);
	json_put_string(json, map->field);
	json_end_array(json);
}

void upload_options_write(const struct upload_options *options, struct json_writer *json)
{
	json_begin_object(json);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (!is_default(options, &table[i]))
			write_option(options, &table[i], json);
	if (options->on_duplicate != DUPLICATE_REJECT)
		json_put_text_member(json, "on_duplicate", on_duplicate_names[options->on_duplicate]);
	if (options->map_count) {
		json_put_member(json, "map");
		json_begin_array(json);
		for (size_t i = 0; i < options->map_count; i++)
			write_map(&options->maps[i], json);
		json_end_array(json);
	}
	json_end_object(json);
}

/* ---- reading ---- */

static bool copy_text(const json_t *value, struct arena *arena, struct slice *text)
{
	return json_is_string(value) &&
	       arena_copy(arena, slice_of(json_string_value(value), json_string_length(value)), text);
}

static bool read_maps(const json_t *array, struct arena *arena, struct upload_options *options)
{
	size_t count = json_array_size(array);

	if (!json_is_array(array) || count > UPLOAD_MAPS_MAX)
		return false;
	options->maps = arena_alloc_zeroed(arena, count, sizeof *options->maps);
	if (!options->maps)
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *pair = json_array_get(array, i);
		if (!copy_text(json_array_get(pair, 0), arena, &options->maps[i].column) ||
		    !copy_text(json_array_get(pair, 1), arena, &options->maps[i].field))
			return false;
	}
	options->map_count = count;
	return true;
}

static bool read_on_duplicate(const json_t *value, struct upload_options *options)
{
	for (int i = DUPLICATE_REJECT; i <= DUPLICATE_FORCE; i++)
		if (json_is_string(value) && strcmp(json_string_value(value), on_duplicate_names[i]) == 0) {
			options->on_duplicate = (enum on_duplicate)i;
			return true;
		}
	return false;
}

static bool read_option(const struct option *option, const json_t *value, struct arena *arena,
			struct upload_options *options)
{
	char *at = (char *)options + option->at;

	switch (option->kind) {
	case OPTION_TEXT:
	case OPTION_LABEL:
		return copy_text(value, arena, (struct slice *)(void *)at);
	case OPTION_FLAG:
		*(bool *)at = json_is_true(value);
		return json_is_boolean(value);
	case OPTION_NUMBER:
		*(int64_t *)(void *)at = json_integer_value(value);
		return json_is_integer(value);
	}
	return false;
}

static bool read_member(const char *name, const json_t *value, struct arena *arena,
			struct upload_options *options)
{
	if (strcmp(name, "map") == 0)
		return read_maps(value, arena, options);
	if (strcmp(name, "on_duplicate") == 0)
		return read_on_duplicate(value, options);
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (strcmp(table[i].name, name) == 0)
			return read_option(&table[i], value, arena, options);
	return false;
}

enum status upload_options_read(struct slice text, struct arena *arena, struct upload_options *options,
				struct error *err)
{
	json_t *object = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	enum status status = STATUS_OK;
	const char *name;
	json_t *value;

	upload_options_init(options);
	if (!json_is_object(object))
		status = error_set(err, STATUS_CORRUPT, "unreadable-options",
				   "the options stored with the import are no JSON object");
	json_object_foreach(object, name, value)
	{
		if (status == STATUS_OK && !read_member(name, value, arena, options))
			status = error_set(err, STATUS_CORRUPT, "unreadable-options",
					   "the import's option '%.40s' cannot be read; was it stored by a newer "
					   "version?",
					   name);
	}
	json_decref(object);
	return status;
}

/* ---- the duplicate key ---- */

static int compare_slices(struct slice a, struct slice b)
{
	size_t least = a.size < b.size ? a.size : b.size;
	int order = least ? memcmp(a.data, b.data, least) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_maps(const void *a, const void *b)
{
	const struct column_map *const *first = a, *const *second = b;
	int order = compare_slices((*first)->column, (*second)->column);

	return order ? order : compare_slices((*first)->field, (*second)->field);
}

/* In one order, in whatever order they were sent. */
static void write_sorted_maps(const struct upload_options *options, struct json_writer *json)
{
	const struct column_map *sorted[UPLOAD_MAPS_MAX];

	for (size_t i = 0; i < options->map_count; i++)
		sorted[i] = &options->maps[i];
	qsort(sorted, options->map_count, sizeof *sorted, compare_maps);
	json_put_member(json, "map");
	json_begin_array(json);
	for (size_t i = 0; i < options->map_count; i++)
		write_map(sorted[i], json);
	json_end_array(json);
}

/* Nothing at all where no option changes the result. */
static void write_key_text(const struct upload_options *options, struct strbuf *text)
{
	struct json_writer json;

	json_writer_init(&json, text);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (!table[i].changes_result || is_default(options, &table[i]))
			continue;
		size_t from = text->size;
		write_option(options, &table[i], &json);
		for (size_t at = from; table[i].kind == OPTION_LABEL && at < text->size; at++)
			if (text->data[at] >= 'A' && text->data[at] <= 'Z')
				text->data[at] = (char)(text->data[at] | 0x20);
	}
	if (options->map_count)
		write_sorted_maps(options, &json);
}

bool upload_options_duplicate_key(const struct upload_options *options,
				  const unsigned char file[SHA256_SIZE],
				  const unsigned char schema[SHA256_SIZE],
				  unsigned char key[SHA256_SIZE])
{
	struct strbuf text;

	strbuf_init(&text, KEY_TEXT_CAP);
	strbuf_add(&text, file, SHA256_SIZE);
	strbuf_add(&text, schema, SHA256_SIZE);
	write_key_text(options, &text);
	bool made = strbuf_ok(&text);
	if (made)
		sha256_of(strbuf_slice(&text), key);
	strbuf_release(&text);
	return made;
}

bool upload_options_hold_key(const struct upload_options *options)
{
	return !options->dry_run && options->on_duplicate != DUPLICATE_FORCE;
}
