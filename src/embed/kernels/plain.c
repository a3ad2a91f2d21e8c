#include "embed/kernels/kernels.h"

#include <math.h>

#include "base/banned.h"

static float from_bf16(uint16_t number)
{
	uint32_t bits = (uint32_t)number << 16;
	float x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

static uint16_t to_bf16(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof bits);
	return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static void narrow_row(const float *x, uint16_t *narrow)
{
	for (size_t i = 0; i < HIDDEN; i++)
		narrow[i] = to_bf16(x[i]);
}

static float gelu_of(float v)
{
	return 0.5F * v * (1 + erff(v * (float)M_SQRT1_2));
}

static void gelu(float *x, const float *bias, size_t rows)
{
	for (size_t row = 0; row < rows; row++, x += INNER)
		for (size_t i = 0; i < INNER; i++)
			x[i] = gelu_of(x[i] + bias[i]);
}

static void gelu_bf16(const float *x, const float *bias, uint16_t *out, size_t rows)
{
	for (size_t row = 0; row < rows; row++, x += INNER, out += INNER)
		for (size_t i = 0; i < INNER; i++)
			out[i] = to_bf16(gelu_of(x[i] + bias[i]));
}

static void normalize_row(float *x, const struct norm *norm)
{
	float mean = 0, variance = 0;

	for (size_t i = 0; i < HIDDEN; i++)
		mean += x[i];
	mean /= HIDDEN;
	for (size_t i = 0; i < HIDDEN; i++)
		variance += (x[i] - mean) * (x[i] - mean);
	variance /= HIDDEN;
	float scale = 1 / sqrtf(variance + LAYER_NORM_EPSILON);
	for (size_t i = 0; i < HIDDEN; i++)
		x[i] = (x[i] - mean) * scale * norm->gain[i] + norm->offset[i];
}

static void add_norm(float *state, const float *x, const float *bias, const struct norm *norm,
		     uint16_t *narrow, size_t rows)
{
	for (size_t row = 0; row < rows; row++, state += HIDDEN, x += HIDDEN) {
		for (size_t i = 0; i < HIDDEN; i++)
			state[i] += x[i] + bias[i];
		normalize_row(state, norm);
		if (narrow)
			narrow_row(state, narrow + row * HIDDEN);
	}
}

static void look_up(float *state, const int32_t *ids, const float *words, const float *positions,
		    const struct norm *norm, uint16_t *narrow, size_t rows)
{
	for (size_t row = 0; row < rows; row++, state += HIDDEN, positions += HIDDEN) {
		const float *word = words + (size_t)ids[row] * HIDDEN;

		for (size_t i = 0; i < HIDDEN; i++)
			state[i] = word[i] + positions[i];
		normalize_row(state, norm);
		if (narrow)
			narrow_row(state, narrow + row * HIDDEN);
	}
}

static void softmax(float *scores, size_t count)
{
	float most = scores[0], sum = 0;

	for (size_t i = 1; i < count; i++)
		most = fmaxf(most, scores[i]);
	for (size_t i = 0; i < count; i++) {
		scores[i] = expf(scores[i] - most);
		sum += scores[i];
	}
	for (size_t i = 0; i < count; i++)
		scores[i] /= sum;
}

/* One query of one head against all keys. */
static void attend_query(const float *query, const float *bias, const float *keys,
			 const float *values, float *context, size_t rows)
{
	float scores[EMBED_MAX_TOKENS];

	for (size_t j = 0; j < rows; j++) {
		float dot = 0;
		for (size_t d = 0; d < HEAD_SIZE; d++)
			dot += (query[d] + bias[d]) * keys[j * QKV + d];
		scores[j] = dot / sqrtf(HEAD_SIZE);
	}
	softmax(scores, rows);
	for (size_t d = 0; d < HEAD_SIZE; d++)
		context[d] = 0;
	for (size_t j = 0; j < rows; j++)
		for (size_t d = 0; d < HEAD_SIZE; d++)
			context[d] += scores[j] * values[j * QKV + d];
}

static void attend(const float *qkv, const float *query_bias, float *context, size_t rows)
{
	for (size_t head = 0; head < HEADS; head++) {
		const float *queries = qkv + head * HEAD_SIZE;
		const float *keys = queries + HIDDEN, *values = keys + HIDDEN;

		for (size_t i = 0; i < rows; i++)
			attend_query(queries + i * QKV, query_bias + head * HEAD_SIZE, keys, values,
				     context + i * HIDDEN + head * HEAD_SIZE, rows);
	}
}

static void attend_bf16(const float *qkv, const float *query_bias, uint16_t *context, size_t rows)
{
	float wide[EMBED_MAX_TOKENS * HIDDEN];

	attend(qkv, query_bias, wide, rows);
	for (size_t row = 0; row < rows; row++)
		narrow_row(wide + row * HIDDEN, context + row * HIDDEN);
}

static void attend_narrow(const uint16_t *qkv, float *context, uint16_t *narrow, size_t rows)
{
	static const float no_bias[HIDDEN];
	float wide[EMBED_MAX_TOKENS * QKV];

	for (size_t i = 0; i < rows * QKV; i++)
		wide[i] = from_bf16(qkv[i]);
	if (context)
		attend(wide, no_bias, context, rows);
	else
		attend_bf16(wide, no_bias, narrow, rows);
}

static void rotate_block(float *x)
{
	for (size_t stride = 1; stride < ROTATION; stride *= 2)
		for (size_t i = 0; i < ROTATION; i++)
			if (!(i & stride)) {
				float a = x[i], b = x[i + stride];
				x[i] = a + b;
				x[i + stride] = a - b;
			}
	for (size_t i = 0; i < ROTATION; i++)
		x[i] *= 1 / sqrtf(ROTATION);
}

static void rotate(float *x, size_t columns)
{
	for (size_t i = 0; i < columns; i += ROTATION)
		rotate_block(x + i);
}

static void quantize_row(const float *x, size_t columns, uint8_t *out, struct quantized_row *level)
{
	float least = 0, most = 0;

	for (size_t i = 0; i < columns; i++) {
		least = fminf(least, x[i]);
		most = fmaxf(most, x[i]);
	}
	level->scale = fmaxf((most - least) / 255, 1e-30F);
	level->zero = rintf(-least / level->scale);
	for (size_t i = 0; i < columns; i++) {
		float byte = rintf(x[i] * (1 / level->scale) + level->zero);
		out[i] = (uint8_t)fminf(fmaxf(byte, 0), 255);
	}
}

static void quantize(const float *x, size_t columns, bool rotated, uint8_t *out,
		     struct quantized_row *levels, size_t rows)
{
	float row_numbers[INNER];

	for (size_t row = 0; row < rows; row++) {
		memcpy(row_numbers, x + row * columns, columns * sizeof *x);
		if (rotated)
			rotate(row_numbers, columns);
		quantize_row(row_numbers, columns, out + row * columns, &levels[row]);
	}
}

static void dequantize(void *x, size_t columns, const float *scales, const float *offsets,
		       const struct quantized_row *levels, size_t rows)
{
	char *at = x;

	for (size_t row = 0; row < rows; row++)
		for (size_t j = 0; j < columns; j++, at += 4) {
			int32_t sum;
			memcpy(&sum, at, sizeof sum);
			float number = levels[row].scale * (scales[j] * (float)sum -
							    offsets[j] * levels[row].zero);
			memcpy(at, &number, sizeof number);
		}
}

static void quantize_block(const float *x, uint8_t *out, struct block_level *level)
{
	float least = x[0], most = x[0];

	for (size_t i = 1; i < BLOCK; i++) {
		least = fminf(least, x[i]);
		most = fmaxf(most, x[i]);
	}
	level->scale = fmaxf((most - least) / BLOCK_LEVELS, 1e-30F);
	level->middle = 0.5F * least + 0.5F * most;
	for (size_t i = 0; i < BLOCK; i++) {
		float steps = (x[i] - level->middle) * (1 / level->scale);
		out[i] = (uint8_t)fminf(fmaxf(rintf(steps + BLOCK_MIDDLE), 0), BLOCK_LEVELS);
	}
}

static void quantize_blocks(const float *x, size_t columns, bool rotated, uint8_t *out,
			    struct block_level *levels, size_t rows)
{
	for (size_t i = 0; i < rows * columns / BLOCK; i++) {
		float block[BLOCK];

		memcpy(block, x + i * BLOCK, sizeof block);
		if (rotated)
			rotate_block(block);
		quantize_block(block, out + i * BLOCK, &levels[i]);
	}
}

static void gelu_blocks(const float *x, const float *bias, uint8_t *out,
			struct block_level *levels, size_t rows)
{
	for (size_t row = 0; row < rows; row++, x += INNER, out += INNER, levels += INNER / BLOCK) {
		float numbers[INNER];

		memcpy(numbers, x, sizeof numbers);
		gelu(numbers, bias, 1);
		quantize_blocks(numbers, INNER, true, out, levels, 1);
	}
}

/* The exact sum over a block of products of distances from the middle level. */
static int32_t sum_block(const uint8_t *source, const struct block_weights *weights, size_t output)
{
	int32_t sum = 0;

	for (size_t i = 0; i < BLOCK; i++) {
		size_t chain = i / BLOCK_CHAIN, step = i % BLOCK_CHAIN / 4;
		int32_t weight = weights->chains[chain].weights[step][4 * output + i % 4];
		sum += (source[i] - BLOCK_MIDDLE) * weight;
	}
	return sum;
}

static void multiply_blocks(const uint8_t *source, const struct block_level *levels, size_t length,
			    const struct block_weights *weights, size_t width, float *destination,
			    size_t rows)
{
	size_t blocks = length / BLOCK;

	for (size_t row = 0; row < rows; row++)
		for (size_t j = 0; j < width; j++) {
			const struct block_weights *at = weights + j / BLOCK_WIDTH * blocks;
			size_t output = j % BLOCK_WIDTH;
			float result = 0;

			for (size_t i = 0; i < blocks; i++) {
				const struct block_level *level = &levels[row * blocks + i];
				int32_t sum = sum_block(source + row * length + i * BLOCK, &at[i],
							output);
				result += level->scale * (float)sum * at[i].scales[output] +
					  level->middle * at[i].sums[output];
			}
			destination[row * width + j] = result;
		}
}

/* Where number i of output j stands in strips, `group` numbers filling 32 bits. */
static size_t place(size_t i, size_t j, size_t length, size_t group)
{
	size_t strip = j / STRIP_WIDTH * STRIP_WIDTH * length;

	return strip + (i / group * STRIP_WIDTH + j % STRIP_WIDTH) * group + i % group;
}

static void finish_sum(float x, const struct strip_product *p, size_t row, size_t j, bool is_bf16)
{
	size_t at = row * p->width + j;

	if (p->finish != STRIP_SUM)
		x += p->bias[j];
	if (p->finish == STRIP_GELU)
		x = gelu_of(x);
	if (p->finish == STRIP_BF16 || (p->finish == STRIP_GELU && is_bf16))
		((uint16_t *)p->destination)[at] = to_bf16(x);
	else
		((float *)p->destination)[at] = x;
}

static void multiply_f32(const struct strip_product *p, size_t rows)
{
	const float *weights = p->weights, *x = p->source;

	for (size_t row = 0; row < rows; row++, x += p->length)
		for (size_t j = 0; j < p->width; j++) {
			float sum = 0;

			for (size_t i = 0; i < p->length; i++)
				sum += x[i] * weights[place(i, j, p->length, 1)];
			finish_sum(sum, p, row, j, false);
		}
}

static void multiply_bf16(const struct strip_product *p, size_t rows)
{
	const uint16_t *weights = p->weights, *x = p->source;

	for (size_t row = 0; row < rows; row++, x += p->length)
		for (size_t j = 0; j < p->width; j++) {
			float sum = 0;

			for (size_t i = 0; i < p->length; i++)
				sum += from_bf16(x[i]) * from_bf16(weights[place(i, j, p->length, 2)]);
			finish_sum(sum, p, row, j, true);
		}
}

static void multiply_bytes(const struct strip_product *p, size_t rows)
{
	const int8_t *weights = p->weights;
	const uint8_t *x = p->source;

	for (size_t row = 0; row < rows; row++, x += p->length)
		for (size_t j = 0; j < p->width; j++) {
			const struct quantized_row *level = &p->levels[row];
			int32_t sum = 0;

			for (size_t i = 0; i < p->length; i++)
				sum += x[i] * weights[place(i, j, p->length, 4)];
			finish_sum(level->scale * (p->scales[j] * (float)sum -
						   p->offsets[j] * level->zero),
				   p, row, j, false);
		}
}

static void pool(const float *state, float *vector, size_t rows)
{
	float squares = 0;

	for (size_t i = 0; i < HIDDEN; i++)
		vector[i] = 0;
	for (size_t row = 0; row < rows; row++)
		for (size_t i = 0; i < HIDDEN; i++)
			vector[i] += state[row * HIDDEN + i];
	for (size_t i = 0; i < HIDDEN; i++) {
		vector[i] /= (float)rows;
		squares += vector[i] * vector[i];
	}
	/* As torch.nn.functional.normalize, which sentence-transformers calls. */
	float scale = 1 / fmaxf(sqrtf(squares), 1e-12F);
	for (size_t i = 0; i < HIDDEN; i++)
		vector[i] *= scale;
}

const struct kernels kernels_plain = {
	.name = "plain",
	.strip_width_f32 = STRIP_WIDTH,
	.gelu = gelu,
	.gelu_bf16 = gelu_bf16,
	.add_norm = add_norm,
	.look_up = look_up,
	.attend = attend,
	.attend_bf16 = attend_bf16,
	.attend_narrow = attend_narrow,
	.rotate = rotate,
	.quantize = quantize,
	.dequantize = dequantize,
	.quantize_blocks = quantize_blocks,
	.gelu_blocks = gelu_blocks,
	.multiply_blocks = multiply_blocks,
	.multiply_f32 = multiply_f32,
	.multiply_bf16 = multiply_bf16,
	.multiply_bytes = multiply_bytes,
	.pool = pool,
};
