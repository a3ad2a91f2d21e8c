/* Random rows in columns and, beside them, in a plain array that says what must be found. */
#ifndef ROWMILL_TESTS_UNIT_COLUMN_TABLE_H
#define ROWMILL_TESTS_UNIT_COLUMN_TABLE_H

#include "column/columns.h"
#include "column/selection.h"

enum { TABLE_FIELDS = 3, TABLE_ROWS_MOST = 8000, TABLE_IMPORTS = 3, TABLE_RANKS = 15, NO_VALUE = -1 };

/* Values in their order; equal ones share a rank. */
struct table_value {
	struct value value;
	int rank;
};
extern const struct table_value table_values[];
extern const size_t table_value_count;
extern const struct slice table_fields[TABLE_FIELDS];

struct table_row {
	int64_t import_id, id, number, created_ms;
	bool valid, embedded, gone;
	int values[TABLE_FIELDS]; /* indexes of table_values; NO_VALUE */
};

struct table {
	struct columns *columns;
	struct table_row *rows; /* by id */
	size_t count;
	int64_t next_id, next_number[TABLE_IMPORTS];
	uint64_t random;
};

void table_init(struct table *table, uint64_t seed);
void table_release(struct table *table);

/* One random change: a batch, corrected records, vectors, or an import that goes. */
void table_change(struct table *table);
void table_fill(struct table *table); /* many changes, an import's end among them */

static inline int rank_of(const struct table_row *row, size_t field)
{
	return row->values[field] == NO_VALUE ? NO_VALUE : table_values[row->values[field]].rank;
}

#endif
