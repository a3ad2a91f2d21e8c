/* Nearest vectors by cosine over all vectors held in memory.
 *
 * The index is built from the store and never the only copy. Vectors are unit vectors, so the
 * cosine is the dot product. Results are ordered by score, highest first, then by id, lowest
 * first, which makes every page of a search well defined.
 *
 * Nothing is left to chance: a search finds what scoring every vector would find. Vectors are kept in 16 bits
 * a component (row_code.h), so that scores are within 3e-5, and usually within 2e-6, of those of the float32
 * vectors; they are the same on every machine.
 *
 * Vectors and queries that hold something that is no number, or whose length overflows, match nothing;
 * such a vector is not kept.
 *
 * Threads: every function may be called from any thread. Searches never wait for those that change the
 * index; each sees it as it was at one moment. Changes are made in turn. */
#ifndef ROWMILL_VECTOR_VECTOR_INDEX_H
#define ROWMILL_VECTOR_VECTOR_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/id_set.h"

struct vector_index;

struct vector_index *vector_index_new(size_t dimension); /* NULL: memory is exhausted */
void vector_index_free(struct vector_index *index);      /* NULL is fine */

/* Makes an empty index ready for `expected` vectors of which `vectors` ([count][dimension]; some thousands) are
 * a sample: they are then added faster. Returns false when memory is exhausted, which does no harm. */
bool vector_index_prepare(struct vector_index *index, const float *vectors, size_t count, size_t expected);

struct vector_entry {
	int64_t id, import_id;
	const float *vector; /* [dimension], unit */
};

enum vector_added {
	VECTOR_ADDED,
	VECTOR_STALE,     /* something was removed since `as_of`; nothing was added */
	VECTOR_NO_MEMORY, /* nothing was added */
};

/* Adds the entries whose ids are not there yet; the others stay as they are, so that a vector that comes
 * late never takes the place of one that replaced it. Vectors are copied.
 *
 * `as_of` is vector_index_removals() from before the store was asked, or told, that these records have
 * these vectors. Who deletes commits first and removes here then; so what is stale is to be looked up in
 * the store again, with a new `as_of`, and only what is still there is to be added. */
enum vector_added vector_index_add(struct vector_index *index, const struct vector_entry *entries,
				   size_t count, uint64_t as_of);

/* How many removals were made so far. */
uint64_t vector_index_removals(struct vector_index *index);

/* Puts one entry in the place of the one with its id, if there is any: no search sees both or neither. Who
 * replaces does so in the order of the store's commits. `as_of` and the result are as above. */
enum vector_added vector_index_replace(struct vector_index *index, const struct vector_entry *entry,
				       uint64_t as_of);

/* Forgets the vectors with these ids; those that are not there are fine. Returns false when memory is
 * exhausted: the index is then unchanged. */
bool vector_index_remove(struct vector_index *index, const int64_t *ids, size_t count);

/* Forgets all vectors of an import. Those added later count again: an import may be retried. */
bool vector_index_remove_import(struct vector_index *index, int64_t import_id);

size_t vector_index_count(struct vector_index *index);

/* Fills vector[dimension] with the vector as it is kept (see below); false: there is none with this id. */
bool vector_index_get(struct vector_index *index, int64_t id, float *vector);

struct vector_hit {
	int64_t id;
	float score; /* cosine, -1 to 1 */
};

struct vector_query {
	const float *vector; /* [dimension], unit */
	int64_t import_id;   /* 0: all */
	int64_t except_id;   /* 0: none; this record is left out, as from what is similar to it */
	const struct id_set *filter; /* only these records; NULL: all */
	float min_score;     /* hits below are left out; -INFINITY: none is */
	/* Only what stands behind this hit in the order above, where has_after. */
	bool has_after;
	struct vector_hit after;
	size_t skip, limit;  /* after that: leave out the first `skip`, give at most `limit` */
};

/* Fills hits[limit]; *count says how many, *more whether any stands behind the last, *total how many pass
 * all conditions but `after` (NULL: not asked for, which is cheaper where there is a min_score). Returns
 * false when memory is exhausted. */
bool vector_index_search(struct vector_index *index, const struct vector_query *query,
			 struct vector_hit *hits, size_t *count, size_t *total, bool *more);

#endif
