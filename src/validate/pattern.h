/* The constraint `pattern`: a regular expression that the whole of a text must match, as in XML Schema.
 *
 * The notation is PCRE2's, in which XML Schema's is written too but for three things, which are refused
 * rather than read otherwise: \i and \c (XML names) and the subtraction of classes, [a-z-[aeiou]].
 * ^ and $ are anchors, which here say nothing new. Matching is by code points and Unicode's properties.
 *
 * Time is bounded: a match takes a limited number of steps, whatever the pattern and the text.
 *
 * Threads: a pattern is immutable and shared; a scratch belongs to one thread at a time. */
#ifndef ROWMILL_VALIDATE_PATTERN_H
#define ROWMILL_VALIDATE_PATTERN_H

#include "base/slice.h"
#include "base/status.h"

enum { PATTERN_SIZE_MAX = 2000 }; /* bytes of its text */

struct pattern;
struct pattern_scratch;

/* STATUS_INVALID if it is no regular expression, or one that is too large: the detail says why. */
enum status pattern_compile(struct slice text, struct pattern **pattern, struct error *err);
void pattern_free(struct pattern *pattern); /* NULL is fine */
size_t pattern_size(const struct pattern *pattern); /* bytes of memory */

struct pattern_scratch *pattern_scratch_new(void); /* NULL: memory is exhausted */
void pattern_scratch_free(struct pattern_scratch *scratch); /* NULL is fine */

enum pattern_result { PATTERN_MATCHES, PATTERN_DIFFERS, PATTERN_GAVE_UP };

/* PATTERN_GAVE_UP: the steps were used up before it was clear. */
enum pattern_result pattern_match(const struct pattern *pattern, struct slice text,
				  struct pattern_scratch *scratch);

#endif
