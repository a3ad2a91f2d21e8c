#include "embed/kernels/kernels.h"

#include "base/banned.h"

const struct kernels *kernels_select(void)
{
	return &kernels_plain;
}
