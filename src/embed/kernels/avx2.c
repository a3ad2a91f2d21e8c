#include "embed/kernels/simd_avx2.h"

#include "embed/kernels/passes.inc"

#include "base/banned.h"

const struct kernels kernels_avx2 = {.name = "avx2", .in_strips = true, PASSES};
