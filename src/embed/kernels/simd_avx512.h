/* The vector operations that passes.inc is written in: AVX-512 (F, BW, DQ, VL), 16 lanes. */
#ifndef ROWMILL_EMBED_KERNELS_SIMD_AVX512_H
#define ROWMILL_EMBED_KERNELS_SIMD_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { LANES = 16 };

typedef __m512 vec;

static inline vec v_set(float x)
{
	return _mm512_set1_ps(x);
}

static inline vec v_load(const float *from)
{
	return _mm512_loadu_ps(from);
}

static inline void v_store(float *to, vec x)
{
	_mm512_storeu_ps(to, x);
}

static inline vec v_fma(vec a, vec b, vec c)
{
	return _mm512_fmadd_ps(a, b, c);
}

static inline vec v_max(vec a, vec b)
{
	return _mm512_max_ps(a, b);
}

static inline vec v_min(vec a, vec b)
{
	return _mm512_min_ps(a, b);
}

static inline float v_sum(vec x)
{
	return _mm512_reduce_add_ps(x);
}

static inline vec v_round(vec x)
{
	return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* x · 2^n for an n that is a whole number. */
static inline vec v_scale(vec x, vec n)
{
	return _mm512_scalef_ps(x, n);
}

/* To the nearest, ties to even; x is finite. */
static inline void v_store_bf16(uint16_t *to, vec x)
{
#ifdef __AVX512BF16__
	_mm256_storeu_si256((__m256i *)(void *)to, (__m256i)_mm512_cvtneps_pbh(x));
#else
	__m512i bits = _mm512_castps_si512(x);
	__m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
	bits = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF)));
	_mm256_storeu_si256((__m256i *)(void *)to,
			    _mm512_cvtepi32_epi16(_mm512_srli_epi32(bits, 16)));
#endif
}

static inline float v_least(vec x)
{
	return _mm512_reduce_min_ps(x);
}

static inline float v_most(vec x)
{
	return _mm512_reduce_max_ps(x);
}

/* Whole numbers from 32-bit integers. */
static inline vec v_load_int(const void *from)
{
	return _mm512_cvtepi32_ps(_mm512_loadu_si512(from));
}

/* Rounds to bytes, held to 0 and 255. */
static inline void v_store_bytes(uint8_t *to, vec x)
{
	__m512i whole = _mm512_cvtps_epi32(_mm512_max_ps(x, _mm512_setzero_ps()));

	_mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtusepi32_epi8(whole));
}

/* Lane i becomes the sum with lane i + stride where i & stride is 0, else what lane i - stride has
 * more than lane i. */
static inline vec v_butterfly(vec x, int stride)
{
	const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
	__mmask16 high = _mm512_test_epi32_mask(lanes, _mm512_set1_epi32(stride));
	vec sign = _mm512_mask_blend_ps(high, v_set(1), v_set(-1));
	vec other = stride == 1   ? _mm512_permute_ps(x, 0xB1)
		    : stride == 2 ? _mm512_permute_ps(x, 0x4E)
		    : stride == 4 ? _mm512_shuffle_f32x4(x, x, 0xB1)
				  : _mm512_shuffle_f32x4(x, x, 0x4E);

	return v_fma(x, sign, other);
}

/* rows[i] lane j becomes rows[j] lane i. */
static inline void v_transpose(vec rows[LANES])
{
	__m512d pairs[LANES];
	vec quads[LANES];

#pragma GCC unroll 16
	for (int i = 0; i < LANES; i += 2) {
		pairs[i] = _mm512_castps_pd(_mm512_unpacklo_ps(rows[i], rows[i + 1]));
		pairs[i + 1] = _mm512_castps_pd(_mm512_unpackhi_ps(rows[i], rows[i + 1]));
	}
#pragma GCC unroll 16
	for (int i = 0; i < LANES; i += 4) {
		quads[i] = _mm512_castpd_ps(_mm512_unpacklo_pd(pairs[i], pairs[i + 2]));
		quads[i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(pairs[i], pairs[i + 2]));
		quads[i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(pairs[i + 1], pairs[i + 3]));
		quads[i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(pairs[i + 1], pairs[i + 3]));
	}
	/* quads[4 r + c] holds column c + 4 k of rows 4 r to 4 r + 3 in its k-th quarter. */
#pragma GCC unroll 4
	for (int c = 0; c < 4; c++) {
		vec low = _mm512_shuffle_f32x4(quads[c], quads[c + 4], 0x88);
		vec low_odd = _mm512_shuffle_f32x4(quads[c], quads[c + 4], 0xDD);
		vec high = _mm512_shuffle_f32x4(quads[c + 8], quads[c + 12], 0x88);
		vec high_odd = _mm512_shuffle_f32x4(quads[c + 8], quads[c + 12], 0xDD);
		rows[c] = _mm512_shuffle_f32x4(low, high, 0x88);
		rows[c + 4] = _mm512_shuffle_f32x4(low_odd, high_odd, 0x88);
		rows[c + 8] = _mm512_shuffle_f32x4(low, high, 0xDD);
		rows[c + 12] = _mm512_shuffle_f32x4(low_odd, high_odd, 0xDD);
	}
}

#endif
