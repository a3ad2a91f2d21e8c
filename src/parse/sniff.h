/* Telling what a file is by its first bytes, unpacked and in UTF-8 but for sniff_unsupported(). */
#ifndef ROWMILL_PARSE_SNIFF_H
#define ROWMILL_PARSE_SNIFF_H

#include "parse/reader.h"

/* Whether the bytes, as they stand in the file, are those of an XLSX workbook. */
bool sniff_workbook(struct slice head);

/* STATUS_UNSUPPORTED where the bytes, as they stand in the file, are those of a kind that is not
 * read. `text` says that they are known to be text: only signatures count then. */
enum status sniff_unsupported(struct slice head, bool text, struct error *err);

/* CSV or JSON (which may be NDJSON yet). An empty file is CSV. */
enum file_format sniff_format(struct slice head, bool whole);

/* Size of the UTF-8 byte order mark at the beginning of `head`, 3 or 0. */
size_t sniff_byte_order_mark(struct slice head);

enum json_layout { JSON_ONE_TEXT, JSON_LINES, JSON_LAYOUT_OPEN };

/* Whether a text that begins with '{' is one JSON text or NDJSON; JSON_LAYOUT_OPEN where more
 * than this head is needed to tell. NDJSON: the first line that is not blank is a complete value
 * with something behind it, or the second such line is a complete object. */
enum json_layout sniff_json_layout(struct slice head, bool whole);

#endif
