#include "import/internal.h"

#include <time.h>

#include "base/banned.h"

void bell_init(struct bell *bell)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&bell->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&bell->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	bell->count = 0;
}

void bell_release(struct bell *bell)
{
	pthread_cond_destroy(&bell->changed);
	pthread_mutex_destroy(&bell->mutex);
}

void bell_ring(struct bell *bell)
{
	pthread_mutex_lock(&bell->mutex);
	bell->count++;
	pthread_cond_broadcast(&bell->changed);
	pthread_mutex_unlock(&bell->mutex);
}

uint64_t bell_count(struct bell *bell)
{
	pthread_mutex_lock(&bell->mutex);
	uint64_t count = bell->count;
	pthread_mutex_unlock(&bell->mutex);
	return count;
}

bool bell_wait(struct bell *bell, uint64_t seen, uint64_t timeout_ms)
{
	struct timespec until;
	bool rung;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(timeout_ms / 1000);
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&bell->mutex);
	while (bell->count == seen)
		if (pthread_cond_timedwait(&bell->changed, &bell->mutex, &until) != 0)
			break;
	rung = bell->count != seen;
	pthread_mutex_unlock(&bell->mutex);
	return rung;
}
