/* A lock that is given in the order in which it was asked for, so that of many who write none
 * waits longer than the others' one transaction each.
 *
 * Threads: turn_take and turn_give may be called from any thread, in pairs on the same one. */
#ifndef ROWMILL_STORE_SQLITE_TURN_H
#define ROWMILL_STORE_SQLITE_TURN_H

#include <pthread.h>
#include <stdbool.h>

struct turn_waiter;

struct turn {
	pthread_mutex_t mutex;
	struct turn_waiter *first, *last;
	bool taken;
};

void turn_init(struct turn *turn);
void turn_release(struct turn *turn); /* no one may hold it or wait for it */
void turn_take(struct turn *turn);
void turn_give(struct turn *turn);
bool turn_is_awaited(struct turn *turn); /* someone is in line */

#endif
