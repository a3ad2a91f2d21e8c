#include "roof.h"

#include <stdlib.h>
#include <time.h>

#include "embed/matmul.h"
#include "embed/model.h"

#include "base/banned.h"

double roof_processor_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double roof_flop(size_t tokens)
{
	return 2.0 * LAYERS * (HIDDEN * QKV + HIDDEN * HIDDEN + 2 * HIDDEN * INNER) * (double)tokens;
}

/* What is multiplied, and by what: the model's own weights, or others of oneDNN. */
struct roof {
	const struct embed_model *model;
	struct matmul_context *context; /* NULL: the model's kernels */
	struct matmul_weights *weights[MATMUL_KINDS];
	uint16_t *source;
	struct quantized_row *levels;
	struct block_level *block_levels;
	float *destination;
};

static void multiply_strips(const struct roof *roof, enum matmul_kind kind)
{
	const struct layer *layer = &roof->model->layers[0];
	const struct kernels *kernels = roof->model->kernels;
	const struct strip_product product = {.source = roof->source,
					      .weights = layer->strips[kind],
					      .length = matmul_length(kind),
					      .width = matmul_width(kind),
					      .levels = roof->levels,
					      .scales = layer->channels[kind].scales,
					      .offsets = layer->channels[kind].offsets,
					      .destination = roof->destination};

	if (roof->model->precision == EMBED_BF16)
		kernels->multiply_bf16(&product, MATMUL_PANEL);
	else if (roof->model->precision == EMBED_INT8)
		kernels->multiply_bytes(&product, MATMUL_PANEL);
	else
		kernels->multiply_f32(&product, MATMUL_PANEL);
}

static void multiply(const struct roof *roof, enum matmul_kind kind)
{
	const struct layer *layer = &roof->model->layers[0];

	if (roof->context) {
		if (!matmul_run(roof->context, roof->weights[kind], MATMUL_PANEL, roof->source,
				roof->destination))
			abort();
	} else if (layer->strips[kind]) {
		multiply_strips(roof, kind);
	} else {
		roof->model->kernels->multiply_blocks(
			(const uint8_t *)roof->source, roof->block_levels, matmul_length(kind),
			layer->blocks[kind], matmul_width(kind), roof->destination, MATMUL_PANEL);
	}
}

/* The products over full panels, each again and again: what the encoder would do if nothing but
 * them took time, and weights were always in the cache. FLOP a second. */
static double measure(const struct roof *roof)
{
	enum { TIMES = 60 };
	double seconds = 0;

	for (size_t kind = 0; kind < MATMUL_KINDS; kind++) {
		double begin = 0;
		for (int i = -3; i < TIMES; i++) {
			if (i == 0)
				begin = roof_processor_seconds();
			multiply(roof, (enum matmul_kind)kind);
		}
		seconds += (roof_processor_seconds() - begin) / TIMES;
	}
	return roof_flop(MATMUL_PANEL) / LAYERS / seconds;
}

static double measure_library(struct roof *roof, enum matmul_type type)
{
	struct matmul_engine *engine = matmul_engine_new(type);
	double rate = 0;

	roof->context = engine ? matmul_context_new(engine) : NULL;
	for (size_t kind = 0; kind < MATMUL_KINDS; kind++) {
		/* Any weights: the source's numbers are such in every type. */
		roof->weights[kind] = engine ? matmul_weights_new(engine, (enum matmul_kind)kind,
								  roof->source)
					     : NULL;
		if (!roof->context || !roof->weights[kind])
			abort();
	}
	rate = measure(roof);
	for (size_t kind = 0; kind < MATMUL_KINDS; kind++)
		matmul_weights_free(roof->weights[kind]);
	matmul_context_free(roof->context);
	matmul_engine_free(engine);
	roof->context = NULL;
	return rate;
}

double roof_measure(const struct embed_model *model)
{
	enum { NUMBERS = INNER * HIDDEN };
	static const enum matmul_type types[] = {
		[EMBED_F32] = MATMUL_F32, [EMBED_BF16] = MATMUL_BF16, [EMBED_INT8] = MATMUL_INT8};
	enum matmul_type type = types[model->precision];
	struct roof roof = {.model = model,
			    .source = calloc(NUMBERS, sizeof(float)),
			    .levels = calloc(MATMUL_PANEL, sizeof *roof.levels),
			    .block_levels = calloc(MATMUL_PANEL * INNER / BLOCK,
						   sizeof *roof.block_levels),
			    .destination = calloc(MATMUL_PANEL * INNER, sizeof *roof.destination)};
	double own = 0, library = 0;

	/* Numbers from 0.5 to 2 in either type. Zeros would take less power, and the processor
	 * would run a quarter faster than it ever does with texts. */
	for (size_t i = 0; i < (size_t)NUMBERS * 2; i++)
		roof.source[i] = (uint16_t)(0x3F00 + i * 2654435761U / 65536 % 256);
	if (matmul_support(type) != MATMUL_NONE)
		library = measure_library(&roof, type);
	if (!model->engine)
		own = measure(&roof);
	free(roof.source);
	free(roof.levels);
	free(roof.block_levels);
	free(roof.destination);
	return own > library ? own : library;
}
