/* Names for the columns of a CSV file.
 *
 * A header cell's name is its text; a blank one becomes "field3" by its place, a repeated one
 * "name_2". "_extra" is taken by the cells that no column has, so a column so named becomes
 * "_extra_2". Bytes that are no UTF-8 become U+FFFD: names are used as JSON keys. */
#ifndef ROWMILL_PARSE_CSV_COLUMNS_H
#define ROWMILL_PARSE_CSV_COLUMNS_H

#include "base/arena.h"

/* Makes names from cells, or from their number alone where `cells` is NULL. The names live in
 * `arena`. Returns false when it is exhausted. */
bool csv_name_columns(const struct slice *cells, size_t count, struct arena *arena,
		      struct slice *names);

#endif
