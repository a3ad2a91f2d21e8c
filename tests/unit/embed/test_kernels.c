/* Every table of kernels against the plain one, over random numbers, every small number of rows and
 * random larger ones. Arrays end at a page that may not be touched. */
#include "embed_support.h"

#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "embed/blocks.h"
#include "embed/kernels/kernels.h"
#include "embed/matmul.h"
#include "embed/strips.h"

enum { MOST_ROWS = EMBED_MAX_TOKENS };

struct guarded {
	char *map;
	size_t map_size;
	void *data; /* ends where the untouchable page begins */
};

static struct guarded guarded_new(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct guarded guarded = {.map_size = (size + page - 1) / page * page + 2 * page};

	guarded.map = mmap(NULL, guarded.map_size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(guarded.map != MAP_FAILED);
	assert_int_equal(mprotect(guarded.map, page, PROT_NONE), 0);
	assert_int_equal(mprotect(guarded.map + guarded.map_size - page, page, PROT_NONE), 0);
	guarded.data = guarded.map + guarded.map_size - page - size;
	return guarded;
}

static void guarded_release(struct guarded *guarded)
{
	munmap(guarded->map, guarded->map_size);
}

static float random_number(uint64_t *random, float scale)
{
	return ((float)(random_next(random) % 2000001) / 1000000 - 1) * scale;
}

static struct guarded random_numbers(uint64_t *random, size_t count, float scale)
{
	struct guarded guarded = guarded_new(count * sizeof(float));
	float *data = guarded.data;

	for (size_t i = 0; i < count; i++)
		data[i] = random_number(random, scale);
	return guarded;
}

static struct guarded copy(const struct guarded *from, size_t count)
{
	struct guarded guarded = guarded_new(count * sizeof(float));

	memcpy(guarded.data, from->data, count * sizeof(float));
	return guarded;
}

static float from_bf16(uint16_t number)
{
	uint32_t bits = (uint32_t)number << 16;
	float x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

static void assert_close(const char *table, size_t rows, const float *actual, const float *expected,
			 size_t count, float tolerance)
{
	for (size_t i = 0; i < count; i++)
		if (!(fabsf(actual[i] - expected[i]) <= tolerance * fmaxf(1, fabsf(expected[i]))))
			fail_msg("%s, %zu rows: number %zu is %.9g, not %.9g", table, rows, i,
				 (double)actual[i], (double)expected[i]);
}

/* Two roundings to bf16 may part by one step, 2^-7 of the number at most. */
static void assert_close_bf16(const char *table, size_t rows, const uint16_t *actual,
			      const uint16_t *expected, size_t count, float tolerance)
{
	for (size_t i = 0; i < count; i++) {
		float a = from_bf16(actual[i]), e = from_bf16(expected[i]);
		if (!(fabsf(a - e) <= tolerance + fabsf(e) / 128))
			fail_msg("%s, %zu rows: bf16 number %zu is %.9g, not %.9g", table, rows, i,
				 (double)a, (double)e);
	}
}

typedef void check_function(const struct kernels *kernels, size_t rows, uint64_t *random);

static void for_all_tables(check_function *check, size_t most_rows)
{
	uint64_t random = random_seed();
	const struct kernels *kernels;

	for (size_t table = 0; (kernels = kernels_table(table)); table++) {
		for (size_t rows = 1; rows <= 35 && rows <= most_rows; rows++)
			check(kernels, rows, &random);
		for (int i = 0; i < 5; i++)
			check(kernels, 1 + random_next(&random) % most_rows, &random);
		check(kernels, most_rows, &random);
	}
}

static void check_gelu(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	struct guarded x = random_numbers(random, rows * INNER, 9), y = copy(&x, rows * INNER);
	struct guarded bias = random_numbers(random, INNER, 1);
	struct guarded narrow = guarded_new(rows * INNER * 2), other = guarded_new(rows * INNER * 2);

	kernels->gelu_bf16(x.data, bias.data, narrow.data, rows);
	kernels_plain.gelu_bf16(x.data, bias.data, other.data, rows);
	assert_close_bf16(kernels->name, rows, narrow.data, other.data, rows * INNER, 4e-4F);
	kernels->gelu(x.data, bias.data, rows);
	kernels_plain.gelu(y.data, bias.data, rows);
	assert_close(kernels->name, rows, x.data, y.data, rows * INNER, 2e-6F);
	guarded_release(&x);
	guarded_release(&y);
	guarded_release(&bias);
	guarded_release(&narrow);
	guarded_release(&other);
}

static void gelu_is_that_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_gelu, 40);
}

