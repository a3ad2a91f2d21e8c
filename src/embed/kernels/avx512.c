#include "embed/kernels/simd_avx512.h"

#include "embed/kernels/passes.inc"

#include "base/banned.h"

const struct kernels kernels_avx512 = {.name = "avx512", PASSES};
