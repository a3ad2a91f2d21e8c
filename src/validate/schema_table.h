/* What a schema consists of; within this room only.
 *
 * Threads: immutable, but for the count of holders. */
#ifndef ROWMILL_VALIDATE_SCHEMA_TABLE_H
#define ROWMILL_VALIDATE_SCHEMA_TABLE_H

#include "validate/date_time.h"
#include "validate/decimal.h"
#include "validate/pattern.h"
#include "validate/schema.h"

struct texts {
	const struct slice *list;
	size_t count;
};

/* A minimum or maximum, in the field's type. */
struct bound {
	bool given;
	bool exclusive;        /* the value itself is out of range */
	struct slice text;     /* as the document has it, for messages */
	struct decimal number; /* of integers and numbers */
	struct date_time time; /* of dates and datetimes */
};

/* One code point each, or empty: there is none. */
struct number_format {
	struct slice decimal_char, group_char;
	bool with_units; /* bareNumber false: what stands before and behind the digits is left away */
};

/* Constraints are Table Schema's. */
struct schema_field {
	struct slice name;
	struct texts aliases;
	enum field_type type;
	bool required, unique;
	struct bound minimum, maximum;
	size_t min_length;             /* characters (code points) */
	size_t max_length;             /* the same; 0: any number */
	struct pattern *pattern;       /* owned by the schema; NULL: none */
	struct slice pattern_text;
	struct texts choices;          /* keys of the values of enum, sorted; none: any value */
	struct slice choices_text;     /* for messages: "red, green, blue" */
	struct texts missing;          /* texts that mean "no value", beside the empty one */
	struct texts true_values, false_values;
	struct number_format number;
	struct date_format date;
};

/* A name by which a column is known, under which columns are looked up. */
struct known_name {
	struct slice folded; /* without ASCII case, spaces, '-' and '_' */
	struct slice name;
	uint32_t field;
	bool is_alias;
};

/* A piece of an embedding template: a text, or the value of a field. */
struct template_piece {
	struct slice text;
	uint32_t field; /* TEMPLATE_TEXT: it is a text */
};

#define TEMPLATE_TEXT UINT32_MAX

struct schema {
	struct slice name;
	const struct schema_field *fields;
	const struct slice *names; /* of the fields */
	size_t field_count;
	const struct slice *known; /* names and aliases */
	size_t known_count;
	const struct known_name *lookup; /* [known_count], sorted by `folded` */
	bool has_unique;
	const struct template_piece *pieces; /* NULL: there is no template */
	size_t piece_count;
	struct slice document; /* as given; empty: a built-in schema */
};

/* Without ASCII case, spaces, '-' and '_': field_name_equal(a, b) exactly where the folded names
 * are equal. `out` has room for name.size bytes. */
struct slice fold_name(struct slice name, char *out);

/* A value in a field's type. */
struct typed_value {
	struct value value; /* as it is stored */
	union {
		struct decimal number;
		struct date_time time;
	} as;
};

enum read_result { READ_OK, READ_WRONG_TYPE, READ_NO_MEMORY };

/* Reads a value that is not missing as the field's type. *message: what is wrong with it. */
enum read_result field_read(const struct schema_field *field, const struct value *sent,
			    struct arena *arena, struct typed_value *typed, const char **message);

/* A text that is equal for equal values of the field and for no others. */
void field_write_key(const struct schema_field *field, const struct typed_value *typed,
		     struct strbuf *out);

/* Whether a text stands for "no value" in this field: empty, white space alone, or one of its
 * missingValues. */
bool field_is_missing(const struct schema_field *field, const struct value *value);

/* <0, 0, >0 as the value is below, at or above the bound. */
int bound_compare(const struct schema_field *field, const struct typed_value *typed,
		  const struct bound *bound);

void texts_sort(struct slice *list, size_t count); /* as choices are */

bool texts_have(const struct texts *texts, struct slice text); /* in any order */

#endif