static void gelu_holds_for_the_largest_and_smallest_numbers(void **state)
{
	const float edges[] = {0.0F, -0.0F, 1e-38F, -1e-38F, 1e-45F, 1e-8F, 5.2F, -5.2F, 5.3F,
			       -5.3F, 13.0F, -13.0F, 100.0F, 1e4F, 3e37F};
	static float x[INNER], bias[INNER];
	const struct kernels *kernels;

	(void)state;
	for (size_t table = 0; (kernels = kernels_table(table)); table++) {
		for (size_t i = 0; i < INNER; i++)
			x[i] = edges[i % (sizeof edges / sizeof *edges)];
		kernels->gelu(x, bias, 1);
		for (size_t i = 0; i < INNER; i++) {
			double v = (double)edges[i % (sizeof edges / sizeof *edges)];
			double exact = v / 2 * (1 + erf(v * M_SQRT1_2));
			assert_true(fabs((double)x[i] - exact) <= 2e-6 * fmax(1, fabs(v)));
		}
	}
}

static void check_add_norm(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	size_t count = rows * HIDDEN;
	struct guarded state = random_numbers(random, count, 3), other = copy(&state, count);
	struct guarded x = random_numbers(random, count, 3);
	struct guarded bias = random_numbers(random, HIDDEN, 1);
	struct guarded norm = random_numbers(random, 2 * HIDDEN, 2);
	struct guarded narrow = guarded_new(count * 2), other_narrow = guarded_new(count * 2);
	struct guarded third = copy(&state, count);

	kernels->add_norm(state.data, x.data, bias.data, norm.data, narrow.data, rows);
	kernels_plain.add_norm(other.data, x.data, bias.data, norm.data, other_narrow.data, rows);
	assert_close(kernels->name, rows, state.data, other.data, count, 1e-5F);
	assert_close_bf16(kernels->name, rows, narrow.data, other_narrow.data, count, 1e-5F);
	kernels->add_norm(third.data, x.data, bias.data, norm.data, NULL, rows);
	assert_memory_equal(third.data, state.data, count * sizeof(float));
	guarded_release(&state);
	guarded_release(&other);
	guarded_release(&third);
	guarded_release(&x);
	guarded_release(&bias);
	guarded_release(&norm);
	guarded_release(&narrow);
	guarded_release(&other_narrow);
}

static void normalised_sums_are_those_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_add_norm, 64);
}

static void check_look_up(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	enum { WORDS = 50 };
	size_t count = rows * HIDDEN;
	struct guarded words = random_numbers(random, WORDS * HIDDEN, 1);
	struct guarded positions = random_numbers(random, rows * HIDDEN, 1);
	struct guarded norm = random_numbers(random, 2 * HIDDEN, 2);
	struct guarded state = guarded_new(count * 4), other = guarded_new(count * 4);
	struct guarded narrow = guarded_new(count * 2), other_narrow = guarded_new(count * 2);
	int32_t ids[MOST_ROWS];

	for (size_t i = 0; i < rows; i++)
		ids[i] = i == 0 ? WORDS - 1 : (int32_t)(random_next(random) % WORDS);
	kernels->look_up(state.data, ids, words.data, positions.data, norm.data, narrow.data, rows);
	kernels_plain.look_up(other.data, ids, words.data, positions.data, norm.data,
			      other_narrow.data, rows);
	assert_close(kernels->name, rows, state.data, other.data, count, 1e-5F);
	assert_close_bf16(kernels->name, rows, narrow.data, other_narrow.data, count, 1e-5F);
	kernels->look_up(other.data, ids, words.data, positions.data, norm.data, NULL, rows);
	assert_memory_equal(other.data, state.data, count * sizeof(float));
	guarded_release(&words);
	guarded_release(&positions);
	guarded_release(&norm);
	guarded_release(&state);
	guarded_release(&other);
	guarded_release(&narrow);
	guarded_release(&other_narrow);
}

static void words_looked_up_are_those_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_look_up, MOST_ROWS);
}

