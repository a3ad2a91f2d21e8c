/* What a row claims for itself alone within its import: the value of a field that its schema calls
 * unique. The lowest row number wins a value, even where that row is otherwise invalid.
 *
 * Validation makes claims, the store and `rowmill check` decide them: so both decide alike.
 *
 * Ownership and threads: as the record (record.h). */
#ifndef ROWMILL_RECORD_UNIQUE_CLAIM_H
#define ROWMILL_RECORD_UNIQUE_CLAIM_H

#include "base/arena.h"
#include "base/slice.h"

struct record;

struct unique_claim {
	struct slice field;  /* the field's name in the schema */
	struct slice key;    /* any bytes; equal exactly where the values are: "30" and "30.0" are, for an integer */
	struct slice value;  /* as sent, for the error */
	uint64_t line, byte; /* where the cell starts: line from 1, byte from 0 */
};

/* Adds the error that the claim is lost to an earlier row. false: the arena is exhausted. */
bool unique_claim_add_error(struct record *record, struct arena *arena,
			    const struct unique_claim *claim, uint64_t holder_row);

#endif
