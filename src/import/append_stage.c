#include "import/append_stage.h"

#include "base/banned.h"

static void run(void *argument)
{
	struct append_stage *stage = argument;
	const struct append *append = &stage->append;

	stage->status = append->store->call->append_batch(append->store, append->import_id, append->batch,
							  append->format, append->dialect, &stage->err);
}

enum status append_stage_start(struct append_stage *stage, struct error *err)
{
	*stage = (struct append_stage){.status = STATUS_OK};
	return job_thread_start(&stage->thread, err);
}

void append_stage_stop(struct append_stage *stage)
{
	job_thread_stop(&stage->thread);
}

void append_stage_begin(struct append_stage *stage, const struct append *append)
{
	stage->append = *append;
	job_thread_give(&stage->thread, run, stage);
}

enum status append_stage_end(struct append_stage *stage, struct error *err)
{
	job_thread_wait(&stage->thread);
	enum status status = stage->status;
	if (status != STATUS_OK)
		*err = stage->err;
	stage->status = STATUS_OK;
	return status;
}
