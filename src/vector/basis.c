#include "vector/basis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { ALIGNMENT = 64, ITERATIONS = 12 };

struct basis *basis_keep(struct basis *basis)
{
	if (basis)
		atomic_fetch_add_explicit(&basis->references, 1, memory_order_relaxed);
	return basis;
}

void basis_release(struct basis *basis)
{
	if (!basis || atomic_fetch_sub_explicit(&basis->references, 1, memory_order_acq_rel) > 1)
		return;
	free(basis->mean);
	free(basis->directions);
	free(basis);
}

static float *new_floats(size_t count)
{
	float *floats = aligned_alloc(ALIGNMENT, count * sizeof *floats);

	if (floats)
		memset(floats, 0, count * sizeof *floats);
	return floats;
}

static void take_mean(float *sample, size_t count, size_t stride, float *mean)
{
	for (size_t row = 0; row < count; row++)
		for (size_t i = 0; i < stride; i++)
			mean[i] += sample[row * stride + i] / (float)count;
	for (size_t row = 0; row < count; row++)
		for (size_t i = 0; i < stride; i++)
			sample[row * stride + i] -= mean[i];
}

/* [stride][stride] */
static void find_covariance(const float *sample, size_t count, size_t stride, float *covariance)
{
	for (size_t row = 0; row < count; row++) {
		const float *vector = sample + row * stride;
		for (size_t i = 0; i < stride; i++) {
			float factor = vector[i] / (float)count;
			float *line = covariance + i * stride;
			for (size_t j = 0; j < stride; j++)
				line[j] += factor * vector[j];
		}
	}
}

static float dot_of(const struct vector_kernels *kernels, const float *a, const float *b, size_t count)
{
	float four[4];

	kernels->dot4(a, b, 0, count, four);
	return four[0];
}

static void scale_to_unit(const struct vector_kernels *kernels, float *vector, size_t stride)
{
	float length = sqrtf(dot_of(kernels, vector, vector, stride));

	/* What is left of one that depends on those before it is noise: it becomes no direction. */
	for (size_t i = 0; i < stride; i++)
		vector[i] = length > 1e-12f ? vector[i] / length : 0;
}

/* Gram-Schmidt; twice, as what rounding leaves of the first pass is seen by the second. The first stays. */
static void make_orthonormal(const struct vector_kernels *kernels, float *directions, size_t stride)
{
	for (size_t k = 1; k < BASIS_DIRECTIONS; k++) {
		float *vector = directions + k * stride;
		scale_to_unit(kernels, vector, stride);
		for (size_t earlier = 0; earlier < 2 * k; earlier++) {
			const float *other = directions + earlier % k * stride;
			float share = dot_of(kernels, vector, other, stride);
			for (size_t i = 0; i < stride; i++)
				vector[i] -= share * other[i];
		}
		float left = dot_of(kernels, vector, vector, stride);
		if (left < 1e-6f)
			memset(vector, 0, stride * sizeof *vector);
		scale_to_unit(kernels, vector, stride);
	}
}

/* Any numbers that no data is at right angles to. */
static void fill_at_random(float *floats, size_t count)
{
	uint64_t state = 0x9e3779b97f4a7c15;

	for (size_t i = 0; i < count; i++) {
		state = state * 6364136223846793005 + 1442695040888963407;
		floats[i] = (float)(int32_t)(state >> 32) / 2147483648.0f;
	}
}

static void multiply(const struct vector_kernels *kernels, const float *covariance, const float *vector,
		     size_t stride, float *product)
{
	for (size_t i = 0; i < stride; i += 4)
		kernels->dot4(vector, covariance + i * stride, stride, stride, product + i);
}

static bool find_directions(const struct vector_kernels *kernels, const float *covariance,
			    struct basis *basis)
{
	size_t stride = basis->stride;
	float *product = new_floats(stride);

	if (!product)
		return false;
	fill_at_random(basis->directions, BASIS_DIRECTIONS * stride);
	memcpy(basis->directions, basis->mean, stride * sizeof *basis->mean);
	scale_to_unit(kernels, basis->directions, stride);
	make_orthonormal(kernels, basis->directions, stride);
	for (size_t round = 0; round < ITERATIONS; round++) {
		for (size_t k = 1; k < BASIS_DIRECTIONS; k++) {
			float *vector = basis->directions + k * stride;
			multiply(kernels, covariance, vector, stride, product);
			memcpy(vector, product, stride * sizeof *vector);
		}
		make_orthonormal(kernels, basis->directions, stride);
	}
	free(product);
	return true;
}

/* How far codes reach: as wide as makes the mean error of normally distributed values least. */
static void find_ranges(const struct vector_kernels *kernels, const float *sample, size_t count,
			struct basis *basis)
{
	for (size_t k = 0; k < BASIS_DIRECTIONS; k++) {
		const float *direction = basis->directions + k * basis->stride;
		double variance = 0;
		for (size_t row = 0; row < count; row++) {
			double along = (double)dot_of(kernels, direction, sample + row * basis->stride,
						      basis->stride);
			variance += along * along / (double)count;
		}
		float reach = (float)sqrt(variance) * (k < BASIS_WIDE ? 3 : 2.75f);
		basis->low[k] = -reach;
		basis->step[k] = 2 * reach / (k < BASIS_WIDE ? 255 : 15);
		basis->per_step[k] = basis->step[k] > 1e-30f ? 1 / basis->step[k] : 0;
	}
}

static bool fill(const struct vector_kernels *kernels, struct basis *basis, float *sample, size_t count)
{
	size_t stride = basis->stride;
	float *covariance = new_floats(stride * stride);

	basis->mean = new_floats(stride);
	basis->directions = new_floats(BASIS_DIRECTIONS * stride);
	bool done = covariance && basis->mean && basis->directions;
	if (done) {
		take_mean(sample, count, stride, basis->mean);
		find_covariance(sample, count, stride, covariance);
		done = find_directions(kernels, covariance, basis);
	}
	if (done)
		find_ranges(kernels, sample, count, basis);
	free(covariance);
	return done;
}

struct basis *basis_new(const struct vector_kernels *kernels, float *sample, size_t count, size_t stride)
{
	struct basis *basis = calloc(1, sizeof *basis);

	if (!basis)
		return NULL;
	basis->references = 1;
	basis->stride = stride;
	if (fill(kernels, basis, sample, count))
		return basis;
	basis_release(basis);
	return NULL;
}
