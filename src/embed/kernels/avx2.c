#include "embed/kernels/simd_avx2.h"

#include "embed/kernels/passes.inc"

#include "base/banned.h"

static void multiply_f32(const struct strip_product *p, size_t rows)
{
	multiply_strips_avx2(p->source, p->length, p->weights, p->width, p->destination, rows);
	if (p->finish == STRIP_GELU)
		gelu(p->destination, p->bias, rows);
}

const struct kernels kernels_avx2 = {
	.name = "avx2", .in_strips.f32 = true, .strip_width_f32 = STRIP_WIDTH_AVX2, PASSES};
