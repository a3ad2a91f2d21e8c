/* Weights in strips (struct strip_product in kernels/kernels.h): made from rows of weights when a model is
 * loaded. All take weights as [width][length], as the model file has them, and write as many numbers to
 * `packed`; width is a multiple of the strip's, length one of 8. Threads: any. */
#ifndef ROWMILL_EMBED_STRIPS_H
#define ROWMILL_EMBED_STRIPS_H

#include <stddef.h>
#include <stdint.h>

/* strip_width is that of the kernels that will read them. */
void strips_pack(const float *weights, size_t width, size_t length, size_t strip_width,
		 float *packed);

/* Rounded to the nearest, ties to even; the weights are finite. */
void strips_pack_bf16(const float *weights, size_t width, size_t length, uint16_t *packed);

void strips_pack_bytes(const int8_t *weights, size_t width, size_t length, int8_t *packed);

#endif
