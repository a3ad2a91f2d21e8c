/* The built-in schemas, and what is asked of any. */
#include "validate/schema.h"

#include "base/hash.h"
#include "validate/schema_table.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

#define TEXT(literal) {(literal), sizeof(literal) - 1}
#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct schema_field people_fields[] = {
	{.name = TEXT("name"), .type = TYPE_STRING, .required = true, .max_length = 200},
	{.name = TEXT("email"), .type = TYPE_EMAIL, .required = true},
	{.name = TEXT("age"), .type = TYPE_INTEGER,
	 .minimum = {.given = true, .text = TEXT("0"), .number = {.whole = TEXT("0")}},
	 .maximum = {.given = true, .text = TEXT("150"), .number = {.whole = TEXT("150")}}},
	{.name = TEXT("department"), .type = TYPE_STRING},
};

static const struct slice people_names[COUNT(people_fields)] = {
	TEXT("name"), TEXT("email"), TEXT("age"), TEXT("department"),
};

static const struct known_name people_lookup[COUNT(people_fields)] = {
	{.folded = TEXT("age"), .name = TEXT("age"), .field = 2},
	{.folded = TEXT("department"), .name = TEXT("department"), .field = 3},
	{.folded = TEXT("email"), .name = TEXT("email"), .field = 1},
	{.folded = TEXT("name"), .name = TEXT("name"), .field = 0},
};

static const struct schema builtin[] = {
	{
		.name = TEXT("people"),
		.fields = people_fields,
		.names = people_names,
		.field_count = COUNT(people_fields),
		.known = people_names,
		.known_count = COUNT(people_fields),
		.lookup = people_lookup,
	},
	{.name = TEXT("any")},
};

const struct schema *schema_builtin(struct slice name)
{
	for (size_t i = 0; i < COUNT(builtin); i++)
		if (slice_equal(builtin[i].name, name))
			return &builtin[i];
	return NULL;
}

size_t schema_builtin_count(void)
{
	return COUNT(builtin);
}

const struct schema *schema_builtin_at(size_t index)
{
	return &builtin[index];
}

bool schema_is_builtin(const struct schema *schema)
{
	return schema->document.size == 0;
}

struct slice schema_document(const struct schema *schema)
{
	return schema->document;
}

bool schema_name_is_valid(struct slice name)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

	if (name.size == 0 || name.size > SCHEMA_NAME_MAX || name.data[0] == '.')
		return false;
	for (size_t i = 0; i < name.size; i++)
		if (!name.data[i] || !strchr(allowed, name.data[i]))
			return false;
	return true;
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

const struct slice *schema_known_columns(const struct schema *schema, size_t *count)
{
	*count = schema->known_count;
	return schema->known;
}

enum field_type schema_field_type(const struct schema *schema, size_t field)
{
	return schema->fields[field].type;
}

bool schema_field_is_unique(const struct schema *schema, size_t field)
{
	return schema->fields[field].unique;
}

bool schema_has_unique(const struct schema *schema)
{
	return schema->has_unique;
}

static void write_constraints(const struct schema_field *field, struct json_writer *json)
{
	json_put_member(json, "constraints");
	json_begin_object(json);
	if (field->required) {
		json_put_member(json, "required");
		json_put_bool(json, true);
	}
	if (field->minimum.given) {
		json_put_member(json, "minimum");
		json_put_raw(json, field->minimum.text);
	}
	if (field->maximum.given) {
		json_put_member(json, "maximum");
		json_put_raw(json, field->maximum.text);
	}
	if (field->max_length) {
		json_put_member(json, "maxLength");
		json_put_int(json, (int64_t)field->max_length);
	}
	json_end_object(json);
}

void schema_write_document(const struct schema *schema, struct json_writer *json)
{
	if (!schema_is_builtin(schema)) {
		json_put_raw(json, schema->document);
		return;
	}
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

	strbuf_init(&text, 2 * SCHEMA_DOCUMENT_MAX);
	json_writer_init(&json, &text);
	schema_write_document(schema, &json);
	if (!strbuf_ok(&text)) {
		/* As for sha256_of: no result would be better than a wrong one. */
		fputs("rowmill: the schema's fingerprint found no memory\n", stderr);
		abort();
	}
	sha256_of(strbuf_slice(&text), digest);
	strbuf_release(&text);
}
