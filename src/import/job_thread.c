#include "import/job_thread.h"

#include "base/banned.h"

static void *job_thread_main(void *argument)
{
	struct job_thread *thread = argument;

	pthread_mutex_lock(&thread->mutex);
	while (thread->run || !thread->stopping) {
		if (!thread->run) {
			pthread_cond_wait(&thread->changed, &thread->mutex);
			continue;
		}
		pthread_mutex_unlock(&thread->mutex);
		thread->run(thread->job);
		pthread_mutex_lock(&thread->mutex);
		thread->run = NULL;
		pthread_cond_broadcast(&thread->changed);
	}
	pthread_mutex_unlock(&thread->mutex);
	return NULL;
}

enum status job_thread_start(struct job_thread *thread, struct error *err)
{
	*thread = (struct job_thread){0};
	pthread_mutex_init(&thread->mutex, NULL);
	pthread_cond_init(&thread->changed, NULL);
	int failure = pthread_create(&thread->thread, NULL, job_thread_main, thread);
	thread->has_thread = failure == 0;
	return failure ? error_from_errno(err, failure, "starting a thread") : STATUS_OK;
}

void job_thread_stop(struct job_thread *thread)
{
	if (!thread->has_thread)
		return;
	pthread_mutex_lock(&thread->mutex);
	thread->stopping = true;
	pthread_cond_broadcast(&thread->changed);
	pthread_mutex_unlock(&thread->mutex);
	pthread_join(thread->thread, NULL);
	pthread_cond_destroy(&thread->changed);
	pthread_mutex_destroy(&thread->mutex);
	thread->has_thread = false;
}

void job_thread_give(struct job_thread *thread, void (*run)(void *job), void *job)
{
	pthread_mutex_lock(&thread->mutex);
	thread->run = run;
	thread->job = job;
	pthread_cond_broadcast(&thread->changed);
	pthread_mutex_unlock(&thread->mutex);
}

void job_thread_wait(struct job_thread *thread)
{
	pthread_mutex_lock(&thread->mutex);
	while (thread->run)
		pthread_cond_wait(&thread->changed, &thread->mutex);
	pthread_mutex_unlock(&thread->mutex);
}
