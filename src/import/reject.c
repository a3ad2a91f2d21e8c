#include "import/reject.h"

#include "base/json_tree.h"
#include "parse/reader.h"

#include "base/banned.h"

static const char *const error_columns[] = {"_row", "_line", "_errors"};

enum { ERROR_COLUMNS = sizeof error_columns / sizeof *error_columns };

bool reject_is_error_column(struct slice name)
{
	for (size_t i = 0; i < ERROR_COLUMNS; i++)
		if (slice_is(name, error_columns[i]))
			return true;
	return false;
}

/* ---- the form ---- */

static struct slice text_of(const struct json_node *node, struct slice otherwise)
{
	return node && node->kind == NODE_STRING && node->text.size ? node->text : otherwise;
}

static enum status read_dialect(struct slice dialect, bool is_csv, struct arena *arena,
				struct reject_form *form, struct error *err)
{
	const struct json_node *root = NULL;

	if (dialect.size) {
		enum status status = json_tree_read(dialect, arena, &root, err);
		if (status != STATUS_OK)
			return status;
	}
	const struct json_node *quote = json_node_find(root, "quote");
	form->no_quotes = is_csv && quote && quote->kind == NODE_NULL;
	form->delimiter = text_of(json_node_find(root, "delimiter"), SLICE(","));
	form->quote = text_of(quote, SLICE("\""));
	form->escape = text_of(json_node_find(root, "escape"), SLICE(""));
	return STATUS_OK;
}

static enum status read_columns(struct slice columns, struct arena *arena, struct reject_form *form,
				struct error *err)
{
	const struct json_node *root;

	if (!columns.size)
		return STATUS_OK;
	enum status status = json_tree_read(columns, arena, &root, err);
	if (status != STATUS_OK)
		return status;
	struct reject_column *list = arena_alloc_zeroed(arena, root->count, sizeof *list);
	if (!list)
		return error_no_memory(err);
	for (const struct json_node *node = root->first; node; node = node->next)
		if (node->count == 2 && !reject_is_error_column(node->first->text))
			list[form->column_count++] = (struct reject_column){
				.sent = node->first->text, .field = node->first->next->text};
	form->columns = list;
	return STATUS_OK;
}

enum status reject_form_read(const struct import *import, struct arena *arena, struct reject_form *form,
			     struct error *err)
{
	*form = (struct reject_form){.format = REJECT_CSV};
	if (slice_is(import->format, "json"))
		form->format = REJECT_JSON;
	else if (slice_is(import->format, "ndjson") || (!import->columns.size && import->total_records))
		form->format = REJECT_NDJSON;
	if (form->format != REJECT_CSV)
		return STATUS_OK;
	enum status status = read_dialect(import->dialect, slice_is(import->format, "csv"), arena, form, err);
	return status == STATUS_OK ? read_columns(import->columns, arena, form, err) : status;
}

void reject_columns_write(const struct reject_column *columns, size_t count, struct strbuf *out)
{
	struct json_writer json;

	if (!count)
		return;
	json_writer_init(&json, out);
	json_begin_array(&json);
	for (size_t i = 0; i < count; i++) {
		json_begin_array(&json);
		json_put_string(&json, columns[i].sent);
		json_put_string(&json, columns[i].field);
		json_end_array(&json);
	}
	json_end_array(&json);
}

/* ---- CSV ---- */

static bool holds(struct slice text, struct slice part)
{
	if (!part.size)
		return false;
	for (size_t at = slice_find(text, part.data[0], 0); at + part.size <= text.size;
	     at = slice_find(text, part.data[0], at + 1))
		if (memcmp(text.data + at, part.data, part.size) == 0)
			return true;
	return false;
}

static bool needs_quotes(const struct reject_form *form, struct slice text)
{
	return text.size && (holds(text, form->delimiter) || holds(text, form->quote) ||
			     holds(text, form->escape) || slice_find(text, '\n', 0) < text.size ||
			     slice_find(text, '\r', 0) < text.size || text.data[0] == ' ' ||
			     text.data[text.size - 1] == ' ');
}

static bool ends_cell(const struct reject_form *form, char byte)
{
	return byte == '\n' || byte == '\r' || byte == form->escape.data[0] || byte == form->delimiter.data[0];
}

/* Without quotes: what ends a cell can stand in it behind an escape only. */
static void write_bare_cell(const struct reject_form *form, struct slice text, struct strbuf *out)
{
	for (size_t i = 0; i < text.size; i++) {
		if (form->escape.size && ends_cell(form, text.data[i]))
			strbuf_add_byte(out, form->escape.data[0]);
		strbuf_add_byte(out, text.data[i]);
	}
}

