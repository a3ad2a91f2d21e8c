/* How fast imports get on, as far as it happened lately: rates over the last seconds, so that the time that is left
 * follows what really happens and not what was an hour ago.
 *
 * A meter is kept for each import that moves, for the METERS that moved last. Nothing here is stored: after a
 * restart, rates begin anew.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_IMPORT_PROGRESS_H
#define ROWMILL_IMPORT_PROGRESS_H

#include "import/importer.h"

#include <pthread.h>

enum { METERS = 64, METER_SAMPLES = 16 };

/* How far an import was, counted from when its meter began. */
struct meter_sample {
	uint64_t at_ns;
	uint64_t bytes;              /* read; as the reader says */
	uint64_t stored, invalid, embedded; /* records */
};

struct meter {
	int64_t import_id; /* 0: free */
	struct meter_sample now;
	struct meter_sample past[METER_SAMPLES]; /* half a second or more apart; a ring */
	size_t first, count;
};

struct progress {
	pthread_mutex_t mutex;
	struct meter meters[METERS];
};

void progress_init(struct progress *progress);
void progress_release(struct progress *progress);

/* `records` more of the import were stored, `invalid` of them are; its reader is at `bytes`. */
void progress_stored(struct progress *progress, int64_t import_id, uint64_t bytes, uint64_t records,
		     uint64_t invalid);
void progress_embedded(struct progress *progress, int64_t import_id, uint64_t records);

/* The import's counts are as the store showed them; `bytes_read` is where its reader is. */
struct import_progress progress_of(struct progress *progress, const struct import *import,
				   uint64_t bytes_read);

#endif
