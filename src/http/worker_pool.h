/* Threads that may block, and the bounded queue in front of them. It knows only of items.
 *
 * Threads: worker_pool_submit from any thread; start and stop from one. */
#ifndef ROWMILL_HTTP_WORKER_POOL_H
#define ROWMILL_HTTP_WORKER_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct worker_pool;

/* NULL: no memory, or no thread could be made. `run` is called once for each item, in the order in
 * which they came, on up to `threads` threads at a time. */
struct worker_pool *worker_pool_start(unsigned threads, size_t queue_limit, void (*run)(void *item));

/* false: the queue is full, or the pool is stopping. The item is not touched. */
bool worker_pool_submit(struct worker_pool *pool, void *item);

/* Takes no more items, runs those that are queued and joins the threads. NULL is fine. */
void worker_pool_stop(struct worker_pool *pool);

/* After worker_pool_stop, when nobody submits any more. NULL is fine. */
void worker_pool_free(struct worker_pool *pool);

#endif
