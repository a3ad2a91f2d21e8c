#include "record/record.h"

#include "base/json_tree.h"
#include "base/utf8.h"

#include "base/banned.h"

enum { FIRST_ERRORS = 4, SUMMARY_SIZE = 1000 };

struct cell_error *record_add_error(struct record *record, struct arena *arena)
{
	if (record->error_count == record->error_capacity) {
		size_t larger = record->error_capacity ? 2 * record->error_capacity : FIRST_ERRORS;
		struct cell_error *errors = arena_alloc_zeroed(arena, larger, sizeof *errors);
		if (!errors)
			return NULL;
		if (record->error_count)
			memcpy(errors, record->errors, record->error_count * sizeof *errors);
		record->errors = errors;
		record->error_capacity = larger;
	}
	return &record->errors[record->error_count++];
}

size_t record_find_field(const struct record *record, struct slice name)
{
	size_t i = 0;

	while (i < record->field_count && !slice_equal(record->fields[i].name, name))
		i++;
	return i;
}

void value_write_json(struct value value, struct json_writer *json)
{
	if (value.kind == VALUE_NULL)
		json_put_null(json);
	else if (value.kind == VALUE_STRING)
		json_put_string(json, value.text);
	else
		json_put_raw(json, value.text);
}

void record_write_data(const struct record *record, struct json_writer *json)
{
	if (record->shape == RECORD_DAMAGED) {
		json_put_string(json, record->raw);
		return;
	}
	if (record->shape == RECORD_VALUE || (record->from_json && !record_is_valid(record))) {
		json_put_damaged_raw(json, record->raw);
		return;
	}
	json_begin_object(json);
	for (size_t i = 0; i < record->field_count; i++) {
		json_put_member_slice(json, record->fields[i].name);
		value_write_json(record->fields[i].value, json);
	}
	json_end_object(json);
}

void record_write_errors(const struct record *record, bool places, struct json_writer *json)
{
	json_begin_array(json);
	for (size_t i = 0; i < record->error_count; i++) {
		const struct cell_error *error = &record->errors[i];
		json_begin_object(json);
		json_put_member(json, "field");
		if (error->field.size)
			json_put_string(json, error->field);
		else
			json_put_null(json);
		json_put_text_member(json, "code", error->code);
		json_put_text_member(json, "constraint", error->constraint);
		json_put_member(json, "message");
		json_put_string(json, error->message);
		json_put_member(json, "value");
		if (error->has_value)
			json_put_string(json, error->value);
		else
			json_put_null(json);
		if (places) {
			json_put_int_member(json, "line", (int64_t)error->line);
			json_put_int_member(json, "byte", (int64_t)error->byte);
		}
		json_end_object(json);
	}
	json_end_array(json);
}

/* *name stays as it is where the node is no text. */
static bool copy_name(const struct json_node *node, struct arena *arena, const char **name)
{
	if (!node || node->kind != NODE_STRING)
		return true;
	char *out = arena_alloc(arena, node->text.size + 1);
	if (!out)
		return false;
	memcpy(out, node->text.data, node->text.size);
	out[node->text.size] = '\0';
	*name = out;
	return true;
}

static bool read_error(struct record *record, const struct json_node *node, struct arena *arena)
{
	const struct json_node *field = json_node_find(node, "field"), *message = json_node_find(node, "message");
	const struct json_node *value = json_node_find(node, "value");
	struct cell_error *error = record_add_error(record, arena);

	if (!error)
		return false;
	error->code = "row-error";
	error->field = field && field->kind == NODE_STRING ? field->text : slice_of(NULL, 0);
	error->message = message ? message->text : slice_of(NULL, 0);
	error->has_value = value && value->kind == NODE_STRING;
	if (error->has_value)
		error->value = value->text;
	error->line = record->line;
	error->byte = record->byte;
	return copy_name(json_node_find(node, "code"), arena, &error->code) &&
	       copy_name(json_node_find(node, "constraint"), arena, &error->constraint);
}

enum status record_read_errors(struct record *record, struct slice json, struct arena *arena, struct error *err)
{
	const struct json_node *root;
	enum status status = json_tree_read(json, arena, &root, err);

	record->error_count = 0;
	for (const struct json_node *node = status == STATUS_OK ? root->first : NULL; node; node = node->next)
		if (!read_error(record, node, arena))
			return error_no_memory(err);
	return status;
}

void record_write_summary(const struct record *record, struct strbuf *out)
{
	size_t start = out->size;

	for (size_t i = 0; i < record->error_count; i++) {
		const struct cell_error *error = &record->errors[i];
		if (i)
			strbuf_add_string(out, "; ");
		if (error->field.size) {
			strbuf_add_slice(out, error->field);
			strbuf_add_string(out, ": ");
		}
		strbuf_add_slice(out, error->message);
	}
	if (strbuf_ok(out) && out->size - start > SUMMARY_SIZE) {
		struct slice all = slice_of(out->data + start, out->size - start);
		out->size = start + utf8_floor(all, SUMMARY_SIZE - 3);
		strbuf_add_string(out, "...");
	}
}
