/* A stage that turns a sheet of an XLSX workbook into CSV: cells divided by commas, quoted where
 * they need it, one row a line (a cell may hold line ends), so that line n is row n of the sheet.
 *
 * Rows without a value are blank lines. Rows are as wide as the widest up to them, at least; what
 * is missing at their end is empty. Strings are decoded (shared, inline, _x000D_), numbers are written with
 * the fewest digits that give them back, dates and times by the cell's format in ISO 8601, booleans
 * as true and false, errors as they show (#N/A). Of formulas the value that was stored counts.
 *
 * Errors: STATUS_INVALID "corrupt-workbook", "unknown-sheet"; STATUS_UNSUPPORTED for workbooks that
 * are protected or binary; STATUS_TOO_LARGE "too-much-unpacked".
 *
 * Memory: some MiB, the longest cell, and what the system maps of the shared strings.
 * Threads: as stage.h. */
#ifndef ROWMILL_PARSE_XLSX_STAGE_H
#define ROWMILL_PARSE_XLSX_STAGE_H

#include "parse/stage.h"

struct xlsx_options {
	struct slice sheet;           /* a name, or a number from 1; empty: the first visible one */
	uint64_t skip_rows;           /* rows of the sheet that become blank lines */
	uint64_t size_limit;          /* bytes unpacked, of which a quarter may be shared strings; 0: 16 GiB */
	const char *temporary_folder; /* NULL: $TMPDIR or /tmp */
};

/* `fd` is read with pread(2). *bytes_read becomes how far it has been read; it outlives the stage.
 * `sheet_name` becomes the name of the sheet, cut to its size. */
enum status xlsx_stage_new(int fd, const struct xlsx_options *options, uint64_t *bytes_read,
			   char *sheet_name, size_t sheet_name_size, struct stage **stage,
			   struct error *err);

#endif
