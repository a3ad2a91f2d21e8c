#include "embed/kernels/simd_avx512.h"

#include "embed/kernels/passes.inc"
#include "embed/kernels/strips_avx512.inc"

#include "base/banned.h"

const struct kernels kernels_avx512_vnni = {.name = "avx512-vnni",
					   .in_strips = {.f32 = true, .bytes = true},
					   .strip_width_f32 = STRIP_WIDTH,
					   .multiply_bytes = multiply_bytes,
					   PASSES};
