/* UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing over U+10FFFF.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_BASE_UTF8_H
#define ROWMILL_BASE_UTF8_H

#include "base/arena.h"
#include "base/slice.h"

/* Decodes the character at `at` (< text.size). Returns its size in bytes, 1 to 4, and sets
 * *code_point; returns 0 if the bytes there are no UTF-8. */
size_t utf8_decode(struct slice text, size_t at, uint32_t *code_point);

/* Writes `code_point` (a Unicode scalar value) and returns the number of bytes, 1 to 4. */
size_t utf8_encode(uint32_t code_point, char out[4]);

/* Size of the longest valid prefix in bytes: text.size if all of it is UTF-8. */
size_t utf8_valid_prefix(struct slice text);

static inline bool utf8_is_valid(struct slice text)
{
	return utf8_valid_prefix(text) == text.size;
}

/* Number of characters (code points) of valid UTF-8. */
size_t utf8_count(struct slice text);

/* Length of the damage at `at`, where utf8_decode gave 0: the maximal subpart that one
 * U+FFFD stands for (Unicode 15, section 3.9, "U+FFFD Substitution of Maximal Subparts"). */
size_t utf8_damage_size(struct slice text, size_t at);

/* A copy in which each piece of damage is one U+FFFD. false: the arena is exhausted. */
bool utf8_repair(struct slice text, struct arena *arena, struct slice *repaired);

/* The largest index <= `at` that does not fall inside a character. */
size_t utf8_floor(struct slice text, size_t at);

#endif
