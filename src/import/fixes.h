/* Rows of a corrected rejects file: which row each of them corrects is taken out of it, with the other columns that
 * rejects are given back with (import/reject.h), so that what is left is the row as it should have been.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_IMPORT_FIXES_H
#define ROWMILL_IMPORT_FIXES_H

#include "record/record.h"
#include "base/status.h"

/* Sets record->fixes_row (0: it names none), and fixes_as_is where its "_errors" was emptied. What is in "_value", or as text in
 * "_raw", is the row itself, unless the row has members of its own: a value that is no object and a line that is no
 * JSON are so again. */
enum status fixes_take(struct record *record, struct arena *arena, struct error *err);

#endif
