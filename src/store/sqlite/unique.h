/* Values that one row of an import has for itself alone, as an index on disk: the first row to come with a
 * value keeps it, also where it is otherwise invalid, and rows come in their order.
 *
 * A row that is corrected gives its values back and takes its new ones, if nobody has them: a correction
 * never takes a value from the row that has it.
 *
 * Threads: in the writer's turn. */
#ifndef ROWMILL_STORE_SQLITE_UNIQUE_H
#define ROWMILL_STORE_SQLITE_UNIQUE_H

#include "store/sqlite/internal.h"

/* Takes what the record claims for row `row` of the import. What another row has is an error of the record, whose
 * data is then as sent; *lost says so. Errors are made in the arena. */
enum status unique_take(struct sqlite_store *store, int64_t import_id, int64_t row, struct record *record,
			struct arena *arena, bool *lost, struct error *err);

/* Gives back all that the row has. */
enum status unique_give_back(struct sqlite_store *store, int64_t import_id, int64_t row, struct error *err);

#endif
