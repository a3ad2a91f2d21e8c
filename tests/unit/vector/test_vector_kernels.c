/* Every table of kernels against plain C, bit by bit, with memory that ends where reading must. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vector/dot.h"
#include "vector/kernels.h"

#include "base/banned.h"

enum { MOST_COUNT = 512, GROUPS = 5, ROWS = GROUPS * SKETCH_GROUP, DIRECTIONS = 12, MAPPINGS = 16 };

/* Memory that ends at a page that may not be touched. */
static struct {
	void *start;
	size_t size;
} mappings[MAPPINGS];
static size_t mapping_count;

static void *guarded(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (size + page - 1) / page;
	char *start = mmap(NULL, (pages + 1) * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(start != MAP_FAILED && mapping_count < MAPPINGS);
	assert_int_equal(mprotect(start + pages * page, page, PROT_NONE), 0);
	mappings[mapping_count].start = start;
	mappings[mapping_count++].size = (pages + 1) * page;
	return start + pages * page - size;
}

static int unmap(void **state)
{
	(void)state;
	for (; mapping_count; mapping_count--)
		munmap(mappings[mapping_count - 1].start, mappings[mapping_count - 1].size);
	return 0;
}

static void fill_bytes(uint64_t *random, void *out, size_t size)
{
	unsigned char *bytes = out;

	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(random_next(random) >> 40);
}

/* Some of another size altogether, so that the order of additions shows. */
static float random_float(uint64_t *random)
{
	uint64_t bits = random_next(random);
	float value = (float)((double)(int64_t)bits / 9223372036854775808.0);

	return bits % 7 == 0 ? value * 1e4f : bits % 11 == 0 ? value * 1e-9f : value;
}

static void fill_floats(uint64_t *random, float *out, size_t count)
{
	for (size_t i = 0; i < count; i++)
		out[i] = random_float(random);
}

/* Calls `compare` for each table that this processor runs. */
static void for_each_table(void (*compare)(const struct vector_kernels *kernels, uint64_t *random))
{
	uint64_t random = random_seed();
	size_t count, compared = 0;
	const struct vector_kernels *const *all = vector_kernels_all(&count);

	for (size_t i = 0; i < count; i++) {
		if (!vector_kernels_are_supported(all[i])) {
			print_message("# %s: SKIPPED: not on this processor\n", all[i]->name);
			continue;
		}
		for (size_t round = 0; round < 20; round++) {
			compare(all[i], &random);
			unmap(NULL);
		}
		compared++;
	}
	assert_true(compared >= 1);
}

static void fill_weights(uint64_t *random, struct sketch_weights *weights)
{
	for (size_t chunk = 0; chunk < SKETCH_CHUNKS; chunk++)
		for (size_t half = 0; half < 2; half++)
			for (size_t b = 0; b < 4; b++) {
				int8_t weight = (int8_t)((int)(random_next(random) >> 33) % 255 - 127);
				/* The greatest sums that there are. */
				if (random_next(random) % 4 == 0)
					weight = 127;
				for (size_t row = 0; row < SKETCH_GROUP; row++)
					weights->repeated[chunk][half][4 * row + b] = weight;
			}
	for (size_t i = 0; i < SKETCH_SEGMENTS; i++)
		weights->factors[i] = (int16_t)(1 + random_next(random) % 4096);
	weights->scale = random_float(random);
	weights->offset = random_float(random);
	weights->tail = fabsf(random_float(random));
	weights->error = fabsf(random_float(random));
}

static void compare_bound(const struct vector_kernels *kernels, uint64_t *random)
{
	static struct sketch_weights weights;
	uint8_t *codes = guarded(GROUPS * SKETCH_GROUP_SIZE);
	uint16_t *tails = guarded(ROWS * sizeof *tails), *errors = guarded(ROWS * sizeof *errors);
	float expected[2][ROWS], *upper = guarded(ROWS * sizeof *upper), *lower = guarded(ROWS * sizeof *lower);

	fill_weights(random, &weights);
	fill_bytes(random, codes, GROUPS * SKETCH_GROUP_SIZE);
	memset(codes, 0xff, SKETCH_GROUP_SIZE);
	for (size_t i = 0; i < ROWS; i++) {
		tails[i] = (uint16_t)(random_next(random) >> 50);
		errors[i] = (uint16_t)(random_next(random) >> 50);
	}
	vector_kernels_portable.bound(&weights, codes, tails, errors, 0.01f, GROUPS, expected[0], expected[1]);
	kernels->bound(&weights, codes, tails, errors, 0.01f, GROUPS, upper, lower);
	assert_memory_equal(upper, expected[0], sizeof expected[0]);
	assert_memory_equal(lower, expected[1], sizeof expected[1]);
}

static void bounds_are_those_of_plain_c(void **state)
{
	(void)state;
	for_each_table(compare_bound);
}

static void compare_detail(const struct vector_kernels *kernels, uint64_t *random)
{
	struct detail_weights weights = {0};
	uint8_t *detail = guarded(DETAIL_SIZE);

	fill_bytes(random, weights.weights, sizeof weights.weights);
	for (size_t i = 0; i < sizeof weights.weights; i++)
		weights.weights[i] = weights.weights[i] == -128 ? 127 : weights.weights[i];
	fill_bytes(random, detail, DETAIL_SIZE);
	for (size_t i = 0; i < DETAIL_SEGMENTS; i++)
		weights.factors[i] = (int16_t)(1 + random_next(random) % 4096);
	/* The greatest sum that there is. */
	if (random_next(random) % 4 == 0) {
		memset(weights.weights, 127, sizeof weights.weights);
		memset(detail, 0xff, DETAIL_SIZE);
		for (size_t i = 0; i < DETAIL_SEGMENTS; i++)
			weights.factors[i] = 4096;
	}
	assert_int_equal(kernels->detail(&weights, detail), vector_kernels_portable.detail(&weights, detail));
}

static void details_are_added_up_as_by_plain_c(void **state)
{
	(void)state;
	for_each_table(compare_detail);
}

static void compare_at_least(const struct vector_kernels *kernels, uint64_t *random)
{
	float *values = guarded(64 * sizeof *values);

	fill_floats(random, values, 64);
	values[random_next(random) % 64] = INFINITY;
	values[random_next(random) % 64] = NAN;
	float floor = values[random_next(random) % 64];
	assert_true(kernels->at_least(values, floor) == vector_kernels_portable.at_least(values, floor));
	assert_true(kernels->at_least(values, -INFINITY) == vector_kernels_portable.at_least(values, -INFINITY));
}

static void at_least_is_that_of_plain_c(void **state)
{
	(void)state;
	for_each_table(compare_at_least);
}

static void compare_rows(const struct vector_kernels *kernels, uint64_t *random)
{
	size_t count = KERNEL_BLOCK * (1 + random_next(random) % (MOST_COUNT / KERNEL_BLOCK));
	int8_t *high = guarded(count), *low = guarded(count);
	int16_t *rounded = guarded(count * sizeof *rounded);
	float *query = guarded(count * sizeof *query), expected, actual;

	fill_bytes(random, high, count);
	fill_bytes(random, low, count);
	fill_floats(random, query, count);
	for (size_t i = 0; i < count; i++)
		rounded[i] = (int16_t)((int)(random_next(random) >> 48) % 32767);
	assert_int_equal(kernels->rough(high, rounded, count),
			 vector_kernels_portable.rough(high, rounded, count));
	expected = vector_kernels_portable.fine(high, low, query, count);
	actual = kernels->fine(high, low, query, count);
	assert_memory_equal(&actual, &expected, sizeof actual);
}

static void rows_are_scored_as_by_plain_c(void **state)
{
	(void)state;
	for_each_table(compare_rows);
}

static void compare_split(const struct vector_kernels *kernels, uint64_t *random)
{
	size_t count = KERNEL_BLOCK * (1 + random_next(random) % (MOST_COUNT / KERNEL_BLOCK));
	float *vector = guarded(count * sizeof *vector), by, greatest;
	int8_t expected[2][MOST_COUNT], *high = guarded(count), *low = guarded(count);

	fill_floats(random, vector, count);
	greatest = kernels->greatest(vector, count);
	assert_true(greatest == vector_kernels_portable.greatest(vector, count));
	/* Somewhat more than fits, so that some are cut. */
	by = 32639 / greatest * 1.01f;
	int32_t squares = vector_kernels_portable.split(vector, by, 32639, count, expected[0], expected[1]);
	assert_int_equal(kernels->split(vector, by, 32639, count, high, low), squares);
	assert_memory_equal(high, expected[0], count);
	assert_memory_equal(low, expected[1], count);
	for (size_t i = 0; i < count; i++)
		assert_true(abs(256 * high[i] + low[i]) <= 32639);
}

static void vectors_are_split_as_by_plain_c(void **state)
{
	(void)state;
	for_each_table(compare_split);
}

static void compare_products(const struct vector_kernels *kernels, uint64_t *random)
{
	size_t stride = KERNEL_BLOCK * (1 + random_next(random) % (MOST_COUNT / KERNEL_BLOCK));
	float *rows = guarded(SKETCH_GROUP * stride * sizeof *rows);
	float *vectors = guarded(DIRECTIONS * stride * sizeof *vectors);
	float expected[SKETCH_GROUP * DIRECTIONS], actual[SKETCH_GROUP * DIRECTIONS], four[4];

	fill_floats(random, rows, SKETCH_GROUP * stride);
	fill_floats(random, vectors, DIRECTIONS * stride);
	vector_kernels_portable.project(rows, vectors, DIRECTIONS, stride, expected);
	kernels->project(rows, vectors, DIRECTIONS, stride, actual);
	assert_memory_equal(actual, expected, sizeof actual);
	kernels->dot4(rows, vectors, stride, stride, four);
	for (size_t i = 0; i < 4; i++) {
		float one = dot_portable(rows, vectors + i * stride, stride);
		assert_memory_equal(&four[i], &one, sizeof one);
	}
}

static void products_are_those_of_plain_c(void **state)
{
	(void)state;
	for_each_table(compare_products);
}

static void the_best_table_is_one_that_the_processor_has(void **state)
{
	size_t count;
	const struct vector_kernels *const *all = vector_kernels_all(&count);

	(void)state;
	assert_string_equal(all[count - 1]->name, "portable");
	assert_true(vector_kernels_are_supported(all[count - 1]));
	assert_true(vector_kernels_are_supported(vector_kernels_best()));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(bounds_are_those_of_plain_c, unmap),
		cmocka_unit_test_teardown(details_are_added_up_as_by_plain_c, unmap),
		cmocka_unit_test_teardown(at_least_is_that_of_plain_c, unmap),
		cmocka_unit_test_teardown(rows_are_scored_as_by_plain_c, unmap),
		cmocka_unit_test_teardown(vectors_are_split_as_by_plain_c, unmap),
		cmocka_unit_test_teardown(products_are_those_of_plain_c, unmap),
		cmocka_unit_test(the_best_table_is_one_that_the_processor_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
