#include "embed/strips.h"

#include <string.h>

#include "embed/kernels/kernels.h"

#include "base/banned.h"

enum { STEP = 8 };

/* STEP numbers of each output at a time: lines are read whole, and written while they are near. */
void strips_pack(const float *weights, size_t width, size_t length, size_t strip_width, float *packed)
{
	for (size_t j = 0; j < width; j += strip_width, weights += strip_width * length)
		for (size_t i = 0; i < length; i += STEP, packed += STEP * strip_width)
			for (size_t output = 0; output < strip_width; output++)
				for (size_t step = 0; step < STEP; step++)
					packed[step * strip_width + output] =
						weights[output * length + i + step];
}

static uint16_t to_bf16(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof bits);
	return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

void strips_pack_bf16(const float *weights, size_t width, size_t length, uint16_t *packed)
{
	for (size_t j = 0; j < width; j += STRIP_WIDTH, weights += STRIP_WIDTH * length)
		for (size_t i = 0; i < length; i += 2)
			for (size_t output = 0; output < STRIP_WIDTH; output++, packed += 2) {
				packed[0] = to_bf16(weights[output * length + i]);
				packed[1] = to_bf16(weights[output * length + i + 1]);
			}
}

void strips_pack_bytes(const int8_t *weights, size_t width, size_t length, int8_t *packed)
{
	for (size_t j = 0; j < width; j += STRIP_WIDTH, weights += STRIP_WIDTH * length)
		for (size_t i = 0; i < length; i += 4)
			for (size_t output = 0; output < STRIP_WIDTH; output++, packed += 4)
				memcpy(packed, weights + output * length + i, 4);
}
