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
	/* Of a value that is no object: what was wrong with its characters, which were decoded. */
	for (size_t i = 0; inner.shape == RECORD_VALUE && i < record->error_count; i++) {
		struct cell_error *error = record_add_error(&inner, arena);
		if (!error)
			return error_no_memory(err);
		*error = record->errors[i];
		error->field = slice_of(NULL, 0);
	}
	for (size_t i = 0; i < inner.error_count; i++) {
		inner.errors[i].line = record->line;
		inner.errors[i].byte = record->byte;
	}
	*record = inner;
	return STATUS_OK;
}

static enum status take_value(struct record *record, const struct value *value, struct arena *arena, struct error *err)
{
	struct json_writer json;
	struct strbuf text;
	struct slice copy;

	if (value->kind != VALUE_STRING)
		return take_inner(record, value->kind == VALUE_NULL ? SLICE("null") : value->text, arena, err);
	strbuf_init(&text, 8 * value->text.size + 8);
	json_writer_init(&json, &text);
	value_write_json(*value, &json);
	bool copied = strbuf_ok(&text) && arena_copy(arena, strbuf_slice(&text), &copy);
	strbuf_release(&text);
	return copied ? take_inner(record, copy, arena, err) : error_no_memory(err);
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
	if (record->field_count == 1) {
		const struct field *only = &record->fields[0];
		if (slice_is(only->name, "_value"))
			return take_value(record, &only->value, arena, err);
		if (slice_is(only->name, "_raw") && only->value.kind == VALUE_STRING)
			return take_inner(record, only->value.text, arena, err);
	}
	/* Its text holds what was taken out: it is written from its fields. */
	record->from_json = false;
	return STATUS_OK;
}
