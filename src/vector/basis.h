/* The directions that sketches are made in: that of the vectors' mean, and those in which they differ most.
 *
 * Found from a sample by orthogonal iteration on its covariance: BASIS_DIRECTIONS unit vectors at right angles to one
 * another, the mean's first, then those of the greatest variance. Vectors differ little along their mean, but queries
 * point that way, too: as a direction of its own it is not part of what a bound must allow for. Vectors that the sample
 * was not like are sketched less closely, never wrongly.
 *
 * Threads: a basis never changes. */
#ifndef ROWMILL_VECTOR_BASIS_H
#define ROWMILL_VECTOR_BASIS_H

#include "vector/kernels.h"

#include <stdatomic.h>

/* The codes of the first directions have 8 bits, those of the others 4. */
enum { BASIS_DIRECTIONS = 160, BASIS_WIDE = 72 };

struct basis {
	atomic_int references;
	size_t stride;
	float *mean;       /* [stride] */
	float *directions; /* [BASIS_DIRECTIONS][stride] */
	/* A direction's codes stand for low + step × code. */
	float low[BASIS_DIRECTIONS], step[BASIS_DIRECTIONS];
	float per_step[BASIS_DIRECTIONS]; /* 1 / step; 0 where that is 0 */
};

/* From `count` vectors ([count][stride]; stride is a multiple of KERNEL_BLOCK), at least one. They are
 * changed: their mean is taken from them. NULL: memory is exhausted. */
struct basis *basis_new(const struct vector_kernels *kernels, float *sample, size_t count, size_t stride);

struct basis *basis_keep(struct basis *basis); /* one reference more; NULL is fine */
void basis_release(struct basis *basis);       /* one less; NULL is fine */

#endif
