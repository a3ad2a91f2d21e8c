/* Weights in blocks: that no sum of their products can leave 16 bits, whatever the texts, and that
 * they say what they were made from. */
#include "embed_support.h"

#include <math.h>
#include <stdlib.h>

#include "embed/blocks.h"

enum { WIDTH = 2 * BLOCK_WIDTH, LENGTH = 3 * BLOCK, COUNT = WIDTH / BLOCK_WIDTH * (LENGTH / BLOCK) };

static float random_weight(uint64_t *random)
{
	return ((float)(random_next(random) % 2000001) / 1000000 - 1) * 0.3F;
}

static int weight_of(const struct block_weights *block, size_t output, size_t i)
{
	return block->chains[i / BLOCK_CHAIN].weights[i % BLOCK_CHAIN / 4][4 * output + i % 4];
}

/* The sums of one chain and half, as vpmaddubsw and 16-bit additions come to them, for the sources that
 * drive them furthest up or down. */
static void check_sum(const struct block_weights *block, size_t output, size_t chain, size_t half)
{
	int up = 0, down = 0, all = 0;

	for (size_t step = 0; step < BLOCK_STEPS; step++) {
		int pair_up = 0, pair_down = 0;
		for (size_t i = 0; i < 2; i++) {
			int weight = weight_of(block, output,
					       chain * BLOCK_CHAIN + step * 4 + 2 * half + i);
			assert_in_range(weight + BLOCK_WEIGHT_MOST, 0, 2 * BLOCK_WEIGHT_MOST);
			pair_up += weight > 0 ? weight * BLOCK_LEVELS : 0;
			pair_down += weight < 0 ? weight * BLOCK_LEVELS : 0;
			all += weight;
		}
		assert_true(pair_up <= INT16_MAX && pair_down >= INT16_MIN);
		up += pair_up;
		down += pair_down;
	}
	int start = block->chains[chain].start[2 * output + half];
	assert_int_equal(start, -BLOCK_MIDDLE * all);
	assert_true(start + up <= INT16_MAX && start + down >= INT16_MIN);
}

static void check_block(const struct block_weights *block, size_t output, const float *x)
{
	float scale = block->scales[output], most = 0;
	int sum = 0;

	for (size_t chain = 0; chain < BLOCK_CHAINS; chain++)
		for (size_t half = 0; half < 2; half++)
			check_sum(block, output, chain, half);
	for (size_t i = 0; i < BLOCK; i++) {
		sum += weight_of(block, output, i);
		most = fmaxf(most, fabsf(x[i]));
	}
	assert_float_equal(block->sums[output], scale * (float)sum, 1e-6F * fabsf(block->sums[output]));
	for (size_t i = 0; i < BLOCK; i++) {
		float back = scale * (float)weight_of(block, output, i);
		if (!(fabsf(back - x[i]) <= 1.51F * scale))
			fail_msg("weight %zu is %.9g, not %.9g, at a scale of %.9g", i, (double)back,
				 (double)x[i], (double)scale);
	}
}

static void check(const float weights[WIDTH * LENGTH])
{
	static struct block_weights packed[COUNT];

	assert_int_equal(blocks_count(WIDTH, LENGTH), COUNT);
	blocks_pack(weights, WIDTH, LENGTH, packed);
	for (size_t j = 0; j < WIDTH; j++)
		for (size_t i = 0; i < LENGTH / BLOCK; i++)
			check_block(&packed[j / BLOCK_WIDTH * (LENGTH / BLOCK) + i], j % BLOCK_WIDTH,
				    weights + j * LENGTH + i * BLOCK);
}

static void weights_of_any_kind_keep_their_sums_within_16_bits(void **state)
{
	static float weights[WIDTH * LENGTH];
	uint64_t random = random_seed();

	(void)state;
	for (size_t kind = 0; kind < 60; kind++) {
		for (size_t i = 0; i < WIDTH * LENGTH; i++) {
			float x = random_weight(&random);
			switch (kind % 6) {
			case 0: weights[i] = x; break;
			case 1: weights[i] = x * x * x * 40; break; /* some stand out */
			case 2: weights[i] = fabsf(x); break;
			case 3: weights[i] = random_next(&random) % 2 ? 0.25F : -0.25F; break;
			case 4: weights[i] = random_next(&random) % 64 ? 0 : x; break;
			default: weights[i] = x > 0 ? 1e30F : 1e-30F; break;
			}
		}
		check(weights);
	}
}

static void equal_weights_and_none_are_packed_too(void **state)
{
	static float weights[WIDTH * LENGTH];
	const float all[] = {0, 1, -1, 1e-38F, -1e30F};

	(void)state;
	for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
		for (size_t i = 0; i < WIDTH * LENGTH; i++)
			weights[i] = all[k];
		check(weights);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights_of_any_kind_keep_their_sums_within_16_bits),
		cmocka_unit_test(equal_weights_and_none_are_packed_too),
	};

	return cmocka_run_group_tests_name("blocks", tests, NULL, NULL);
}
