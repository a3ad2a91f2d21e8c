/* Where the words of a query stand in a record, as HTML: <mark>…</mark> around them, everything else escaped.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_SEARCH_HIGHLIGHT_H
#define ROWMILL_SEARCH_HIGHLIGHT_H

#include "search/words.h"

/* A JSON object with one member for each field of `data` that holds one of the words: its values, or of
 * long ones the part around the first word, with … where something is left out. {} where there is none.
 * false: memory is exhausted. */
bool highlight_record(struct slice data, const struct words *words, struct arena *arena, struct slice *json);

#endif
