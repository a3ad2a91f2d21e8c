#include "http/worker_pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/banned.h"

struct worker_pool {
	pthread_mutex_t lock;
	pthread_cond_t not_empty;
	bool stopping;
	void (*run)(void *item);
	void **ring; /* queue_limit slots, `count` used from `first` on */
	size_t queue_limit, first, count;
	unsigned thread_count;
	pthread_t threads[];
};

static void *work(void *context)
{
	struct worker_pool *pool = context;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (pool->count == 0 && !pool->stopping)
			pthread_cond_wait(&pool->not_empty, &pool->lock);
		if (pool->count == 0)
			break;
		void *item = pool->ring[pool->first];
		pool->first = (pool->first + 1) % pool->queue_limit;
		pool->count--;
		pthread_mutex_unlock(&pool->lock);
		pool->run(item);
		pthread_mutex_lock(&pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

struct worker_pool *worker_pool_start(unsigned threads, size_t queue_limit, void (*run)(void *item))
{
	struct worker_pool *pool = calloc(1, sizeof *pool + threads * sizeof pool->threads[0]);

	if (!pool)
		return NULL;
	pool->run = run;
	pool->queue_limit = queue_limit;
	pool->ring = calloc(queue_limit, sizeof *pool->ring);
	if (!pool->ring) {
		free(pool);
		return NULL;
	}
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->not_empty, NULL);
	while (pool->thread_count < threads) {
		if (pthread_create(&pool->threads[pool->thread_count], NULL, work, pool) != 0) {
			worker_pool_stop(pool);
			worker_pool_free(pool);
			return NULL;
		}
		pool->thread_count++;
	}
	return pool;
}

bool worker_pool_submit(struct worker_pool *pool, void *item)
{
	bool taken;

	pthread_mutex_lock(&pool->lock);
	taken = !pool->stopping && pool->count < pool->queue_limit;
	if (taken) {
		pool->ring[(pool->first + pool->count) % pool->queue_limit] = item;
		pool->count++;
		pthread_cond_signal(&pool->not_empty);
	}
	pthread_mutex_unlock(&pool->lock);
	return taken;
}

void worker_pool_stop(struct worker_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->not_empty);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->thread_count; i++)
		pthread_join(pool->threads[i], NULL);
}

void worker_pool_free(struct worker_pool *pool)
{
	if (!pool)
		return;
	pthread_cond_destroy(&pool->not_empty);
	pthread_mutex_destroy(&pool->lock);
	free(pool->ring);
	free(pool);
}
