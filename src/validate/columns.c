#include "validate/columns.h"

#include "record/field_name.h"

#include <stdlib.h>

#include "base/banned.h"

/* Only moderately sized headers are kept; finding others anew costs no more than their size. */
enum { KEPT_COLUMNS = 256, KEPT_SIZE = 64 * 1024, FOLDED_SIZE = 1024 };

enum { RANK_MAPPED, RANK_NAME, RANK_LIKE_NAME, RANK_ALIAS, RANK_LIKE_ALIAS, RANK_NONE };

bool columns_init(struct columns *columns, const struct schema *schema,
		  const struct column_rename *renames, size_t rename_count)
{
	*columns = (struct columns){
		.schema = schema, .renames = renames, .rename_count = rename_count};
	arena_init(&columns->kept, 2 * KEPT_SIZE);
	/* One more than there are: calloc(0) may be NULL. */
	columns->of_field = calloc(schema->field_count + 1, sizeof *columns->of_field);
	columns->rank = calloc(schema->field_count + 1, sizeof *columns->rank);
	columns->renamed = calloc(rename_count + 1, sizeof *columns->renamed);
	return columns->of_field && columns->rank && columns->renamed;
}

void columns_release(struct columns *columns)
{
	free(columns->of_field);
	free(columns->rank);
	free(columns->renamed);
	arena_release(&columns->kept);
}

struct slice fold_name(struct slice name, char *out)
{
	size_t size = 0;

	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		if (c != ' ' && c != '-' && c != '_')
			out[size++] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c;
	}
	return slice_of(out, size);
}

/* ---- a header that was seen before ---- */

static bool is_kept_header(const struct columns *columns, const struct record *record)
{
	if (!columns->has_header || columns->header_count != record->field_count)
		return false;
	for (size_t i = 0; i < record->field_count; i++)
		if (!slice_equal(columns->header[i], record->fields[i].name))
			return false;
	return true;
}

static void keep_header(struct columns *columns, const struct record *record)
{
	size_t size = 0;

	columns->has_header = false;
	if (record->field_count > KEPT_COLUMNS)
		return;
	for (size_t i = 0; i < record->field_count; i++)
		size += record->fields[i].name.size;
	if (size > KEPT_SIZE)
		return;
	arena_reset(&columns->kept);
	size_t list_size = record->field_count * sizeof *columns->header;
	columns->header = arena_alloc(&columns->kept, list_size + size);
	if (!columns->header)
		return;
	char *bytes = (char *)(columns->header + record->field_count);
	for (size_t i = 0; i < record->field_count; i++) {
		struct slice name = record->fields[i].name;
		if (name.size)
			memcpy(bytes, name.data, name.size);
		columns->header[i] = slice_of(bytes, name.size);
		bytes += name.size;
	}
	columns->header_count = record->field_count;
	columns->has_header = true;
}

/* ---- finding ---- */

