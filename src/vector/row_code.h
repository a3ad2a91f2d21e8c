/* A vector in 16 bits a component: scale × (256 high + low).
 *
 * The components are rounded to multiples of the greatest one's 32,639th part, which changes the cosine with
 * any query by 3e-5 at most and by 2e-6 usually: less than what embedding in another precision does. The
 * upper bytes lie apart, as most rows are told from the best by them alone.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_VECTOR_ROW_CODE_H
#define ROWMILL_VECTOR_ROW_CODE_H

#include "vector/kernels.h"

enum { ROW_LEVELS = 127 * 256 + 127 };

struct row_scale {
	float scale;
	float low_length; /* of scale × low: what the upper bytes leave out */
};

/* vector, high, low: [count], a multiple of KERNEL_BLOCK. *length is the vector's, never too small. false: a
 * component is no number, or the length is over 1e15. Lengths under 1e-30 count as 0. */
bool row_encode(const struct vector_kernels *kernels, const float *vector, size_t count, struct row_scale *scale,
		int8_t *high, int8_t *low, float *length);

/* vector: [count] */
void row_decode(const struct row_scale *scale, const int8_t *high, const int8_t *low, size_t count,
		float *vector);

/* The vector's length, never too small. */
float row_length(const struct vector_kernels *kernels, const float *vector, size_t count);

#endif
