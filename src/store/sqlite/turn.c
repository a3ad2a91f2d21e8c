#include "store/sqlite/turn.h"

#include <stddef.h>

#include "base/banned.h"

/* Lives on its thread's stack while it waits. */
struct turn_waiter {
	struct turn_waiter *next;
	pthread_cond_t given;
	bool has_turn;
};

void turn_init(struct turn *turn)
{
	*turn = (struct turn){0};
	pthread_mutex_init(&turn->mutex, NULL);
}

void turn_release(struct turn *turn)
{
	pthread_mutex_destroy(&turn->mutex);
}

void turn_take(struct turn *turn)
{
	struct turn_waiter self = {.given = PTHREAD_COND_INITIALIZER};

	pthread_mutex_lock(&turn->mutex);
	if (!turn->taken) {
		turn->taken = true;
	} else {
		if (turn->last)
			turn->last->next = &self;
		else
			turn->first = &self;
		turn->last = &self;
		while (!self.has_turn)
			pthread_cond_wait(&self.given, &turn->mutex);
	}
	pthread_mutex_unlock(&turn->mutex);
	pthread_cond_destroy(&self.given);
}

bool turn_is_awaited(struct turn *turn)
{
	pthread_mutex_lock(&turn->mutex);
	bool awaited = turn->first != NULL;
	pthread_mutex_unlock(&turn->mutex);
	return awaited;
}

/* The turn goes straight to the next in line: `taken` stays set, so no newcomer slips in. */
void turn_give(struct turn *turn)
{
	pthread_mutex_lock(&turn->mutex);
	struct turn_waiter *next = turn->first;
	if (next) {
		turn->first = next->next;
		if (!turn->first)
			turn->last = NULL;
		next->has_turn = true;
		pthread_cond_signal(&next->given);
	} else {
		turn->taken = false;
	}
	pthread_mutex_unlock(&turn->mutex);
}
