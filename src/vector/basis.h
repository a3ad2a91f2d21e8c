/* The directions in which vectors differ most: what sketches are made in.
 *
 * Found from a sample by orthogonal iteration on its covariance: the mean, and BASIS_DIRECTIONS unit vectors
 * at right angles to one another, those of the greatest variance first. Vectors that the sample was not like
 * are sketched less closely, never wrongly.
 *
 * Threads: a basis never changes. */
#ifndef ROWMILL_VECTOR_BASIS_H
#define ROWMILL_VECTOR_BASIS_H

#include "vector/kernels.h"

#include <stdatomic.h>

/* The first directions take two slots of a sketch each, the others one. */
enum { BASIS_DIRECTIONS = 128, BASIS_WIDE = 32 };

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
