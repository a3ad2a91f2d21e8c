/* The processor's matrix speed at the model's shapes: what an encoder would reach if nothing but its products took time.
 *
 * Threads: any; the processor time of other threads would be counted, so the others had better rest. */
#ifndef ROWMILL_BENCH_EMBED_ROOF_H
#define ROWMILL_BENCH_EMBED_ROOF_H

#include <stddef.h>

#include "embed/embed.h"

/* Floating-point operations of the products for so many tokens: 21.2 million each. */
double roof_flop(size_t tokens);

/* FLOP a processor second of the model's products alone, on one thread, in the model's precision. Aborts when memory is
 * exhausted. */
double roof_measure(const struct embed_model *model);

/* Seconds of processor time that this process has used, all threads together. */
double roof_processor_seconds(void);

#endif
