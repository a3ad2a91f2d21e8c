#include "vector/sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { ALIGNMENT = 64, GREATEST_WEIGHT = 127, GREATEST_FACTOR = 4096 };

/* Where a direction's code goes: its value, or the upper 4 bits of a wide one. Wide directions stand first
 * and have the greatest weights; their lower bits stand last, among the least. */
static size_t slot_of(size_t direction)
{
	return direction;
}

static size_t lower_slot_of(size_t wide_direction)
{
	return BASIS_DIRECTIONS + wide_direction;
}

_Static_assert(BASIS_DIRECTIONS + BASIS_WIDE == SKETCH_SLOTS, "every slot is used");

struct sketch *sketch_new(struct basis *basis, size_t capacity, uint8_t *room)
{
	struct sketch *sketch = calloc(1, sizeof *sketch);

	if (!sketch)
		return NULL;
	sketch->references = 1;
	sketch->basis = basis_keep(basis);
	sketch->owns_codes = !room;
	sketch->codes = room ? room : aligned_alloc(ALIGNMENT, capacity / SKETCH_GROUP * SKETCH_GROUP_SIZE);
	sketch->tails = malloc(capacity * sizeof *sketch->tails);
	sketch->errors = malloc(capacity * sizeof *sketch->errors);
	if (sketch->codes && sketch->tails && sketch->errors)
		return sketch;
	sketch_release(sketch);
	return NULL;
}

struct sketch *sketch_keep(struct sketch *sketch)
{
	if (sketch)
		atomic_fetch_add_explicit(&sketch->references, 1, memory_order_relaxed);
	return sketch;
}

void sketch_release(struct sketch *sketch)
{
	if (!sketch || atomic_fetch_sub_explicit(&sketch->references, 1, memory_order_acq_rel) > 1)
		return;
	basis_release(sketch->basis);
	if (sketch->owns_codes)
		free(sketch->codes);
	free(sketch->tails);
	free(sketch->errors);
	free(sketch);
}

/* Rounded up, so that a bound stays one. */
static uint16_t upper_half(float value)
{
	union {
		float value;
		uint32_t bits;
	} both = {.value = value};

	return (uint16_t)((both.bits + 0xffff) >> 16);
}

static void put_code(uint8_t *group, size_t row, size_t slot, unsigned code)
{
	size_t in_chunk = slot % SKETCH_CHUNK;
	uint8_t *byte = group + slot / SKETCH_CHUNK * SKETCH_CHUNK_SIZE + 4 * row + in_chunk % 4;

	*byte = (uint8_t)(in_chunk < 4 ? (*byte & 0xf0) | code : (*byte & 0x0f) | code << 4);
}

static unsigned code_of(const struct basis *basis, size_t direction, float part)
{
	float code = (part - basis->low[direction]) * basis->per_step[direction];
	float greatest = direction < BASIS_WIDE ? 255 : 15;

	code = code > 0 ? code : 0;
	return (unsigned)((code < greatest ? code : greatest) + 0.5f);
}

static float squared(float value)
{
	return value * value;
}

/* One row's codes from its parts; gives the squared length of their error, and that of the codes. */
static void write_codes(const struct basis *basis, uint8_t *group, size_t row, const float *parts,
			float *error, float *length)
{
	for (size_t k = 0; k < BASIS_DIRECTIONS; k++) {
		unsigned code = code_of(basis, k, parts[k]);
		unsigned upper = k < BASIS_WIDE ? code >> 4 : code;
		*error += squared(parts[k] - fmaf((float)code, basis->step[k], basis->low[k]));
		put_code(group, row, slot_of(k), upper);
		*length += squared((float)upper - 7.5f);
		if (k >= BASIS_WIDE)
			continue;
		put_code(group, row, lower_slot_of(k), code & 15);
		*length += squared((float)(code & 15) - 7.5f);
	}
}

