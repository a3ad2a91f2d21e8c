/* The inner loops of the index, for each instruction set.
 *
 * Plain C is the specification: every other table gives the same bits, so that scores, and the pages made
 * from them, are the same on every machine.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_VECTOR_KERNELS_H
#define ROWMILL_VECTOR_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A sketch is SKETCH_SLOTS codes of 4 bits. Those of SKETCH_GROUP rows lie together, in chunks of
 * SKETCH_CHUNK slots: byte 4 r + b of a chunk is of row r and holds the chunk's slots b (low) and b + 4.
 *
 * What makes it finer lies row by row, in one cache line each: byte b of the first DETAIL_CODES holds the
 * slots b (low) and DETAIL_HALF + b; the others are two upper halves of floats (sketch.h). */
enum {
	SKETCH_SLOTS = 112,
	SKETCH_GROUP = 8,
	SKETCH_CHUNK = 8,
	SKETCH_CHUNKS = SKETCH_SLOTS / SKETCH_CHUNK,
	SKETCH_CHUNK_SIZE = SKETCH_GROUP * SKETCH_CHUNK / 2,
	SKETCH_GROUP_SIZE = SKETCH_CHUNKS * SKETCH_CHUNK_SIZE,
	SKETCH_SEGMENTS = 7, /* of the slots; each has its own scale */
	SKETCH_SEGMENT_CHUNKS = SKETCH_CHUNKS / SKETCH_SEGMENTS,
	DETAIL_SIZE = 64,
	DETAIL_CODES = 60,
	DETAIL_HALF = 64,
	DETAIL_SEGMENT = 32, /* slots of one scale */
	DETAIL_SEGMENTS = 4,
	KERNEL_BLOCK = 32,   /* components that rows are padded to a multiple of */
};

/* A query against the sketches of one basis (sketch.h). The weights of a chunk's low and of its high slots,
 * each four repeated for the rows of a group. */
struct sketch_weights {
	_Alignas(64) int8_t repeated[SKETCH_CHUNKS][2][SKETCH_CHUNK_SIZE];
	int16_t factors[SKETCH_SEGMENTS]; /* of a segment's sum */
	float scale, offset;              /* estimate = sum × scale + offset */
	float tail, error;                /* of the row's own two: what may be missing from the estimate */
};

/* The same against details. Weights of slots that are none are 0. */
struct detail_weights {
	_Alignas(32) int8_t weights[DETAIL_SEGMENTS * DETAIL_SEGMENT];
	int16_t factors[DETAIL_SEGMENTS]; /* at most 4096 */
	float scale, offset, tail, error;
};

struct vector_kernels {
	const char *name; /* "avx512", "avx2", "portable" */

	/* Bounds of the scores of `groups` groups of rows: estimate plus and minus what may be missing, which is
	 * tails[row] × weights->tail + errors[row] × weights->error + slack, tails and errors being the upper
	 * halves of floats. */
	void (*bound)(const struct sketch_weights *weights, const uint8_t *codes, const uint16_t *tails,
		      const uint16_t *errors, float slack, size_t groups, float *upper, float *lower);

	/* Which of 64 values are at least `floor`: bit i for values[i]. */
	uint64_t (*at_least)(const float *values, float floor);

	/* The sum of a row's detail: its slots × their weights × the factors of their segments. */
	int32_t (*detail)(const struct detail_weights *weights, const uint8_t *detail);

	/* The sum of high[i] × query[i]. `count` is a multiple of KERNEL_BLOCK; no sum of magnitudes may
	 * reach 2^31. */
	int32_t (*rough)(const int8_t *high, const int16_t *query, size_t count);

	/* The sum of (256 high[i] + low[i]) × query[i], added up in the order of dot.h. */
	float (*fine)(const int8_t *high, const int8_t *low, const float *query, size_t count);

	/* The greatest magnitude of `count` numbers, a multiple of KERNEL_BLOCK; none is NaN. */
	float (*greatest)(const float *vector, size_t count);

	/* Splits round(vector[i] × by) into 256 high[i] + low[i], each within a signed byte; the rounded values
	 * are cut at ±limit. Gives the sum of the squares of low. `count` is a multiple of KERNEL_BLOCK. */
	int32_t (*split)(const float *vector, float by, int32_t limit, size_t count, int8_t *high, int8_t *low);

	/* The dot products of SKETCH_GROUP rows with `directions` vectors, a multiple of 4, all `stride` apart:
	 * sums[row × directions + direction], each added up as 8 sums in the manner of dot.h. */
	void (*project)(const float *rows, const float *vectors, size_t directions, size_t stride, float *sums);

	/* dot.h's, of a with each of four vectors that lie `stride` floats apart. */
	void (*dot4)(const float *a, const float *b, size_t stride, size_t count, float out[4]);
};

/* All that were compiled, the fastest first; the last is portable. */
const struct vector_kernels *const *vector_kernels_all(size_t *count);

bool vector_kernels_are_supported(const struct vector_kernels *kernels); /* by this processor */

/* The first supported ones. */
const struct vector_kernels *vector_kernels_best(void);

extern const struct vector_kernels vector_kernels_portable;
#ifdef __x86_64__
extern const struct vector_kernels vector_kernels_avx2, vector_kernels_avx512;

/* Those of AVX2's that AVX-512 has no better ones for. */
int32_t vector_detail_avx2(const struct detail_weights *weights, const uint8_t *detail);
float vector_greatest_avx2(const float *vector, size_t count);
int32_t vector_split_avx2(const float *vector, float by, int32_t limit, size_t count, int8_t *high, int8_t *low);
void vector_project_avx2(const float *rows, const float *vectors, size_t directions, size_t stride, float *sums);
#endif

static inline float float_of_upper_half(uint16_t half)
{
	union {
		uint32_t bits;
		float value;
	} both = {.bits = (uint32_t)half << 16};

	return both.value;
}

#endif
