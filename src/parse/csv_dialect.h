/* Tells the dialect of a CSV file by its first bytes.
 *
 * Each delimiter (, ; tab |) is tried with each quote (" '), and the head is read with it as the
 * file will be. The best is the one under which a row names the most fields that the schema
 * knows; then the one under which the most rows have the same number of cells (two or more; a
 * damaged row counts half); then the one with more cells; then the first in the order above. The single
 * quote is tried only where no cell is quoted by the double one, and taken only where cells are
 * quoted by it and none is damaged.
 *
 * The header is the first row, or the first of 20 rows that names a field which the schema knows.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_PARSE_CSV_DIALECT_H
#define ROWMILL_PARSE_CSV_DIALECT_H

#include "parse/csv_scanner.h"
#include "parse/reader.h"

struct csv_guess {
	struct csv_syntax syntax;
	size_t header_row; /* how many rows come before the header */
};

/* `head` is the file's beginning without a byte order mark; `whole` says that it is all.
 * What `options` determine is not guessed. */
enum status csv_guess_dialect(struct slice head, bool whole, const struct reader_options *options,
			      struct csv_guess *guess, struct error *err);

#endif
