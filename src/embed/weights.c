#include "embed/model.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "embed/safetensors.h"
#include "embed/strips.h"

#include "base/banned.h"

enum { NAME_SIZE = 96, HUGE_PAGE = 2 << 20 };

/* A thread that loads. */
struct loader {
	struct embed_model *model;
	const struct safetensors *file;
	float *scratch; /* [INNER][HIDDEN], the largest matrix to be packed */
	int8_t *bytes;  /* the same in bytes */
	struct error *err;
};

/* Reads "encoder.layer.<index>.<part>"; all of its rows. */
static enum status read_part(struct loader *loader, size_t index, const char *part, size_t rows,
			     size_t columns, float *out)
{
	char name[NAME_SIZE];

	snprintf(name, sizeof name, "encoder.layer.%zu.%s", index, part);
	return safetensors_read(loader->file, name, rows, columns, rows ? rows : 1, out,
				loader->err);
}

/* Weights in bytes: for each output from -127 to 127 times a scale of its own. What the zero of the
 * sources' bytes comes to is the sum of an output's weights. */
static void quantize_outputs(const struct kernels *kernels, enum matmul_kind kind, float *weights,
			     int8_t *out, struct channels *channels)
{
	size_t length = matmul_length(kind), width = matmul_width(kind);

	for (size_t j = 0; j < width; j++, weights += length, out += length) {
		float most = 0;
		int32_t sum = 0;

		if (is_rotated(kind))
			kernels->rotate(weights, length);
		for (size_t i = 0; i < length; i++)
			most = fmaxf(most, fabsf(weights[i]));
		float scale = fmaxf(most / 127, 1e-30F);
		for (size_t i = 0; i < length; i++) {
			out[i] = (int8_t)rintf(weights[i] / scale);
			sum += out[i];
		}
		channels->scales[j] = scale;
		channels->offsets[j] = scale * (float)sum;
	}
}

static void pack_strips(const struct loader *loader, enum matmul_kind kind, void *strips)
{
	size_t length = matmul_length(kind), width = matmul_width(kind);

	switch (loader->model->precision) {
	case EMBED_INT8:
		strips_pack_bytes(loader->bytes, width, length, strips);
		break;
	case EMBED_BF16:
		strips_pack_bf16(loader->scratch, width, length, strips);
		break;
	default:
		strips_pack(loader->scratch, width, length,
			    loader->model->kernels->strip_width_f32, strips);
	}
}

/* Packs what is in the scratch, which is used up. */
static enum status pack(struct loader *loader, size_t index, enum matmul_kind kind)
{
	struct embed_model *model = loader->model;
	struct layer *layer = &model->layers[index];
	const void *weights = loader->scratch;

	if (model->block_pool) {
		size_t length = matmul_length(kind), width = matmul_width(kind);
		for (size_t j = 0; is_rotated(kind) && j < width; j++)
			model->kernels->rotate(loader->scratch + j * length, length);
		blocks_pack(loader->scratch, width, length, layer->blocks[kind]);
		return STATUS_OK;
	}
	if (model->precision == EMBED_INT8) {
		quantize_outputs(model->kernels, kind, loader->scratch, loader->bytes,
				 &layer->channels[kind]);
		weights = loader->bytes;
	}
	if (model->strip_pool) {
		pack_strips(loader, kind, layer->strips[kind]);
		return STATUS_OK;
	}
	layer->products[kind] = matmul_weights_new(model->engine, kind, weights);
	return layer->products[kind] ? STATUS_OK : error_no_memory(loader->err);
}

/* bias += weights · values_bias, weights [HIDDEN][HIDDEN]. The attention's probabilities sum to
 * one, so the values' bias reaches the product as it is. */
static void fold_values_bias(float *bias, const float *weights, const float *values_bias)
{
	for (size_t i = 0; i < HIDDEN; i++) {
		double sum = bias[i];
		for (size_t j = 0; j < HIDDEN; j++)
			sum += (double)weights[i * HIDDEN + j] * (double)values_bias[j];
		bias[i] = (float)sum;
	}
}

static enum status read_attention(struct loader *loader, size_t index)
{
	static const char *const matrices[] = {"attention.self.query.weight",
					       "attention.self.key.weight",
					       "attention.self.value.weight"};
	struct layer *layer = &loader->model->layers[index];
	float values_bias[HIDDEN], keys_bias[HIDDEN];
	enum status status = STATUS_OK;

	for (size_t i = 0; i < 3 && status == STATUS_OK; i++)
		status = read_part(loader, index, matrices[i], HIDDEN, HIDDEN,
				   loader->scratch + i * HIDDEN * HIDDEN);
	if (status == STATUS_OK)
		status = pack(loader, index, MATMUL_QKV);
	if (status == STATUS_OK)
		status = read_part(loader, index, "attention.self.query.bias", 0, HIDDEN,
				   layer->qkv_bias);
	if (status == STATUS_OK) /* checked, not used: see kernels.h */
		status = read_part(loader, index, "attention.self.key.bias", 0, HIDDEN, keys_bias);
	if (status == STATUS_OK)
		status = read_part(loader, index, "attention.self.value.bias", 0, HIDDEN,
				   values_bias);
	if (status == STATUS_OK)
		status = read_part(loader, index, "attention.output.dense.bias", 0, HIDDEN,
				   layer->out_bias);
	if (status == STATUS_OK)
		status = read_part(loader, index, "attention.output.dense.weight", HIDDEN, HIDDEN,
				   loader->scratch);
	if (status != STATUS_OK)
		return status;
	fold_values_bias(layer->out_bias, loader->scratch, values_bias);
	return pack(loader, index, MATMUL_OUT);
}

