#include "vector/sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

enum { ALIGNMENT = 64, GREATEST_WEIGHT = 127, GREATEST_FACTOR = 4096, DETAIL_SLOTS = 2 * DETAIL_CODES };

/* In what `error` weighs the squares of those that are known more exactly than the others. */
static const float MEAN_FACTOR = 16, WIDE_FACTOR = 8;

/* The mean's code stands in two slots of the sketch. Of the other wide directions the upper bits are in it and the
 * lower ones in the detail, before the directions that are only there. */
static size_t slot_of(size_t direction)
{
	return direction == 0 ? 0 : direction + 1;
}

static size_t detail_slot_of(size_t direction)
{
	size_t place = direction < BASIS_WIDE ? direction - 1 : direction - SKETCH_DIRECTIONS + BASIS_WIDE - 1;

	return place < DETAIL_CODES ? place : place - DETAIL_CODES + DETAIL_HALF;
}

_Static_assert((int)BASIS_DIRECTIONS - (int)SKETCH_DIRECTIONS + (int)BASIS_WIDE - 1 == (int)DETAIL_SLOTS,
	       "every slot is used");
_Static_assert(DETAIL_CODES + 2 * sizeof(uint16_t) == DETAIL_SIZE, "a detail fills a cache line");

size_t sketch_room(size_t capacity)
{
	return capacity / SKETCH_GROUP * SKETCH_GROUP_SIZE + capacity * (DETAIL_SIZE + 2 * sizeof(uint16_t));
}

struct sketch *sketch_new(struct basis *basis, size_t capacity, uint8_t *room)
{
	struct sketch *sketch = calloc(1, sizeof *sketch);

