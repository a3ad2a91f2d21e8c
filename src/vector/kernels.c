/* The kernels in plain C, and the choice between all. */
#include "vector/kernels.h"

#include "vector/dot.h"

#include <math.h>

#include "base/banned.h"

_Static_assert((int)KERNEL_BLOCK == (int)DOT_BLOCK, "sums are added up in the order of dot.h");

static int32_t sum_of_row(const struct sketch_weights *weights, const uint8_t *codes, size_t row)
{
	int32_t sum = 0;

	for (size_t chunk = 0; chunk < SKETCH_CHUNKS; chunk++) {
		const uint8_t *bytes = codes + chunk * SKETCH_CHUNK_SIZE + 4 * row;
		int32_t part = 0;
		for (size_t b = 0; b < 4; b++)
			part += weights->repeated[chunk][0][b] * (bytes[b] & 15) +
				weights->repeated[chunk][1][b] * (bytes[b] >> 4);
		sum += part * weights->factors[chunk / SKETCH_SEGMENT_CHUNKS];
	}
	return sum;
}

static void bound_portable(const struct sketch_weights *weights, const uint8_t *codes, const uint16_t *tails,
			   const uint16_t *errors, float slack, size_t groups, float *upper, float *lower)
{
	for (size_t i = 0; i < groups * SKETCH_GROUP; i++) {
		int32_t sum = sum_of_row(weights, codes + i / SKETCH_GROUP * SKETCH_GROUP_SIZE,
					 i % SKETCH_GROUP);
		float estimate = fmaf((float)sum, weights->scale, weights->offset);
		float missing = fmaf(float_of_upper_half(errors[i]), weights->error, slack);
		missing = fmaf(float_of_upper_half(tails[i]), weights->tail, missing);
		upper[i] = estimate + missing;
		lower[i] = estimate - missing;
	}
}

static uint64_t at_least_portable(const float *values, float floor)
{
	uint64_t found = 0;

	for (size_t i = 0; i < 64; i++)
		found |= (uint64_t)(values[i] >= floor) << i;
	return found;
}

static int32_t detail_portable(const struct detail_weights *weights, const uint8_t *detail)
{
	int32_t sum = 0;

	for (size_t segment = 0; segment < DETAIL_SEGMENTS; segment++) {
		const uint8_t *bytes = detail + segment * DETAIL_SEGMENT % DETAIL_HALF;
		int32_t part = 0;
		for (size_t b = 0; b < DETAIL_SEGMENT; b++) {
			int32_t code = segment * DETAIL_SEGMENT < DETAIL_HALF ? bytes[b] & 15 : bytes[b] >> 4;
			part += weights->weights[segment * DETAIL_SEGMENT + b] * code;
		}
		sum += part * weights->factors[segment];
	}
	return sum;
}

static int32_t rough_portable(const int8_t *high, const int16_t *query, size_t count)
{
	int32_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += high[i] * query[i];
	return sum;
}

static float fine_portable(const int8_t *high, const int8_t *low, const float *query, size_t count)
{
	float sums[KERNEL_BLOCK] = {0};

	for (size_t start = 0; start < count; start += KERNEL_BLOCK)
		for (size_t i = 0; i < KERNEL_BLOCK; i++)
			sums[i] = fmaf((float)(256 * high[start + i] + low[start + i]), query[start + i],
				       sums[i]);
	for (size_t half = KERNEL_BLOCK / 2; half > 0; half /= 2)
		for (size_t i = 0; i < half; i++)
			sums[i] += sums[i + half];
	return sums[0];
}

static float greatest_portable(const float *vector, size_t count)
{
	float greatest = 0;

	for (size_t i = 0; i < count; i++)
		greatest = fmaxf(greatest, fabsf(vector[i]));
	return greatest;
}

static int32_t split_portable(const float *vector, float by, int32_t limit, size_t count, int8_t *high,
			      int8_t *low)
{
	int32_t squares = 0;

	for (size_t i = 0; i < count; i++) {
		int32_t code = (int32_t)lrintf(vector[i] * by);
		code = code > limit ? limit : code < -limit ? -limit : code;
		int32_t upper = (code + 128 + 65536) / 256 - 256;
		high[i] = (int8_t)upper;
		low[i] = (int8_t)(code - 256 * upper);
		squares += low[i] * low[i];
	}
	return squares;
}

static float dot_in_8(const float *a, const float *b, size_t count)
{
	float sums[8] = {0};

	for (size_t start = 0; start < count; start += 8)
		for (size_t i = 0; i < 8; i++)
			sums[i] = fmaf(a[start + i], b[start + i], sums[i]);
	for (size_t half = 4; half > 0; half /= 2)
		for (size_t i = 0; i < half; i++)
			sums[i] += sums[i + half];
	return sums[0];
}

static void project_portable(const float *rows, const float *vectors, size_t directions, size_t stride,
			     float *sums)
{
	for (size_t row = 0; row < SKETCH_GROUP; row++)
		for (size_t k = 0; k < directions; k++)
			sums[row * directions + k] = dot_in_8(rows + row * stride, vectors + k * stride, stride);
}

static void dot4_portable(const float *a, const float *b, size_t stride, size_t count, float out[4])
{
	for (size_t i = 0; i < 4; i++)
		out[i] = dot_portable(a, b + i * stride, count);
}

const struct vector_kernels vector_kernels_portable = {
	.name = "portable",
	.bound = bound_portable,
	.at_least = at_least_portable,
	.detail = detail_portable,
	.rough = rough_portable,
	.fine = fine_portable,
	.greatest = greatest_portable,
	.split = split_portable,
	.project = project_portable,
	.dot4 = dot4_portable,
};

static const struct vector_kernels *const all[] = {
#ifdef __x86_64__
	&vector_kernels_avx512,
	&vector_kernels_avx2,
#endif
	&vector_kernels_portable,
};

const struct vector_kernels *const *vector_kernels_all(size_t *count)
{
	*count = sizeof all / sizeof *all;
	return all;
}

bool vector_kernels_are_supported(const struct vector_kernels *kernels)
{
#ifdef __x86_64__
	if (kernels == &vector_kernels_avx512)
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx2") &&
		       __builtin_cpu_supports("fma");
	if (kernels == &vector_kernels_avx2)
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
	return kernels == &vector_kernels_portable;
}

const struct vector_kernels *vector_kernels_best(void)
{
	const struct vector_kernels *const *kernels = all;

	while (!vector_kernels_are_supported(*kernels))
		kernels++;
	return *kernels;
}
