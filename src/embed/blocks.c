#include "embed/blocks.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/banned.h"

enum { SUM_WEIGHTS = BLOCK_CHAIN / 2 };

size_t blocks_count(size_t width, size_t length)
{
	return width / BLOCK_WIDTH * (length / BLOCK);
}

/* Where the weights of sum `half` of a chain stand: pairs, four apart. */
static size_t place(size_t half, size_t i)
{
	return i / 2 * 4 + 2 * half + i % 2;
}

/* fmaxf() is a call, and takes half of the time that packing 10 million weights takes. */
static float larger(float a, float b)
{
	return a > b ? a : b;
}

/* To the nearest whole number, ties to even, for |x| below 2^22: adding 1.5 · 2^23 leaves no room for a
 * fraction. rintf() is a call, as above. */
static float round_small(float x)
{
	const float no_fraction = 12582912;

	return x + no_fraction - no_fraction;
}

/* What the weights of one sign sum to, the larger of both. */
static float pair_size(float a, float b)
{
	return larger(larger(fabsf(a), fabsf(b)), fabsf(a + b));
}

/* The least scale that keeps a block's weights within the bounds before they are rounded. */
static float find_scale(const float *x)
{
	float most = 0, most_pair = 0, most_chain = 0;

	for (size_t chain = 0; chain < BLOCK; chain += BLOCK_CHAIN)
		for (size_t half = 0; half < 2; half++) {
			float sum = 0;
			for (size_t i = 0; i < SUM_WEIGHTS; i += 2) {
				float a = x[chain + place(half, i)], b = x[chain + place(half, i + 1)];
				sum += fabsf(a) + fabsf(b);
				most = larger(most, larger(fabsf(a), fabsf(b)));
				most_pair = larger(most_pair, pair_size(a, b));
			}
			most_chain = larger(most_chain, sum);
		}
	most = larger(most / BLOCK_WEIGHT_MOST, most_pair / BLOCK_PAIR_MOST);
	return larger(larger(most, most_chain / BLOCK_CHAIN_MOST), 1e-30F);
}

/* Takes one step off a weight: the one that was rounded up most. */
static void take_step(const float *x, float scale, int8_t *const weights[], const size_t places[],
		      size_t count)
{
	size_t which = 0;
	float gain = -2;

	for (size_t i = 0; i < count; i++) {
		float up = (float)abs(*weights[i]) - fabsf(x[places[i]]) / scale;
		if (*weights[i] != 0 && up > gain) {
			gain = up;
			which = i;
		}
	}
	*weights[which] = (int8_t)(*weights[which] - (*weights[which] > 0 ? 1 : -1));
}

static bool is_within_bounds(const int8_t chain[BLOCK_CHAIN], size_t half)
{
	int sum = 0, most = 0;

	for (size_t i = 0; i < SUM_WEIGHTS; i += 2) {
		int a = chain[place(half, i)], b = chain[place(half, i + 1)];
		sum += abs(a) + abs(b);
		most = abs(a + b) > most ? abs(a + b) : most;
	}
	return sum <= BLOCK_CHAIN_MOST && most <= BLOCK_PAIR_MOST;
}

/* Rounding may have taken a sum a few steps over its bound. */
static void hold_sum(const float *x, float scale, size_t half, int8_t chain[BLOCK_CHAIN])
{
	int8_t *weights[SUM_WEIGHTS];
	size_t places[SUM_WEIGHTS];
	int sum = 0;

	for (size_t i = 0; i < SUM_WEIGHTS; i++) {
		places[i] = place(half, i);
		weights[i] = &chain[places[i]];
	}
	for (size_t i = 0; i < SUM_WEIGHTS; i += 2)
		while (*weights[i] + *weights[i + 1] > BLOCK_PAIR_MOST ||
		       *weights[i] + *weights[i + 1] < -BLOCK_PAIR_MOST)
			take_step(x, scale, weights + i, places + i, 2);
	for (size_t i = 0; i < SUM_WEIGHTS; i++)
		sum += abs(*weights[i]);
	for (; sum > BLOCK_CHAIN_MOST; sum--)
		take_step(x, scale, weights, places, SUM_WEIGHTS);
}

/* One output's block of weights into its places among the others'. */
static void pack_block(const float *x, size_t output, struct block_weights *packed)
{
	float scale = find_scale(x), steps = 1 / scale;
	int32_t total = 0;

	for (size_t chain = 0; chain < BLOCK_CHAINS; chain++, x += BLOCK_CHAIN) {
		int16_t *start = packed->chains[chain].start + 2 * output;
		int8_t bytes[BLOCK_CHAIN];

		for (size_t i = 0; i < BLOCK_CHAIN; i++)
			bytes[i] = (int8_t)round_small(x[i] * steps);
		for (size_t half = 0; half < 2; half++) {
			int sum = 0;
			if (!is_within_bounds(bytes, half))
				hold_sum(x, scale, half, bytes);
			for (size_t i = 0; i < SUM_WEIGHTS; i++)
				sum += bytes[place(half, i)];
			start[half] = (int16_t)(-BLOCK_MIDDLE * sum);
			total += sum;
		}
		for (size_t i = 0; i < BLOCK_CHAIN; i++)
			packed->chains[chain].weights[i / 4][4 * output + i % 4] = bytes[i];
	}
	packed->scales[output] = scale;
	packed->sums[output] = scale * (float)total;
}

void blocks_pack(const float *weights, size_t width, size_t length, struct block_weights *packed)
{
	size_t blocks = length / BLOCK;

	for (size_t j = 0; j < width; j++)
		for (size_t i = 0; i < blocks; i++)
			pack_block(weights + j * length + i * BLOCK, j % BLOCK_WIDTH,
				   &packed[j / BLOCK_WIDTH * blocks + i]);
}
