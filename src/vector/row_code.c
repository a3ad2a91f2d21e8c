#include "vector/row_code.h"

#include <math.h>

#include "base/banned.h"

bool row_encode(const struct vector_kernels *kernels, const float *vector, size_t count, struct row_scale *scale,
		int8_t *high, int8_t *low, float *length)
{
	*length = row_length(kernels, vector, count);
	if (!(*length < 1e15f))
		return false;
	float greatest = kernels->greatest(vector, count);
	bool is_zero = greatest < 1e-30f;
	int32_t squares = kernels->split(vector, is_zero ? 0 : ROW_LEVELS / greatest, ROW_LEVELS, count, high, low);
	scale->scale = is_zero ? 0 : greatest / ROW_LEVELS;
	scale->low_length = scale->scale * sqrtf((float)squares) * 1.00001f;
	return true;
}

void row_decode(const struct row_scale *scale, const int8_t *high, const int8_t *low, size_t count,
		float *vector)
{
	for (size_t i = 0; i < count; i++)
		vector[i] = scale->scale * (float)(256 * high[i] + low[i]);
}

float row_length(const struct vector_kernels *kernels, const float *vector, size_t count)
{
	float squared[4];

	kernels->dot4(vector, vector, 0, count, squared);
	return sqrtf(squared[0]) * 1.0001f;
}
