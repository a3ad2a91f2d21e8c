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

struct roof {
	const struct embed_model *model;
	struct matmul_context *context; /* NULL where there is no engine */
	uint16_t *source;
	struct block_level *levels;
	float *destination;
};

static void multiply(const struct roof *roof, enum matmul_kind kind)
{
	const struct layer *layer = &roof->model->layers[0];

	if (roof->model->strip_pool)
		roof->model->kernels->multiply_strips((const float *)(const void *)roof->source,
						      matmul_length(kind), layer->strips[kind],
						      matmul_width(kind), roof->destination,
						      MATMUL_PANEL);
	else if (!roof->context)
		roof->model->kernels->multiply_blocks((const uint8_t *)roof->source, roof->levels,
						      matmul_length(kind), layer->blocks[kind],
						      matmul_width(kind), roof->destination,
						      MATMUL_PANEL);
	else if (!matmul_run(roof->context, layer->products[kind], MATMUL_PANEL, roof->source,
			     roof->destination))
		abort();
}

/* The products over full panels, each again and again: what the encoder would do if nothing but
 * them took time, and weights were always in the cache. */
double roof_measure(const struct embed_model *model)
{
	enum { TIMES = 60 };
	struct roof roof = {.model = model,
			    .context = model->engine ? matmul_context_new(model->engine) : NULL,
			    .source = calloc(MATMUL_PANEL * INNER, sizeof(float)),
			    .levels = calloc(MATMUL_PANEL * INNER / BLOCK, sizeof *roof.levels),
			    .destination = calloc(MATMUL_PANEL * INNER, sizeof *roof.destination)};
	double seconds = 0;

	/* Numbers from 0.5 to 2 in either type. Zeros would take less power, and the processor
	 * would run a quarter faster than it ever does with texts. */
	for (size_t i = 0; i < MATMUL_PANEL * INNER * 2; i++)
		roof.source[i] = (uint16_t)(0x3F00 + i * 2654435761U / 65536 % 256);

	for (size_t kind = 0; kind < MATMUL_KINDS; kind++) {
		double begin = 0;
		for (int i = -3; i < TIMES; i++) {
			if (i == 0)
				begin = roof_processor_seconds();
			multiply(&roof, (enum matmul_kind)kind);
		}
		seconds += (roof_processor_seconds() - begin) / TIMES;
	}
	free(roof.source);
	free(roof.levels);
	free(roof.destination);
	matmul_context_free(roof.context);
	return roof_flop(MATMUL_PANEL) / LAYERS / seconds;
}
