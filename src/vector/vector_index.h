/* Nearest vectors by cosine, exactly, over all vectors held in memory.
 *
 * The index is built from the store and never the only copy. Vectors are unit vectors, so the
 * cosine is the dot product. Results are ordered by score, highest first, then by id, lowest
 * first, which makes every page of a search well defined.
 *
 * Left out against DESIGN's decision 8: compact codes. They change speed and memory, not this
 * header.
 *
 * Threads: every function may be called from any thread; searches run at the same time as one
 * another and wait only while a vector is added or an import removed. */
#ifndef ROWMILL_VECTOR_VECTOR_INDEX_H
#define ROWMILL_VECTOR_VECTOR_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vector_index;

struct vector_index *vector_index_new(size_t dimension); /* NULL: memory is exhausted */
void vector_index_free(struct vector_index *index);      /* NULL is fine */

/* Adds a vector ([dimension] float32, copied). An id is added once. Returns false when memory is
 * exhausted: the index is then unchanged. */
bool vector_index_add(struct vector_index *index, int64_t id, int64_t import_id,
		      const float *vector);

/* Forgets all vectors of an import, and those of it that are added later. */
bool vector_index_remove_import(struct vector_index *index, int64_t import_id);

size_t vector_index_count(struct vector_index *index);

struct vector_hit {
	int64_t id;
	float score; /* cosine, -1 to 1 */
};

struct vector_query {
	const float *vector; /* [dimension], unit */
	int64_t import_id;   /* 0: all */
	float min_score;     /* hits below are left out; -INFINITY: none is */
	/* Only what stands behind this hit in the order above, where has_after. */
	bool has_after;
	struct vector_hit after;
	size_t skip, limit;  /* after that: leave out the first `skip`, give at most `limit` */
};

/* Fills hits[limit]; *count says how many, *total how many pass import_id and min_score on all
 * pages, *more whether any stands behind the last. Returns false when memory is exhausted. */
bool vector_index_search(struct vector_index *index, const struct vector_query *query,
			 struct vector_hit *hits, size_t *count, size_t *total, bool *more);

#endif
