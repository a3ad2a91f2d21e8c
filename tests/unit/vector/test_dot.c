#include "support.h"

#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vector/dot.h"

#include "base/banned.h"

/* Room for `size` bytes whose end is the end of what may be read. */
static float *guarded(size_t count, void **mapping, size_t *mapping_size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), size = count * sizeof(float);
	size_t pages = (size + page - 1) / page;

	*mapping_size = (pages + 1) * page;
	*mapping = mmap(NULL, *mapping_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(*mapping != MAP_FAILED);
	assert_int_equal(mprotect((char *)*mapping + pages * page, page, PROT_NONE), 0);
	return (float *)(void *)((char *)*mapping + pages * page - size);
}

static float random_float(uint64_t *random)
{
	uint64_t bits = random_next(random);
	float value = (float)((double)(int64_t)bits / 9223372036854775808.0);

	/* Some of another size altogether, so that the order of additions shows. */
	return bits % 7 == 0 ? value * 1e8f : bits % 11 == 0 ? value * 1e-30f : value;
}

static void assert_equal_bits(float actual, float expected, const char *name, size_t count)
{
	if (memcmp(&actual, &expected, sizeof actual) != 0)
		fail_msg("%s over %zu floats gives %a and the portable kernel %a", name, count,
			 (double)actual, (double)expected);
}

static void every_kernel_agrees_with_the_portable_one_bit_by_bit(void **state)
{
	uint64_t random = random_seed();
	size_t kernel_count, tried = 0;
	const struct dot_kernel *kernels = dot_kernels(&kernel_count);

	(void)state;
	for (size_t count = 0; count <= 1024; count += DOT_BLOCK) {
		void *mappings[2];
		size_t sizes[2];
		float *a = guarded(count, &mappings[0], &sizes[0]);
		float *b = guarded(count, &mappings[1], &sizes[1]);

		for (size_t round = 0; round < 20; round++) {
			for (size_t i = 0; i < count; i++) {
				a[i] = random_float(&random);
				b[i] = random_float(&random);
			}
			float expected = dot_portable(a, b, count);
			for (size_t i = 0; i < kernel_count; i++) {
				if (!dot_is_supported(&kernels[i]))
					continue;
				assert_equal_bits(kernels[i].dot(a, b, count), expected,
						  kernels[i].name, count);
				tried++;
			}
		}
		munmap(mappings[0], sizes[0]);
		munmap(mappings[1], sizes[1]);
	}
	for (size_t i = 0; i < kernel_count; i++)
		print_message("# %s: %s\n", kernels[i].name,
			      dot_is_supported(&kernels[i]) ? "compared" : "SKIPPED: not on this processor");
	assert_true(tried >= 33 * 20);
}

static void the_dot_product_is_right(void **state)
{
	uint64_t random = random_seed();
	float a[384], b[384];
	double expected = 0;

	(void)state;
	for (size_t i = 0; i < 384; i++) {
		a[i] = (float)((double)(int64_t)random_next(&random) / 9223372036854775808.0);
		b[i] = (float)((double)(int64_t)random_next(&random) / 9223372036854775808.0);
		expected += (double)a[i] * (double)b[i];
	}
	assert_true(fabs((double)dot_portable(a, b, 384) - expected) < 1e-4);
	assert_true(dot_portable(a, b, 0) == 0);
}

static void the_best_kernel_is_one_that_the_processor_has(void **state)
{
	size_t count;
	const struct dot_kernel *kernels = dot_kernels(&count);

	(void)state;
	assert_string_equal(kernels[count - 1].name, "portable");
	assert_true(dot_is_supported(&kernels[count - 1]));
	for (size_t i = 0; i < count; i++) {
		if (kernels[i].dot != dot_best())
			continue;
		assert_true(dot_is_supported(&kernels[i]));
		return;
	}
	fail_msg("dot_best() is none of dot_kernels()");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kernel_agrees_with_the_portable_one_bit_by_bit),
		cmocka_unit_test(the_dot_product_is_right),
		cmocka_unit_test(the_best_kernel_is_one_that_the_processor_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
