#include "import/fixes.h"

#include "import/reject.h"
#include "parse/reader.h"

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

/* The row that stands as a JSON text in its only member. */
static enum status take_inner(struct record *record, struct slice text, struct arena *arena, struct error *err)
{
	struct record inner = {0};
	struct error syntax;
	enum status status = json_read_record(text, arena, &inner, &syntax);

	if (status == STATUS_NO_MEMORY)
		return error_no_memory(err);
	if (status != STATUS_OK)
		return STATUS_OK; /* it stays a row with that member, which the schema wants differently */
	inner.row = record->row;
	inner.line = record->line;
	inner.byte = record->byte;
	inner.fixes_row = record->fixes_row;
	*record = inner;
	return STATUS_OK;
}

enum status fixes_take(struct record *record, struct arena *arena, struct error *err)
{
	if (record->shape != RECORD_FIELDS)
		return STATUS_OK;
	record->fixes_row = read_row_number(record);
	drop_error_columns(record);
	if (record->from_json && record->field_count == 1) {
		const struct field *only = &record->fields[0];
		if (slice_is(only->name, "_value") && only->value.kind == VALUE_OBJECT)
			return take_inner(record, only->value.text, arena, err);
		if (slice_is(only->name, "_raw") && only->value.kind == VALUE_STRING)
			return take_inner(record, only->value.text, arena, err);
	}
	/* Its text holds what was taken out: it is written from its fields. */
	record->from_json = false;
	return STATUS_OK;
}
