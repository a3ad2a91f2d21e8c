/* Tells the dialect of a CSV file by its first bytes.
 *
 * Each delimiter is tried, and the first 100 rows of the head are read with it as the file will
 * be. The best is the one under which a row names the most fields that the schema knows; then the
 * one with the largest product of two shares: rows that have the same number of cells (two or more;
 * a damaged row counts half), and cells that no other delimiter stands in (decimal commas, and
 * punctuation before a space, do not count); then the one with more cells; then the first in the order
 *
 *	, ; tab |                  always tried
 *	US SOH ^ ~ : # & space     tried where those leave most rows in one piece, and taken only where
 *	                           all rows have the same number of cells: two for the first four,
 *	                           three and a header of words for the others; or more known fields
 *
 * A delimiter that is doubled in the whole first row and in nine tenths of the others is taken as both
 * ("||"), and one that a space follows there takes the space with it (", ").
 *
 * The quote is ", or ' where no cell is quoted by ", cells are quoted by ' and at most a tenth as many
 * rows are damaged. Escapes are only what the user says.
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
