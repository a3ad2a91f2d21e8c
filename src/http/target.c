#include "http/target.h"

#include <strings.h>

#include "base/banned.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool decode(struct slice text, bool plus_is_space, struct arena *arena, struct slice *decoded,
		   bool *bad_escape)
{
	char *out = arena_alloc(arena, text.size + 1);
	size_t size = 0;

	if (!out)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		char c = text.data[i];
		if (c == '%') {
			int high = i + 2 < text.size ? hex_digit(text.data[i + 1]) : -1;
			int low = i + 2 < text.size ? hex_digit(text.data[i + 2]) : -1;
			if (high >= 0 && low >= 0) {
				c = (char)(high << 4 | low);
				i += 2;
			} else {
				*bad_escape = true;
			}
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		out[size++] = c;
	}
	out[size] = '\0';
	*decoded = slice_of(out, size);
	return true;
}

/* Takes "http://authority" off the front of *text, if it is there. */
static void take_authority(struct slice *text, struct slice *authority)
{
	static const char *const schemes[] = {"http://", "https://"};

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		size_t start = strlen(schemes[i]);
		if (text->size < start || strncasecmp(text->data, schemes[i], start) != 0)
			continue;
		size_t end = start;
		while (end < text->size && !memchr("/?", text->data[end], 2))
			end++;
		*authority = slice_of(text->data + start, end - start);
		*text = slice_of(text->data + end, text->size - end);
		return;
	}
}

static bool parse_query(struct slice query, struct arena *arena, struct http_target *target)
{
	size_t most = 1;

	for (size_t i = 0; i < query.size; i++)
		most += query.data[i] == '&';
	target->parameters = arena_alloc_zeroed(arena, most, sizeof *target->parameters);
	if (!target->parameters)
		return false;
	for (size_t from = 0; from < query.size;) {
		size_t end = slice_find(query, '&', from);
		struct slice pair = slice_of(query.data + from, end - from);
		from = end + 1;
		if (pair.size == 0)
			continue;
		size_t equals = slice_find(pair, '=', 0);
		size_t value = equals < pair.size ? equals + 1 : pair.size;
		struct http_parameter *parameter = &target->parameters[target->parameter_count++];
		if (!decode(slice_of(pair.data, equals), true, arena, &parameter->name, &target->bad_escape) ||
		    !decode(slice_of(pair.data + value, pair.size - value), true, arena, &parameter->value,
			    &target->bad_escape))
			return false;
	}
	return true;
}

bool target_parse(struct slice text, struct arena *arena, struct http_target *target)
{
	*target = (struct http_target){0};
	text.size = slice_find(text, '#', 0);
	take_authority(&text, &target->authority);
	size_t path_size = slice_find(text, '?', 0);
	struct slice path = slice_of(text.data, path_size);
	if (path.size == 0 && target->authority.data)
		path = SLICE("/");
	if (!decode(path, false, arena, &target->path, &target->bad_escape))
		return false;
	if (path_size == text.size)
		return true;
	return parse_query(slice_of(text.data + path_size + 1, text.size - path_size - 1), arena, target);
}
