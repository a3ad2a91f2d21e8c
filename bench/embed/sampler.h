/* Where a process spends its processor time: SIGPROF notes the program counter at each tick of the clock that counts
 * processor time (usually 250 a second).
 *
 *	sampler_start();  …work on one thread…  sampler_stop();
 *	sampler_take(out);      {"program": {"0x5c00": 12, …}, "elsewhere": {"libc.so.6": 3, "made at run time": 80}}
 *
 * Addresses are offsets into the program's file, for addr2line. "made at run time" is code that lies in no file: oneDNN's
 * products.
 *
 * Threads: one sampler a process, as there is one SIGPROF; whoever starts it must be the only thread that works meanwhile. */
#ifndef ROWMILL_BENCH_EMBED_SAMPLER_H
#define ROWMILL_BENCH_EMBED_SAMPLER_H

#include <jansson.h>
#include <stdbool.h>

bool sampler_start(void); /* false: signals or timers are not to be had */
void sampler_stop(void);

/* Adds "program" and "elsewhere" to the object and forgets the samples. */
bool sampler_take(json_t *out);

#endif
