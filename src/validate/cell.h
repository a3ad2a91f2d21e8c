/* One cell of a record against its field.
 *
 * Threads: one at a time. */
#ifndef ROWMILL_VALIDATE_CELL_H
#define ROWMILL_VALIDATE_CELL_H

#include "validate/schema_table.h"

struct cell {
	struct record *record;
	struct arena *arena;
	struct pattern_scratch *scratch; /* NULL where no field has a pattern */
	struct strbuf *key;              /* scratch */
	const struct schema_field *field;
	const struct value *sent;  /* NULL: there is no such field in the record */
	struct typed_value *typed; /* out: what the value becomes if the record is valid */
	bool has_value;            /* out: it is one, of the field's type */
};

/* Adds to the record an error for each thing that is wrong. STATUS_NO_MEMORY. */
enum status cell_check(struct cell *cell);

/* Sets error->line and ->byte to where the value stands; else to where the record does. */
void cell_find_place(const struct cell *cell, struct cell_error *error);

#endif
