#include "record/field_name.h"

#include "base/banned.h"

static bool is_separator(char c)
{
	return c == ' ' || c == '-' || c == '_';
}

static size_t skip_separators(struct slice name, size_t at)
{
	while (at < name.size && is_separator(name.data[at]))
		at++;
	return at;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool field_name_equal(struct slice a, struct slice b)
{
	size_t i = skip_separators(a, 0), k = skip_separators(b, 0);

	while (i < a.size && k < b.size && lower(a.data[i]) == lower(b.data[k])) {
		i = skip_separators(a, i + 1);
		k = skip_separators(b, k + 1);
	}
	return i == a.size && k == b.size;
}
