/* Names of encodings, and telling the one of a text.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_PARSE_ENCODING_H
#define ROWMILL_PARSE_ENCODING_H

#include "base/slice.h"

enum { ENCODING_NAME_SIZE = 32 };

struct encoding {
	char name[ENCODING_NAME_SIZE];  /* as shown: "utf-8", "windows-1252" */
	char iconv[ENCODING_NAME_SIZE]; /* what iconv calls it */
};

/* By a label of the Encoding Standard (WHATWG), or a name of iconv, in any case. false: there is
 * none of that name, or errno is ENOMEM. */
bool encoding_find(struct slice said, struct encoding *encoding);

/* UTF-16 or UTF-32, by the byte order mark, or by where the NUL bytes stand. */
bool encoding_of_unicode(struct slice head, struct encoding *encoding);

/* Whether a text is in another encoding than UTF-8, and in which. `text` begins with the first
 * byte of the file that is not ASCII, or with an escape; `whole` says that nothing follows.
 *
 * UTF-8 it is where at least half of what is not ASCII is valid as such, the rest being damage, or a
 * fifth, unless the text is in an alphabet that is not Latin and uchardet knows it. Otherwise what
 * uchardet says, where there is enough of it to count, and else windows-1252, unless a fifth of the
 * bytes mean nothing there. JSON is UTF-8 by its standard; it is taken for something else only where
 * four places or more are damaged, and nothing is valid.
 *
 * *known says whether it is another, *encoding which. false: memory is exhausted. */
bool encoding_guess(struct slice text, bool whole, bool json, struct encoding *encoding, bool *known);

#endif
