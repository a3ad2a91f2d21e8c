#include "validate/white_space.h"

#include "base/utf8.h"

#include "base/banned.h"

bool is_white_space(uint32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Size of the white space character that ends at `end`; 0 if none does. */
static size_t space_before(struct slice text, size_t end)
{
	uint32_t code_point;
	size_t size = utf8_decode(text, utf8_floor(text, end - 1), &code_point);

	return size && is_white_space(code_point) ? size : 0;
}

/* ASCII, and neither white space nor a control character. */
static bool is_plain(char c)
{
	return c > ' ' && c < 0x7F;
}

struct slice trim_white_space(struct slice text)
{
	size_t start = 0, end = text.size, size;
	uint32_t code_point;

	if (end && is_plain(text.data[0]) && is_plain(text.data[end - 1]))
		return text;
	while (start < end && (size = utf8_decode(text, start, &code_point)) != 0 &&
	       is_white_space(code_point))
		start += size;
	while (end > start && (size = space_before(text, end)) != 0)
		end -= size;
	return start == 0 ? slice_of(text.data, end) : slice_of(text.data + start, end - start);
}
