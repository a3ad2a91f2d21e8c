#include "vector/helpers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/banned.h"

/* What one caller wants done. It lives on the caller's stack until all who took it have ended. */
struct job {
	void (*work)(void *context, unsigned worker);
	void *context;
	unsigned wanted; /* helpers that may still take it */
	unsigned taken;  /* helpers that did */
	unsigned running;
	struct job *next;
};

struct helpers {
	pthread_mutex_t mutex; /* guards all below */
	pthread_cond_t posted, ended;
	struct job *jobs;
	bool stopping;
	unsigned idle, started, count;
	pthread_t threads[];
};

static struct job *find_job(const struct helpers *helpers)
{
	struct job *job = helpers->jobs;

	while (job && !job->wanted)
		job = job->next;
	return job;
}

static void *help(void *argument)
{
	struct helpers *helpers = argument;

	pthread_mutex_lock(&helpers->mutex);
	while (!helpers->stopping) {
		struct job *job = find_job(helpers);
		if (!job) {
			helpers->idle++;
			pthread_cond_wait(&helpers->posted, &helpers->mutex);
			helpers->idle--;
			continue;
		}
		job->wanted--;
		job->running++;
		unsigned worker = ++job->taken;
		pthread_mutex_unlock(&helpers->mutex);
		job->work(job->context, worker);
		pthread_mutex_lock(&helpers->mutex);
		if (--job->running == 0)
			pthread_cond_broadcast(&helpers->ended);
	}
	pthread_mutex_unlock(&helpers->mutex);
	return NULL;
}

struct helpers *helpers_new(unsigned count)
{
	struct helpers *helpers = calloc(1, sizeof *helpers + count * sizeof *helpers->threads);

	if (!helpers)
		return NULL;
	pthread_mutex_init(&helpers->mutex, NULL);
	pthread_cond_init(&helpers->posted, NULL);
	pthread_cond_init(&helpers->ended, NULL);
	helpers->count = count;
	return helpers;
}

void helpers_free(struct helpers *helpers)
{
	if (!helpers)
		return;
	pthread_mutex_lock(&helpers->mutex);
	helpers->stopping = true;
	pthread_cond_broadcast(&helpers->posted);
	pthread_mutex_unlock(&helpers->mutex);
	for (unsigned i = 0; i < helpers->started; i++)
		pthread_join(helpers->threads[i], NULL);
	pthread_cond_destroy(&helpers->posted);
	pthread_cond_destroy(&helpers->ended);
	pthread_mutex_destroy(&helpers->mutex);
	free(helpers);
}

unsigned helpers_count(const struct helpers *helpers)
{
	return helpers->count;
}

static void post(struct helpers *helpers, struct job *job)
{
	job->next = helpers->jobs;
	helpers->jobs = job;
	for (unsigned i = 0; i < job->wanted && i < helpers->idle; i++)
		pthread_cond_signal(&helpers->posted);
	/* A thread that cannot be started is one helper less. */
	if (helpers->idle < job->wanted && helpers->started < helpers->count &&
	    pthread_create(&helpers->threads[helpers->started], NULL, help, helpers) == 0)
		helpers->started++;
}

static void withdraw(struct helpers *helpers, struct job *job)
{
	struct job **link = &helpers->jobs;

	while (*link != job)
		link = &(*link)->next;
	*link = job->next;
	while (job->running)
		pthread_cond_wait(&helpers->ended, &helpers->mutex);
}

void helpers_run(struct helpers *helpers, void (*work)(void *context, unsigned worker), void *context,
		 unsigned most)
{
	struct job job = {.work = work, .context = context, .wanted = most};

	if (job.wanted > helpers->count)
		job.wanted = helpers->count;
	if (job.wanted) {
		pthread_mutex_lock(&helpers->mutex);
		post(helpers, &job);
		pthread_mutex_unlock(&helpers->mutex);
	}
	work(context, 0);
	if (job.work && most && helpers->count) {
		pthread_mutex_lock(&helpers->mutex);
		withdraw(helpers, &job);
		pthread_mutex_unlock(&helpers->mutex);
	}
}
