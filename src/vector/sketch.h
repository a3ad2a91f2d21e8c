/* Sketches: what is left of a row in 64 bytes, and how far its score may be from what they say.
 *
 * A vector v is its mean, its parts along the basis' directions, and a rest r at right angles to them. The
 * parts are kept as codes, each a little wrong; how wrong all are together (`error`) and how long r is
 * (`tail`) is kept beside them. So for a query q with the parts p and the rest s
 *
 *	q·v = q·mean + p·codes ± |p| error ± |s| tail
 *
 * by Cauchy and Schwarz: a bound, not an estimate of how likely something is.
 *
 * Threads: a sketch is written by one thread before others see that part of it. */
#ifndef ROWMILL_VECTOR_SKETCH_H
#define ROWMILL_VECTOR_SKETCH_H

#include "vector/basis.h"

struct sketch {
	atomic_int references;
	struct basis *basis;      /* kept */
	uint8_t *codes;           /* [capacity / SKETCH_GROUP][SKETCH_GROUP_SIZE] */
	uint16_t *tails, *errors; /* [capacity]; upper halves of floats, rounded up */
	bool owns_codes;
};

/* For `capacity` rows, a multiple of SKETCH_GROUP. `room` is where its codes go, and outlives it; NULL: in memory
 * of its own. NULL: memory is exhausted. */
struct sketch *sketch_new(struct basis *basis, size_t capacity, uint8_t *room);
struct sketch *sketch_keep(struct sketch *sketch); /* NULL is fine */
void sketch_release(struct sketch *sketch);        /* NULL is fine */

/* Sketches SKETCH_GROUP rows from `first`, a multiple of it. rows: [SKETCH_GROUP][stride]; they are changed.
 * Raises *code_length to the greatest length of a row's codes, less 7.5 each. */
void sketch_rows(struct sketch *sketch, const struct vector_kernels *kernels, size_t first, float *rows,
		 float *code_length);

/* A query, got ready for the sketches of one basis. */
struct sketch_query {
	const struct basis *basis;
	struct sketch_weights weights;
	float weight_error; /* length of what the weights were rounded by */
	float mean_length;  /* of the basis' mean */
};

/* query: [stride]; `rest` is room for as much. */
void sketch_query_init(struct sketch_query *query, const struct basis *basis,
		       const struct vector_kernels *kernels, const float *vector, float *rest);

#endif