static enum status read_norm(struct loader *loader, size_t index, const char *gain,
			     const char *offset, struct norm *norm)
{
	enum status status = read_part(loader, index, gain, 0, HIDDEN, norm->gain);

	if (status == STATUS_OK)
		status = read_part(loader, index, offset, 0, HIDDEN, norm->offset);
	return status;
}

static enum status read_layer(struct loader *loader, size_t index)
{
	struct layer *layer = &loader->model->layers[index];

	enum status status = read_attention(loader, index);
	if (status == STATUS_OK)
		status = read_norm(loader, index, "attention.output.LayerNorm.weight",
				   "attention.output.LayerNorm.bias", &layer->attention_norm);
	if (status == STATUS_OK)
		status = read_part(loader, index, "intermediate.dense.weight", INNER, HIDDEN,
				   loader->scratch);
	if (status == STATUS_OK)
		status = pack(loader, index, MATMUL_UP);
	if (status == STATUS_OK)
		status = read_part(loader, index, "intermediate.dense.bias", 0, INNER,
				   layer->up_bias);
	if (status == STATUS_OK)
		status = read_part(loader, index, "output.dense.weight", HIDDEN, INNER,
				   loader->scratch);
	if (status == STATUS_OK)
		status = pack(loader, index, MATMUL_DOWN);
	if (status == STATUS_OK)
		status = read_part(loader, index, "output.dense.bias", 0, HIDDEN,
				   layer->down_bias);
	if (status == STATUS_OK)
		status = read_norm(loader, index, "output.LayerNorm.weight",
				   "output.LayerNorm.bias", &layer->output_norm);
	return status;
}

static enum status read_embeddings(struct loader *loader)
{
	struct embed_model *model = loader->model;
	const struct safetensors *file = loader->file;
	size_t size = (sizeof(float) * VOCABULARY * HIDDEN + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
	float type[HIDDEN];

	model->words = aligned_alloc(HUGE_PAGE, size);
	if (!model->words)
		return error_no_memory(loader->err);
	madvise(model->words, size, MADV_HUGEPAGE); /* where it is refused, it is only slower */
	enum status status = safetensors_read(file, "embeddings.word_embeddings.weight", VOCABULARY,
					      HIDDEN, VOCABULARY, model->words, loader->err);
	if (status == STATUS_OK)
		status = safetensors_read(file, "embeddings.position_embeddings.weight", POSITIONS,
					  HIDDEN, EMBED_MAX_TOKENS, model->positions, loader->err);
	if (status == STATUS_OK)
		status = safetensors_read(file, "embeddings.token_type_embeddings.weight",
					  TOKEN_TYPES, HIDDEN, 1, type, loader->err);
	if (status == STATUS_OK)
		status = safetensors_read(file, "embeddings.LayerNorm.weight", 0, HIDDEN, 1,
					  model->embedding_norm.gain, loader->err);
	if (status == STATUS_OK)
		status = safetensors_read(file, "embeddings.LayerNorm.bias", 0, HIDDEN, 1,
					  model->embedding_norm.offset, loader->err);
	for (size_t i = 0; i < EMBED_MAX_TOKENS * HIDDEN && status == STATUS_OK; i++)
		model->positions[i] += type[i % HIDDEN];
	return status;
}

/* What is read apart: the embeddings, which take longest, then the layers. */
enum { PART_COUNT = 1 + LAYERS, THREADS_MAX = 8 };

struct loading {
	struct embed_model *model;
	const struct safetensors *file;
	atomic_size_t next;
	enum status statuses[PART_COUNT];
	struct error errors[PART_COUNT];
};

static void load_part(struct loader *loader, size_t part, struct loading *loading)
{
	loader->err = &loading->errors[part];
	if (!loader->scratch || !loader->bytes)
		loading->statuses[part] = error_no_memory(loader->err);
	else if (part == 0)
		loading->statuses[part] = read_embeddings(loader);
	else
		loading->statuses[part] = read_layer(loader, part - 1);
}

static void *load_parts(void *argument)
{
	struct loading *loading = argument;
	struct loader loader = {.model = loading->model,
				.file = loading->file,
				.scratch = malloc(sizeof(float) * INNER * HIDDEN),
				.bytes = malloc(INNER * HIDDEN)};
	size_t part;

	while ((part = atomic_fetch_add(&loading->next, 1)) < PART_COUNT)
		load_part(&loader, part, loading);
	free(loader.scratch);
	free(loader.bytes);
	return NULL;
}

/* Threads that cannot be started are done without. */
static void load_on_all_cores(struct loading *loading)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t threads[THREADS_MAX];
	size_t count = 0;

	while (count + 1 < THREADS_MAX && (long)count + 1 < cores &&
	       pthread_create(&threads[count], NULL, load_parts, loading) == 0)
		count++;
	load_parts(loading);
	while (count)
		pthread_join(threads[--count], NULL);
}

enum status weights_read(struct embed_model *model, const char *path, struct error *err)
{
	struct safetensors file = {.fd = -1};
	enum status status = safetensors_open(path, &file, err);

	if (status != STATUS_OK)
		return status;
	struct loading loading = {.model = model, .file = &file};
	load_on_all_cores(&loading);
	safetensors_close(&file);
	for (size_t part = 0; part < PART_COUNT; part++)
		if (loading.statuses[part] != STATUS_OK) {
			if (err)
				*err = loading.errors[part];
			return loading.statuses[part];
		}
	return STATUS_OK;
}
