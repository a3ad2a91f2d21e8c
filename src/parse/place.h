/* Where one is in a text: lines end at CRLF, LF or CR, columns count characters.
 *
 * Threads: as its owner. */
#ifndef ROWMILL_PARSE_PLACE_H
#define ROWMILL_PARSE_PLACE_H

#include "base/slice.h"

struct place {
	uint64_t line, column; /* from 1 */
	uint64_t byte;         /* from 0 */
	bool after_cr;         /* a LF that follows belongs to the line end already counted */
};

/* The beginning of a text whose first byte is the file's byte `byte`. */
struct place place_at_start(uint64_t byte);

void place_advance(struct place *place, struct slice passed);

#endif
