#include "import/import_queue.h"

#include "base/clock.h"
#include "base/log.h"
#include "import/internal.h"

#include <time.h>

#include "base/banned.h"

enum { IDLE_MS = 5000 };

/* So there is always one in line that can give up its slot, whoever else has a turn. */
_Static_assert(IMPORT_SLOTS > 2 * IMPORT_THREADS_MAX, "more slots than threads");

void import_queue_init(struct import_queue *queue)
{
	pthread_condattr_t attributes;

	*queue = (struct import_queue){.may_claim = true, .may_claim_new = true};
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->changed, &attributes);
	pthread_condattr_destroy(&attributes);
}

void import_queue_release(struct import_queue *queue)
{
	for (size_t i = 0; i < queue->count; i++)
		pipeline_give_back(queue->slots[i]);
	pthread_cond_destroy(&queue->changed);
	pthread_mutex_destroy(&queue->mutex);
}

void import_queue_wake(struct import_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->may_claim = queue->may_claim_new = true;
	pthread_cond_broadcast(&queue->changed);
	pthread_mutex_unlock(&queue->mutex);
}

uint64_t import_queue_bytes_read(struct import_queue *queue, int64_t import_id)
{
	uint64_t bytes = 0;

	pthread_mutex_lock(&queue->mutex);
	for (size_t i = 0; i < queue->count; i++)
		if (queue->slots[i]->claim.import.id == import_id)
			bytes = queue->slots[i]->bytes_read;
	pthread_mutex_unlock(&queue->mutex);
	return bytes;
}

/* ---- the line; with the mutex held ---- */

static void push(struct import_queue *queue, struct pipeline *pipeline)
{
	pipeline->next = NULL;
	if (queue->last)
		queue->last->next = pipeline;
	else
		queue->first = pipeline;
	queue->last = pipeline;
}

static void take_out(struct import_queue *queue, struct pipeline *before, struct pipeline *pipeline)
{
	if (before)
		before->next = pipeline->next;
	else
		queue->first = pipeline->next;
	if (queue->last == pipeline)
		queue->last = before;
	pipeline->next = NULL;
}

/* The first in line that need not wait for better times; NULL if there is none: *until_ns is when the first of
 * the others may. */
static struct pipeline *pop_ready(struct import_queue *queue, uint64_t *until_ns)
{
	uint64_t now = clock_monotonic_ns();
	struct pipeline *before = NULL;

	for (struct pipeline *at = queue->first; at; before = at, at = at->next) {
		if (at->not_before_ns <= now) {
			take_out(queue, before, at);
			return at;
		}
		if (at->not_before_ns < *until_ns)
			*until_ns = at->not_before_ns;
	}
	return NULL;
}

static void drop_slot(struct import_queue *queue, const struct pipeline *pipeline)
{
	size_t i = 0;

	while (queue->slots[i] != pipeline)
		i++;
	queue->slots[i] = queue->slots[--queue->count];
}

/* Takes the one with the most rows out of the line and its slot: reading over what it has stored is the price
 * for its return, and the largest file pays. */
static struct pipeline *evict(struct import_queue *queue)
{
	struct pipeline *before = NULL, *before_most = NULL, *most = NULL;

	for (struct pipeline *at = queue->first; at; before = at, at = at->next)
		if (!most || at->rows > most->rows) {
			most = at;
			before_most = before;
		}
	take_out(queue, before_most, most);
	drop_slot(queue, most);
	return most;
}

/* ---- new ones ---- */

static bool should_claim(const struct import_queue *queue)
{
	return queue->count < IMPORT_SLOTS ? queue->may_claim : queue->may_claim_new;
}

bool import_queue_waits(struct import_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	bool waits = queue->first || should_claim(queue);
	pthread_mutex_unlock(&queue->mutex);
	return waits;
}