void sketch_rows(struct sketch *sketch, const struct vector_kernels *kernels, size_t first, float *rows,
		 float *code_length)
{
	const struct basis *basis = sketch->basis;
	size_t stride = basis->stride;
	uint8_t *group = sketch->codes + first / SKETCH_GROUP * SKETCH_GROUP_SIZE;
	float parts[SKETCH_GROUP][BASIS_DIRECTIONS], four[4];

	for (size_t row = 0; row < SKETCH_GROUP; row++)
		for (size_t i = 0; i < stride; i++)
			rows[row * stride + i] -= basis->mean[i];
	kernels->project(rows, basis->directions, BASIS_DIRECTIONS, stride, parts[0]);
	for (size_t row = 0; row < SKETCH_GROUP; row++) {
		float error = 0, length = 0, along = 0, all;
		write_codes(basis, group, row, parts[row], &error, &length);
		for (size_t k = 0; k < BASIS_DIRECTIONS; k++)
			along += squared(parts[row][k]);
		kernels->dot4(rows + row * stride, rows + row * stride, 0, stride, four);
		all = four[0];
		/* What is left of a difference of nearly equal numbers may be their rounding. */
		float rest = (all > along ? all - along : 0) + 4e-6f * all;
		sketch->tails[first + row] = upper_half(sqrtf(rest));
		sketch->errors[first + row] = upper_half(sqrtf(error) + 1e-6f * sqrtf(all));
		if (sqrtf(length) > *code_length)
			*code_length = sqrtf(length);
	}
}

/* Rounds the weights of all slots to 8 bits with one scale a segment, each a multiple of the least. Gives
 * the sum of what they lost, and the squared length. */
static void round_weights(const float weights[SKETCH_SLOTS], struct sketch_weights *out, float *lost,
			  float *lost_squared)
{
	enum { SEGMENT = SKETCH_SLOTS / SKETCH_SEGMENTS };
	float scales[SKETCH_SEGMENTS] = {0}, least = INFINITY, greatest = 0;

	for (size_t slot = 0; slot < SKETCH_SLOTS; slot++)
		scales[slot / SEGMENT] =
			fmaxf(scales[slot / SEGMENT], fabsf(weights[slot]) / GREATEST_WEIGHT);
	for (size_t i = 0; i < SKETCH_SEGMENTS; i++)
		greatest = fmaxf(greatest, scales[i]);
	for (size_t i = 0; i < SKETCH_SEGMENTS; i++)
		least = fminf(least, fmaxf(scales[i], greatest / GREATEST_FACTOR));
	out->scale = least;
	for (size_t slot = 0; slot < SKETCH_SLOTS; slot++) {
		size_t segment = slot / SEGMENT, in_chunk = slot % SKETCH_CHUNK;
		float factor = least > 0 ? fmaxf(1, ceilf(scales[segment] / least - 1e-3f)) : 1;
		long rounded = least > 0 ? lrintf(weights[slot] / (factor * least)) : 0;
		rounded = rounded > 127 ? 127 : rounded < -127 ? -127 : rounded;
		float missing = weights[slot] - (float)rounded * factor * least;
		int8_t *bytes = out->repeated[slot / SKETCH_CHUNK][in_chunk / 4] + in_chunk % 4;
		for (size_t row = 0; row < SKETCH_GROUP; row++)
			bytes[4 * row] = (int8_t)rounded;
		out->factors[segment] = (int16_t)factor;
		*lost += missing;
		*lost_squared += missing * missing;
	}
}

void sketch_query_init(struct sketch_query *query, const struct basis *basis,
		       const struct vector_kernels *kernels, const float *vector, float *rest)
{
	float parts[BASIS_DIRECTIONS], weights[SKETCH_SLOTS], four[4];
	float lost = 0, lost_squared = 0, along = 0;
	size_t stride = basis->stride;

	query->basis = basis;
	kernels->dot4(vector, basis->mean, 0, stride, four);
	float offset = four[0];
	memcpy(rest, vector, stride * sizeof *rest);
	for (size_t k = 0; k < BASIS_DIRECTIONS; k += 4)
		kernels->dot4(vector, basis->directions + k * stride, stride, stride, parts + k);
	for (size_t k = 0; k < BASIS_DIRECTIONS; k++) {
		const float *direction = basis->directions + k * stride;
		float weight = parts[k] * basis->step[k];
		for (size_t i = 0; i < stride; i++)
			rest[i] -= parts[k] * direction[i];
		offset += parts[k] * basis->low[k];
		weights[slot_of(k)] = k < BASIS_WIDE ? 16 * weight : weight;
		if (k < BASIS_WIDE)
			weights[lower_slot_of(k)] = weight;
		along += squared(parts[k]);
	}
	round_weights(weights, &query->weights, &lost, &lost_squared);
	kernels->dot4(rest, rest, 0, stride, four);
	query->weights.offset = offset + 7.5f * lost;
	query->weights.tail = sqrtf(four[0]);
	query->weights.error = sqrtf(along);
	query->weight_error = sqrtf(lost_squared);
	kernels->dot4(basis->mean, basis->mean, 0, stride, four);
	query->mean_length = sqrtf(four[0]);
}
