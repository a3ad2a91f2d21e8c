/* A thread beside another one, which does a job while that goes on.
 *
 *	job_thread_give(&thread, store_batch, &batch);
 *	… make the next batch …
 *	job_thread_wait(&thread);
 *
 * One job is under way at most. What it works on is left alone until job_thread_wait.
 *
 * Threads: a job thread belongs to one thread, which alone calls these functions. */
#ifndef ROWMILL_IMPORT_JOB_THREAD_H
#define ROWMILL_IMPORT_JOB_THREAD_H

#include "base/status.h"

#include <pthread.h>
#include <stdbool.h>

struct job_thread {
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	void (*run)(void *job); /* NULL: nothing is under way */
	void *job;
	bool stopping;
};

enum status job_thread_start(struct job_thread *thread, struct error *err);

/* Waits for what is under way, and ends the thread. A zeroed struct is fine. */
void job_thread_stop(struct job_thread *thread);

/* Nothing may be under way. */
void job_thread_give(struct job_thread *thread, void (*run)(void *job), void *job);

void job_thread_wait(struct job_thread *thread);

#endif
