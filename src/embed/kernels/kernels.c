#include "embed/kernels/kernels.h"

#include <stdlib.h>

#include "base/banned.h"

static bool runs_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool runs_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

static bool runs_avx512_vnni(void)
{
	return runs_avx512() && __builtin_cpu_supports("avx512vnni");
}

static bool runs_avx512_bf16(void)
{
	return runs_avx512_vnni() && __builtin_cpu_supports("avx512bf16");
}

static bool runs_plain(void)
{
	return true;
}

/* Fastest first. */
static const struct {
	const struct kernels *kernels;
	bool (*runs)(void);
} tables[] = {
	{&kernels_avx512_bf16, runs_avx512_bf16},
	{&kernels_avx512_vnni, runs_avx512_vnni},
	{&kernels_avx512, runs_avx512},
	{&kernels_avx2, runs_avx2},
	{&kernels_plain, runs_plain},
};

const struct kernels *kernels_table(size_t index)
{
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		if (tables[i].runs() && index-- == 0)
			return tables[i].kernels;
	return NULL;
}

const struct kernels *kernels_select(const char *most)
{
	size_t i = 0;

	while (most && i + 1 < sizeof tables / sizeof *tables &&
	       strcmp(tables[i].kernels->name, most) != 0)
		i++;
	while (!tables[i].runs())
		i++;
	return tables[i].kernels;
}
