/* One search over a view.
 *
 *	1  bound   Every row that passes the filter gets bounds of its score from its sketch. Those whose estimate reaches
 *	           the worst of the best `limit` scores found so far are scored in full, so that this floor,
 *	           which the answer cannot fall below, is soon close to what it will be. Others whose upper bound
 *	           reaches it are candidates.
 *	2  settle  Candidates that still reach the floor are bounded again by their details, then by their upper
 *	           bytes, and scored in full where these bounds, too, reach it.
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

struct bounds {
	float upper, lower;
};

struct candidate {
	struct bounds bounds;
	uint32_t row; /* of its leaf */
};

struct scratch {
	struct candidate *candidates; /* [leaves][LEAF_ROWS] */
	size_t *counts;               /* [leaves] */
	size_t leaves;                /* room */
	struct part *parts;           /* [part_count] where each thread works */
	unsigned part_count;
	struct scratch *next;         /* in the list of those that are free */
};

void scratch_free(struct scratch *scratch); /* NULL is fine */

/* As vector_index_search. `vector` is the query's, padded to the rows' stride. */
bool scan(const struct view *view, const struct vector_kernels *kernels, struct helpers *helpers,
	  struct scratch *scratch, const struct vector_query *query, const float *vector, size_t stride,
	  struct vector_hit *hits, size_t *count, size_t *total, bool *more);

#endif
