/* Weights in blocks of bytes (kernels/blocks.h): made from float32 ones when a model is loaded. */
#ifndef ROWMILL_EMBED_BLOCKS_H
#define ROWMILL_EMBED_BLOCKS_H

#include <stddef.h>

#include "embed/kernels/blocks.h"

/* The number of struct block_weights that weights of this shape take. */
size_t blocks_count(size_t width, size_t length);

/* Packs weights given as [width][length], as the model file has them, finite. width is a multiple of
 * BLOCK_WIDTH, length one of BLOCK. Threads: any. */
void blocks_pack(const float *weights, size_t width, size_t length, struct block_weights *packed);

#endif
