/* The vector operations that passes.inc is written in: AVX2 and FMA, 8 lanes. */
#ifndef ROWMILL_EMBED_KERNELS_SIMD_AVX2_H
#define ROWMILL_EMBED_KERNELS_SIMD_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 8 };

typedef __m256 vec;

static inline vec v_set(float x)
{
	return _mm256_set1_ps(x);
}

static inline vec v_load(const float *from)
{
	return _mm256_loadu_ps(from);
}

static inline void v_store(float *to, vec x)
{
	_mm256_storeu_ps(to, x);
}

static inline vec v_fma(vec a, vec b, vec c)
{
	return _mm256_fmadd_ps(a, b, c);
}

static inline vec v_max(vec a, vec b)
{
	return _mm256_max_ps(a, b);
}

static inline vec v_min(vec a, vec b)
{
	return _mm256_min_ps(a, b);
}

static inline float v_sum(vec x)
{
	__m128 half = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));

	half = _mm_add_ps(half, _mm_movehl_ps(half, half));
	return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

static inline vec v_round(vec x)
{
	return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* x · 2^n for an n that is a whole number; 0 where n is below -126. */
static inline vec v_scale(vec x, vec n)
{
	vec small = _mm256_cmp_ps(n, _mm256_set1_ps(-126), _CMP_LT_OQ);
	__m256i power = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);

	return _mm256_andnot_ps(
		small, _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), power)));
}

/* To the nearest, ties to even; x is finite. */
static inline void v_store_bf16(uint16_t *to, vec x)
{
	__m256i bits = _mm256_castps_si256(x);
	__m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));

	bits = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF)));
	bits = _mm256_srli_epi32(bits, 16);
	bits = _mm256_permute4x64_epi64(_mm256_packus_epi32(bits, bits), 0x08);
	_mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(bits));
}

static inline float v_most(vec x)
{
	__m128 half = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));

	half = _mm_max_ps(half, _mm_movehl_ps(half, half));
	return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
}

static inline float v_least(vec x)
{
	return -v_most(-x);
}

/* Whole numbers from 32-bit integers. */
static inline vec v_load_int(const void *from)
{
	return _mm256_cvtepi32_ps(_mm256_loadu_si256(from));
}

/* Rounds to bytes, held to 0 and 255. */
static inline void v_store_bytes(uint8_t *to, vec x)
{
	__m256i whole = _mm256_cvtps_epi32(x);
	__m128i words = _mm_packs_epi32(_mm256_castsi256_si128(whole),
					_mm256_extracti128_si256(whole, 1));

	_mm_storel_epi64((__m128i *)(void *)to, _mm_packus_epi16(words, words));
}

/* Lane i becomes the sum with lane i + stride where i & stride is 0, else what lane i - stride has
 * more than lane i. */
static inline vec v_butterfly(vec x, int stride)
{
	if (stride == 1)
		return _mm256_blend_ps(_mm256_permute_ps(x, 0xB1) + x,
				       _mm256_permute_ps(x, 0xB1) - x, 0xAA);
	if (stride == 2)
		return _mm256_blend_ps(_mm256_permute_ps(x, 0x4E) + x,
				       _mm256_permute_ps(x, 0x4E) - x, 0xCC);
	vec other = _mm256_permute2f128_ps(x, x, 1);
	return _mm256_blend_ps(other + x, other - x, 0xF0);
}

/* rows[i] lane j becomes rows[j] lane i. */
static inline void v_transpose(vec rows[LANES])
{
	vec pairs[LANES], quads[LANES];

#pragma GCC unroll 8
	for (int i = 0; i < LANES; i += 2) {
		pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
		pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
	}
#pragma GCC unroll 8
	for (int i = 0; i < LANES; i += 4) {
		quads[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
		quads[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xEE);
		quads[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
		quads[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xEE);
	}
#pragma GCC unroll 4
	for (int c = 0; c < 4; c++) {
		rows[c] = _mm256_permute2f128_ps(quads[c], quads[c + 4], 0x20);
		rows[c + 4] = _mm256_permute2f128_ps(quads[c], quads[c + 4], 0x31);
	}
}

#endif
