#include "support.h"

#include "table.h"

#include <stdlib.h>

#define TEXT(kind_, text_, rank_) {{kind_, {text_, sizeof text_ - 1}}, rank_}

const struct table_value table_values[] = {
	TEXT(VALUE_NUMBER, "-7", 0),	  TEXT(VALUE_NUMBER, "0", 1),	   TEXT(VALUE_NUMBER, "0.0", 1),
	TEXT(VALUE_NUMBER, "1", 2),	  TEXT(VALUE_NUMBER, "1.00", 2),   TEXT(VALUE_NUMBER, "9.5", 3),
	TEXT(VALUE_NUMBER, "30", 4),	  TEXT(VALUE_NUMBER, "3e1", 4),	   TEXT(VALUE_NUMBER, "12345678901234567890", 5),
	TEXT(VALUE_NUMBER, "12345678901234567891", 6), TEXT(VALUE_STRING, "", 7), TEXT(VALUE_STRING, "30", 8),
	TEXT(VALUE_STRING, "a", 9),	  TEXT(VALUE_STRING, "a@b", 10),   TEXT(VALUE_STRING, "b", 11),
	TEXT(VALUE_STRING, "é", 12),	  TEXT(VALUE_BOOLEAN, "false", 13), TEXT(VALUE_BOOLEAN, "true", 14),
};
const size_t table_value_count = sizeof table_values / sizeof *table_values;
/* The last is in few rows: its columns list them. */
const struct slice table_fields[TABLE_FIELDS] = {{"age", 3}, {"name", 4}, {"rare", 4}};

void table_init(struct table *table, uint64_t seed)
{
	*table = (struct table){.random = seed, .next_id = 1, .columns = columns_new(make_temporary_folder())};
	table->rows = calloc(TABLE_ROWS_MOST, sizeof *table->rows);
	assert_non_null(table->columns);
	assert_non_null(table->rows);
	for (int i = 0; i < TABLE_IMPORTS; i++)
		table->next_number[i] = 1;
}

void table_release(struct table *table)
{
	columns_free(table->columns);
	free(table->rows);
}

static size_t below(struct table *table, size_t limit)
{
	return random_next(&table->random) % limit;
}

static void draw_values(struct table *table, struct table_row *row)
{
	row->valid = below(table, 4) != 0;
	for (size_t i = 0; i < TABLE_FIELDS; i++)
		row->values[i] = below(table, 100) < (i == 2 ? 95 : 10) ? NO_VALUE : (int)below(table, table_value_count);
}

static void cells_of(const struct table_row *row, struct field fields[TABLE_FIELDS], struct column_row *cells)
{
	*cells = (struct column_row){.fields = fields, .valid = row->valid, .embedded = row->embedded};
	for (size_t i = 0; i < TABLE_FIELDS; i++)
		if (row->values[i] != NO_VALUE)
			fields[cells->field_count++] =
				(struct field){table_fields[i], table_values[row->values[i]].value};
}

static void append(struct table *table)
{
	struct column_row cells[200];
	struct field fields[200][TABLE_FIELDS];
	size_t count = 1 + below(table, 200), import = below(table, TABLE_IMPORTS);
	int64_t first_id = table->next_id, first_number = table->next_number[import];
	int64_t created_ms = 1000 * (int64_t)below(table, 50);

	if (table->count + count > TABLE_ROWS_MOST)
		return;
	for (size_t i = 0; i < count; i++) {
		struct table_row *row = &table->rows[table->count++];
		*row = (struct table_row){.import_id = (int64_t)import + 1, .id = table->next_id++,
					  .number = table->next_number[import]++, .created_ms = created_ms};
		draw_values(table, row);
		cells_of(row, fields[i], &cells[i]);
	}
	assert_true(columns_append(table->columns, (int64_t)import + 1, first_id, created_ms, first_number, cells, count));
	table->next_id += (int64_t)below(table, 3); /* ids have gaps */
}

/* Some records of one import, by rising ids. */
static size_t draw_records(struct table *table, struct table_row *drawn[20], int64_t ids[20])
{
	size_t count = 0;
	int64_t import_id = 1 + (int64_t)below(table, TABLE_IMPORTS);

	for (size_t i = below(table, 50); i < table->count && count < 20; i += 1 + below(table, 50))
		if (table->rows[i].import_id == import_id && !table->rows[i].gone) {
			drawn[count] = &table->rows[i];
			ids[count++] = table->rows[i].id;
		}
	return count;
}

static void correct(struct table *table)
{
	struct table_row *drawn[20];
	struct column_row cells[20];
	struct field fields[20][TABLE_FIELDS];
	int64_t ids[20];
	size_t count = draw_records(table, drawn, ids);

	for (size_t i = 0; i < count; i++) {
		draw_values(table, drawn[i]);
		cells_of(drawn[i], fields[i], &cells[i]);
	}
	if (count)
		assert_true(columns_replace(table->columns, drawn[0]->import_id, ids, cells, count));
}

static void embed(struct table *table)
{
	struct table_row *drawn[20];
	int64_t ids[20];
	size_t count = draw_records(table, drawn, ids);
	bool embedded = below(table, 4) != 0;

	for (size_t i = 0; i < count; i++)
		drawn[i]->embedded = embedded;
	if (count)
		assert_true(columns_set_embedded(table->columns, drawn[0]->import_id, ids, count, embedded));
}

static void remove_import(struct table *table)
{
	int64_t import_id = 1 + (int64_t)below(table, TABLE_IMPORTS);

	for (size_t i = 0; i < table->count; i++)
		table->rows[i].gone |= table->rows[i].import_id == import_id;
	columns_remove_import(table->columns, import_id);
	columns_begin_import(table->columns, import_id);
}

void table_change(struct table *table)
{
	size_t kind = below(table, 100);

	if (kind < 60)
		append(table);
	else if (kind < 78)
		correct(table);
	else if (kind < 98)
		embed(table);
	else
		remove_import(table);
}

void table_fill(struct table *table)
{
	for (int i = 0; i < 120; i++)
		table_change(table);
}
