/* What searches stand on: no score is outside of the bounds that a sketch gives. */
#include "support.h"

#include <math.h>
#include <stdlib.h>

#include "vector/row_code.h"
#include "vector/sketch.h"

#include "base/banned.h"

enum { STRIDE = 384, SAMPLE = 600, ROWS = 64 };

static float random_number(uint64_t *random)
{
	return (float)((double)(int64_t)random_next(random) / 9223372036854775808.0);
}

/* Of unit length. `spread`: how much less each component varies than the one before; 1: not at all. */
static void make_vector(uint64_t *random, float spread, float *out)
{
	float size = 1, squared = 0;

	for (size_t i = 0; i < STRIDE; i++) {
		out[i] = size * random_number(random) + (i == 3 ? 0.5f : 0);
		squared += out[i] * out[i];
		size *= spread;
	}
	for (size_t i = 0; i < STRIDE; i++)
		out[i] /= sqrtf(squared);
}

static double exact(const float *a, const float *b)
{
	double sum = 0;

	for (size_t i = 0; i < STRIDE; i++)
		sum += (double)a[i] * (double)b[i];
	return sum;
}

static float *new_floats(size_t count)
{
	float *floats = aligned_alloc(64, count * sizeof *floats);

	assert_non_null(floats);
	return floats;
}

static void check_score(double score, float upper, float lower)
{
	if (score > (double)upper || score < (double)lower)
		fail_msg("%.9g is outside of %.9g to %.9g", score, (double)lower, (double)upper);
}

/* Rows that are like the sample or not; gives how far apart the bounds are at the most, and
 * *share: of that which is left by details, on the whole. */
static float check_bounds(const struct vector_kernels *kernels, uint64_t *random, float spread, float row_spread,
			  float *share)
{
	float *sample = new_floats(SAMPLE * STRIDE), *rows = new_floats(ROWS * STRIDE);
	float *batch = new_floats(SKETCH_GROUP * STRIDE), *query = new_floats(2 * STRIDE);
	float upper[ROWS], lower[ROWS], apart[2] = {0}, widest = 0;
	struct sketch_lengths lengths = {0};
	struct sketch_query *against = aligned_alloc(64, (sizeof *against + 63) / 64 * 64);

	assert_non_null(against);
	for (size_t i = 0; i < SAMPLE; i++)
		make_vector(random, spread, sample + i * STRIDE);
	struct basis *basis = basis_new(vector_kernels_best(), sample, SAMPLE, STRIDE);
	assert_non_null(basis);
	struct sketch *sketch = sketch_new(basis, ROWS, NULL);
	assert_non_null(sketch);
	for (size_t i = 0; i < ROWS; i++)
		make_vector(random, row_spread, rows + i * STRIDE);
	for (size_t first = 0; first < ROWS; first += SKETCH_GROUP) {
		memcpy(batch, rows + first * STRIDE, SKETCH_GROUP * STRIDE * sizeof *batch);
		sketch_rows(sketch, kernels, first, batch, &lengths);
	}
	for (size_t round = 0; round < 12; round++) {
		make_vector(random, round % 2 ? spread : 1, query);
		/* Sometimes one of the rows itself: then all rests point the same way. */
		if (round % 3 == 0)
			memcpy(query, rows + round * STRIDE, STRIDE * sizeof *query);
		sketch_query_init(against, basis, kernels, query, query + STRIDE);
		float slack = against->weight_error * lengths.codes + 2e-5f * (1 + against->mean_length);
		kernels->bound(&against->weights, sketch->codes, sketch->tails, sketch->errors,
			       slack, ROWS / SKETCH_GROUP, upper, lower);
		for (size_t i = 0; i < ROWS; i++) {
			double score = exact(query, rows + i * STRIDE);
			check_score(score, upper[i], lower[i]);
			widest = fmaxf(widest, upper[i] - lower[i]);
			apart[0] += upper[i] - lower[i];
			sketch_refine(against, kernels, sketch_detail(sketch, i),
				      slack + against->detail_error * lengths.details, &upper[i], &lower[i]);
			check_score(score, upper[i], lower[i]);
			apart[1] += upper[i] - lower[i];
		}
	}
	*share = apart[1] / apart[0];
	sketch_release(sketch);
	basis_release(basis);
	free(sample);
	free(rows);
	free(batch);
	free(query);
	free(against);
	return widest;
}

