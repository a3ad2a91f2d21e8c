#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/banned.h"

int64_t clock_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t clock_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void clock_format(int64_t time_ms, char out[CLOCK_TEXT_SIZE])
{
	int64_t seconds = time_ms / 1000, milliseconds = time_ms % 1000;
	struct tm parts;

	if (milliseconds < 0) {
		milliseconds += 1000;
		seconds--;
	}
	time_t when = (time_t)seconds;
	gmtime_r(&when, &parts);
	snprintf(out, CLOCK_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
		 (unsigned)(parts.tm_year + 1900) % 10000u, (unsigned)(parts.tm_mon + 1) % 100u,
		 (unsigned)parts.tm_mday % 100u, (unsigned)parts.tm_hour % 100u,
		 (unsigned)parts.tm_min % 100u, (unsigned)parts.tm_sec % 100u,
		 (unsigned)milliseconds % 1000u);
}
