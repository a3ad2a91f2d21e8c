#include "import/fixes.h"

#include "import/reject.h"
#include "parse/reader.h"
#include "parse/row_error.h"

#include "base/banned.h"

static int64_t read_row_number(const struct record *record)
{
	size_t at = record_find_field(record, SLICE("_row"));
	int64_t row = 0;

	if (at == record->field_count)
		return 0;
	const struct value *value = &record->fields[at].value;
	if ((value->kind != VALUE_STRING && value->kind != VALUE_NUMBER) ||
	    !slice_parse_int64(slice_trim(value->text), &row) || row < 1)
		return 0;
	return row;
}

/* Of who looked at a row and left it as it is: nothing stands in "_errors" any more. */
static bool errors_are_emptied(const struct record *record)
{
	size_t at = record_find_field(record, SLICE("_errors"));

	if (at == record->field_count)
		return false;
	const struct value *value = &record->fields[at].value;
	struct slice text = slice_trim(value->text);
	return value->kind == VALUE_NULL || (value->kind == VALUE_STRING && !text.size) ||
	       (value->kind == VALUE_ARRAY && text.size > 1 && !slice_trim(slice_of(text.data + 1, text.size - 2)).size);
}

/* Fields of that name go, and what the reader found wrong with them. */
static void drop_error_columns(struct record *record)
{
	size_t kept = 0;

	for (size_t i = 0; i < record->field_count; i++)
		if (!reject_is_error_column(record->fields[i].name))
			record->fields[kept++] = record->fields[i];
	record->field_count = kept;
	kept = 0;
	for (size_t i = 0; i < record->error_count; i++)
		if (!reject_is_error_column(record->errors[i].field))
			record->errors[kept++] = record->errors[i];
	record->error_count = kept;
}

static bool has_code(const struct cell_error *error, const char *code)
{
	return strcmp(error->code, code) == 0;
}

/* What is said of the row's width counts the columns that are left. */
static enum status correct_widths(struct record *record, struct arena *arena, struct error *err)
{
	size_t cells = record->field_count - (record->extra_count > 0), columns = cells;

	for (size_t i = 0; i < record->error_count; i++)
		columns += has_code(&record->errors[i], ERROR_MISSING_CELL);
	cells += record->extra_count;
	for (size_t i = 0; i < record->error_count; i++) {
		struct cell_error *error = &record->errors[i];
		if (has_code(error, ERROR_EXTRA_CELL))
			error->message = row_error_extra_cells(arena, cells, columns);
		else if (has_code(error, ERROR_MISSING_CELL))
			error->message = row_error_missing_cell(arena, cells, columns);
		if (!error->message.data)
			return error_no_memory(err);
	}
	return STATUS_OK;
}

/* The row that stands in its only member, as it is read from `text`. */
static enum status take_inner(struct record *record, struct slice text, struct arena *arena, struct error *err)
{
	struct record inner = {0};
	enum status status = json_read_line(text, arena, &inner, err);

	if (status != STATUS_OK)
		return status;
	inner.row = record->row;
	inner.line = record->line;
	inner.byte = record->byte;
	inner.fixes_row = record->fixes_row;
	inner.fixes_as_is = record->fixes_as_is;
	for (size_t i = 0; i < inner.error_count; i++) {
		inner.errors[i].line = record->line;
		inner.errors[i].byte = record->byte;
	}
	*record = inner;
	return STATUS_OK;
}

enum status fixes_take(struct record *record, struct arena *arena, struct error *err)
{
	if (record->shape != RECORD_FIELDS)
		return STATUS_OK;
	record->fixes_row = read_row_number(record);
	record->fixes_as_is = errors_are_emptied(record);
	drop_error_columns(record);
	if (!record->from_json)
		return correct_widths(record, arena, err);
	if (!json_without(record->raw, reject_is_error_column, arena, &record->raw))
		return error_no_memory(err);
	if (record->field_count == 1) {
		const struct field *only = &record->fields[0];
		if (slice_is(only->name, "_value"))
			return take_inner(record, json_first_value(record->raw), arena, err);
		if (slice_is(only->name, "_raw") && only->value.kind == VALUE_STRING)
			return take_inner(record, only->value.text, arena, err);
	}
	return STATUS_OK;
}
