#include "import/append_stage.h"

#include "base/banned.h"

static void run(struct append_stage *stage)
{
	const struct append *append = &stage->append;

	stage->status = append->store->call->append_batch(append->store, append->import_id, append->batch,
							  append->format, append->dialect, &stage->err);
}

static void *append_thread_main(void *argument)
{
	struct append_stage *stage = argument;

	pthread_mutex_lock(&stage->mutex);
	while (stage->state != APPEND_STOP) {
		if (stage->state != APPEND_GIVEN) {
			pthread_cond_wait(&stage->changed, &stage->mutex);
			continue;
		}
		pthread_mutex_unlock(&stage->mutex);
		run(stage);
		pthread_mutex_lock(&stage->mutex);
		stage->state = APPEND_DONE;
		pthread_cond_broadcast(&stage->changed);
	}
	pthread_mutex_unlock(&stage->mutex);
	return NULL;
}

enum status append_stage_start(struct append_stage *stage, struct error *err)
{
	*stage = (struct append_stage){.state = APPEND_NONE};
	pthread_mutex_init(&stage->mutex, NULL);
	pthread_cond_init(&stage->changed, NULL);
	int failure = pthread_create(&stage->thread, NULL, append_thread_main, stage);
	stage->has_thread = failure == 0;
	return failure ? error_from_errno(err, failure, "starting a thread") : STATUS_OK;
}

static void set_state(struct append_stage *stage, enum append_state state)
{
	pthread_mutex_lock(&stage->mutex);
	stage->state = state;
	pthread_cond_broadcast(&stage->changed);
	pthread_mutex_unlock(&stage->mutex);
}

void append_stage_stop(struct append_stage *stage)
{
	if (!stage->has_thread)
		return;
	set_state(stage, APPEND_STOP);
	pthread_join(stage->thread, NULL);
	pthread_cond_destroy(&stage->changed);
	pthread_mutex_destroy(&stage->mutex);
	stage->has_thread = false;
}

void append_stage_begin(struct append_stage *stage, const struct append *append)
{
	stage->append = *append;
	set_state(stage, APPEND_GIVEN);
}

enum status append_stage_end(struct append_stage *stage, struct error *err)
{
	pthread_mutex_lock(&stage->mutex);
	bool any = stage->state != APPEND_NONE;
	while (stage->state == APPEND_GIVEN)
		pthread_cond_wait(&stage->changed, &stage->mutex);
	stage->state = APPEND_NONE;
	pthread_mutex_unlock(&stage->mutex);
	if (any && stage->status != STATUS_OK)
		*err = stage->err;
	return any ? stage->status : STATUS_OK;
}
