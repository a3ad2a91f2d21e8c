#include "vector/dot.h"

#include <math.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "base/banned.h"

float dot_portable(const float *a, const float *b, size_t count)
{
	float sums[DOT_BLOCK] = {0};

	for (size_t start = 0; start < count; start += DOT_BLOCK)
		for (size_t i = 0; i < DOT_BLOCK; i++)
			sums[i] = fmaf(a[start + i], b[start + i], sums[i]);
	for (size_t half = DOT_BLOCK / 2; half > 0; half /= 2)
		for (size_t i = 0; i < half; i++)
			sums[i] += sums[i + half];
	return sums[0];
}

#ifdef __x86_64__

__attribute__((target("avx"))) static inline float sum_of_8(__m256 sums)
{
	__m128 four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
	__m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));

	return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

__attribute__((target("avx2,fma"))) static float dot_avx2(const float *a, const float *b,
							  size_t count)
{
	__m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
			  _mm256_setzero_ps()};

	for (size_t start = 0; start < count; start += DOT_BLOCK)
		for (size_t i = 0; i < 4; i++)
			sums[i] = _mm256_fmadd_ps(_mm256_loadu_ps(a + start + 8 * i),
						  _mm256_loadu_ps(b + start + 8 * i), sums[i]);
	return sum_of_8(_mm256_add_ps(_mm256_add_ps(sums[0], sums[2]),
				      _mm256_add_ps(sums[1], sums[3])));
}

__attribute__((target("avx512f"))) static float dot_avx512(const float *a, const float *b,
							   size_t count)
{
	__m512 low = _mm512_setzero_ps(), high = _mm512_setzero_ps();

	for (size_t start = 0; start < count; start += DOT_BLOCK) {
		low = _mm512_fmadd_ps(_mm512_loadu_ps(a + start), _mm512_loadu_ps(b + start), low);
		high = _mm512_fmadd_ps(_mm512_loadu_ps(a + start + 16),
				       _mm512_loadu_ps(b + start + 16), high);
	}
	__m512 sums = _mm512_add_ps(low, high);
	__m256 upper = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(sums), 1));
	return sum_of_8(_mm256_add_ps(_mm512_castps512_ps256(sums), upper));
}

#endif

static const struct dot_kernel kernels[] = {
#ifdef __x86_64__
	{"avx512", dot_avx512},
	{"avx2", dot_avx2},
#endif
	{"portable", dot_portable},
};

const struct dot_kernel *dot_kernels(size_t *count)
{
	*count = sizeof kernels / sizeof *kernels;
	return kernels;
}

bool dot_is_supported(const struct dot_kernel *kernel)
{
#ifdef __x86_64__
	if (kernel->dot == dot_avx512)
		return __builtin_cpu_supports("avx512f");
	if (kernel->dot == dot_avx2)
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
	return kernel->dot == dot_portable;
}

dot_function *dot_best(void)
{
	const struct dot_kernel *kernel = kernels;

	while (!dot_is_supported(kernel))
		kernel++;
	return kernel->dot;
}