/* The attention of large scores is all on one key, of small ones spread over all. */
static void check_attend(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	float scale = random_next(random) % 2 ? 1 : 12;
	struct guarded qkv = random_numbers(random, rows * QKV, scale);
	struct guarded bias = random_numbers(random, HIDDEN, 1);
	struct guarded context = guarded_new(rows * HIDDEN * 4), other = guarded_new(rows * HIDDEN * 4);
	struct guarded narrow = guarded_new(rows * HIDDEN * 2);
	struct guarded other_narrow = guarded_new(rows * HIDDEN * 2);

	kernels->attend(qkv.data, bias.data, context.data, rows);
	kernels_plain.attend(qkv.data, bias.data, other.data, rows);
	assert_close(kernels->name, rows, context.data, other.data, rows * HIDDEN, 1e-4F * scale);
	kernels->attend_bf16(qkv.data, bias.data, narrow.data, rows);
	kernels_plain.attend_bf16(qkv.data, bias.data, other_narrow.data, rows);
	assert_close_bf16(kernels->name, rows, narrow.data, other_narrow.data, rows * HIDDEN,
			  1e-4F * scale);
	guarded_release(&qkv);
	guarded_release(&bias);
	guarded_release(&context);
	guarded_release(&other);
	guarded_release(&narrow);
	guarded_release(&other_narrow);
}

static void attention_is_that_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_attend, MOST_ROWS);
}

/* Scores of up to 12 keep both the weights' and the values' rounding within sight. */
static void check_attend_narrow(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	float scale = random_next(random) % 2 ? 1 : 3;
	struct guarded numbers = random_numbers(random, rows * QKV, scale);
	struct guarded qkv = guarded_new(rows * QKV * 2);
	struct guarded context = guarded_new(rows * HIDDEN * 4), other = guarded_new(rows * HIDDEN * 4);
	struct guarded narrow = guarded_new(rows * HIDDEN * 2);

	for (size_t i = 0; i < rows * QKV; i++)
		memcpy((uint16_t *)qkv.data + i, (char *)numbers.data + 4 * i + 2, 2);
	if (kernels->attend_narrow) {
		kernels->attend_narrow(qkv.data, context.data, NULL, rows);
		kernels_plain.attend_narrow(qkv.data, other.data, NULL, rows);
		assert_close(kernels->name, rows, context.data, other.data, rows * HIDDEN,
			     scale / 128);
		kernels->attend_narrow(qkv.data, NULL, narrow.data, rows);
		for (size_t i = 0; i < rows * HIDDEN; i++) {
			float wide = ((float *)context.data)[i];
			float back = from_bf16(((uint16_t *)narrow.data)[i]);
			assert_true(fabsf(back - wide) <= fabsf(wide) / 256);
		}
	}
	guarded_release(&numbers);
	guarded_release(&qkv);
	guarded_release(&context);
	guarded_release(&other);
	guarded_release(&narrow);
}

static void attention_of_bf16_is_that_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_attend_narrow, MOST_ROWS);
}

static void check_rotate(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	size_t count = rows % 2 ? HIDDEN : INNER;
	struct guarded x = random_numbers(random, count, 5), y = copy(&x, count), z = copy(&x, count);

	kernels->rotate(x.data, count);
	kernels_plain.rotate(y.data, count);
	assert_close(kernels->name, rows, x.data, y.data, count, 1e-5F);
	kernels->rotate(x.data, count);
	assert_close(kernels->name, rows, x.data, z.data, count, 1e-5F);
	guarded_release(&x);
	guarded_release(&y);
	guarded_release(&z);
}

static void a_row_rotated_is_that_of_plain_c_and_twice_the_row_itself(void **state)
{
	(void)state;
	for_all_tables(check_rotate, 10);
}

/* A row whose least number is half a level under one: rounding may take it below the byte 0. */
static void half_level_row(float *x, size_t columns, uint64_t *random)
{
	float level = 0.01F + fabsf(random_number(random, 1));
	float zero = (float)(random_next(random) % 255) + 0.5F;

	for (size_t i = 0; i < columns; i++)
		x[i] = level * ((float)(i % 256) - zero);
}