	if (!sketch)
		return NULL;
	sketch->references = 1;
	sketch->basis = basis_keep(basis);
	sketch->owns_room = !room;
	if (!room)
		room = aligned_alloc(ALIGNMENT, (sketch_room(capacity) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
	if (!room) {
		sketch_release(sketch);
		return NULL;
	}
	sketch->details = room;
	sketch->codes = sketch->details + capacity * DETAIL_SIZE;
	sketch->tails = (uint16_t *)(void *)(sketch->codes + capacity / SKETCH_GROUP * SKETCH_GROUP_SIZE);
	sketch->errors = sketch->tails + capacity;
	return sketch;
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
	if (sketch->owns_room)
		free(sketch->details);
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

static float squared(float value)
{
	return value * value;
}

/* ---- rows ---- */

enum { LANES = 8 };

_Static_assert(BASIS_DIRECTIONS % LANES == 0 && BASIS_WIDE % LANES == 0, "sums are of whole lanes");

/* In lanes, so that it is done by vector instructions. */
static float sum_of_squares(const float *values, size_t count)
{
	float lanes[LANES] = {0}, sum = 0;

	for (size_t i = 0; i < count; i += LANES)
		for (size_t k = 0; k < LANES; k++)
			lanes[k] += values[i + k] * values[i + k];
	for (size_t k = 0; k < LANES; k++)
		sum += lanes[k];
	return sum;
}

/* The length of codes, less 7.5 each. */
static float length_of_codes(const uint8_t *codes, size_t count)
{
	int32_t sum = 0; /* of squares of twice that */

	for (size_t i = 0; i < count; i++)
		sum += (2 * codes[i] - 15) * (2 * codes[i] - 15);
	return sqrtf((float)sum) / 2;
}

/* A row's parts as codes, and what these leave out. */
struct coded {
	uint8_t codes[BASIS_DIRECTIONS];
	float rough[BASIS_DIRECTIONS]; /* errors where wide ones, but for the mean's, have their upper bits only */
	float close[BASIS_DIRECTIONS]; /* errors */
};

static void code_directions(const struct basis *basis, const float *parts, size_t from, size_t until, float greatest,
			    struct coded *coded)
{
	for (size_t k = from; k < until; k++) {
		float code = (parts[k] - basis->low[k]) * basis->per_step[k];
		code = code > 0 ? code : 0;
		code = code < greatest ? code : greatest;
		int32_t rounded = (int32_t)(code + 0.5f);
		coded->codes[k] = (uint8_t)rounded;
		coded->close[k] = parts[k] - ((float)rounded * basis->step[k] + basis->low[k]);
	}
}

static void code_parts(const struct basis *basis, const float *parts, struct coded *coded)
{
	code_directions(basis, parts, 0, BASIS_WIDE, 255, coded);
	code_directions(basis, parts, BASIS_WIDE, BASIS_DIRECTIONS, 15, coded);
	memcpy(coded->rough, coded->close, sizeof coded->rough);
	for (size_t k = 1; k < BASIS_WIDE; k++)
		coded->rough[k] += ((float)(coded->codes[k] & 15) - 7.5f) * basis->step[k];
}

/* A length from its square; what rounding may have made of it is not less. `all`: the square of the row's. */
static uint16_t length_code(float square, float all)
{
	return upper_half(sqrtf((square > 0 ? square : 0) + 4e-6f * all));
}

static void write_sketch(struct sketch *sketch, size_t row, const struct coded *coded, const float *parts, float all,
			 float *length)
{
	uint8_t *bytes = sketch->codes + row / SKETCH_GROUP * SKETCH_GROUP_SIZE + 4 * (row % SKETCH_GROUP);
	uint8_t slots[SKETCH_SLOTS] = {coded->codes[0] >> 4, coded->codes[0] & 15};
	float error = sum_of_squares(coded->rough, SKETCH_DIRECTIONS / LANES * LANES);
	float along = sum_of_squares(parts, SKETCH_DIRECTIONS / LANES * LANES);

	for (size_t k = SKETCH_DIRECTIONS / LANES * LANES; k < SKETCH_DIRECTIONS; k++) {
		error += squared(coded->rough[k]);
		along += squared(parts[k]);
	}
	error += squared(coded->rough[0]) * (MEAN_FACTOR - 1);
	for (size_t k = 1; k < SKETCH_DIRECTIONS; k++)
		slots[slot_of(k)] = k < BASIS_WIDE ? coded->codes[k] >> 4 : coded->codes[k];
	for (size_t chunk = 0; chunk < SKETCH_CHUNKS; chunk++)
		for (size_t b = 0; b < 4; b++)
			bytes[chunk * SKETCH_CHUNK_SIZE + b] = (uint8_t)(slots[chunk * SKETCH_CHUNK + b] |
									 slots[chunk * SKETCH_CHUNK + b + 4] << 4);
	sketch->tails[row] = length_code(all - along, all);
	sketch->errors[row] = upper_half(sqrtf(error) + 1e-6f * sqrtf(all));
	*length = fmaxf(*length, length_of_codes(slots, SKETCH_SLOTS) * 1.00001f);
}

static void write_detail(struct sketch *sketch, size_t row, const struct coded *coded, const float *parts, float all,
			 float *length)
{
	uint8_t *detail = sketch->details + row * DETAIL_SIZE, slots[DETAIL_HALF + DETAIL_CODES] = {0};
	float along = sum_of_squares(parts, BASIS_DIRECTIONS);
	float error = sum_of_squares(coded->close, BASIS_DIRECTIONS);
	uint16_t lengths[2];

	error += sum_of_squares(coded->close, BASIS_WIDE) * (WIDE_FACTOR - 1);
	for (size_t k = 1; k < BASIS_WIDE; k++)
		slots[detail_slot_of(k)] = coded->codes[k] & 15;
	for (size_t k = SKETCH_DIRECTIONS; k < BASIS_DIRECTIONS; k++)
		slots[detail_slot_of(k)] = coded->codes[k];
	for (size_t b = 0; b < DETAIL_CODES; b++)
		detail[b] = (uint8_t)(slots[b] | slots[DETAIL_HALF + b] << 4);
	lengths[0] = length_code(all - along, all);
	lengths[1] = upper_half(sqrtf(error) + 1e-6f * sqrtf(all));
	memcpy(detail + DETAIL_CODES, lengths, sizeof lengths);
	/* Slots that are none count as well, which is not too little. */
	*length = fmaxf(*length, length_of_codes(slots, sizeof slots) * 1.00001f);
}

void sketch_rows(struct sketch *sketch, const struct vector_kernels *kernels, size_t first, float *rows,
		 struct sketch_lengths *lengths)
{
	const struct basis *basis = sketch->basis;
	size_t stride = basis->stride;
	float parts[SKETCH_GROUP][BASIS_DIRECTIONS];
	struct coded coded;

	for (size_t row = 0; row < SKETCH_GROUP; row++)
		for (size_t i = 0; i < stride; i++)
			rows[row * stride + i] -= basis->mean[i];
	kernels->project(rows, basis->directions, BASIS_DIRECTIONS, stride, parts[0]);
	for (size_t row = 0; row < SKETCH_GROUP; row++) {
		float all = sum_of_squares(rows + row * stride, stride);
		code_parts(basis, parts[row], &coded);
		write_sketch(sketch, first + row, &coded, parts[row], all, &lengths->codes);
		write_detail(sketch, first + row, &coded, parts[row], all, &lengths->details);
	}
}

/* ---- queries ---- */

/* Weights rounded to 8 bits, with one scale for each segment, a multiple of the least. */
struct rounded {
	int8_t *weights;   /* [segments × size] */
	int16_t *factors;  /* [segments] */
	float scale;
	float lost;        /* the sum of what rounding took away */
	float lost_length; /* and the length of that */
};

static void round_weights(const float *weights, size_t segments, size_t size, struct rounded *out)
{
	float least = INFINITY, greatest = 0, scale, lost_squared = 0;

	for (size_t i = 0; i < segments * size; i++)
		greatest = fmaxf(greatest, fabsf(weights[i]) / GREATEST_WEIGHT);
	for (size_t segment = 0; segment < segments; segment++) {
		scale = greatest / GREATEST_FACTOR;
		for (size_t i = 0; i < size; i++)
			scale = fmaxf(scale, fabsf(weights[segment * size + i]) / GREATEST_WEIGHT);
		least = fminf(least, scale);
	}
	out->scale = least;
	out->lost = 0;
	for (size_t segment = 0; segment < segments; segment++) {
		scale = 0;
		for (size_t i = 0; i < size; i++)
			scale = fmaxf(scale, fabsf(weights[segment * size + i]) / GREATEST_WEIGHT);
		float factor = least > 0 ? fmaxf(1, ceilf(scale / least - 1e-3f)) : 1;
		out->factors[segment] = (int16_t)factor;
		for (size_t i = segment * size; i < (segment + 1) * size; i++) {
			long rounded = least > 0 ? lrintf(weights[i] / (factor * least)) : 0;
			rounded = rounded > GREATEST_WEIGHT ? GREATEST_WEIGHT : rounded;
			rounded = rounded < -GREATEST_WEIGHT ? -GREATEST_WEIGHT : rounded;
			out->weights[i] = (int8_t)rounded;
			float missing = weights[i] - (float)rounded * factor * least;
			out->lost += missing;
			lost_squared += missing * missing;
		}
	}
	out->lost_length = sqrtf(lost_squared);
}

/* parts: of the query. */
static void weigh_sketch(struct sketch_query *query, const float *parts, float offset)
{
	const struct basis *basis = query->basis;
	float weights[SKETCH_SLOTS], squares = squared(parts[0]) / MEAN_FACTOR;
	int8_t bytes[SKETCH_SLOTS];
	struct rounded rounded = {.weights = bytes, .factors = query->weights.factors};

	weights[0] = 16 * parts[0] * basis->step[0];
	weights[1] = parts[0] * basis->step[0];
	offset += parts[0] * basis->low[0];
	for (size_t k = 1; k < SKETCH_DIRECTIONS; k++) {
		float weight = parts[k] * basis->step[k];
		weights[slot_of(k)] = k < BASIS_WIDE ? 16 * weight : weight;
		offset += parts[k] * basis->low[k] + (k < BASIS_WIDE ? 7.5f * weight : 0);
		squares += squared(parts[k]);
	}
	round_weights(weights, SKETCH_SEGMENTS, SKETCH_SLOTS / SKETCH_SEGMENTS, &rounded);
	for (size_t slot = 0; slot < SKETCH_SLOTS; slot++) {
		size_t in_chunk = slot % SKETCH_CHUNK;
		int8_t *place = query->weights.repeated[slot / SKETCH_CHUNK][in_chunk / 4] + in_chunk % 4;
		for (size_t row = 0; row < SKETCH_GROUP; row++)
			place[4 * row] = bytes[slot];
	}
	query->weights.scale = rounded.scale;
	query->weights.offset = offset + 7.5f * rounded.lost;
	query->weights.error = sqrtf(squares);
	query->weight_error = rounded.lost_length;
}

static void weigh_detail(struct sketch_query *query, const float *parts)
{
	const struct basis *basis = query->basis;
	float weights[DETAIL_SEGMENTS * DETAIL_SEGMENT] = {0}, offset = 0, squares = 0;
	struct rounded rounded = {.weights = query->detail.weights, .factors = query->detail.factors};

	for (size_t k = 0; k < BASIS_DIRECTIONS; k++) {
		float weight = parts[k] * basis->step[k];
		squares += squared(parts[k]) / (k < BASIS_WIDE ? WIDE_FACTOR : 1);
		if (k == 0 || (k >= BASIS_WIDE && k < SKETCH_DIRECTIONS))
			continue;
		weights[detail_slot_of(k)] = weight;
		offset += k < BASIS_WIDE ? -7.5f * weight : parts[k] * basis->low[k];
	}
	round_weights(weights, DETAIL_SEGMENTS, DETAIL_SEGMENT, &rounded);
	query->detail.scale = rounded.scale;
	query->detail.offset = offset + 7.5f * rounded.lost;
	query->detail.error = sqrtf(squares);
	query->detail_error = rounded.lost_length;
}

/* Takes the parts from `from` to `until` out of what is left of a query; its length then. */
static float take_parts(const struct basis *basis, const struct vector_kernels *kernels, const float *parts,
			size_t from, size_t until, float *rest)
{
	float four[4];

	for (size_t k = from; k < until; k++)
		for (size_t i = 0; i < basis->stride; i++)
			rest[i] -= parts[k] * basis->directions[k * basis->stride + i];
	kernels->dot4(rest, rest, 0, basis->stride, four);
	return sqrtf(four[0]);
}

void sketch_query_init(struct sketch_query *query, const struct basis *basis,
		       const struct vector_kernels *kernels, const float *vector, float *rest)
{
	float parts[BASIS_DIRECTIONS], four[4];
	size_t stride = basis->stride;

	query->basis = basis;
	for (size_t k = 0; k < BASIS_DIRECTIONS; k += 4)
		kernels->dot4(vector, basis->directions + k * stride, stride, stride, parts + k);
	kernels->dot4(vector, basis->mean, 0, stride, four);
	weigh_sketch(query, parts, four[0]);
	weigh_detail(query, parts);
	memcpy(rest, vector, stride * sizeof *rest);
	query->weights.tail = take_parts(basis, kernels, parts, 0, SKETCH_DIRECTIONS, rest);
	query->detail.tail = take_parts(basis, kernels, parts, SKETCH_DIRECTIONS, BASIS_DIRECTIONS, rest);
	kernels->dot4(basis->mean, basis->mean, 0, stride, four);
	query->mean_length = sqrtf(four[0]);
}

void sketch_refine(const struct sketch_query *query, const struct vector_kernels *kernels, const uint8_t *detail,
		   float slack, float *upper, float *lower)
{
	const struct detail_weights *weights = &query->detail;
	uint16_t lengths[2];

	memcpy(lengths, detail + DETAIL_CODES, sizeof lengths);
	float estimate = (*upper + *lower) / 2 +
			 (float)kernels->detail(weights, detail) * weights->scale + weights->offset;
	float missing = float_of_upper_half(lengths[0]) * weights->tail +
			float_of_upper_half(lengths[1]) * weights->error + slack;
	/* A row whose codes were cut may be bounded more closely by its sketch. */
	*upper = estimate + missing < *upper ? estimate + missing : *upper;
	*lower = estimate - missing > *lower ? estimate - missing : *lower;
}
