/* What a schema consists of; within this room only.
 *
 * Threads: immutable. */
#ifndef ROWMILL_VALIDATE_SCHEMA_TABLE_H
#define ROWMILL_VALIDATE_SCHEMA_TABLE_H

#include "base/json_writer.h"
#include "validate/schema.h"

enum field_type {
	TYPE_STRING,
	TYPE_INTEGER,
	TYPE_EMAIL, /* Table Schema's "string" with the format "email" */
};

/* Constraints are Table Schema's. */
struct schema_field {
	struct slice name;
	enum field_type type;
	bool required;
	bool has_minimum, has_maximum;
	int64_t minimum, maximum;
	size_t max_length; /* characters (code points); 0: any number */
};

struct schema {
	struct slice name;
	const struct schema_field *fields;
	const struct slice *names; /* of the fields */
	size_t field_count;
};

/* The schema as a Table Schema document, without its name. */
void schema_write_json(const struct schema *schema, struct json_writer *json);

#endif