/* Numbers on the edge of two bytes may go to either. */
static void check_quantize(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	size_t columns = random_next(random) % 2 ? HIDDEN : INNER, count = rows * columns;
	bool rotated = random_next(random) % 2;
	struct guarded x = random_numbers(random, count, random_next(random) % 2 ? 0.01F : 30);
	struct guarded bytes = guarded_new(count), other = guarded_new(count);
	struct guarded levels = guarded_new(rows * sizeof(struct quantized_row));
	struct guarded other_levels = guarded_new(rows * sizeof(struct quantized_row));
	const struct quantized_row *a = levels.data, *b = other_levels.data;

	memset(x.data, 0, columns * sizeof(float)); /* a row of zeros has levels too */
	if (rows % 2)
		half_level_row(x.data, columns, random);
	kernels->quantize(x.data, columns, rotated, bytes.data, levels.data, rows);
	kernels_plain.quantize(x.data, columns, rotated, other.data, other_levels.data, rows);
	for (size_t row = 0; row < rows; row++) {
		assert_true(fabsf(a[row].scale - b[row].scale) <= 1e-5F * b[row].scale);
		assert_true(fabsf(a[row].zero - b[row].zero) <= 1);
		assert_true(a[row].zero >= 0 && a[row].zero <= 255);
	}
	for (size_t i = 0; i < count; i++)
		if (abs(((uint8_t *)bytes.data)[i] - ((uint8_t *)other.data)[i]) > 1)
			fail_msg("%s, %zu rows of %zu: byte %zu", kernels->name, rows, columns, i);
	for (size_t i = 0; i < count && !rotated; i++) {
		const struct quantized_row *level = &a[i / columns];
		float back = level->scale * ((float)((uint8_t *)bytes.data)[i] - level->zero);
		assert_true(fabsf(back - ((float *)x.data)[i]) <= level->scale * 1.01F);
	}
	guarded_release(&x);
	guarded_release(&bytes);
	guarded_release(&other);
	guarded_release(&levels);
	guarded_release(&other_levels);
}

static void bytes_and_their_levels_are_those_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_quantize, 40);
}

static void check_dequantize(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	size_t columns = random_next(random) % 2 ? QKV : INNER, count = rows * columns;
	struct guarded sums = guarded_new(count * 4), scales = random_numbers(random, columns, 1e-3F);
	struct guarded offsets = random_numbers(random, columns, 5);
	struct guarded levels = guarded_new(rows * sizeof(struct quantized_row));

	for (size_t i = 0; i < count; i++)
		((int32_t *)sums.data)[i] = (int32_t)(random_next(random) % 60000001) - 30000000;
	struct guarded other = copy(&sums, count);
	for (size_t i = 0; i < rows; i++)
		((struct quantized_row *)levels.data)[i] = (struct quantized_row){
			fabsf(random_number(random, 0.1F)), (float)(random_next(random) % 256)};
	kernels->dequantize(sums.data, columns, scales.data, offsets.data, levels.data, rows);
	kernels_plain.dequantize(other.data, columns, scales.data, offsets.data, levels.data, rows);
	assert_close(kernels->name, rows, sums.data, other.data, count, 3e-4F);
	guarded_release(&sums);
	guarded_release(&other);
	guarded_release(&scales);
	guarded_release(&offsets);
	guarded_release(&levels);
}

static void sums_of_bytes_become_the_numbers_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_dequantize, 40);
}

static void assert_same_blocks(const struct kernels *kernels, const struct guarded *bytes,
			       const struct guarded *levels, const struct guarded *other,
			       const struct guarded *other_levels, size_t count, float tolerance)
{
	const struct block_level *a = levels->data, *b = other_levels->data;

	for (size_t i = 0; i < count / BLOCK; i++) {
		assert_true(fabsf(a[i].scale - b[i].scale) <= tolerance * b[i].scale);
		assert_true(fabsf(a[i].middle - b[i].middle) <= tolerance * 128 * b[i].scale);
	}
	for (size_t i = 0; i < count; i++) {
		int byte = ((uint8_t *)bytes->data)[i];
		if (byte > BLOCK_LEVELS || abs(byte - ((uint8_t *)other->data)[i]) > 1)
			fail_msg("%s: byte %zu is %d", kernels->name, i, byte);
	}
}

