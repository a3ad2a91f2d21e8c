/* Cell errors by field and code: counted in the transaction that stores or changes a record, so that
 * nobody ever counts them again, and found by an index of records for each group.
 *
 *	error_tally_init(&tally);
 *	error_tally_add(&tally, record) …            // all records of a transaction
 *	errors_count(store, import_id, &tally, &err);
 *	errors_link(store, &tally, record, id, &err) …
 *	error_tally_release(&tally);
 *
 * Threads: in the writer's turn. */
#ifndef ROWMILL_STORE_SQLITE_ERRORS_H
#define ROWMILL_STORE_SQLITE_ERRORS_H

#include "store/sqlite/internal.h"

/* Errors with this code in this field. */
struct error_tally_group {
	struct slice field, code; /* field as error_groups names it */
	int64_t count;
	int64_t group_id;    /* after errors_count */
	int64_t linked_record; /* the latest */
};

struct error_tally {
	struct arena arena;
	struct error_tally_group *groups;
	size_t count, capacity;
	uint32_t *slots; /* [slot_count], a power of two; index + 1 into groups, 0: free */
	size_t slot_count;
};

void error_tally_init(struct error_tally *tally);
void error_tally_release(struct error_tally *tally); /* a zeroed struct is fine */
void error_tally_clear(struct error_tally *tally);

/* Adds the record's errors. false: memory is exhausted. */
bool error_tally_add(struct error_tally *tally, const struct record *record);

/* Adds what was counted to the import's groups. */
enum status errors_count(struct sqlite_store *store, int64_t import_id, struct error_tally *tally,
			 struct error *err);

/* Notes that the stored record has these errors, which are in the tally. */
enum status errors_link(struct sqlite_store *store, struct error_tally *tally,
			const struct record *record, int64_t record_id, struct error *err);

/* Takes the errors of a stored record out of the groups of its import. */
enum status errors_forget(struct sqlite_store *store, int64_t import_id, int64_t record_id,
			  struct error *err);

#endif
