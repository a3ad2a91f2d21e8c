#include "base/slice.h"

#include "base/banned.h"

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_ascii_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool slice_equal_ignoring_ascii_case(struct slice a, struct slice b)
{
	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++)
		if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
			return false;
	return true;
}

bool slice_starts_with(struct slice text, struct slice prefix)
{
	return text.size >= prefix.size && slice_equal(slice_of(text.data, prefix.size), prefix);
}

struct slice slice_trim(struct slice text)
{
	while (text.size > 0 && is_ascii_space(text.data[0])) {
		text.data++;
		text.size--;
	}
	while (text.size > 0 && is_ascii_space(text.data[text.size - 1]))
		text.size--;
	return text;
}

size_t slice_find(struct slice text, char byte, size_t from)
{
	if (from >= text.size)
		return text.size;
	const char *hit = memchr(text.data + from, byte, text.size - from);
	return hit ? (size_t)(hit - text.data) : text.size;
}

bool slice_parse_int64(struct slice text, int64_t *out)
{
	size_t i = 0;
	bool negative = text.size > 0 && text.data[0] == '-';
	/* Accumulated as a negative number, whose range is the larger one. */
	int64_t value = 0;

	if (negative)
		i++;
	if (i == text.size)
		return false;
	for (; i < text.size; i++) {
		int digit = text.data[i] - '0';
		if (digit < 0 || digit > 9)
			return false;
		if (value < (INT64_MIN + digit) / 10)
			return false;
		value = value * 10 - digit;
	}
	if (!negative && value == INT64_MIN)
		return false;
	*out = negative ? value : -value;
	return true;
}