/* Numbers on the edge of two levels may go to either. */
static void check_quantize_blocks(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	size_t columns = random_next(random) % 2 ? HIDDEN : INNER, count = rows * columns;
	bool rotated = random_next(random) % 2;
	struct guarded x = random_numbers(random, count, random_next(random) % 2 ? 0.01F : 30);
	struct guarded bytes = guarded_new(count), other = guarded_new(count);
	struct guarded levels = guarded_new(count / BLOCK * sizeof(struct block_level));
	struct guarded other_levels = guarded_new(count / BLOCK * sizeof(struct block_level));

	for (size_t i = 0; i < BLOCK; i++)
		((float *)x.data)[i] = rows % 2 ? 0 : 7; /* a block of equal numbers has levels too */
	kernels->quantize_blocks(x.data, columns, rotated, bytes.data, levels.data, rows);
	kernels_plain.quantize_blocks(x.data, columns, rotated, other.data, other_levels.data, rows);
	assert_same_blocks(kernels, &bytes, &levels, &other, &other_levels, count, 1e-4F);
	for (size_t i = 0; i < count && !rotated; i++) {
		const struct block_level *level = (struct block_level *)levels.data + i / BLOCK;
		float distance = (float)((uint8_t *)bytes.data)[i] - BLOCK_MIDDLE;
		float back = level->scale * distance + level->middle;
		assert_true(fabsf(back - ((float *)x.data)[i]) <= level->scale * 0.51F + 1e-6F);
	}
	guarded_release(&x);
	guarded_release(&bytes);
	guarded_release(&other);
	guarded_release(&levels);
	guarded_release(&other_levels);
}

static void bytes_in_blocks_are_those_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_quantize_blocks, 40);
}

static void check_gelu_blocks(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	size_t count = rows * INNER;
	struct guarded x = random_numbers(random, count, 4), bias = random_numbers(random, INNER, 1);
	struct guarded bytes = guarded_new(count), other = guarded_new(count);
	struct guarded levels = guarded_new(count / BLOCK * sizeof(struct block_level));
	struct guarded other_levels = guarded_new(count / BLOCK * sizeof(struct block_level));

	kernels->gelu_blocks(x.data, bias.data, bytes.data, levels.data, rows);
	kernels_plain.gelu_blocks(x.data, bias.data, other.data, other_levels.data, rows);
	assert_same_blocks(kernels, &bytes, &levels, &other, &other_levels, count, 2e-3F);
	guarded_release(&x);
	guarded_release(&bias);
	guarded_release(&bytes);
	guarded_release(&other);
	guarded_release(&levels);
	guarded_release(&other_levels);
}

static void gelu_in_blocks_is_that_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_gelu_blocks, 20);
}

/* Weights as a model has them, or all as large as can be; and sources at their bounds, or anywhere. */
static struct guarded random_blocks(uint64_t *random, size_t width, size_t length)
{
	struct guarded weights = random_numbers(random, width * length, 0.1F);
	struct guarded packed = guarded_new(blocks_count(width, length) * sizeof(struct block_weights));
	bool large = random_next(random) % 2;
	float *numbers = weights.data;

	for (size_t i = 0; i < width * length && large; i++)
		numbers[i] = numbers[i] < 0 ? -0.1F : 0.1F;
	blocks_pack(weights.data, width, length, packed.data);
	guarded_release(&weights);
	return packed;
}

static struct guarded random_bytes(uint64_t *random, size_t count)
{
	struct guarded bytes = guarded_new(count);
	bool bounds = random_next(random) % 2;

	for (size_t i = 0; i < count; i++)
		((uint8_t *)bytes.data)[i] =
			(uint8_t)(bounds ? random_next(random) % 2 * BLOCK_LEVELS
					 : random_next(random) % (BLOCK_LEVELS + 1));
	return bytes;
}

static void check_multiply_blocks(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	size_t length = (1 + random_next(random) % 4) * BLOCK;
	size_t width = (1 + random_next(random) % 5) * BLOCK_WIDTH;
	struct guarded packed = random_blocks(random, width, length);
	struct guarded bytes = random_bytes(random, rows * length);
	struct guarded levels = random_numbers(random, rows * length / BLOCK * 2, 0.02F);
	struct guarded out = guarded_new(rows * width * 4), other = guarded_new(rows * width * 4);

	kernels->multiply_blocks(bytes.data, levels.data, length, packed.data, width, out.data, rows);
	kernels_plain.multiply_blocks(bytes.data, levels.data, length, packed.data, width, other.data,
				      rows);
	assert_close(kernels->name, rows, out.data, other.data, rows * width, 2e-5F);
	guarded_release(&packed);
	guarded_release(&bytes);
	guarded_release(&levels);
	guarded_release(&out);
	guarded_release(&other);
}

