#include "vector/kernels.h"

#ifdef __x86_64__
#include <immintrin.h>

#include "base/banned.h"

#define AVX2 __attribute__((target("avx2,fma")))

/* The sums of one segment, each pair of lanes in 16 bits: 8 products of at most 15 × 127, twice. */
AVX2 static inline __m256i segment_sums(const struct sketch_weights *weights, const uint8_t *codes,
					size_t segment)
{
	const __m256i low_bits = _mm256_set1_epi8(15);
	__m256i sums = _mm256_setzero_si256();

	for (size_t i = 0; i < SKETCH_SEGMENT_CHUNKS; i++) {
		size_t chunk = segment * SKETCH_SEGMENT_CHUNKS + i;
		__m256i both = _mm256_loadu_si256((const __m256i *)(codes + chunk * SKETCH_CHUNK_SIZE));
		__m256i low = _mm256_and_si256(both, low_bits);
		__m256i high = _mm256_and_si256(_mm256_srli_epi16(both, 4), low_bits);
		const __m256i *by = (const __m256i *)weights->repeated[chunk];
		sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(low, by[0]));
		sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(high, by[1]));
	}
	return sums;
}

AVX2 static inline __m256 floats_of(const uint16_t *upper_halves)
{
	__m128i halves = _mm_loadu_si128((const __m128i *)upper_halves);

	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

AVX2 static void bound_avx2(const struct sketch_weights *weights, const uint8_t *codes,
			    const uint16_t *tails, const uint16_t *errors, float slack, size_t groups,
			    float *upper, float *lower)
{
	const __m256 scale = _mm256_set1_ps(weights->scale), offset = _mm256_set1_ps(weights->offset);
	const __m256 tail = _mm256_set1_ps(weights->tail), error = _mm256_set1_ps(weights->error);
	const __m256 slacks = _mm256_set1_ps(slack);
	__m256i factors[SKETCH_SEGMENTS];

	for (size_t i = 0; i < SKETCH_SEGMENTS; i++)
		factors[i] = _mm256_set1_epi16(weights->factors[i]);
	for (size_t group = 0; group < groups; group++) {
		__m256i sum = _mm256_setzero_si256();
		/* Two groups ahead: the processor's own reading ahead does not fill the time (measured on Zen 3). */
		for (size_t at = 0; at < SKETCH_GROUP_SIZE; at += 64)
			_mm_prefetch((const char *)codes + 2 * SKETCH_GROUP_SIZE + at, _MM_HINT_T0);
		for (size_t i = 0; i < SKETCH_SEGMENTS; i++)
			sum = _mm256_add_epi32(sum, _mm256_madd_epi16(segment_sums(weights, codes, i),
								      factors[i]));
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

AVX2 static uint64_t at_least_avx2(const float *values, float floor)
{
	const __m256 floors = _mm256_set1_ps(floor);
	uint64_t found = 0;

	for (size_t i = 0; i < 8; i++) {
		__m256 eight = _mm256_loadu_ps(values + 8 * i);
		__m256 above = _mm256_cmp_ps(eight, floors, _CMP_GE_OQ);
		found |= (uint64_t)(uint32_t)_mm256_movemask_ps(above) << (8 * i);
	}
	return found;
}

AVX2 static inline int32_t sum_of_ints(__m256i eight)
{
	__m128i four = _mm_add_epi32(_mm256_castsi256_si128(eight), _mm256_extracti128_si256(eight, 1));
	__m128i two = _mm_add_epi32(four, _mm_unpackhi_epi64(four, four));

	return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 1)));
}

AVX2 static inline __m256i detail_sums(const struct detail_weights *weights, __m256i codes, size_t segment)
{
	const __m256i *by = (const __m256i *)(weights->weights + segment * DETAIL_SEGMENT);

	return _mm256_madd_epi16(_mm256_maddubs_epi16(codes, _mm256_load_si256(by)),
				 _mm256_set1_epi16(weights->factors[segment]));
}

