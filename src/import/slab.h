/* A slab: some hundred stored records on their way to their vectors, in the hands of one embedding
 * worker.
 *
 *	slab_read_texts(slab, &err);
 *	slab_embed(slab, &err);             // what nobody else computes
 *	for (;;) {
 *		… store what slab_take_ready() gives …
 *		slab_give_back(slab);
 *		if (slab_is_done(slab))
 *			break;
 *		slab_wait(slab);            // for what others compute
 *		slab_embed(slab, &err);
 *	}
 *
 * Equal texts are computed once: within the slab, across the workers (text_once.h), and across
 * everything that the store holds (find_vectors).
 *
 * Threads: a slab belongs to one thread at a time. */
#ifndef ROWMILL_IMPORT_SLAB_H
#define ROWMILL_IMPORT_SLAB_H

#include "embed/batcher.h"
#include "import/text_once.h"
#include "validate/schema_cache.h"

#include <stdatomic.h>

enum { SLAB_RECORDS = 256 };

struct slab {
	/* Borrowed. */
	struct store *store;
	const struct embed_model *model;
	struct schema_cache *schemas;
	struct embed_batcher *batcher;
	struct text_once *once;
	_Atomic uint64_t *computed; /* counts texts that went through the encoder */

	struct arena arena; /* lives as long as the present records */
	struct strbuf text; /* scratch: what a record's hash is made over */
	struct pending_record *records;
	size_t count;

	struct slice texts[SLAB_RECORDS];
	struct text_hash hashes[SLAB_RECORDS];
	uint32_t first[SLAB_RECORDS]; /* the first record with the same text */
	bool truncated[SLAB_RECORDS];
	/* Of each first record's text: whether this worker holds the claim, and whether its vector is there. */
	bool claimed[SLAB_RECORDS], ready[SLAB_RECORDS];
	bool taken[SLAB_RECORDS]; /* of each record: its vector was handed out */
	float *vectors; /* [SLAB_RECORDS][EMBED_DIMENSION]; a record's own where it is the first */
	float *batch;   /* [SLAB_RECORDS][EMBED_DIMENSION]; what the batcher gave last */
};

/* The batcher has room for SLAB_RECORDS. */
bool slab_init(struct slab *slab, struct store *store, const struct embed_model *model,
	       struct embed_batcher *batcher, struct schema_cache *schemas, struct text_once *once,
	       _Atomic uint64_t *computed);
void slab_release(struct slab *slab); /* a zeroed struct is fine */

/* Empties it; `records` are to be filled from its arena. */
void slab_clear(struct slab *slab);

enum status slab_read_texts(struct slab *slab, struct error *err);

/* Finds, or computes, the vectors of all texts that no other worker computes. */
enum status slab_embed(struct slab *slab, struct error *err);

/* Whether the vectors of all its records are there: nothing is in other hands. */
bool slab_is_ready(const struct slab *slab);

/* The records whose vectors are there and which were not taken before; returns their number. */
size_t slab_take_ready(struct slab *slab, struct record_vector vectors[SLAB_RECORDS]);

/* To be called when what was taken is stored, or could not be. */
void slab_give_back(struct slab *slab);

bool slab_is_done(const struct slab *slab);

/* Returns when no other worker computes a text of this slab. */
void slab_wait(struct slab *slab);

#endif
