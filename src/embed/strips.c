#include "embed/strips.h"

#include <string.h>

#include "embed/kernels/kernels.h"

#include "base/banned.h"

enum { STEP = 8 };

/* STEP numbers of each output at a time: lines are read whole, and written while they are near. */
void strips_pack(const float *weights, size_t width, size_t length, float *packed)
{
	for (size_t j = 0; j < width; j += STRIP_WIDTH, weights += STRIP_WIDTH * length)
		for (size_t i = 0; i < length; i += STEP, packed += STEP * STRIP_WIDTH)
			for (size_t output = 0; output < STRIP_WIDTH; output++)
				for (size_t step = 0; step < STEP; step++)
					packed[step * STRIP_WIDTH + output] =
						weights[output * length + i + step];
}
