#include "parse/json_wrap.h"

#include "parse/bytes.h"
#include "parse/json_scanner.h"
#include "record/field_name.h"

#include "base/banned.h"

/* Behind the string whose opening quote is at `at`; the size where it does not end. */
static size_t string_end(struct slice text, size_t at)
{
	for (at++; at < text.size; at += 2) {
		at += bytes_find_string_special(slice_of(text.data + at, text.size - at));
		if (at >= text.size)
			break;
		if (text.data[at] == '"')
			return at + 1;
	}
	return text.size;
}

/* Behind the value at `at`: the comma or bracket that follows it; the size where it does not end. */
static size_t value_end(struct slice text, size_t at)
{
	size_t depth = 0;

	while (at < text.size) {
		char byte = text.data[at];
		if (byte == '"') {
			at = string_end(text, at);
			continue;
		}
		if (depth == 0 && (byte == ',' || byte == '}' || byte == ']'))
			return at;
		depth += byte == '{' || byte == '[';
		depth -= byte == '}' || byte == ']';
		at++;
	}
	return text.size;
}

static bool holds_objects(struct slice text, size_t at)
{
	if (at >= text.size || text.data[at] != '[')
		return false;
	at = json_skip_space(text, at + 1);
	return at < text.size && text.data[at] == '{';
}

static bool is_known(struct slice key, const struct slice *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (field_name_equal(key, fields[i]))
			return true;
	return false;
}

size_t json_find_wrapped(struct slice text, struct slice *key, const struct slice *known_fields,
			 size_t known_field_count)
{
	size_t at = json_skip_space(text, 0), found = text.size;

	if (at == text.size || text.data[at] != '{')
		return text.size;
	at = json_skip_space(text, at + 1);
	while (at < text.size && text.data[at] == '"') {
		size_t end = string_end(text, at);
		struct slice name = slice_of(text.data + at + 1, end - at - 1 - (end > at + 1));
		if (is_known(name, known_fields, known_field_count))
			return text.size;
		at = json_skip_space(text, end);
		if (at < text.size)
			at = json_skip_space(text, at + 1); /* the colon */
		if (holds_objects(text, at)) {
			if (found < text.size)
				return text.size;
			found = at;
			if (key)
				*key = name;
		}
		at = value_end(text, at);
		if (at < text.size)
			at = json_skip_space(text, at + 1); /* the comma */
	}
	return found;
}