static int compare_slices(struct slice a, struct slice b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common ? memcmp(a.data, b.data, common) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* The first of the known names that fold to this. */
static size_t find_folded(const struct schema *schema, struct slice folded)
{
	size_t low = 0, high = schema->known_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_slices(schema->lookup[middle].folded, folded) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int rank_of(const struct known_name *known, struct slice name)
{
	bool same = slice_equal(known->name, name);

	if (known->is_alias)
		return same ? RANK_ALIAS : RANK_LIKE_ALIAS;
	return same ? RANK_NAME : RANK_LIKE_NAME;
}

/* The field that the column fits best, and how well; of several the first: what folds alike is in the order of fields. */
static int best_field(const struct schema *schema, struct slice name, uint32_t *field)
{
	char bytes[FOLDED_SIZE];
	int best = RANK_NONE;

	if (name.size > sizeof bytes)
		return RANK_NONE;
	struct slice folded = fold_name(name, bytes);
	for (size_t i = find_folded(schema, folded);
	     i < schema->known_count && slice_equal(schema->lookup[i].folded, folded); i++) {
		int rank = rank_of(&schema->lookup[i], name);
		if (rank < best) {
			best = rank;
			*field = schema->lookup[i].field;
		}
	}
	return best;
}

static void take_column(struct columns *columns, uint32_t field, size_t column, int rank)
{
	if (rank < columns->rank[field]) {
		columns->rank[field] = rank;
		columns->of_field[field] = column;
	}
}

/* The column that is spelled so, else the first that differs as headers may. */
static size_t find_column(const struct record *record, struct slice name)
{
	size_t column = record_find_field(record, name);

	if (column < record->field_count)
		return column;
	for (column = 0; column < record->field_count; column++)
		if (field_name_equal(record->fields[column].name, name))
			return column;
	return NO_COLUMN;
}

static bool is_renamed(const struct columns *columns, size_t column)
{
	for (size_t i = 0; i < columns->rename_count; i++)
		if (columns->renamed[i] == column)
			return true;
	return false;
}

static void find_renamed(struct columns *columns, const struct record *record)
{
	for (size_t i = 0; i < columns->rename_count; i++) {
		const struct column_rename *rename = &columns->renames[i];
		size_t column = find_column(record, rename->column);
		columns->renamed[i] = column;
		for (uint32_t f = 0; column != NO_COLUMN && f < columns->schema->field_count; f++)
			if (slice_equal(columns->schema->names[f], rename->field))
				take_column(columns, f, column, RANK_MAPPED);
	}
}

/* A record cannot have two fields of one name. */
static void find_conflict(struct columns *columns, const struct record *record)
{
	columns->conflict = NO_COLUMN;
	for (size_t i = 0; i < columns->rename_count; i++) {
		size_t holder = record_find_field(record, columns->renames[i].field);
		if (columns->renamed[i] != NO_COLUMN && holder < record->field_count &&
		    !is_renamed(columns, holder))
			columns->conflict = holder;
	}
}

static void find_columns(struct columns *columns, const struct record *record)
{
	uint32_t field = 0;

	for (size_t i = 0; i < columns->schema->field_count; i++) {
		columns->of_field[i] = NO_COLUMN;
		columns->rank[i] = RANK_NONE;
	}
	find_renamed(columns, record);
	find_conflict(columns, record);
	for (size_t c = 0; c < record->field_count; c++) {
		if (columns->rename_count && is_renamed(columns, c))
			continue;
		int rank = best_field(columns->schema, record->fields[c].name, &field);
		if (rank < RANK_NONE)
			take_column(columns, field, c, rank);
	}
}

/* ---- names ---- */

/* Readers name columns as the file does. */
static void name_errors(struct record *record, struct slice from, struct slice to)
{
	for (size_t i = 0; i < record->error_count; i++)
		if (slice_equal(record->errors[i].field, from))
			record->errors[i].field = to;
}

static void give_name(struct record *record, size_t column, struct slice name)
{
	if (column == NO_COLUMN)
		return;
	if (record->error_count)
		name_errors(record, record->fields[column].name, name);
	record->fields[column].name = name;
}

/* A cell that is missing has an error, but no field in the record. */
static void name_missing(struct columns *columns, struct record *record)
{
	const struct schema *schema = columns->schema;

	for (size_t i = 0; i < record->error_count; i++) {
		struct slice *name = &record->errors[i].field;
		uint32_t field;
		for (size_t r = 0; r < columns->rename_count; r++)
			if (columns->renamed[r] == NO_COLUMN &&
			    field_name_equal(*name, columns->renames[r].column))
				*name = columns->renames[r].field;
		if (best_field(schema, *name, &field) < RANK_NONE && columns->of_field[field] == NO_COLUMN)
			*name = schema->names[field];
	}
}

void columns_find(struct columns *columns, struct record *record)
{
	const struct schema *schema = columns->schema;

	if (!is_kept_header(columns, record)) {
		find_columns(columns, record);
		keep_header(columns, record);
	}
	if (record->error_count)
		name_missing(columns, record);
	for (size_t i = 0; i < columns->rename_count; i++)
		give_name(record, columns->renamed[i], columns->renames[i].field);
	for (size_t i = 0; i < schema->field_count; i++)
		give_name(record, columns->of_field[i], schema->names[i]);
}