/* Puts a new one into a slot; another that lost its slot is given back. */
static void enter(struct import_queue *queue, struct pipeline *pipeline)
{
	struct pipeline *evicted = NULL;

	pthread_mutex_lock(&queue->mutex);
	queue->may_claim = queue->may_claim_new = true; /* there may be more */
	if (queue->count == IMPORT_SLOTS)
		evicted = evict(queue);
	queue->slots[queue->count++] = pipeline;
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->mutex);
	if (evicted) {
		log_info(LOG_EVENT("import put back behind new ones"),
			 LOG_INT("import_id", evicted->claim.import.id), LOG_INT("rows_done", evicted->rows));
		pipeline_give_back(evicted);
	}
}

/* Called, and returns, with the mutex held. */
static struct pipeline *claim_one(struct importer *importer)
{
	struct import_queue *queue = &importer->queue;
	bool only_new = queue->count == IMPORT_SLOTS;
	struct pipeline *pipeline = NULL;
	struct error err;

	queue->may_claim_new = false;
	if (!only_new)
		queue->may_claim = false;
	pthread_mutex_unlock(&queue->mutex);
	enum status status = pipeline_claim(importer, only_new, &pipeline, &err);
	if (status == STATUS_OK)
		enter(queue, pipeline);
	else if (status != STATUS_END)
		log_error(LOG_EVENT("no import can be claimed"), LOG_ERR(&err));
	pthread_mutex_lock(&queue->mutex);
	return pipeline;
}

static void wait_until(struct import_queue *queue, uint64_t until_ns)
{
	struct timespec until = {.tv_sec = (time_t)(until_ns / 1000000000),
				 .tv_nsec = (long)(until_ns % 1000000000)};

	pthread_cond_timedwait(&queue->changed, &queue->mutex, &until);
}

/* The next import to work on, waited for; NULL when the importer stops. *claimed: whether the one before was new. */
static struct pipeline *take(struct importer *importer, bool *claimed)
{
	struct import_queue *queue = &importer->queue;
	uint64_t idle_until = clock_monotonic_ns() + IDLE_MS * 1000000ull;
	struct pipeline *pipeline = NULL;

	pthread_mutex_lock(&queue->mutex);
	while (!importer->stopping && !pipeline) {
		uint64_t until = idle_until;
		bool was_claimed = *claimed;

		*claimed = false;
		if (was_claimed)
			pipeline = pop_ready(queue, &until);
		if (!pipeline && should_claim(queue)) {
			pipeline = claim_one(importer);
			*claimed = pipeline != NULL;
		}
		if (!pipeline)
			pipeline = pop_ready(queue, &until);
		if (pipeline || importer->stopping || should_claim(queue))
			continue;
		wait_until(queue, until);
		/* Nobody says when the store is well again. */
		if (clock_monotonic_ns() >= idle_until) {
			queue->may_claim = queue->may_claim_new = true;
			idle_until = clock_monotonic_ns() + IDLE_MS * 1000000ull;
		}
	}
	pthread_mutex_unlock(&queue->mutex);
	return pipeline;
}

static void put_back(struct import_queue *queue, struct pipeline *pipeline, bool ended)
{
	pthread_mutex_lock(&queue->mutex);
	if (ended) {
		drop_slot(queue, pipeline);
		queue->may_claim = true; /* a slot is free for one that had to leave */
	} else {
		push(queue, pipeline);
	}
	pthread_cond_signal(&queue->changed);
	pthread_mutex_unlock(&queue->mutex);
	if (ended)
		pipeline_free(pipeline);
}

void *import_thread_main(void *argument)
{
	struct importer *importer = argument;
	struct import_scratch scratch;
	struct pipeline *pipeline;
	bool claimed = false;

	if (!scratch_init(&scratch))
		log_error(LOG_EVENT("an import thread found no memory and ended"));
	else
		while ((pipeline = take(importer, &claimed)))
			put_back(&importer->queue, pipeline, pipeline_turn(pipeline, &scratch));
	scratch_release(&scratch);
	return NULL;
}
