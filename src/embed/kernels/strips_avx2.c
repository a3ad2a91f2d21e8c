/* Products of float32 with weights in strips, for AVX2 and FMA. A tile's sums stay in registers
 * from the first number to the last: 4 rows of 24 outputs are 12 of the 16 registers, and seven
 * loads serve twelve FMAs. The strip stays in the nearest caches while all rows pass by it; the
 * next is fetched meanwhile. */
#include "embed/kernels/kernels.h"

#include <immintrin.h>

#include "base/banned.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum {
	LANES = 8,
	TILE_ROWS = 4,
	VECTORS = STRIP_WIDTH_AVX2 / LANES,
	STEPS = 4, /* numbers of a row between two fetches */
	LINE = 64,
	STEP_LINES = STEPS * STRIP_WIDTH_AVX2 * sizeof(float) / LINE, /* that go by meanwhile */
};

/* What is fetched while a tile is multiplied: so many lines in STEPS steps. It is an address, as it
 * may lie behind the weights. */
struct fetch {
	uintptr_t next;
	size_t lines;
};

/* A tile of `rows` rows, known when this is compiled. Each sum is added up in the order of the
 * row's numbers, so that a row comes out the same in any tile. */
static ALWAYS_INLINE void multiply_tile(const float *source, size_t length, const float *strip,
					float *destination, size_t width, struct fetch fetch,
					size_t rows)
{
	__m256 sums[TILE_ROWS][VECTORS];

#pragma GCC unroll 4
	for (size_t row = 0; row < rows; row++)
#pragma GCC unroll 3
		for (size_t v = 0; v < VECTORS; v++)
			sums[row][v] = _mm256_setzero_ps();
	for (size_t i = 0; i < length; i += STEPS) {
		for (size_t line = 0; line < fetch.lines; line++, fetch.next += LINE)
			_mm_prefetch((const void *)fetch.next, _MM_HINT_T1);
#pragma GCC unroll 4
		for (size_t step = 0; step < STEPS; step++, strip += STRIP_WIDTH_AVX2) {
			__m256 weights[VECTORS];

#pragma GCC unroll 3
			for (size_t v = 0; v < VECTORS; v++)
				weights[v] = _mm256_loadu_ps(strip + v * LANES);
#pragma GCC unroll 4
			for (size_t row = 0; row < rows; row++) {
				__m256 x = _mm256_broadcast_ss(source + row * length + i + step);
#pragma GCC unroll 3
				for (size_t v = 0; v < VECTORS; v++)
					sums[row][v] = _mm256_fmadd_ps(x, weights[v], sums[row][v]);
			}
		}
	}
#pragma GCC unroll 4
	for (size_t row = 0; row < rows; row++)
#pragma GCC unroll 3
		for (size_t v = 0; v < VECTORS; v++)
			_mm256_storeu_ps(destination + row * width + v * LANES, sums[row][v]);
}

typedef void tile_function(const float *source, size_t length, const float *strip,
			   float *destination, size_t width, struct fetch fetch);

#define TILE(count)                                                                                \
	static void multiply_##count(const float *source, size_t length, const float *strip,       \
				     float *destination, size_t width, struct fetch fetch)         \
	{                                                                                          \
		multiply_tile(source, length, strip, destination, width, fetch, count);            \
	}

TILE(1)
TILE(2)
TILE(3)
TILE(4)

void multiply_strips_avx2(const float *source, size_t length, const float *weights, size_t width,
			  float *destination, size_t rows)
{
	static tile_function *const tiles[] = {NULL, multiply_1, multiply_2, multiply_3, multiply_4};
	size_t tile_count = (rows + TILE_ROWS - 1) / TILE_ROWS;
	size_t lines = (STEP_LINES + tile_count - 1) / tile_count;
	size_t tile_fetch = lines * (length / STEPS) * LINE;
	size_t strip_size = STRIP_WIDTH_AVX2 * length * sizeof *weights;

	/* What is fetched behind the last strip begins the next product's weights, or is not used. */
	for (size_t j = 0; j < width; j += STRIP_WIDTH_AVX2) {
		const float *strip = weights + j * length;
		size_t fetched = 0;

		for (size_t row = 0; row < rows; row += TILE_ROWS, fetched += tile_fetch) {
			size_t count = rows - row < TILE_ROWS ? rows - row : TILE_ROWS;
			struct fetch fetch = {(uintptr_t)strip + strip_size + fetched,
					      fetched < strip_size ? lines : 0};
			tiles[count](source + row * length, length, strip,
				     destination + row * width + j, width, fetch);
		}
	}
}
