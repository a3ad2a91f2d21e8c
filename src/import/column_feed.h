/* Keeps the columns in memory as the store has the records. What changes records calls here after its
 * transaction was committed; nothing else writes to the columns.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_IMPORT_COLUMN_FEED_H
#define ROWMILL_IMPORT_COLUMN_FEED_H

#include "column/columns.h"
#include "store/store.h"

/* A batch was stored. Its arena is used for scratch. What goes wrong is in the log, and the columns know
 * that they are incomplete. */
void column_feed_batch(struct columns *columns, int64_t import_id, struct batch *batch);

/* Records of one import were corrected: they are as the store has them now, ids rising. */
void column_feed_records(struct columns *columns, const struct stored_record *records, size_t count);

static inline void column_feed_record(struct columns *columns, const struct stored_record *record)
{
	column_feed_records(columns, record, 1);
}

/* Vectors were attached. */
void column_feed_vectors(struct columns *columns, const struct record_vector *vectors, size_t count);

/* Reads all records of the store into the columns, between columns_begin_load and columns_end_load, which
 * it calls: rows with greater ids than `last_id` were fed already, or will be. Ends early, with the columns
 * incomplete, once *stopping is set. */
void column_feed_load(struct columns *columns, struct store *store, int64_t last_id,
		      const atomic_bool *stopping);

/* The greatest id of a record that the store has. */
enum status column_feed_last_id(struct store *store, int64_t *last_id, struct error *err);

#endif
