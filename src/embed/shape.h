/* The shape of all-MiniLM-L6-v2, fixed when the program is built: kernels and buffers rely on
 * it, and model_config_check() refuses a model that is not of this shape. */
#ifndef ROWMILL_EMBED_SHAPE_H
#define ROWMILL_EMBED_SHAPE_H

#include "embed/embed.h"

enum {
	LAYERS = 6,
	HIDDEN = EMBED_DIMENSION,
	HEADS = 12,
	HEAD_SIZE = HIDDEN / HEADS, /* 32 */
	QKV = 3 * HIDDEN,           /* queries, keys and values side by side */
	INNER = 4 * HIDDEN,         /* the feed-forward network's width */
	VOCABULARY = 30522,
	POSITIONS = 512, /* in the model file; EMBED_MAX_TOKENS of them are used */
	TOKEN_TYPES = 2, /* in the model file; type 0 is used */
};

#define LAYER_NORM_EPSILON 1e-12F

#endif
