/* How a number of a workbook is written.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_PARSE_XLSX_NUMBER_H
#define ROWMILL_PARSE_XLSX_NUMBER_H

#include "base/strbuf.h"
#include "parse/xlsx_book.h"

/* Appends it: "0.1" for the stored 0.10000000000000001, "2024-02-29" for day 45351. What is no
 * number, or no day that there is, is appended as it stands. */
void xlsx_write_number(struct slice stored, enum xlsx_number kind, bool from_1904,
		       struct strbuf *out);

#endif
