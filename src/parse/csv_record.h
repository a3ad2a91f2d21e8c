/* Makes a record of a CSV row that has been scanned. */
#ifndef ROWMILL_PARSE_CSV_RECORD_H
#define ROWMILL_PARSE_CSV_RECORD_H

#include "parse/csv_scanner.h"
#include "record/record.h"

/* Fills fields, errors and raw of `record`, whose row, line and byte are set, with copies of
 * `raw`. Names are borrowed from `columns`. Returns false when the arena is exhausted. */
bool csv_build_record(const struct csv_row *row, struct slice raw,
		      const struct csv_syntax *syntax, const struct slice *columns, size_t column_count,
		      struct arena *arena, struct record *record);

/* The text of a cell; `raw` is the record's. Returns false when the arena is exhausted. */
bool csv_cell_text(struct csv_cell cell, struct slice raw, const struct csv_syntax *syntax,
		   struct arena *arena, struct slice *text);

#endif
