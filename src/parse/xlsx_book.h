/* What a workbook says about its sheets: which there are, where they lie, how numbers are shown.
 *
 * Threads: as the reader. */
#ifndef ROWMILL_PARSE_XLSX_BOOK_H
#define ROWMILL_PARSE_XLSX_BOOK_H

#include "base/arena.h"
#include "parse/xlsx_archive.h"

/* What a number stands for, by the format of its cell. */
enum xlsx_number { XLSX_NUMBER, XLSX_DATE, XLSX_TIME, XLSX_DATE_TIME, XLSX_DURATION };

struct xlsx_book {
	struct arena *arena; /* borrowed; holds what follows */
	bool from_1904;      /* days count from 1904, not 1900 */
	const char *sheet;   /* member of the chosen sheet */
	struct slice sheet_name;
	const char *strings; /* member; NULL: none */
	unsigned char *styles; /* enum xlsx_number by the cell's style; [style_count] */
	size_t style_count;
};

/* `sheet` is a name or a number from 1; empty: the first that is not hidden. STATUS_INVALID,
 * "unknown-sheet", where there is none such. */
enum status xlsx_book_read(struct xlsx_book *book, struct xlsx_archive *archive,
			   struct slice sheet, struct arena *arena, struct error *err);

enum xlsx_number xlsx_number_of_format(struct slice code); /* "yyyy-mm-dd", … */

#endif
