/* Which column of a record is which field. By name: first those that are spelled like the field, then those
 * that differ in ASCII case, spaces, '-' and '_' alone, then aliases in the same way; of several, the first.
 * What map= says goes before all that.
 *
 * What was found for a header is kept for the rows that follow.
 *
 * Threads: one at a time. */
#ifndef ROWMILL_VALIDATE_COLUMNS_H
#define ROWMILL_VALIDATE_COLUMNS_H

#include "record/record.h"
#include "validate/schema_table.h"

#define NO_COLUMN SIZE_MAX

struct columns {
	const struct schema *schema; /* borrowed */
	size_t *of_field; /* [field_count]: the record's column of each field, or NO_COLUMN */
	int *rank;        /* [field_count]: how well that column's name fits; less is better */
	const struct column_rename *renames; /* [rename_count], borrowed */
	size_t rename_count;
	size_t *renamed;  /* [rename_count]: the record's column of each, or NO_COLUMN */
	size_t conflict;  /* a column that has the name which another is to get; NO_COLUMN: none */
	struct arena kept; /* holds `header`, and behind it the bytes of its names */
	struct slice *header;
	size_t header_count;
	bool has_header;
};

/* false: memory is exhausted; columns_release is due all the same. */
bool columns_init(struct columns *columns, const struct schema *schema,
		  const struct column_rename *renames, size_t rename_count);
void columns_release(struct columns *columns); /* a zeroed struct is fine */

/* Finds the columns of the record's fields, and gives them, and the reader's errors about them, the
 * schema's names. */
void columns_find(struct columns *columns, struct record *record);

#endif
