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

/* Outputs whose weights lie side by side; the float32 ones of AVX2 in strips of STRIP_WIDTH_AVX2. */
enum { STRIP_WIDTH = 48, STRIP_WIDTH_AVX2 = 24 };

/* What is made of a sum before it is written. */
enum strip_finish {
	STRIP_SUM,  /* float32 */
	STRIP_GELU, /* gelu(x + bias): bf16 of a product of bf16, else float32 */
	STRIP_BF16, /* x + bias, in bf16; of products of bf16 and bytes */
};

/* A product with weights in strips: as many numbers as fill 32 bits (one float32, two bf16, four bytes)
 * of an output, then those of the strip's next one; the strip's next numbers; the next strip. */
struct strip_product {
	const void *source;   /* [rows][length] */
	const void *weights;  /* of the source's type, bytes signed */
	size_t length, width; /* multiples of 32 and of the strip's width */

	/* Of bytes alone: a sum x is level.scale * (scales[j] * x - offsets[j] * level.zero). */
	const struct quantized_row *levels;
	const float *scales, *offsets;

	enum strip_finish finish;
	const float *bias; /* [width], but with STRIP_SUM */
	void *destination; /* [rows][width] */
};

struct kernels {
	const char *name; /* "plain", "avx2", "avx512", "avx512-vnni", "avx512-bf16" */

	/* The products below that are faster than oneDNN's. */
	struct {
		bool f32, bf16, bytes;
	} in_strips;
	size_t strip_width_f32;

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

	/* The same of bf16 with the bias on queries added, rounded to bf16 on the way where that is faster: to
	 * 2^-7 of the values. The result goes to `context` or to `narrow`; the other is NULL. NULL where
	 * the instruction set has nothing for it. */
	void (*attend_narrow)(const uint16_t *qkv, float *context, uint16_t *narrow, size_t rows);

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

	/* Products in strips. A row's numbers are the same to the bit whatever `rows` is. GELU as above: of
	 * float32 to 2e-6, else to 4e-4. multiply_bf16 and multiply_bytes are NULL where the instruction set
	 * has nothing for them. */
	void (*multiply_f32)(const struct strip_product *product, size_t rows);
	void (*multiply_bf16)(const struct strip_product *product, size_t rows);
	void (*multiply_bytes)(const struct strip_product *product, size_t rows);

	/* vector[HIDDEN] = the mean of state[rows][HIDDEN], scaled to L2 norm 1. */
	void (*pool)(const float *state, float *vector, size_t rows);
};

/* multiply_blocks of all tables from AVX2 on: what is faster has instructions that need no blocks. */
void multiply_blocks_avx2(const uint8_t *source, const struct block_level *levels, size_t length,
			  const struct block_weights *weights, size_t width, float *destination,
			  size_t rows);

/* The sums of AVX2's multiply_f32. */
void multiply_strips_avx2(const float *source, size_t length, const float *weights, size_t width,
			  float *destination, size_t rows);

extern const struct kernels kernels_plain, kernels_avx2, kernels_avx512, kernels_avx512_vnni,
	kernels_avx512_bf16;

/* The fastest table that this processor runs, none faster than the one named `most` unless that is
 * NULL. A name that there is not gives kernels_plain. */
const struct kernels *kernels_select(const char *most);

/* All tables that this processor runs, by index from the fastest; NULL behind the last. */
const struct kernels *kernels_table(size_t index);

#endif
