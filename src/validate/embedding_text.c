/* The text of a record that is embedded. */
#include "validate/schema_table.h"
#include "validate/white_space.h"

#include "base/banned.h"

static bool is_schema_field(const struct schema *schema, struct slice name)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (slice_equal(schema->names[i], name))
			return true;
	return false;
}

static bool is_empty(struct value value)
{
	return value.kind == VALUE_NULL ||
	       (value.kind == VALUE_STRING && trim_white_space(value.text).size == 0);
}

static void add_text(struct strbuf *out, size_t start, struct value value)
{
	if (is_empty(value))
		return;
	if (out->size > start)
		strbuf_add_byte(out, ' ');
	strbuf_add_slice(out, value.text);
}

static void write_values(const struct schema *schema, const struct record *record, struct strbuf *out)
{
	size_t start = out->size;

	for (size_t i = 0; i < schema->field_count; i++) {
		size_t column = record_find_field(record, schema->names[i]);
		if (column < record->field_count)
			add_text(out, start, record->fields[column].value);
	}
	for (size_t i = 0; i < record->field_count; i++)
		if (!is_schema_field(schema, record->fields[i].name))
			add_text(out, start, record->fields[i].value);
}

static void write_template(const struct schema *schema, const struct record *record, struct strbuf *out)
{
	for (size_t i = 0; i < schema->piece_count; i++) {
		const struct template_piece *piece = &schema->pieces[i];
		if (piece->field == TEMPLATE_TEXT) {
			strbuf_add_slice(out, piece->text);
			continue;
		}
		size_t column = record_find_field(record, schema->names[piece->field]);
		if (column < record->field_count && !is_empty(record->fields[column].value))
			strbuf_add_slice(out, record->fields[column].value.text);
	}
}

void schema_write_text(const struct schema *schema, const struct record *record, struct strbuf *out)
{
	if (schema->pieces)
		write_template(schema, record, out);
	else
		write_values(schema, record, out);
}
