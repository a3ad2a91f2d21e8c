/* The words of some texts that people may misspell, most of them once only: what a batch brings for the store to
 * keep, found where its texts are folded and not in the store's one writer.
 *
 * Threads: it belongs to one thread at a time. */
#ifndef ROWMILL_RECORD_SPELLINGS_H
#define ROWMILL_RECORD_SPELLINGS_H

#include "base/slice.h"
#include "base/strbuf.h"

#include <stdint.h>

/* Longer words are names of things, not spellings. */
enum { SPELLING_MAX_SIZE = 32, SPELLINGS_NOTED = 1 << 13 };

struct spellings {
	struct strbuf words;            /* each with a space behind it */
	uint64_t noted[SPELLINGS_NOTED]; /* hashes of words that are among them */
};

void spellings_init(struct spellings *spellings);
void spellings_release(struct spellings *spellings); /* a zeroed struct is fine */
void spellings_clear(struct spellings *spellings);

/* Adds those of a text that word_reader.h has folded. Memory that was exhausted shows in `words` (strbuf_ok). */
void spellings_add(struct spellings *spellings, struct slice folded);

/* The next such word of a folded text, from *at on, which moves behind it; false: there is none. */
bool spelling_next(struct slice folded, size_t *at, struct slice *word);

/* Never 0. */
uint64_t spelling_hash(struct slice word);

#endif
