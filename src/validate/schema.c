#include "validate/schema.h"

#include "base/hash.h"
#include "validate/schema_table.h"
#include "validate/white_space.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

#define TEXT(literal) {(literal), sizeof(literal) - 1}
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct schema_field people_fields[] = {
	{.name = TEXT("name"), .type = TYPE_STRING, .required = true, .max_length = 200},
	{.name = TEXT("email"), .type = TYPE_EMAIL, .required = true},
	{.name = TEXT("age"), .type = TYPE_INTEGER,
	 .has_minimum = true, .minimum = 0, .has_maximum = true, .maximum = 150},
	{.name = TEXT("department"), .type = TYPE_STRING},
};

static const struct slice people_names[COUNT(people_fields)] = {
	TEXT("name"), TEXT("email"), TEXT("age"), TEXT("department"),
};

static const struct schema builtin[] = {
	{TEXT("people"), people_fields, people_names, COUNT(people_fields)},
	{TEXT("any"), NULL, NULL, 0},
};

const struct schema *schema_builtin(struct slice name)
{
	for (size_t i = 0; i < COUNT(builtin); i++)
		if (slice_equal(builtin[i].name, name))
			return &builtin[i];
	return NULL;
}

struct slice schema_name(const struct schema *schema)
{
	return schema->name;
}

const struct slice *schema_fields(const struct schema *schema, size_t *count)
{
	*count = schema->field_count;
	return schema->names;
}

static void write_constraints(const struct schema_field *field, struct json_writer *json)
{
	json_put_member(json, "constraints");
	json_begin_object(json);
	if (field->required) {
		json_put_member(json, "required");
		json_put_bool(json, true);
	}
	if (field->has_minimum) {
		json_put_member(json, "minimum");
		json_put_int(json, field->minimum);
	}
	if (field->has_maximum) {
		json_put_member(json, "maximum");
		json_put_int(json, field->maximum);
	}
	if (field->max_length) {
		json_put_member(json, "maxLength");
		json_put_int(json, (int64_t)field->max_length);
	}
	json_end_object(json);
}

void schema_write_json(const struct schema *schema, struct json_writer *json)
{
	json_begin_object(json);
	json_put_member(json, "fields");
	json_begin_array(json);
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct schema_field *field = &schema->fields[i];
		json_begin_object(json);
		json_put_member(json, "name");
		json_put_string(json, field->name);
		json_put_member(json, "type");
		json_put_text(json, field->type == TYPE_INTEGER ? "integer" : "string");
		if (field->type == TYPE_EMAIL) {
			json_put_member(json, "format");
			json_put_text(json, "email");
		}
		write_constraints(field, json);
		json_end_object(json);
	}
	json_end_array(json);
	json_end_object(json);
}

void schema_fingerprint(const struct schema *schema, unsigned char digest[32])
{
	struct strbuf text;
	struct json_writer json;

	strbuf_init(&text, 1 << 20);
	json_writer_init(&json, &text);
	schema_write_json(schema, &json);
	if (!strbuf_ok(&text)) {
		/* As for sha256_of: no result would be better than a wrong one. */
		fputs("rowmill: the schema's fingerprint found no memory\n", stderr);
		abort();
	}
	sha256_of(strbuf_slice(&text), digest);
	strbuf_release(&text);
}

static bool is_schema_field(const struct schema *schema, struct slice name)
{
	for (size_t i = 0; i < schema->field_count; i++)
		if (slice_equal(schema->names[i], name))
			return true;
	return false;
}

static void add_text(struct strbuf *out, size_t start, struct value value)
{
	if (value.kind == VALUE_NULL ||
	    (value.kind == VALUE_STRING && trim_white_space(value.text).size == 0))
		return;
	if (out->size > start)
		strbuf_add_byte(out, ' ');
	strbuf_add_slice(out, value.text);
}

void schema_write_text(const struct schema *schema, const struct record *record,
		       struct strbuf *out)
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