static void write_cell(const struct reject_form *form, struct slice text, struct strbuf *out)
{
	char quote = form->quote.data[0];

	if (form->no_quotes) {
		write_bare_cell(form, text, out);
		return;
	}
	if (!needs_quotes(form, text)) {
		strbuf_add_slice(out, text);
		return;
	}
	strbuf_add_byte(out, quote);
	for (size_t from = 0; from < text.size;) {
		size_t at = from;
		while (at < text.size && text.data[at] != quote &&
		       (!form->escape.size || text.data[at] != form->escape.data[0]))
			at++;
		strbuf_add(out, text.data + from, at - from);
		if (at < text.size) {
			strbuf_add_byte(out, form->escape.size ? form->escape.data[0] : quote);
			strbuf_add_byte(out, text.data[at]);
		}
		from = at + 1;
	}
	strbuf_add_byte(out, quote);
}

static void write_value_cell(const struct reject_form *form, const struct value *value, struct strbuf *out)
{
	if (value->kind != VALUE_NULL)
		write_cell(form, value->text, out);
}

/* The field of a column: at its place in a row of the file itself, else by its name. */
static const struct field *find_field(const struct record *record, size_t place, struct slice name)
{
	if (place >= record->field_count || !slice_equal(record->fields[place].name, name))
		place = record_find_field(record, name);
	return place < record->field_count ? &record->fields[place] : NULL;
}

/* Cells that no column has, byte for byte where the reader kept them. */
static void write_extra(const struct reject_form *form, const struct record *record, struct strbuf *out)
{
	for (size_t i = 0; i < record->extra_count; i++) {
		strbuf_add_slice(out, form->delimiter);
		write_cell(form, record->extra[i], out);
	}
}

static void make_csv(const struct reject_form *form, const struct record *record, struct strbuf *out,
		     size_t *split)
{
	size_t start = out->size;

	if (record->shape != RECORD_FIELDS)
		write_cell(form, record->raw, out);
	for (size_t i = 0; i < form->column_count; i++) {
		const struct field *field = find_field(record, i, form->columns[i].field);
		if (i)
			strbuf_add_slice(out, form->delimiter);
		if (field && record->shape == RECORD_FIELDS)
			write_value_cell(form, &field->value, out);
	}
	if (form->column_count)
		strbuf_add_slice(out, form->delimiter);
	*split = out->size - start;
	if (record->shape == RECORD_FIELDS)
		write_extra(form, record, out);
}

/* ---- JSON ---- */

/* Bytes as a JSON string: escaped where JSON wants it, and else as they are, UTF-8 or not. */
static void write_raw_string(struct slice text, struct strbuf *out)
{
	strbuf_add_byte(out, '"');
	for (size_t i = 0; i < text.size; i++) {
		unsigned char c = (unsigned char)text.data[i];
		if (c == '"' || c == '\\')
			strbuf_add_byte(out, '\\');
		if (c < 0x20)
			strbuf_add_format(out, "\\u%04x", c);
		else
			strbuf_add_byte(out, (char)c);
	}
	strbuf_add_byte(out, '"');
}

static bool has_error_column(const struct record *record)
{
	for (size_t i = 0; i < record->field_count; i++)
		if (reject_is_error_column(record->fields[i].name))
			return true;
	return false;
}

static void make_object(const struct record *record, struct strbuf *out)
{
	strbuf_add_byte(out, '{');
	for (size_t i = 0; i < record->field_count; i++) {
		const struct field *field = &record->fields[i];
		if (reject_is_error_column(field->name))
			continue;
		write_raw_string(field->name, out);
		strbuf_add_byte(out, ':');
		if (field->value.kind == VALUE_STRING)
			write_raw_string(field->value.text, out);
		else if (field->value.kind == VALUE_NULL)
			strbuf_add_string(out, "null");
		else
			strbuf_add_slice(out, field->value.text);
		strbuf_add_byte(out, ',');
	}
}

/* An object that would be taken for what stands in place of another row. */
static bool looks_like_a_stand_in(const struct record *record)
{
	const struct field *only = NULL;
	size_t count = 0;

	for (size_t i = 0; i < record->field_count; i++)
		if (!reject_is_error_column(record->fields[i].name)) {
			only = &record->fields[i];
			count++;
		}
	return count == 1 && (slice_is(only->name, "_value") || slice_is(only->name, "_raw"));
}

