/* Finding bytes of interest, 64 or 16 at a time. Each function has a plain C form, which is its
 * specification and what runs where there is no SSE2; the tests hold the two against each other.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_PARSE_BYTES_H
#define ROWMILL_PARSE_BYTES_H

#include "base/slice.h"

/* Bit i is set where byte i of a block of 64 is one of them. */
struct csv_masks {
	uint64_t special; /* one of the three that are looked for, CR or LF */
	uint64_t unusual; /* NUL, or a byte of a character that is not ASCII */
};

/* `wanted` are the delimiter's first byte, the quote and the escape; where there is no quote or
 * escape, one of the others again. */
struct csv_masks bytes_csv_masks(const char block[64], const char wanted[3]);
struct csv_masks bytes_csv_masks_plain(const char block[64], const char wanted[3]);

/* Index of the first byte that is not ASCII, or is an escape (0x1B), which shifts in some
 * encodings; text.size if there is none. */
size_t bytes_find_shift(struct slice text);
size_t bytes_find_shift_plain(struct slice text);

/* Index of the first CR or LF; text.size if there is none. */
size_t bytes_find_line_end(struct slice text);
size_t bytes_find_line_end_plain(struct slice text);

/* Index of the first byte that ends the plain part of a JSON string: a quotation mark, a
 * backslash, a control character; text.size if there is none. */
size_t bytes_find_string_special(struct slice text);
size_t bytes_find_string_special_plain(struct slice text);

#endif
