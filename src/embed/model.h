/* The model as it lies in memory: read-only once opened, shared by all threads. */
#ifndef ROWMILL_EMBED_MODEL_H
#define ROWMILL_EMBED_MODEL_H

#include "embed/blocks.h"
#include "embed/embed.h"
#include "embed/kernels/kernels.h"
#include "embed/matmul.h"

/* What turns a product's sums of bytes into numbers, for each output: kernels' dequantize. */
struct channels {
	float scales[INNER], offsets[INNER];
};

struct layer {
	/* One of the three. */
	struct matmul_weights *products[MATMUL_KINDS]; /* of the engine */
	struct block_weights *blocks[MATMUL_KINDS];    /* in the model's block pool */
	void *strips[MATMUL_KINDS];                    /* in the model's strip pool */

	float qkv_bias[QKV]; /* the queries'; 0 for keys and values: kernels.h says why */
	float out_bias[HIDDEN]; /* with what the values' bias comes to behind the product */
	float up_bias[INNER];
	float down_bias[HIDDEN];
	struct norm attention_norm, output_norm;
	struct channels channels[MATMUL_KINDS]; /* with EMBED_INT8, but in blocks */
};

struct embed_model {
	enum embed_precision precision;
	const struct kernels *kernels;
	struct tokenizer *tokenizer;

	/* What products are made by is not NULL. The pools are the weights of all layers. */
	struct matmul_engine *engine;
	struct block_weights *block_pool; /* EMBED_INT8 without VNNI */
	void *strip_pool;                 /* where the kernels are faster than the engine */

	float *words; /* [VOCABULARY][HIDDEN] */
	struct norm embedding_norm;
	float positions[EMBED_MAX_TOKENS * HIDDEN]; /* with token type 0 added */
	struct layer layers[LAYERS];
};

/* Whether a product's source is rotated before it is made bytes. Attention's result is not: it has
 * nothing that stands out. */
static inline bool is_rotated(enum matmul_kind kind)
{
	return kind != MATMUL_OUT;
}

/* Fills the zeroed weights of `model` (not the tokenizer) from the file at `path`. On failure
 * the caller frees what there is. */
enum status weights_read(struct embed_model *model, const char *path, struct error *err);

#endif
