/* The shared strings of a workbook: kept in two temporary files without a name that are mapped, so that
 * the memory they take is the system's to give and to take back.
 *
 * Threads: as the reader. */
#ifndef ROWMILL_PARSE_XLSX_STRINGS_H
#define ROWMILL_PARSE_XLSX_STRINGS_H

#include <stdio.h>

#include "parse/xlsx_archive.h"

struct xlsx_strings {
	FILE *texts, *ends; /* all strings behind each other; uint64_t, where each ends */
	char *mapped_texts;
	uint64_t *mapped_ends;
	uint64_t size, count;
};

/* Reads the member of that name; `folder` is where temporary files go (NULL: $TMPDIR or /tmp). */
enum status xlsx_strings_read(struct xlsx_strings *strings, struct xlsx_archive *archive,
			      const char *name, const char *folder, struct error *err);
void xlsx_strings_release(struct xlsx_strings *strings); /* a zeroed struct is fine */

/* false: there is no string of that index. */
bool xlsx_strings_find(const struct xlsx_strings *strings, uint64_t index, struct slice *text);

#endif