AVX2 int32_t vector_detail_avx2(const struct detail_weights *weights, const uint8_t *detail)
{
	const __m256i low_bits = _mm256_set1_epi8(15);
	__m256i sums = _mm256_setzero_si256();

	for (size_t i = 0; i < DETAIL_SEGMENTS / 2; i++) {
		__m256i both = _mm256_loadu_si256((const __m256i *)(detail + i * DETAIL_SEGMENT));
		__m256i high = _mm256_and_si256(_mm256_srli_epi16(both, 4), low_bits);
		sums = _mm256_add_epi32(sums, detail_sums(weights, _mm256_and_si256(both, low_bits), i));
		sums = _mm256_add_epi32(sums, detail_sums(weights, high, i + DETAIL_SEGMENTS / 2));
	}
	return sum_of_ints(sums);
}

AVX2 static int32_t rough_avx2(const int8_t *high, const int16_t *query, size_t count)
{
	__m256i sums[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};

	for (size_t start = 0; start < count; start += KERNEL_BLOCK)
		for (size_t i = 0; i < 2; i++) {
			size_t at = start + 16 * i;
			__m256i row = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(high + at)));
			__m256i by = _mm256_loadu_si256((const __m256i *)(query + at));
			sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(row, by));
		}
	return sum_of_ints(_mm256_add_epi32(sums[0], sums[1]));
}

AVX2 static inline float sum_of_32(const __m256 sums[4])
{
	__m256 eight = _mm256_add_ps(_mm256_add_ps(sums[0], sums[2]), _mm256_add_ps(sums[1], sums[3]));
	__m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
	__m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));

	return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

/* Eight of 256 high + low, as floats. */
AVX2 static inline __m256 joined(const int8_t *high, const int8_t *low)
{
	__m256i upper = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)high));
	__m256i lower = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)low));

	return _mm256_cvtepi32_ps(_mm256_add_epi32(_mm256_slli_epi32(upper, 8), lower));
}

AVX2 static float fine_avx2(const int8_t *high, const int8_t *low, const float *query, size_t count)
{
	__m256 sums[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
			  _mm256_setzero_ps()};

	for (size_t start = 0; start < count; start += KERNEL_BLOCK)
		for (size_t i = 0; i < 4; i++) {
			size_t at = start + 8 * i;
			sums[i] = _mm256_fmadd_ps(joined(high + at, low + at), _mm256_loadu_ps(query + at),
						  sums[i]);
		}
	return sum_of_32(sums);
}

AVX2 float vector_greatest_avx2(const float *vector, size_t count)
{
	const __m256 sign = _mm256_set1_ps(-0.0f);
	__m256 eight = _mm256_setzero_ps();

	for (size_t at = 0; at < count; at += 8)
		eight = _mm256_max_ps(eight, _mm256_andnot_ps(sign, _mm256_loadu_ps(vector + at)));
	__m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
	__m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
	return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

AVX2 int32_t vector_split_avx2(const float *vector, float by, int32_t limit, size_t count, int8_t *high,
			       int8_t *low)
{
	const __m256 factor = _mm256_set1_ps(by);
	const __m256i most = _mm256_set1_epi32(limit), least = _mm256_set1_epi32(-limit);
	const __m256i half = _mm256_set1_epi32(128);
	/* Packing works within the halves of a register: this brings the parts back in order. */
	const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	__m256i squares = _mm256_setzero_si256();

	for (size_t at = 0; at < count; at += KERNEL_BLOCK) {
		__m256i upper[4], lower[4];
		for (size_t i = 0; i < 4; i++) {
			__m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(vector + at + 8 * i), factor);
			__m256i code = _mm256_cvtps_epi32(scaled);
			code = _mm256_max_epi32(_mm256_min_epi32(code, most), least);
			upper[i] = _mm256_srai_epi32(_mm256_add_epi32(code, half), 8);
			lower[i] = _mm256_sub_epi32(code, _mm256_slli_epi32(upper[i], 8));
			squares = _mm256_add_epi32(squares, _mm256_mullo_epi32(lower[i], lower[i]));
		}
		__m256i uppers = _mm256_packs_epi16(_mm256_packs_epi32(upper[0], upper[1]),
						    _mm256_packs_epi32(upper[2], upper[3]));
		__m256i lowers = _mm256_packs_epi16(_mm256_packs_epi32(lower[0], lower[1]),
						    _mm256_packs_epi32(lower[2], lower[3]));
		_mm256_storeu_si256((__m256i *)(high + at), _mm256_permutevar8x32_epi32(uppers, order));
		_mm256_storeu_si256((__m256i *)(low + at), _mm256_permutevar8x32_epi32(lowers, order));
	}
	return sum_of_ints(squares);
}

