/* read(2) as a slow or failing file would answer it. Suites that include this link with
 * -Wl,--wrap=read. */
#ifndef ROWMILL_TESTS_UNIT_PARSE_SLOW_READ_H
#define ROWMILL_TESTS_UNIT_PARSE_SLOW_READ_H

#include <stddef.h>

#include "parse/reader.h"

/* From now on `quick` bytes come as they are asked for, then at most `piece` a call; after
 * `calls` calls (negative: never) reads fail with `error_number`, EINTR for one call only. */
void slow_read_begin(size_t quick, size_t piece, long calls, int error_number);
void slow_read_end(void);

/* Readers take the head of a file in one go, so what small files hold never meets the boundary of a
 * read. This puts a head before it: a header and one long row, or white space. The caller frees
 * .data. */
struct slice behind_the_head(enum file_format format, struct slice bytes);

#endif
