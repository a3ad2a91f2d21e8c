/* The unit of flow: some hundred records that are parsed, validated and stored together, in
 * one arena and one transaction. Memory is bounded by batches, whatever the file's size.
 *
 * A batch is full when it holds `capacity` records or its arena passed `size_limit` bytes;
 * one record may pass that limit, up to the reader's own cap on records.
 *
 * Between batch_clear and batch_add, `capacity` may be set lower than batch_init was told, and back.
 *
 * Threads: a batch belongs to one thread at a time. */
#ifndef ROWMILL_RECORD_BATCH_H
#define ROWMILL_RECORD_BATCH_H

#include "record/record.h"

struct batch {
	struct arena arena; /* lives as long as the batch's present contents */
	struct record *records;
	size_t count, capacity;
	size_t size_limit; /* bytes */
	/* Of a file with columns: JSON, [["column as sent", "field as records name it"], …], for the import to keep.
	 * Empty: it stays as it is. */
	struct slice columns;
	/* The words that people may misspell of its records that claim nothing, each with a space behind it and most once
	 * (record/spellings.h). data NULL: the store finds them in the records' words. */
	struct slice spellings;
	/* Set when the batch is stored: its records have the ids from first_id on, without a gap. */
	int64_t first_id, created_ms;
	bool awaited; /* others waited to write while it was stored */
};

/* Returns false when memory is exhausted. */
bool batch_init(struct batch *batch, size_t capacity, size_t size_limit);
void batch_release(struct batch *batch); /* a zeroed struct is fine */
void batch_clear(struct batch *batch);

bool batch_is_full(const struct batch *batch);

/* The next record, zeroed; NULL when `capacity` is reached. */
struct record *batch_add(struct batch *batch);

#endif
