#include "registers.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"

#include "base/banned.h"

enum { ROUNDS = 5, STEPS = 20 << 20 };

typedef float numbers __attribute__((vector_size(16)));

/* As many chains as hide the latency of both operations; a variable each, so that all stay in registers, and each from another
 * number, so that none is another's copy. */
static void *multiply_and_add(void *result)
{
	const numbers factor = {0.5f, 0.5f, 0.5f, 0.5f};
	numbers a = factor, b = a + a, c = b + a, d = c + a, e = d + a, f = e + a;
	numbers g = f + a, h = g + a, i = h + a, j = i + a, k = j + a, l = k + a;

	for (int step = 0; step < STEPS; step++) {
		a = a * factor + factor;
		b = b * factor + factor;
		c = c * factor + factor;
		d = d * factor + factor;
		e = e * factor + factor;
		f = f * factor + factor;
		g = g * factor + factor;
		h = h * factor + factor;
		i = i * factor + factor;
		j = j * factor + factor;
		k = k * factor + factor;
		l = l * factor + factor;
	}
	*(numbers *)result = a + b + c + d + e + f + g + h + i + j + k + l;
	return NULL;
}

/* Each thread does the same, so that twice as much is done in the time of one where they do not hinder each other. */
static double seconds_of(unsigned threads)
{
	static numbers results[2];
	uint64_t begin = clock_monotonic_ns();
	pthread_t other;

	if (threads == 2 && pthread_create(&other, NULL, multiply_and_add, &results[1]) != 0)
		abort();
	multiply_and_add(&results[0]);
	if (threads == 2)
		pthread_join(other, NULL);
	return (double)(clock_monotonic_ns() - begin) / 1e9;
}

double registers_scaling(void)
{
	double best[2] = {1e9, 1e9};

	for (int round = 0; round < ROUNDS; round++)
		for (unsigned threads = 1; threads <= 2; threads++) {
			double seconds = seconds_of(threads);
			if (seconds < best[threads - 1])
				best[threads - 1] = seconds;
		}
	return 2 * best[0] / best[1];
}
