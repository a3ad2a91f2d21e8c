#include "vector/kernels.h"

#ifdef __x86_64__
#include <immintrin.h>

#include "base/banned.h"

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vnni,avx2,fma")))

/* Of one segment: in the lower half the sums over its even chunks, in the upper half over its odd ones. */
AVX512 static inline __m512i segment_sums(const struct sketch_weights *weights, const uint8_t *codes,
					  size_t segment)
{
	const __m512i low_bits = _mm512_set1_epi8(15);
	__m512i sums = _mm512_setzero_si512();

	for (size_t i = 0; i < SKETCH_SEGMENT_CHUNKS; i += 2) {
		size_t chunk = segment * SKETCH_SEGMENT_CHUNKS + i;
		__m512i both = _mm512_loadu_si512(codes + chunk * SKETCH_CHUNK_SIZE);
		__m512i low = _mm512_and_si512(both, low_bits);
		__m512i high = _mm512_and_si512(_mm512_srli_epi16(both, 4), low_bits);
		/* low, high of one chunk, then of the next: to both low ones and both high ones. */
		__m512i first = _mm512_load_si512(weights->repeated[chunk]);
		__m512i second = _mm512_load_si512(weights->repeated[chunk + 1]);
		sums = _mm512_dpbusd_epi32(sums, low, _mm512_shuffle_i64x2(first, second, 0x44));
		sums = _mm512_dpbusd_epi32(sums, high, _mm512_shuffle_i64x2(first, second, 0xee));
	}
	return sums;
}

AVX512 static inline __m256 floats_of(const uint16_t *upper_halves)
{
	__m128i halves = _mm_loadu_si128((const __m128i *)upper_halves);

	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

AVX512 static void bound_avx512(const struct sketch_weights *weights, const uint8_t *codes,
				const uint16_t *tails, const uint16_t *errors, float slack, size_t groups,
				float *upper, float *lower)
{
	const __m256 scale = _mm256_set1_ps(weights->scale), offset = _mm256_set1_ps(weights->offset);
	const __m256 tail = _mm256_set1_ps(weights->tail), error = _mm256_set1_ps(weights->error);
	const __m256 slacks = _mm256_set1_ps(slack);
	__m512i factors[SKETCH_SEGMENTS];

	for (size_t i = 0; i < SKETCH_SEGMENTS; i++)
		factors[i] = _mm512_set1_epi32(weights->factors[i]);
	for (size_t group = 0; group < groups; group++) {
		__m512i sums = _mm512_setzero_si512();
		for (size_t i = 0; i < SKETCH_SEGMENTS; i++)
			sums = _mm512_add_epi32(sums, _mm512_mullo_epi32(segment_sums(weights, codes, i),
									 factors[i]));
		__m256i sum = _mm256_add_epi32(_mm512_castsi512_si256(sums),
					       _mm512_extracti64x4_epi64(sums, 1));
		__m256 estimate = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scale, offset);
		__m256 missing = _mm256_fmadd_ps(floats_of(errors), error, slacks);
		missing = _mm256_fmadd_ps(floats_of(tails), tail, missing);
		_mm256_storeu_ps(upper + group * SKETCH_GROUP, _mm256_add_ps(estimate, missing));
		_mm256_storeu_ps(lower + group * SKETCH_GROUP, _mm256_sub_ps(estimate, missing));
		codes += SKETCH_GROUP_SIZE;
		tails += SKETCH_GROUP;
		errors += SKETCH_GROUP;
	}
}

AVX512 static uint64_t at_least_avx512(const float *values, float floor)
{
	const __m512 floors = _mm512_set1_ps(floor);
	uint64_t found = 0;

	for (size_t i = 0; i < 4; i++) {
		__mmask16 above = _mm512_cmp_ps_mask(_mm512_loadu_ps(values + 16 * i), floors, _CMP_GE_OQ);
		found |= (uint64_t)above << (16 * i);
	}
	return found;
}

AVX512 static int32_t rough_avx512(const int8_t *high, const int16_t *query, size_t count)
{
	__m512i sums = _mm512_setzero_si512();

	for (size_t at = 0; at < count; at += KERNEL_BLOCK) {
		__m512i row = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i *)(high + at)));
		sums = _mm512_add_epi32(sums, _mm512_madd_epi16(row, _mm512_loadu_si512(query + at)));
	}
	return _mm512_reduce_add_epi32(sums);
}

AVX512 static inline float sum_of_8(__m256 sums)
{
	__m128 four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
	__m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));

	return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

AVX512 static inline float sum_of_32(__m512 first, __m512 second)
{
	__m512 sums = _mm512_add_ps(first, second);
	__m256 upper = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(sums), 1));

	return sum_of_8(_mm256_add_ps(_mm512_castps512_ps256(sums), upper));
}

/* Sixteen of 256 high + low, as floats. */
AVX512 static inline __m512 joined(const int8_t *high, const int8_t *low)
{
	__m512i upper = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)high));
	__m512i lower = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)low));

	return _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_slli_epi32(upper, 8), lower));
}

AVX512 static float fine_avx512(const int8_t *high, const int8_t *low, const float *query, size_t count)
{
	__m512 first = _mm512_setzero_ps(), second = _mm512_setzero_ps();

	for (size_t at = 0; at < count; at += KERNEL_BLOCK) {
		first = _mm512_fmadd_ps(joined(high + at, low + at), _mm512_loadu_ps(query + at), first);
		second = _mm512_fmadd_ps(joined(high + at + 16, low + at + 16),
					 _mm512_loadu_ps(query + at + 16), second);
	}
	return sum_of_32(first, second);
}

AVX512 static void dot4_avx512(const float *a, const float *b, size_t stride, size_t count, float out[4])
{
	__m512 first[4], second[4];

	for (size_t i = 0; i < 4; i++)
		first[i] = second[i] = _mm512_setzero_ps();
	for (size_t at = 0; at < count; at += KERNEL_BLOCK) {
		__m512 by_first = _mm512_loadu_ps(a + at), by_second = _mm512_loadu_ps(a + at + 16);
		for (size_t i = 0; i < 4; i++) {
			first[i] = _mm512_fmadd_ps(by_first, _mm512_loadu_ps(b + i * stride + at), first[i]);
			second[i] = _mm512_fmadd_ps(by_second, _mm512_loadu_ps(b + i * stride + at + 16),
						    second[i]);
		}
	}
	for (size_t i = 0; i < 4; i++)
		out[i] = sum_of_32(first[i], second[i]);
}

const struct vector_kernels vector_kernels_avx512 = {
	.name = "avx512",
	.bound = bound_avx512,
	.at_least = at_least_avx512,
	.detail = vector_detail_avx2,
	.rough = rough_avx512,
	.fine = fine_avx512,
	.greatest = vector_greatest_avx2,
	.split = vector_split_avx2,
	.project = vector_project_avx2,
	.dot4 = dot4_avx512,
};

#endif