static void no_score_is_outside_of_its_bounds(void **state)
{
	uint64_t random = random_seed();
	size_t count;
	const struct vector_kernels *const *all = vector_kernels_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		if (!vector_kernels_are_supported(all[i]))
			continue;
		/* Rows like the sample are bounded closely; others, and those without a shape, as they must. */
		float share;
		assert_true(check_bounds(all[i], &random, 0.97f, 0.97f, &share) < 0.6f);
		assert_true(share < 0.5f);
		check_bounds(all[i], &random, 0.97f, 1, &share);
		check_bounds(all[i], &random, 1, 1, &share);
	}
}

/* What the codes of a row leave out of its parts, in the sketch and with the detail. */
static void find_errors(const struct basis *basis, const float *row, float *rough, float *close)
{
	for (size_t k = 0; k < BASIS_DIRECTIONS; k++) {
		const float *direction = basis->directions + k * STRIDE;
		float part = (float)(exact(direction, row) - exact(direction, basis->mean));
		float code = roundf((part - basis->low[k]) / basis->step[k]);
		code = fminf(fmaxf(code, 0), k < BASIS_WIDE ? 255 : 15);
		close[k] = part - (basis->low[k] + code * basis->step[k]);
		/* Of wide ones, but for the mean's, a sketch has the upper 4 bits. */
		float kept = k > 0 && k < BASIS_WIDE ? 16 * floorf(code / 16) + 7.5f : code;
		rough[k] = part - (basis->low[k] + kept * basis->step[k]);
	}
}

/* The unit vector along `errors`, those of the first `heavy` directions times `weight`: no other is as far from what
 * the codes say, measured by what a bound allows for. */
static void aim(const struct basis *basis, const float *errors, size_t count, size_t heavy, float weight, float *query)
{
	double length = 0;

	memset(query, 0, STRIDE * sizeof *query);
	for (size_t k = 0; k < count; k++)
		for (size_t i = 0; i < STRIDE; i++)
			query[i] += (k < heavy ? weight : 1) * errors[k] * basis->directions[k * STRIDE + i];
	length = sqrt(exact(query, query));
	for (size_t i = 0; i < STRIDE; i++)
		query[i] = (float)(query[i] / length);
}

/* A group of rows, and a query got ready for them. */
struct aimed {
	struct basis *basis;
	struct sketch *sketch;
	struct sketch_lengths lengths;
	float *rows;  /* [SKETCH_GROUP][STRIDE] */
	float *query; /* and room for as much */
};

/* The score is within the bounds of row `which`, and but for what rounding may do it is the upper one. */
static void check_aimed(const struct aimed *aimed, size_t which, bool with_detail)
{
	const struct vector_kernels *kernels = vector_kernels_best();
	struct sketch_query *against = aligned_alloc(64, (sizeof *against + 63) / 64 * 64);
	float upper[SKETCH_GROUP], lower[SKETCH_GROUP];
	double score = exact(aimed->query, aimed->rows + which * STRIDE);

	assert_non_null(against);
	sketch_query_init(against, aimed->basis, kernels, aimed->query, aimed->query + STRIDE);
	float slack = against->weight_error * aimed->lengths.codes + 2e-5f * (5 + against->mean_length);
	kernels->bound(&against->weights, aimed->sketch->codes, aimed->sketch->tails, aimed->sketch->errors, slack, 1,
		       upper, lower);
	if (with_detail) {
		slack += against->detail_error * aimed->lengths.details;
		sketch_refine(against, kernels, sketch_detail(aimed->sketch, which), slack, &upper[which], &lower[which]);
	}
	check_score(score, upper[which], lower[which]);
	if (score < (double)(upper[which] - 2 * slack - 0.02f * (upper[which] - lower[which])))
		fail_msg("%.9g is far from %.9g to %.9g", score, (double)lower[which], (double)upper[which]);
	free(against);
}

