/* The model as it lies in memory: read-only once opened, shared by all threads. */
#ifndef ROWMILL_EMBED_MODEL_H
#define ROWMILL_EMBED_MODEL_H

#include "embed/embed.h"
#include "embed/kernels/kernels.h"
#include "embed/matmul.h"

struct layer {
	struct matmul_weights *products[MATMUL_KINDS];
	float query_bias[HIDDEN];
	float out_bias[HIDDEN]; /* with what the values' bias comes to behind the product */
	float up_bias[INNER];
	float down_bias[HIDDEN];
	struct norm attention_norm, output_norm;
};

struct embed_model {
	enum embed_precision precision;
	const struct kernels *kernels;
	struct tokenizer *tokenizer;
	struct matmul_engine *engine;
	float *words; /* [VOCABULARY][HIDDEN] */
	struct norm embedding_norm;
	float positions[EMBED_MAX_TOKENS * HIDDEN]; /* with token type 0 added */
	struct layer layers[LAYERS];
};

/* Fills the zeroed weights of `model` (not the tokenizer) from the file at `path`. On failure
 * the caller frees what there is. */
enum status weights_read(struct embed_model *model, const char *path, struct error *err);

#endif
