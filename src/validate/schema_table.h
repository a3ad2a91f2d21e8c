/* What a schema consists of; within this room only.
 *
 * Threads: immutable, but for the count of holders. */
#ifndef ROWMILL_VALIDATE_SCHEMA_TABLE_H
#define ROWMILL_VALIDATE_SCHEMA_TABLE_H

#include "validate/schema.h"

/* Constraints are Table Schema's. */
struct schema_field {
	struct slice name;
	enum field_type type;
	bool required, unique;
	bool has_minimum, has_maximum;
	int64_t minimum, maximum;
	size_t max_length; /* characters (code points); 0: any number */
};

struct schema {
	struct slice name;
	const struct schema_field *fields;
	const struct slice *names; /* of the fields */
	size_t field_count;
	const struct slice *known; /* names and aliases */
	size_t known_count;
	bool has_unique;
	struct slice document; /* as given; empty: a built-in schema */
};

#endif