/* Rows that reach farther than codes do along the mean, along a wide direction and along a narrow one. */
static void bounds_allow_for_all_that_codes_leave_out(void **state)
{
	static const size_t along[SKETCH_GROUP] = {0, 0, 1, BASIS_WIDE - 1, 5, BASIS_WIDE, SKETCH_DIRECTIONS - 1, 20};
	uint64_t random = random_seed();
	float *sample = new_floats(SAMPLE * STRIDE), *batch = new_floats(SKETCH_GROUP * STRIDE);
	float rough[BASIS_DIRECTIONS], close[BASIS_DIRECTIONS];
	struct aimed aimed = {.rows = new_floats(SKETCH_GROUP * STRIDE), .query = new_floats(2 * STRIDE)};

	(void)state;
	for (size_t i = 0; i < SAMPLE; i++)
		make_vector(&random, 0.97f, sample + i * STRIDE);
	aimed.basis = basis_new(vector_kernels_best(), sample, SAMPLE, STRIDE);
	assert_non_null(aimed.basis);
	aimed.sketch = sketch_new(aimed.basis, SKETCH_GROUP, NULL);
	assert_non_null(aimed.sketch);
	for (size_t row = 0; row < SKETCH_GROUP; row++) {
		make_vector(&random, 0.97f, aimed.rows + row * STRIDE);
		for (size_t i = 0; i < STRIDE; i++)
			aimed.rows[row * STRIDE + i] += (row % 2 ? -4.0f : 4.0f) *
							aimed.basis->directions[along[row] * STRIDE + i];
	}
	memcpy(batch, aimed.rows, SKETCH_GROUP * STRIDE * sizeof *batch);
	sketch_rows(aimed.sketch, vector_kernels_best(), 0, batch, &aimed.lengths);
	for (size_t row = 0; row < SKETCH_GROUP; row++) {
		find_errors(aimed.basis, aimed.rows + row * STRIDE, rough, close);
		aim(aimed.basis, rough, SKETCH_DIRECTIONS, 1, 16, aimed.query);
		check_aimed(&aimed, row, false);
		aim(aimed.basis, close, BASIS_DIRECTIONS, BASIS_WIDE, 8, aimed.query);
		check_aimed(&aimed, row, true);
	}
	sketch_release(aimed.sketch);
	basis_release(aimed.basis);
	free(sample);
	free(batch);
	free(aimed.rows);
	free(aimed.query);
}

static void a_sample_of_equal_vectors_is_a_basis_too(void **state)
{
	const struct vector_kernels *kernels = vector_kernels_best();
	float *sample = new_floats(SAMPLE * STRIDE);

	(void)state;
	for (size_t i = 0; i < SAMPLE * STRIDE; i++)
		sample[i] = i % STRIDE == 7;
	struct basis *basis = basis_new(kernels, sample, SAMPLE, STRIDE);
	assert_non_null(basis);
	assert_true(fabsf(basis->mean[7] - 1) < 1e-4f);
	for (size_t i = 0; i < BASIS_DIRECTIONS; i++)
		assert_true(isfinite(basis->step[i]) && isfinite(basis->per_step[i]));
	basis_release(basis);
	free(sample);
}

static void rows_in_16_bits_are_near_their_vectors(void **state)
{
	const struct vector_kernels *kernels = vector_kernels_best();
	uint64_t random = random_seed();
	float *vector = new_floats(STRIDE), *query = new_floats(STRIDE), *kept = new_floats(STRIDE), length;
	int8_t high[STRIDE], low[STRIDE];
	struct row_scale scale;

	(void)state;
	for (size_t round = 0; round < 200; round++) {
		make_vector(&random, 1 - (float)(round % 10) / 100, vector);
		make_vector(&random, 1, query);
		assert_true(row_encode(kernels, vector, STRIDE, &scale, high, low, &length));
		assert_true(length >= 1 && length < 1.001f);
		row_decode(&scale, high, low, STRIDE, kept);
		assert_true(fabs(exact(kept, query) - exact(vector, query)) < 3e-5);
	}
	memset(vector, 0, STRIDE * sizeof *vector);
	assert_true(row_encode(kernels, vector, STRIDE, &scale, high, low, &length));
	assert_true(scale.scale == 0 && high[0] == 0);
	vector[5] = INFINITY;
	assert_false(row_encode(kernels, vector, STRIDE, &scale, high, low, &length));
	vector[5] = 1e20f;
	assert_false(row_encode(kernels, vector, STRIDE, &scale, high, low, &length));
	free(vector);
	free(query);
	free(kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_score_is_outside_of_its_bounds),
		cmocka_unit_test(bounds_allow_for_all_that_codes_leave_out),
		cmocka_unit_test(a_sample_of_equal_vectors_is_a_basis_too),
		cmocka_unit_test(rows_in_16_bits_are_near_their_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
