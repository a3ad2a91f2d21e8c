/* Stored records that get other contents: by a corrected rejects file, or one alone by PATCH.
 *
 * Threads: in the writer's turn. */
#ifndef ROWMILL_STORE_SQLITE_CORRECTIONS_H
#define ROWMILL_STORE_SQLITE_CORRECTIONS_H

#include "store/sqlite/internal.h"

/* The import whose rows are corrected. */
struct correction_target {
	int64_t import_id;
	int64_t first, last;  /* its records that count; last 0: none */
	int64_t latest_found; /* id of the record that was corrected last: the next one is behind it, mostly */
};

/* STATUS_NOT_FOUND ("fixed-import-gone"). */
enum status correction_target_read(struct sqlite_store *store, int64_t import_id,
				   struct correction_target *target, struct error *err);

/* Puts the row into the place of the invalid record that record->fixes_row names, and counts it there. A row for which
 * there is none gets an error; one that is as it was given back gets that record's, which stays. */
enum status correction_apply(struct sqlite_store *store, int64_t fixes_import, struct correction_target *target,
			     struct record *record, struct arena *arena, struct error *err);

#endif
