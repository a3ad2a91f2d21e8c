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

/* The products over full panels, each again and again: what the encoder would do if nothing but
 * them took time, and weights were always in the cache. */
double roof_measure(const struct embed_model *model)
{
	enum { TIMES = 60 };
	struct matmul_context *context = matmul_context_new(model->engine);
	uint16_t *source = calloc(MATMUL_PANEL * INNER, sizeof(float));
	float *destination = calloc(MATMUL_PANEL * INNER, sizeof *destination);
	double seconds = 0;

	/* Numbers from 0.5 to 2 in either type. Zeros would take less power, and the processor
	 * would run a quarter faster than it ever does with texts. */
	for (size_t i = 0; i < MATMUL_PANEL * INNER * 2; i++)
		source[i] = (uint16_t)(0x3F00 + i * 2654435761U / 65536 % 256);

	for (size_t kind = 0; kind < MATMUL_KINDS; kind++) {
		double begin = 0;
		for (int i = -3; i < TIMES; i++) {
			if (i == 0)
				begin = roof_processor_seconds();
			if (!matmul_run(context, model->layers[0].products[kind], MATMUL_PANEL,
					source, destination))
				abort();
		}
		seconds += (roof_processor_seconds() - begin) / TIMES;
	}
	free(source);
	free(destination);
	matmul_context_free(context);
	return roof_flop(MATMUL_PANEL) / LAYERS / seconds;
}
