#include "parse/csv_record.h"

#include "base/utf8.h"
#include "parse/place.h"
#include "parse/row_error.h"

#include "base/banned.h"

/* A record that is being built; `place` moves along its bytes as errors are found. */
struct build {
	const struct csv_row *row;
	const struct slice *columns;
	size_t column_count;
	const struct csv_syntax *syntax;
	struct arena *arena;
	struct record *record;
	struct place place;
};

bool csv_cell_text(struct csv_cell cell, struct slice raw, const struct csv_syntax *syntax,
		   struct arena *arena, struct slice *text)
{
	*text = slice_of(raw.data + cell.start, cell.size);
	if (!(cell.flags & (CELL_DOUBLED | CELL_ESCAPED)) ||
	    cell.flags & (CELL_DAMAGED | CELL_UNCLOSED))
		return true;
	char *out = arena_alloc(arena, cell.size);
	if (!out)
		return false;
	*text = slice_of(out, csv_unescape(*text, cell.flags, syntax, out));
	return true;
}

/* Adds an error of the cell that begins at `at`; cells come in their order. */
static bool add_error(struct build *build, size_t at, struct cell_error error)
{
	struct slice raw = build->record->raw;
	size_t done = (size_t)(build->place.byte - build->record->byte);

	if (at > done)
		place_advance(&build->place, slice_of(raw.data + done, at - done));
	error.line = build->place.line;
	error.byte = build->record->byte + at;
	return row_error_add(build->record, build->arena, error);
}

static bool check_quotes(struct build *build, struct csv_cell cell, struct slice name)
{
	struct cell_error error = {
		.field = name,
		.code = ERROR_QUOTE,
		.value = slice_of(build->record->raw.data + cell.start, cell.size),
		.has_value = true,
	};

	if (cell.flags & CELL_UNCLOSED)
		error.message = SLICE("The quote is never closed; close it, or double a quote "
				      "that is part of the text.");
	else
		error.message = SLICE("A quote stands inside the text; put the cell in quotes and "
				      "double each quote that is part of the text.");
	return add_error(build, cell.start, error);
}

static bool check_bytes(struct build *build, struct csv_cell cell, struct slice name,
			struct slice text)
{
	struct cell_error error = {
		.field = name, .code = ERROR_ENCODING, .value = text, .has_value = true};
	size_t valid = utf8_valid_prefix(text);

	if (valid < text.size) {
		error.message = row_error_message(
			build->arena,
			"Byte %zu of the value (0x%02X) is no UTF-8; save the file as UTF-8.",
			valid + 1, (unsigned char)text.data[valid]);
		if (!error.message.data || !add_error(build, cell.start, error))
			return false;
	}
	if (slice_find(text, '\0', 0) == text.size)
		return true;
	error.message = SLICE("The value holds a NUL byte; remove it.");
	return add_error(build, cell.start, error);
}

/* Checks one cell where the scan saw something that needs it. */
static bool check_cell(struct build *build, struct csv_cell cell, struct slice name,
		       struct slice text)
{
	if (cell.flags & (CELL_DAMAGED | CELL_UNCLOSED) && !check_quotes(build, cell, name))
		return false;
	return !build->row->unusual || check_bytes(build, cell, name, text);
}

/* Cells that no column has become one field, a JSON array of strings. */
static bool add_extra(struct build *build, struct field *field)
{
	const struct csv_row *row = build->row;
	struct slice raw = build->record->raw, name = SLICE("_extra"), text;
	struct json_writer json;
	struct strbuf out;
	bool done = false;

	strbuf_init(&out, 8 * raw.size + 8 * row->count + 8);
	json_writer_init(&json, &out);
	json_begin_array(&json);
	struct slice *extra = arena_alloc_zeroed(build->arena, row->count - build->column_count, sizeof *extra);
	if (!extra)
		goto cleanup;
	build->record->extra = extra;
	for (size_t i = build->column_count; i < row->count; i++) {
		if (!csv_cell_text(row->cells[i], raw, build->syntax, build->arena, &text))
			goto cleanup;
		if (!check_cell(build, row->cells[i], name, text))
			goto cleanup;
		json_put_string(&json, text);
		extra[build->record->extra_count++] = text;
	}
	json_end_array(&json);
	if (!strbuf_ok(&out))
		goto cleanup;
	*field = (struct field){.name = name, .value.kind = VALUE_ARRAY};
	if (!arena_copy(build->arena, strbuf_slice(&out), &field->value.text))
		goto cleanup;
	struct cell_error error = {
		.field = name,
		.code = ERROR_EXTRA_CELL,
		.value = field->value.text,
		.has_value = true,
		.message = row_error_extra_cells(build->arena, row->count, build->column_count),
	};
	done = error.message.data &&
	       add_error(build, row->cells[build->column_count].start, error);
cleanup:
	strbuf_release(&out);
	return done;
}

static bool add_missing(struct build *build)
{
	struct slice message = row_error_missing_cell(build->arena, build->row->count, build->column_count);

	if (!message.data)
		return false;
	for (size_t i = build->row->count; i < build->column_count; i++) {
		struct cell_error error = {.field = build->columns[i],
					   .code = ERROR_MISSING_CELL,
					   .message = message};
		if (!add_error(build, build->record->raw.size, error))
			return false;
	}
	return true;
}

static bool add_fields(struct build *build)
{
	const struct csv_row *row = build->row;
	struct record *record = build->record;
	size_t named = row->count < build->column_count ? row->count : build->column_count;
	bool extra = row->count > named;
	bool check = row->unusual || row->damaged;

	record->field_count = named + extra;
	record->fields = arena_alloc(build->arena, record->field_count * sizeof *record->fields);
	if (!record->fields)
		return false;
	for (size_t i = 0; i < named; i++) {
		struct field *field = &record->fields[i];
		field->name = build->columns[i];
		field->value.kind = VALUE_STRING;
		if (!csv_cell_text(row->cells[i], record->raw, build->syntax, build->arena,
				   &field->value.text))
			return false;
		if (check && !check_cell(build, row->cells[i], field->name, field->value.text))
			return false;
	}
	return !extra || add_extra(build, &record->fields[named]);
}

bool csv_build_record(const struct csv_row *row, struct slice raw,
		      const struct csv_syntax *syntax, const struct slice *columns,
		      size_t column_count, struct arena *arena, struct record *record)
{
	struct build build = {.row = row,
			      .columns = columns,
			      .column_count = column_count,
			      .syntax = syntax,
			      .arena = arena,
			      .record = record,
			      .place = place_at_start(record->byte)};

	build.place.line = record->line;
	if (!arena_copy(arena, raw, &record->raw))
		return false;
	if (row->count > FIELD_LIMIT) {
		struct slice message = row_error_message(
			arena, "The row has %zu cells, and at most %d are read.", row->count,
			FIELD_LIMIT);
		return message.data && row_error_damaged(record, arena, ERROR_TOO_LONG, message);
	}
	return add_fields(&build) && (row->count >= column_count || add_missing(&build));
}
