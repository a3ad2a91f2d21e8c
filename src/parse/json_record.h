/* Makes a record of a JSON value that json_scanner.h found complete.
 *
 * Keys and strings are decoded (\u0000 is a NUL byte, counted); numbers keep their digits;
 * arrays and objects inside keep their text. An escaped surrogate without its other half is
 * decoded as U+FFFD and reported as an encoding-error, as are bytes that are no UTF-8, which
 * stay as they are.
 *
 * Error codes: type-error, duplicate-key, encoding-error, too-long-row (row_error.h). */
#ifndef ROWMILL_PARSE_JSON_RECORD_H
#define ROWMILL_PARSE_JSON_RECORD_H

#include "parse/place.h"
#include "record/record.h"

/* Fills shape, fields and errors of `record` from its raw, which is one complete JSON value
 * without white space around it; its line and byte are set. `members` is the scanner's.
 * Slices point into raw or `arena`. Returns false when the arena is exhausted. */
bool json_build_record(struct record *record, size_t members, struct arena *arena);

/* The same of a raw that is no JSON, for `problem` at `damage`. */
bool json_build_damaged(struct record *record, const char *problem, struct place damage, struct arena *arena);

#endif