/* The object as it was sent, up to its closing brace. */
static bool copy_object(const struct record *record, struct arena *arena, struct strbuf *out)
{
	struct slice sent = record->raw;

	if (has_error_column(record) && !json_without(sent, reject_is_error_column, arena, &sent))
		return false;
	sent = slice_trim(slice_of(sent.data, sent.size - 1));
	strbuf_add_slice(out, sent);
	if (sent.size > 1)
		strbuf_add_byte(out, ',');
	return true;
}

static bool make_json(const struct reject_form *form, const struct record *record, struct arena *arena, struct strbuf *out,
		      size_t *split)
{
	size_t start = out->size;

	if (record->shape == RECORD_DAMAGED) {
		strbuf_add_string(out, "{\"_raw\":");
		write_raw_string(record->raw, out);
		strbuf_add_byte(out, ',');
	} else if (record->shape == RECORD_VALUE) {
		strbuf_add_string(out, "{\"_value\":");
		strbuf_add_slice(out, record->raw);
		strbuf_add_byte(out, ',');
	} else {
		bool wrapped = looks_like_a_stand_in(record);
		if (wrapped)
			strbuf_add_string(out, "{\"_value\":");
		if (!record->from_json)
			make_object(record, out);
		else if (!copy_object(record, arena, out))
			return false;
		if (wrapped && strbuf_ok(out)) {
			out->data[out->size - 1] = '}'; /* for the comma */
			strbuf_add_byte(out, ',');
		}
	}
	*split = out->size - start;
	if (!strbuf_ok(out) || form->format != REJECT_NDJSON)
		return strbuf_ok(out);
	/* Of an object from a file of another layout: what breaks its lines stands between its values. */
	for (size_t i = start; i < out->size; i++)
		if (out->data[i] == '\n' || out->data[i] == '\r')
			out->data[i] = ' ';
	return true;
}

bool reject_make(const struct reject_form *form, const struct record *record, struct arena *arena, struct strbuf *out,
		 size_t *split)
{
	if (form->format != REJECT_CSV)
		return make_json(form, record, arena, out, split);
	make_csv(form, record, out, split);
	return strbuf_ok(out);
}

/* ---- giving back ---- */

void reject_begin(const struct reject_form *form, struct strbuf *out)
{
	if (form->format == REJECT_JSON)
		strbuf_add_string(out, "[");
	if (form->format != REJECT_CSV)
		return;
	for (size_t i = 0; i < form->column_count; i++) {
		write_cell(form, form->columns[i].sent, out);
		strbuf_add_slice(out, form->delimiter);
	}
	for (size_t i = 0; i < ERROR_COLUMNS; i++) {
		if (i)
			strbuf_add_slice(out, form->delimiter);
		strbuf_add_string(out, error_columns[i]);
	}
	strbuf_add_string(out, "\n");
}

/* Ours, and so it may be changed where nothing can be quoted. */
static void write_message(const struct reject_form *form, struct slice message, struct strbuf *out)
{
	size_t start = out->size;

	write_cell(form, message, out);
	for (size_t i = start; form->no_quotes && strbuf_ok(out) && i < out->size; i++)
		if (out->data[i] == '\n' || out->data[i] == '\r' || out->data[i] == form->delimiter.data[0])
			out->data[i] = ' ';
}

static void write_csv(const struct reject_form *form, const struct rejected_row *row, struct strbuf *out)
{
	strbuf_add(out, row->sent.data, row->split);
	strbuf_add_int(out, row->row);
	strbuf_add_slice(out, form->delimiter);
	strbuf_add_int(out, row->line);
	strbuf_add_slice(out, form->delimiter);
	write_message(form, row->message, out);
	strbuf_add(out, row->sent.data + row->split, row->sent.size - row->split);
	strbuf_add_string(out, "\n");
}

void reject_write(const struct reject_form *form, const struct rejected_row *row, bool first,
		  struct strbuf *out)
{
	if (form->format == REJECT_CSV) {
		write_csv(form, row, out);
		return;
	}
	if (form->format == REJECT_JSON)
		strbuf_add_string(out, first ? "\n" : ",\n");
	strbuf_add_slice(out, row->sent);
	strbuf_add_format(out, "\"_row\":%lld,\"_line\":%lld,\"_errors\":", (long long)row->row,
			  (long long)row->line);
	strbuf_add_slice(out, row->errors);
	strbuf_add_byte(out, '}');
	if (form->format == REJECT_NDJSON)
		strbuf_add_byte(out, '\n');
}

void reject_end(const struct reject_form *form, bool empty, struct strbuf *out)
{
	if (form->format == REJECT_JSON)
		strbuf_add_string(out, empty ? "]\n" : "\n]\n");
}
