/* Products of numbers in blocks of bytes, for AVX2. Rows go through in tiles whose 32-bit sums
 * stay in registers, as do the weights of a chain: all that is fetched for a product is four bytes
 * of a source row. */
#include "embed/kernels/kernels.h"

#include <immintrin.h>

#include "base/banned.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum { TILE_ROWS = 6 };

static ALWAYS_INLINE __m256i four_bytes(const uint8_t *from)
{
	int32_t bytes;

	memcpy(&bytes, from, sizeof bytes);
	return _mm256_set1_epi32(bytes);
}

static ALWAYS_INLINE __m256i load(const void *from)
{
	return _mm256_loadu_si256(from);
}

/* A chain's sums, of BLOCK_STEPS steps, in the order that keeps both multipliers busy. */
static ALWAYS_INLINE __m256i add_chain(const uint8_t *source, __m256i start,
				       const __m256i weights[BLOCK_STEPS])
{
	__m256i a = _mm256_maddubs_epi16(four_bytes(source), weights[0]);
	__m256i b = _mm256_maddubs_epi16(four_bytes(source + 4), weights[1]);
	a = _mm256_add_epi16(a, start);
	__m256i c = _mm256_maddubs_epi16(four_bytes(source + 8), weights[2]);
	__m256i d = _mm256_maddubs_epi16(four_bytes(source + 12), weights[3]);
	a = _mm256_add_epi16(a, b);
	c = _mm256_add_epi16(c, d);
	return _mm256_add_epi16(a, c);
}

/* destination (+)= a block of `rows` rows, rows known when this is compiled. */
static ALWAYS_INLINE void multiply_block(const uint8_t *source, size_t length,
					 const struct block_level *levels, size_t blocks,
					 const struct block_weights *weights, float *destination,
					 size_t width, bool first, size_t rows)
{
	const __m256i ones = _mm256_set1_epi16(1);
	__m256i sums[TILE_ROWS];

#pragma GCC unroll 6
	for (size_t row = 0; row < rows; row++)
		sums[row] = _mm256_setzero_si256();
	for (size_t chain = 0; chain < BLOCK_CHAINS; chain++) {
		const uint8_t *at = source + chain * BLOCK_CHAIN;
		__m256i start = load(weights->chains[chain].start), steps[BLOCK_STEPS];

		for (size_t step = 0; step < BLOCK_STEPS; step++)
			steps[step] = load(weights->chains[chain].weights[step]);
#pragma GCC unroll 6
		for (size_t row = 0; row < rows; row++, at += length)
			sums[row] = _mm256_add_epi32(
				sums[row], _mm256_madd_epi16(add_chain(at, start, steps), ones));
	}
	__m256 scales = _mm256_loadu_ps(weights->scales), offsets = _mm256_loadu_ps(weights->sums);
#pragma GCC unroll 6
	for (size_t row = 0; row < rows; row++) {
		const struct block_level *level = levels + row * blocks;
		float *to = destination + row * width;
		__m256 sum = first ? _mm256_setzero_ps() : _mm256_loadu_ps(to);
		__m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[row]), scales);

		sum = _mm256_fmadd_ps(_mm256_set1_ps(level->middle), offsets, sum);
		_mm256_storeu_ps(to, _mm256_fmadd_ps(_mm256_set1_ps(level->scale), scaled, sum));
	}
}

static ALWAYS_INLINE void multiply_tile(const uint8_t *source, size_t length,
					const struct block_level *levels,
					const struct block_weights *weights, float *destination,
					size_t width, size_t rows)
{
	size_t blocks = length / BLOCK;

	for (size_t i = 0; i < blocks; i++)
		multiply_block(source + i * BLOCK, length, levels + i, blocks, weights + i,
			       destination, width, i == 0, rows);
}

typedef void tile_function(const uint8_t *source, size_t length, const struct block_level *levels,
			   const struct block_weights *weights, float *destination, size_t width);

#define TILE(count)                                                                                \
	static void multiply_##count(const uint8_t *source, size_t length,                         \
				     const struct block_level *levels,                             \
				     const struct block_weights *weights, float *destination,      \
				     size_t width)                                                 \
	{                                                                                          \
		multiply_tile(source, length, levels, weights, destination, width, count);         \
	}

TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)

void multiply_blocks_avx2(const uint8_t *source, const struct block_level *levels, size_t length,
			  const struct block_weights *weights, size_t width, float *destination,
			  size_t rows)
{
	static tile_function *const tiles[] = {NULL,	    multiply_1, multiply_2, multiply_3,
					       multiply_4, multiply_5, multiply_6};
	size_t blocks = length / BLOCK;

	for (size_t j = 0; j < width; j += BLOCK_WIDTH, weights += blocks)
		for (size_t row = 0; row < rows; row += TILE_ROWS) {
			size_t count = rows - row < TILE_ROWS ? rows - row : TILE_ROWS;
			tiles[count](source + row * length, length, levels + row * blocks, weights,
				     destination + row * width + j, width);
		}
}
