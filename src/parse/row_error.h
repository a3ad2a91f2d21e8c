/* What is wrong with a row that is being read. Every error code of this room is listed here;
 * they are Frictionless' where it has one.
 *
 * Threads: as the record's batch. */
#ifndef ROWMILL_PARSE_ROW_ERROR_H
#define ROWMILL_PARSE_ROW_ERROR_H

#include "record/record.h"

#define ERROR_EXTRA_CELL "extra-cell"       /* CSV: more cells than columns; they are kept in "_extra" */
#define ERROR_MISSING_CELL "missing-cell"   /* CSV: one for each column that the row does not reach */
#define ERROR_QUOTE "quote-error"           /* CSV: a quote where none may stand, or one never closed */
#define ERROR_ENCODING "encoding-error"     /* bytes that are no UTF-8, a NUL byte (CSV), a surrogate
                                               escape without its other half (JSON) */
#define ERROR_TOO_LONG "too-long-row"       /* over the limit of bytes or of fields: RECORD_DAMAGED */
#define ERROR_SYNTAX "syntax-error"         /* NDJSON: the line is no JSON: RECORD_DAMAGED */
#define ERROR_TYPE "type-error"             /* JSON: a value that is no object: RECORD_VALUE */
#define ERROR_DUPLICATE_KEY "duplicate-key" /* JSON: a key that an object holds twice */

/* The most cells of a row, or members of an object: as wide as the widest spreadsheet. */
enum { FIELD_LIMIT = 16384 };

/* Bytes of one record unless the options say otherwise. */
enum { RECORD_SIZE_LIMIT = 16 << 20 };

/* Appends a copy of `error`. Returns false when the arena is exhausted. */
bool row_error_add(struct record *record, struct arena *arena, struct cell_error error);

/* A message made for this row; the empty slice when the arena is exhausted. */
struct slice row_error_message(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What is said of a row of another width than the header's; the empty slice as above. */
struct slice row_error_extra_cells(struct arena *arena, size_t cells, size_t columns);
struct slice row_error_missing_cell(struct arena *arena, size_t cells, size_t columns);

/* Makes `record` one that could not be read, with this one error in front of any other. */
bool row_error_damaged(struct record *record, struct arena *arena, const char *code,
		       struct slice message);

#endif
