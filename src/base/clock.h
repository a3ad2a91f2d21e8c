/* Time. Wall-clock time is for people and records; durations use the monotonic clock.
 *
 * Threads: every call may be made from any thread. */
#ifndef ROWMILL_BASE_CLOCK_H
#define ROWMILL_BASE_CLOCK_H

#include <stdint.h>

int64_t clock_now_ms(void);       /* since 1970-01-01T00:00:00Z */
uint64_t clock_monotonic_ns(void); /* since some fixed moment */

enum { CLOCK_TEXT_SIZE = 25 };

/* RFC 3339 in UTC with milliseconds: "2026-11-23T15:28:00.123Z". */
void clock_format(int64_t time_ms, char out[CLOCK_TEXT_SIZE]);

#endif
