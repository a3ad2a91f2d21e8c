/* One search over a view.
 *
 *	1  bound   Every row that passes the filter gets an upper bound of its score from its sketch. Those with
 *	           the highest are scored in full: the worst of the best `limit` is a score that the answer
 *	           cannot fall below.
 *	2  settle  Rows whose bound reaches that score are bounded again by their upper bytes, and scored
 *	           in full where that bound, too, reaches it.
 *
 * All bounds hold with certainty, so the answer is what scoring everything would give. How many rows are
 * left after each step changes only the time.
 *
 * Threads: scratch belongs to one search at a time. */
#ifndef ROWMILL_VECTOR_SCAN_H
#define ROWMILL_VECTOR_SCAN_H

#include "vector/helpers.h"
#include "vector/vector_index.h"
#include "vector/view.h"

struct scratch {
	float *upper, *lower; /* [rows] bounds */
	uint64_t *masks;      /* [rows / 64] rows that pass the filters */
	size_t rows;          /* room, a multiple of LEAF_ROWS */
	struct scratch *next; /* in the list of those that are free */
};

void scratch_free(struct scratch *scratch); /* NULL is fine */

/* As vector_index_search. `vector` is the query's, padded to the rows' stride. */
bool scan(const struct view *view, const struct vector_kernels *kernels, struct helpers *helpers,
	  struct scratch *scratch, const struct vector_query *query, const float *vector, size_t stride,
	  struct vector_hit *hits, size_t *count, size_t *total, bool *more);

#endif
