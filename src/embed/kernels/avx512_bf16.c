#include "embed/kernels/simd_avx512.h"

#include "embed/kernels/passes.inc"
#include "embed/kernels/strips_avx512.inc"
#include "embed/kernels/attend_bf16.inc"

#include "base/banned.h"

const struct kernels kernels_avx512_bf16 = {.name = "avx512-bf16",
					   .in_strips = {true, true, true},
					   .strip_width_f32 = STRIP_WIDTH,
					   .attend_narrow = attend_narrow,
					   .multiply_bf16 = multiply_bf16,
					   .multiply_bytes = multiply_bytes,
					   PASSES};