static void products_of_blocks_are_those_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_multiply_blocks, 70);
}

static void assert_is_product(const struct kernels *kernels, const struct guarded *out,
			      const struct guarded *expected, size_t rows, size_t width,
			      bool is_bf16)
{
	if (is_bf16)
		assert_close_bf16(kernels->name, rows, out->data, expected->data, rows * width, 5e-4F);
	else
		assert_close(kernels->name, rows, out->data, expected->data, rows * width, 5e-4F);
}

/* A product of `product`'s table and of plain C, and of one row alone, which is the same to the bit. The
 * weights are packed, so that the order of packing is proven too. */
static void check_product(const struct kernels *kernels, struct strip_product product,
			  const void *plain_weights, enum matmul_type type, size_t rows,
			  uint64_t *random)
{
	typedef void (*function)(const struct strip_product *, size_t);
	const function own[] = {kernels->multiply_f32, kernels->multiply_bf16,
				kernels->multiply_bytes};
	const function plain[] = {kernels_plain.multiply_f32, kernels_plain.multiply_bf16,
				  kernels_plain.multiply_bytes};
	static const size_t sizes[] = {4, 2, 1};
	bool is_bf16 = product.finish == STRIP_BF16 ||
		       (product.finish == STRIP_GELU && type == MATMUL_BF16);
	size_t number = is_bf16 ? 2 : 4, row = random_next(random) % rows;
	struct guarded out = guarded_new(rows * product.width * number);
	struct guarded expected = guarded_new(rows * product.width * number);
	struct guarded alone = guarded_new(product.width * number);
	struct strip_product other = product;

	product.destination = out.data;
	own[type](&product, rows);
	other.destination = expected.data;
	other.weights = plain_weights;
	plain[type](&other, rows);
	assert_is_product(kernels, &out, &expected, rows, product.width, is_bf16);
	product.source = (const char *)product.source + row * product.length * sizes[type];
	product.levels += row;
	product.destination = alone.data;
	own[type](&product, 1);
	assert_memory_equal(alone.data, (char *)out.data + row * product.width * number,
			    product.width * number);
	guarded_release(&out);
	guarded_release(&expected);
	guarded_release(&alone);
}

/* GELU works on rows of INNER numbers. */
static struct strip_product random_product(const struct guarded *bias, enum strip_finish finish,
					   uint64_t *random)
{
	return (struct strip_product){.length = (1 + random_next(random) % 6) * 32,
				      .width = finish == STRIP_GELU
						       ? INNER
						       : (1 + random_next(random) % 4) * STRIP_WIDTH,
				      .finish = finish,
				      .bias = bias->data};
}

static void check_multiply_f32(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	struct guarded bias = random_numbers(random, INNER, 1);
	struct strip_product product = random_product(
		&bias, random_next(random) % 8 ? STRIP_SUM : STRIP_GELU, random);
	size_t count = product.width * product.length;
	struct guarded source = random_numbers(random, rows * product.length, 2);
	struct guarded weights = random_numbers(random, count, 0.1F);
	struct guarded packed = guarded_new(count * 4), plain = guarded_new(count * 4);

	strips_pack(weights.data, product.width, product.length, kernels->strip_width_f32,
		    packed.data);
	strips_pack(weights.data, product.width, product.length, kernels_plain.strip_width_f32,
		    plain.data);
	product.source = source.data;
	product.weights = packed.data;
	check_product(kernels, product, plain.data, MATMUL_F32, rows, random);
	guarded_release(&bias);
	guarded_release(&source);
	guarded_release(&weights);
	guarded_release(&packed);
	guarded_release(&plain);
}