AVX2 static inline float sum_of_8(__m256 sums)
{
	__m128 four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1));
	__m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));

	return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

/* Three rows by four directions: twelve sums, and what they are made of, fill the registers. */
AVX2 __attribute__((always_inline)) static inline void project_tile(const float *rows, size_t row_count, const float *vectors, size_t stride,
				     float *sums, size_t directions)
{
	__m256 tile[3][4];

	for (size_t row = 0; row < row_count; row++)
		for (size_t k = 0; k < 4; k++)
			tile[row][k] = _mm256_setzero_ps();
	for (size_t at = 0; at < stride; at += 8) {
		__m256 by[3];
		for (size_t row = 0; row < row_count; row++)
			by[row] = _mm256_loadu_ps(rows + row * stride + at);
		for (size_t k = 0; k < 4; k++) {
			__m256 vector = _mm256_loadu_ps(vectors + k * stride + at);
			for (size_t row = 0; row < row_count; row++)
				tile[row][k] = _mm256_fmadd_ps(by[row], vector, tile[row][k]);
		}
	}
	for (size_t row = 0; row < row_count; row++)
		for (size_t k = 0; k < 4; k++)
			sums[row * directions + k] = sum_of_8(tile[row][k]);
}

AVX2 void vector_project_avx2(const float *rows, const float *vectors, size_t directions, size_t stride,
			      float *sums)
{
	for (size_t k = 0; k < directions; k += 4) {
		const float *four = vectors + k * stride;
		project_tile(rows, 3, four, stride, sums + k, directions);
		project_tile(rows + 3 * stride, 3, four, stride, sums + 3 * directions + k, directions);
		project_tile(rows + 6 * stride, 2, four, stride, sums + 6 * directions + k, directions);
	}
}

/* Two at a time: eight sums and what they are made of just fit into the registers. */
AVX2 static inline void dot2(const float *a, const float *b, size_t stride, size_t count, float out[2])
{
	__m256 first[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
			   _mm256_setzero_ps()};
	__m256 second[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(),
			    _mm256_setzero_ps()};

	for (size_t start = 0; start < count; start += KERNEL_BLOCK)
		for (size_t i = 0; i < 4; i++) {
			size_t at = start + 8 * i;
			__m256 by = _mm256_loadu_ps(a + at);
			first[i] = _mm256_fmadd_ps(by, _mm256_loadu_ps(b + at), first[i]);
			second[i] = _mm256_fmadd_ps(by, _mm256_loadu_ps(b + stride + at), second[i]);
		}
	out[0] = sum_of_32(first);
	out[1] = sum_of_32(second);
}

AVX2 static void dot4_avx2(const float *a, const float *b, size_t stride, size_t count, float out[4])
{
	dot2(a, b, stride, count, out);
	dot2(a, b + 2 * stride, stride, count, out + 2);
}

const struct vector_kernels vector_kernels_avx2 = {
	.name = "avx2",
	.bound = bound_avx2,
	.at_least = at_least_avx2,
	.detail = vector_detail_avx2,
	.rough = rough_avx2,
	.fine = fine_avx2,
	.greatest = vector_greatest_avx2,
	.split = vector_split_avx2,
	.project = vector_project_avx2,
	.dot4 = dot4_avx2,
};

#endif
