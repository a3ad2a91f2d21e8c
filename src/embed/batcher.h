/* Embeds many texts: batches of like length are formed from them, packed end to end.
 *
 *	batcher = embed_batcher_new(model, 256);
 *	while (embed_batcher_add(batcher, text, &truncated)) …
 *	embed_batcher_run(batcher, vectors, &err);     // [count][384], in the order of adding
 *
 * Batches of some hundred tokens are as good as larger ones, so a batcher needs a few MB of scratch
 * however many texts it holds.
 *
 * Threads: a batcher belongs to one thread at a time; the model is shared. */
#ifndef ROWMILL_EMBED_BATCHER_H
#define ROWMILL_EMBED_BATCHER_H

#include <stdatomic.h>

#include "embed/embed.h"

struct embed_batcher;

/* Holds up to `capacity` texts; NULL when memory is exhausted. */
struct embed_batcher *embed_batcher_new(const struct embed_model *model, size_t capacity);
void embed_batcher_free(struct embed_batcher *batcher); /* NULL is fine */

/* Tokenizes and keeps the tokens, not the text. false: it is full. */
bool embed_batcher_add(struct embed_batcher *batcher, struct slice text, bool *truncated);

size_t embed_batcher_count(const struct embed_batcher *batcher);

/* From now on a run ends with STATUS_CANCELLED, within one batch, once *stop is set; it is set by any thread, and outlives
 * the batcher. NULL: it always goes on to its end. */
void embed_batcher_stop_on(struct embed_batcher *batcher, const atomic_bool *stop);

/* Embeds all and empties the batcher, also when it fails: then the vectors are not to be used. */
enum status embed_batcher_run(struct embed_batcher *batcher, float *vectors, struct error *err);

void embed_batcher_clear(struct embed_batcher *batcher);

#endif
