/* Pulls records out of a CSV file.
 *
 * Rows are numbered without header, skipped lines and blank lines. A blank line is one with no
 * byte in it; it is no row, also in a file of one column (writers put an empty cell there as "").
 * A row's raw bytes go without its line end; its cells are strings as they stood.
 *
 * Error codes: extra-cell, missing-cell, quote-error, encoding-error, too-long-row (row_error.h).
 *
 * Threads: as the reader. */
#ifndef ROWMILL_PARSE_CSV_READER_H
#define ROWMILL_PARSE_CSV_READER_H

#include "parse/csv_scanner.h"
#include "parse/reader.h"
#include "parse/source.h"

struct csv_reader {
	struct source *source; /* borrowed */
	struct arena arena;    /* names: as long as the reader */
	struct csv_syntax syntax;
	struct csv_row row; /* the one that was scanned last */
	struct slice *columns;
	size_t column_count;
	size_t record_size_limit;
	uint64_t line;   /* of the next unread byte, from 1 */
	uint64_t number; /* of the last row */
	bool too_long;   /* the scanned row is over the limit */
	bool sheet;      /* rows come from a sheet: each counts as one line */
};

/* Detects the dialect, reads the header and fills *dialect. The source stands at the file's
 * beginning, behind a byte order mark. */
enum status csv_reader_open(struct csv_reader *reader, struct source *source,
			    const struct reader_options *options, struct dialect *dialect,
			    struct error *err);
void csv_reader_release(struct csv_reader *reader); /* a zeroed struct is fine */

/* As reader_next and reader_skip. */
enum status csv_reader_next(struct csv_reader *reader, struct batch *batch, struct error *err);
enum status csv_reader_skip(struct csv_reader *reader, uint64_t count, struct error *err);

#endif
