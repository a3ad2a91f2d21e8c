/* A slice is a borrowed run of bytes with a counted length. It may hold NUL bytes and is
 * not terminated. The bytes belong to whoever made them; each function that returns a slice
 * says until when it is good.
 *
 * Threads: values only; no shared state. */
#ifndef ROWMILL_BASE_SLICE_H
#define ROWMILL_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const char *data; /* NULL only where size is 0 */
	size_t size;      /* bytes */
};

/* A slice over a string literal; printf's "%.*s" takes SLICE_ARG(s), at most 4096 bytes of it. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
#define SLICE_ARG(s) slice_printed_size(s), slice_printed_data(s)

static inline int slice_printed_size(struct slice text)
{
	return text.size > 4096 ? 4096 : (int)text.size;
}

static inline const char *slice_printed_data(struct slice text)
{
	return text.data ? text.data : "";
}

static inline struct slice slice_of(const char *data, size_t size)
{
	return (struct slice){data, size};
}

/* Over a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_of_string(const char *text)
{
	return (struct slice){text, text ? strlen(text) : 0};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool slice_is(struct slice a, const char *text)
{
	return slice_equal(a, slice_of_string(text));
}

/* Equal when the letters A-Z and a-z are not told apart. */
bool slice_equal_ignoring_ascii_case(struct slice a, struct slice b);

bool slice_starts_with(struct slice text, struct slice prefix);

/* Without leading and trailing ASCII white space (space, tab, CR, LF, VT, FF). */
struct slice slice_trim(struct slice text);

/* Index of the first `byte` at or after `from`; text.size if there is none. */
size_t slice_find(struct slice text, char byte, size_t from);

/* Reads the whole slice as a decimal integer: an optional '-', then digits, nothing else.
 * Returns false, leaving *out, if it is not one or does not fit. */
bool slice_parse_int64(struct slice text, int64_t *out);

#endif
