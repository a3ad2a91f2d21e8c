/* Weights in strips of float32 (multiply_strips in kernels/kernels.h): made from rows of weights when
 * a model is loaded. */
#ifndef ROWMILL_EMBED_STRIPS_H
#define ROWMILL_EMBED_STRIPS_H

#include <stddef.h>

/* Packs weights given as [width][length], as the model file has them, into as
 * many numbers at `packed`. width is a multiple of STRIP_WIDTH, length one of 8. Threads: any. */
void strips_pack(const float *weights, size_t width, size_t length, float *packed);

#endif
