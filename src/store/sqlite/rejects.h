/* What was sent of invalid records: kept beside them, so that valid ones cost nothing.
 *
 * Threads: in the writer's turn. */
#ifndef ROWMILL_STORE_SQLITE_REJECTS_H
#define ROWMILL_STORE_SQLITE_REJECTS_H

#include "store/sqlite/internal.h"

/* Keeps record->reject of an invalid record, in the place of what was kept before. fixed_by 0: none. */
enum status rejects_keep(struct sqlite_store *store, const struct record *record, int64_t record_id,
			 int64_t fixed_by, struct error *err);

/* What is kept of an invalid record; `kept->sent` empty: nothing is. */
enum status rejects_read(struct sqlite_store *store, int64_t record_id, struct arena *arena, struct rejected_row *kept,
			 struct error *err);

#endif
