/* The last stage of a pipeline on a thread of its own: while one batch is stored, the next is read and checked.
 *
 *	append_stage_begin(&stage, store, &append);
 *	… read the next batch …
 *	status = append_stage_end(&stage, &err);
 *
 * One batch is under way at most. What is handed over is left alone until append_stage_end.
 *
 * Threads: a stage belongs to one thread, which alone calls these functions. */
#ifndef ROWMILL_IMPORT_APPEND_STAGE_H
#define ROWMILL_IMPORT_APPEND_STAGE_H

#include "import/job_thread.h"
#include "store/store.h"

/* What store->call->append_batch takes. */
struct append {
	struct store *store;
	int64_t import_id;
	struct batch *batch;
	struct slice format, dialect;
};

struct append_stage {
	struct job_thread thread;
	struct append append;
	enum status status;
	struct error err;
};

enum status append_stage_start(struct append_stage *stage, struct error *err);
void append_stage_stop(struct append_stage *stage); /* a zeroed struct is fine */

void append_stage_begin(struct append_stage *stage, const struct append *append);

/* Waits for what is under way, and says what became of it; STATUS_OK where nothing is. */
enum status append_stage_end(struct append_stage *stage, struct error *err);

#endif