static void check_multiply_bf16(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	struct guarded bias = random_numbers(random, INNER, 1);
	uint64_t which = random_next(random) % 8;
	struct strip_product product = random_product(
		&bias, which == 0 ? STRIP_GELU : which < 4 ? STRIP_BF16 : STRIP_SUM, random);
	size_t count = product.width * product.length;
	struct guarded numbers = random_numbers(random, rows * product.length, 2);
	struct guarded source = guarded_new(rows * product.length * 2);
	struct guarded weights = random_numbers(random, count, 0.1F);
	struct guarded packed = guarded_new(count * 2);

	for (size_t i = 0; i < rows * product.length; i++)
		memcpy((uint16_t *)source.data + i, (char *)numbers.data + 4 * i + 2, 2);
	strips_pack_bf16(weights.data, product.width, product.length, packed.data);
	product.source = source.data;
	product.weights = packed.data;
	if (kernels->multiply_bf16)
		check_product(kernels, product, packed.data, MATMUL_BF16, rows, random);
	guarded_release(&bias);
	guarded_release(&numbers);
	guarded_release(&source);
	guarded_release(&weights);
	guarded_release(&packed);
}

/* Bytes at their bounds, or anywhere: no sum is held to what fewer bits can say. */
static void check_multiply_bytes(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	struct guarded bias = random_numbers(random, INNER, 1);
	uint64_t which = random_next(random) % 8;
	struct strip_product product = random_product(
		&bias, which == 0 ? STRIP_GELU : which < 4 ? STRIP_BF16 : STRIP_SUM, random);
	size_t count = product.width * product.length;
	bool bounds = random_next(random) % 2;
	struct guarded source = guarded_new(rows * product.length), weights = guarded_new(count);
	struct guarded packed = guarded_new(count);
	float most = product.finish == STRIP_GELU ? 1e-5F : 1e-3F; /* GELU's bound is for what texts give */
	struct guarded scales = random_numbers(random, product.width, most);
	struct guarded offsets = random_numbers(random, product.width, 10 * most);
	struct guarded levels = guarded_new(rows * sizeof(struct quantized_row));

	for (size_t i = 0; i < rows * product.length; i++)
		((uint8_t *)source.data)[i] =
			(uint8_t)(bounds ? 255 * (random_next(random) % 2) : random_next(random));
	for (size_t i = 0; i < count; i++)
		((int8_t *)weights.data)[i] =
			(int8_t)(bounds ? 127 : (int)(random_next(random) % 255) - 127);
	for (size_t i = 0; i < rows; i++)
		((struct quantized_row *)levels.data)[i] = (struct quantized_row){
			fabsf(random_number(random, 0.1F)), (float)(random_next(random) % 256)};
	strips_pack_bytes(weights.data, product.width, product.length, packed.data);
	product.source = source.data;
	product.weights = packed.data;
	product.scales = scales.data;
	product.offsets = offsets.data;
	product.levels = levels.data;
	if (kernels->multiply_bytes)
		check_product(kernels, product, packed.data, MATMUL_INT8, rows, random);
	guarded_release(&bias);
	guarded_release(&source);
	guarded_release(&weights);
	guarded_release(&packed);
	guarded_release(&scales);
	guarded_release(&offsets);
	guarded_release(&levels);
}

static void products_in_strips_are_those_of_plain_c_and_of_each_row_alone(void **state)
{
	(void)state;
	for_all_tables(check_multiply_f32, 40);
	for_all_tables(check_multiply_bf16, 40);
	for_all_tables(check_multiply_bytes, 40);
}

