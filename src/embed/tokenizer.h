/* Making the tokenizer that embed.h speaks of. */
#ifndef ROWMILL_EMBED_TOKENIZER_H
#define ROWMILL_EMBED_TOKENIZER_H

#include "embed/embed.h"

/* Reads vocab.txt: one word piece a line, its id the line's number from 0, exactly
 * `expected_count` of them. Errors: "model-missing", "model-damaged", or what reading gave. */
enum status tokenizer_open(const char *path, size_t expected_count, struct tokenizer **tokenizer,
			   struct error *err);
void tokenizer_close(struct tokenizer *tokenizer); /* NULL is fine */

#endif
