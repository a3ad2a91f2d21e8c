/* Sketches: what is left of a row in 60 bytes and, finer, in 64 more; and how far its score may be from what they say.
 *
 * A vector v is its mean, its parts along the basis' directions, and a rest r at right angles to them. The
 * parts are kept as codes, each a little wrong; how wrong all are together (`error`) and how long r is
 * (`tail`) is kept beside them. So for a query q with the parts p and the rest s
 *
 *	q·v = q·mean + p·codes ± |p| error ± |s| tail
 *
 * by Cauchy and Schwarz: a bound, not an estimate of how likely something is. What is known more exactly weighs more
 * in `error`, and less in |p|, by the same factor.
 *
 * A search reads all sketches, one after the other: they hold the first SKETCH_DIRECTIONS, in 4 bits but for the mean's. Details
 * are read of some rows here and there: the lower 4 bits of those that have 8, and the other directions.
 *
 * Threads: a sketch is written by one thread before others see that part of it. */
#ifndef ROWMILL_VECTOR_SKETCH_H
#define ROWMILL_VECTOR_SKETCH_H

#include "vector/basis.h"

/* The mean's direction takes two slots of a sketch, the others one. */
enum { SKETCH_DIRECTIONS = SKETCH_SLOTS - 1 };

struct sketch {
	atomic_int references;
	struct basis *basis;      /* kept */
	uint8_t *codes;           /* [capacity / SKETCH_GROUP][SKETCH_GROUP_SIZE] */
	uint8_t *details;         /* [capacity][DETAIL_SIZE] */
	uint16_t *tails, *errors; /* [capacity]; upper halves of floats, rounded up */
	bool owns_room;
};

/* Bytes for the sketches of `capacity` rows. */
size_t sketch_room(size_t capacity);

/* For `capacity` rows, a multiple of SKETCH_GROUP. `room`, of sketch_room() bytes in whole cache lines, is where they
 * go, and outlives it; NULL: in memory of its own. NULL: memory is exhausted. */
struct sketch *sketch_new(struct basis *basis, size_t capacity, uint8_t *room);
struct sketch *sketch_keep(struct sketch *sketch); /* NULL is fine */
void sketch_release(struct sketch *sketch);        /* NULL is fine */

/* Lengths that are exceeded by none of a row's codes, less 7.5 each. */
struct sketch_lengths {
	float codes, details;
};

/* Sketches SKETCH_GROUP rows from `first`, a multiple of it. rows: [SKETCH_GROUP][stride]; they are changed.
 * Raises the lengths to what these rows have. */
void sketch_rows(struct sketch *sketch, const struct vector_kernels *kernels, size_t first, float *rows,
		 struct sketch_lengths *lengths);

/* A query, got ready for the sketches of one basis. */
struct sketch_query {
	const struct basis *basis;
	struct sketch_weights weights;
	struct detail_weights detail;
	float weight_error, detail_error; /* lengths of what the weights were rounded by */
	float mean_length;                /* of the basis' mean */
};

/* query: [stride]; `rest` is room for as much. */
void sketch_query_init(struct sketch_query *query, const struct basis *basis,
		       const struct vector_kernels *kernels, const float *vector, float *rest);

static inline const uint8_t *sketch_detail(const struct sketch *sketch, size_t row)
{
	return sketch->details + row * DETAIL_SIZE;
}

/* Makes bounds of a row's score by its sketch closer by its detail. `slack`: what rounding may have changed. */
void sketch_refine(const struct sketch_query *query, const struct vector_kernels *kernels, const uint8_t *detail,
		   float slack, float *upper, float *lower);

#endif
