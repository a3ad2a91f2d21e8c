/* Packed files and workbooks for tests. Each result is on the heap: the caller frees .data. */
#ifndef ROWMILL_TESTS_UNIT_PARSE_PACKING_H
#define ROWMILL_TESTS_UNIT_PARSE_PACKING_H

#include "base/slice.h"

struct slice pack_gzip(struct slice text);
struct slice pack_zstd(struct slice text);
struct slice join_bytes(struct slice first, struct slice second);

/* Text in UTF-8 as iconv's encoding of that name. */
struct slice encode_as(struct slice text, const char *encoding);

/* A workbook of one sheet named "S" whose <sheetData> holds this XML, with these shared strings
 * (<si>…</si>); NULL: without such a part. */
struct slice make_workbook(const char *sheet_data, const char *strings);

struct workbook_part {
	const char *name, *content; /* content NULL: left out */
};

/* That workbook, of one cell with the number 1, with these parts instead of its own or besides them. */
struct slice make_workbook_of(const struct workbook_part *changed, size_t count);

#endif
