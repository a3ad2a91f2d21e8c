/* The dot product that everything here is ordered by.
 *
 * Its additions happen in one fixed order on every processor: 32 sums, of which sum i takes the
 * products i, i + 32, i + 64, … by fused multiply-add, and then the sums i and i + 16, i and
 * i + 8, … down to one. So scores are equal bit by bit wherever they are computed, and a page of
 * a search that began on one machine continues on another.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_VECTOR_DOT_H
#define ROWMILL_VECTOR_DOT_H

#include <stdbool.h>
#include <stddef.h>

enum { DOT_BLOCK = 32 };

/* `count` is a multiple of DOT_BLOCK: shorter vectors are padded with zeros. */
typedef float dot_function(const float *a, const float *b, size_t count);

/* In plain C: what the others are proven against. */
float dot_portable(const float *a, const float *b, size_t count);

struct dot_kernel {
	const char *name; /* "avx512", "avx2", "portable" */
	dot_function *dot;
};

/* All that were compiled, the fastest first; the last is portable. */
const struct dot_kernel *dot_kernels(size_t *count);

bool dot_is_supported(const struct dot_kernel *kernel); /* by this processor */

/* The first supported one. */
dot_function *dot_best(void);

#endif