/* What plain C is held to: the sums of the weights as the model file has them. */
static void products_in_strips_are_those_of_the_weights(void **state)
{
	enum { LENGTH = 64, WIDTH = 2 * STRIP_WIDTH };
	static float source[LENGTH], weights[WIDTH * LENGTH], packed[WIDTH * LENGTH], out[WIDTH];
	static uint16_t narrow[LENGTH], narrow_packed[WIDTH * LENGTH];
	static uint8_t bytes[LENGTH];
	static int8_t signed_bytes[WIDTH * LENGTH], packed_bytes[WIDTH * LENGTH];
	static float ones[WIDTH], zeros[WIDTH];
	const struct quantized_row level = {1, 0};
	struct strip_product product = {.length = LENGTH, .width = WIDTH, .levels = &level,
					.scales = ones, .offsets = zeros, .destination = out};

	(void)state;
	for (size_t i = 0; i < LENGTH; i++) { /* numbers that are the same in all types */
		bytes[i] = (uint8_t)(i % 7);
		source[i] = bytes[i];
		memcpy(&narrow[i], (char *)&source[i] + 2, 2);
	}
	for (size_t i = 0; i < WIDTH * LENGTH; i++) {
		signed_bytes[i] = (int8_t)((int)(i * 31 % 201) - 100);
		weights[i] = signed_bytes[i];
	}
	for (size_t j = 0; j < WIDTH; j++)
		ones[j] = 1;
	for (int type = 0; type < 3; type++) {
		strips_pack(weights, WIDTH, LENGTH, kernels_plain.strip_width_f32, packed);
		strips_pack_bf16(weights, WIDTH, LENGTH, narrow_packed);
		strips_pack_bytes(signed_bytes, WIDTH, LENGTH, packed_bytes);
		product.source = type == 0 ? (void *)source : type == 1 ? (void *)narrow : bytes;
		product.weights = type == 0   ? (void *)packed
				  : type == 1 ? (void *)narrow_packed
					      : packed_bytes;
		(type == 0   ? kernels_plain.multiply_f32
		 : type == 1 ? kernels_plain.multiply_bf16
			     : kernels_plain.multiply_bytes)(&product, 1);
		for (size_t j = 0; j < WIDTH; j++) {
			float sum = 0;
			for (size_t i = 0; i < LENGTH; i++)
				sum += source[i] * weights[j * LENGTH + i];
			assert_true(out[j] == sum);
		}
	}
}

static void check_pool(const struct kernels *kernels, size_t rows, uint64_t *random)
{
	struct guarded state = random_numbers(random, rows * HIDDEN, 2);
	struct guarded vector = guarded_new(HIDDEN * 4), other = guarded_new(HIDDEN * 4);

	kernels->pool(state.data, vector.data, rows);
	kernels_plain.pool(state.data, other.data, rows);
	assert_close(kernels->name, rows, vector.data, other.data, HIDDEN, 2e-6F);
	memset(state.data, 0, rows * HIDDEN * sizeof(float));
	kernels->pool(state.data, vector.data, rows);
	for (size_t i = 0; i < HIDDEN; i++)
		assert_true(((float *)vector.data)[i] == 0);
	guarded_release(&state);
	guarded_release(&vector);
	guarded_release(&other);
}

static void pooled_vectors_are_those_of_plain_c(void **state)
{
	(void)state;
	for_all_tables(check_pool, MOST_ROWS);
}

static void a_table_is_chosen_by_name_and_never_a_faster_one(void **state)
{
	(void)state;
	assert_ptr_equal(kernels_select(NULL), kernels_table(0));
	assert_ptr_equal(kernels_select("plain"), &kernels_plain);
	assert_ptr_equal(kernels_select("no such table"), &kernels_plain);
	for (size_t i = 0; kernels_table(i); i++)
		assert_ptr_equal(kernels_select(kernels_table(i)->name), kernels_table(i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gelu_is_that_of_plain_c),
		cmocka_unit_test(gelu_holds_for_the_largest_and_smallest_numbers),
		cmocka_unit_test(normalised_sums_are_those_of_plain_c),
		cmocka_unit_test(words_looked_up_are_those_of_plain_c),
		cmocka_unit_test(attention_is_that_of_plain_c),
		cmocka_unit_test(attention_of_bf16_is_that_of_plain_c),
		cmocka_unit_test(a_row_rotated_is_that_of_plain_c_and_twice_the_row_itself),
		cmocka_unit_test(bytes_and_their_levels_are_those_of_plain_c),
		cmocka_unit_test(sums_of_bytes_become_the_numbers_of_plain_c),
		cmocka_unit_test(bytes_in_blocks_are_those_of_plain_c),
		cmocka_unit_test(gelu_in_blocks_is_that_of_plain_c),
		cmocka_unit_test(products_of_blocks_are_those_of_plain_c),
		cmocka_unit_test(products_in_strips_are_those_of_plain_c_and_of_each_row_alone),
		cmocka_unit_test(products_in_strips_are_those_of_the_weights),
		cmocka_unit_test(pooled_vectors_are_those_of_plain_c),
		cmocka_unit_test(a_table_is_chosen_by_name_and_never_a_faster_one),
	};

	return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
