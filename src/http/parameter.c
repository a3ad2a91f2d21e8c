#include "http/parameter.h"

#include "http/framing.h"
#include "base/banned.h"

static void skip(struct slice *text, size_t size)
{
	*text = slice_of(text->data + size, text->size - size);
}

static void skip_blanks(struct slice *text)
{
	while (text->size > 0 && (text->data[0] == ' ' || text->data[0] == '\t'))
		skip(text, 1);
}

struct slice parameter_main_value(struct slice *rest)
{
	size_t end = slice_find(*rest, ';', 0);
	struct slice value = slice_trim(slice_of(rest->data, end));

	skip(rest, end);
	return value;
}

/* A quote within the value is sent as \" by some clients; a backslash is otherwise a backslash, because
 * browsers send it bare. */
static bool take_quoted(struct slice *rest, struct slice *value)
{
	for (size_t i = 1; i < rest->size; i++) {
		if (rest->data[i] == '\\' && i + 1 < rest->size && rest->data[i + 1] == '"') {
			i++;
		} else if (rest->data[i] == '"') {
			*value = slice_of(rest->data + 1, i - 1);
			skip(rest, i + 1);
			return true;
		}
	}
	return false;
}

enum parameter_found parameter_next(struct slice *rest, struct slice *name, struct slice *value)
{
	skip_blanks(rest);
	if (rest->size == 0)
		return PARAMETER_NONE;
	if (rest->data[0] != ';')
		return PARAMETER_MALFORMED;
	skip(rest, 1);
	skip_blanks(rest);
	size_t equals = slice_find(*rest, '=', 0);
	*name = slice_of(rest->data, equals);
	if (equals == rest->size || !is_token(*name))
		return PARAMETER_MALFORMED;
	skip(rest, equals + 1);
	if (rest->size > 0 && rest->data[0] == '"')
		return take_quoted(rest, value) ? PARAMETER_FOUND : PARAMETER_MALFORMED;
	size_t end = 0;
	while (end < rest->size && !strchr(" \t;\"", rest->data[end]))
		end++;
	*value = slice_of(rest->data, end);
	skip(rest, end);
	return end > 0 ? PARAMETER_FOUND : PARAMETER_MALFORMED;
}
