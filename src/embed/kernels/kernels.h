/* The encoder's passes between the matrix products, one table of functions for each instruction set.
 *
 * plain.c is the specification: each other table does the same within rounding, for every
 * number of rows, and tests/unit/embed/test_kernels.c proves it.
 *
 * bf16 numbers are the upper halves of float32 ones, rounded to the nearest, ties to even.
 * Arrays do not overlap unless a function says so, and need no alignment. Threads: pure functions. */
#ifndef ROWMILL_EMBED_KERNELS_KERNELS_H
#define ROWMILL_EMBED_KERNELS_KERNELS_H

#include "embed/kernels/blocks.h"
#include "embed/shape.h"

/* Layer normalisation over HIDDEN numbers, epsilon LAYER_NORM_EPSILON. */
struct norm {
	float gain[HIDDEN], offset[HIDDEN];
};

/* A row of numbers as bytes: x = scale * (byte - zero). */
struct quantized_row {
	float scale, zero; /* zero is a whole number, 0 to 255 */
};

/* Rows are rotated in blocks of this size: a Hadamard matrix, divided by its square root. It spreads
 * what stands out over all numbers of a block, so that fewer levels are wasted on it. */
enum { ROTATION = BLOCK };

/* Outputs whose float32 weights lie side by side. */
enum { STRIP_WIDTH = 24 };

struct kernels {
	const char *name; /* "plain", "avx2", "avx512", "avx512-bf16" */
	bool in_strips;   /* multiply_strips is faster than oneDNN's product */

	/* x[rows][INNER] becomes gelu(x + bias), gelu(v) = v / 2 * (1 + erf(v / sqrt 2)),
	 * to 2e-6. */
	void (*gelu)(float *x, const float *bias, size_t rows);

	/* out[rows][INNER] = gelu(x + bias) in bf16, to 4e-4 before it is rounded. */
	void (*gelu_bf16)(const float *x, const float *bias, uint16_t *out, size_t rows);

	/* state[rows][HIDDEN] becomes norm(state + x + bias). `narrow` is NULL or [rows][HIDDEN] and
	 * gets the same in bf16. */
	void (*add_norm)(float *state, const float *x, const float *bias, const struct norm *norm,
			 uint16_t *narrow, size_t rows);

	/* state[rows][HIDDEN] = norm(words[ids[i]] + positions[i]): one text's tokens. `narrow`
	 * as above. */
	void (*look_up)(float *state, const int32_t *ids, const float *words,
			const float *positions, const struct norm *norm, uint16_t *narrow,
			size_t rows);

	/* Attention among the `rows` tokens of one text, 1 to EMBED_MAX_TOKENS: for each head
	 * softmax((q + query_bias) · k / sqrt(HEAD_SIZE)) · v. `qkv` is [rows][QKV], context is
	 * [rows][HIDDEN]. There is no bias on keys: it adds the same to all scores of a query,
	 * which softmax takes out; nor on values: it passes through unchanged, and the bias
	 * of the product behind holds it. */
	void (*attend)(const float *qkv, const float *query_bias, float *context, size_t rows);
	void (*attend_bf16)(const float *qkv, const float *query_bias, uint16_t *context,
			    size_t rows);

	/* x[columns] becomes the rotated row; columns is HIDDEN or INNER. */
	void (*rotate)(float *x, size_t columns);

	/* out[rows][columns] and levels[rows]: x in bytes, from each row's least number (or 0) to its
	 * greatest, to half a level. Where `rotate` is true it is the rotated row that is
	 * written. columns is HIDDEN or INNER. */
	void (*quantize)(const float *x, size_t columns, bool rotate, uint8_t *out,
			 struct quantized_row *levels, size_t rows);

	/* x[rows][columns], sums of byte products in int32_t, become the float32 numbers
	 * level.scale * (scales[j] * x - offsets[j] * level.zero). columns is a multiple of 16. */
	void (*dequantize)(void *x, size_t columns, const float *scales, const float *offsets,
			   const struct quantized_row *levels, size_t rows);

	/* out[rows][columns] and levels[rows][columns / BLOCK]: x in bytes, each block from its least
	 * number to its greatest. Where `rotate` is true it is the rotated row that is written.
	 * columns is HIDDEN or INNER. */
	void (*quantize_blocks)(const float *x, size_t columns, bool rotate, uint8_t *out,
				struct block_level *levels, size_t rows);

	/* The same of gelu(x + bias), x[rows][INNER], to 4e-4, rotated. */
	void (*gelu_blocks)(const float *x, const float *bias, uint8_t *out,
			    struct block_level *levels, size_t rows);

	/* destination[rows][width] = source[rows][length] · weights, and levels as above. `weights`
	 * is [width / BLOCK_WIDTH][length / BLOCK], within the bounds of blocks.h; length is a multiple of
	 * BLOCK, width one of BLOCK_WIDTH. */
	void (*multiply_blocks)(const uint8_t *source, const struct block_level *levels,
				size_t length, const struct block_weights *weights, size_t width,
				float *destination, size_t rows);

	/* destination[rows][width] = source[rows][length] · weights, in strips:
	 * [width / STRIP_WIDTH][length][STRIP_WIDTH]. length is a multiple of 4, width one of
	 * STRIP_WIDTH. A row's numbers are the same to the bit whatever `rows` is. */
	void (*multiply_strips)(const float *source, size_t length, const float *weights,
				size_t width, float *destination, size_t rows);

	/* vector[HIDDEN] = the mean of state[rows][HIDDEN], scaled to L2 norm 1. */
	void (*pool)(const float *state, float *vector, size_t rows);
};

/* multiply_blocks of all tables from AVX2 on: what is faster has instructions that need no blocks. */
void multiply_blocks_avx2(const uint8_t *source, const struct block_level *levels, size_t length,
			  const struct block_weights *weights, size_t width, float *destination,
			  size_t rows);

/* multiply_strips of all tables from AVX2 on. */
void multiply_strips_avx2(const float *source, size_t length, const float *weights, size_t width,
			  float *destination, size_t rows);

extern const struct kernels kernels_plain, kernels_avx2, kernels_avx512, kernels_avx512_bf16;

/* The fastest table that this processor runs, none faster than the one named `most` unless that is
 * NULL. A name that there is not gives kernels_plain. */
const struct kernels *kernels_select(const char *most);

/* All tables that this processor runs, by index from the fastest; NULL behind the last. */
const struct kernels *kernels_table(size_t index);

#endif
