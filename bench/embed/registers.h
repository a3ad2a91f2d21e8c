/* What a second thread gives on this machine where nothing but the processor is shared: no memory, no cache, no lock. Two
 * processors may be one core, or have neighbours.
 *
 * Threads: any. */
#ifndef ROWMILL_BENCH_EMBED_REGISTERS_H
#define ROWMILL_BENCH_EMBED_REGISTERS_H

/* How many times as fast two threads multiply and add in registers as one does: the best of some rounds. Takes about
 * a second. */
double registers_scaling(void);

#endif
