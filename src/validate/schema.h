/* A schema says what a record must be: a Table Schema document (Frictionless) in the shape that
 * validation uses. `people` and `any` are built in. docs/VALIDATION.md says what is taken of it.
 *
 * A record is valid when it has no error. Every error of a row is reported, not the first.
 * Values of valid records get the schema's type (the CSV cell "30" becomes the number 30; an empty
 * cell of a type other than string becomes null); invalid records keep their data as sent.
 *
 *	schema_parse(name, document, &schema, &faults, &err);
 *	…
 *	schema_release(schema);
 *
 * Threads: a schema is immutable, counted and shared: whoever keeps one holds it (schema_hold) and
 * releases it, on any thread. A validator belongs to one thread at a time. */
#ifndef ROWMILL_VALIDATE_SCHEMA_H
#define ROWMILL_VALIDATE_SCHEMA_H

#include "base/json_writer.h"
#include "base/slice.h"
#include "base/status.h"
#include "base/strbuf.h"
#include "record/record.h"

enum {
	SCHEMA_DOCUMENT_MAX = 1 << 20, /* bytes */
	SCHEMA_FIELDS_MAX = 1000,
	SCHEMA_NAME_MAX = 64, /* bytes of a schema's name */
	SCHEMA_FAULTS_MAX = 16,
};

struct schema;

/* What is wrong with a document. */
struct schema_fault {
	struct slice place; /* JSON Pointer (RFC 6901): "/fields/2/constraints/minimum"; "": the whole */
	const char *type;   /* static: "missing", "unknown", "wrong-type", "out-of-range", "not-supported", … */
	struct slice message; /* a sentence for people, with the remedy */
};

struct schema_faults {
	struct arena *arena; /* the caller's; holds places and messages */
	struct schema_fault list[SCHEMA_FAULTS_MAX];
	size_t count; /* of those listed; there may be more */
};

/* Whether a schema may be so named: 1 to 64 of the letters A-Z and a-z, digits, '-', '_' and '.',
 * the first of them no '.'. */
bool schema_name_is_valid(struct slice name);

/* Makes a schema of a document, which is copied. STATUS_INVALID ("invalid-schema") if it is none:
 * `faults` (may be NULL) says everything that is wrong, *err the first of it. */
enum status schema_parse(struct slice name, struct slice document, const struct schema **schema,
			 struct schema_faults *faults, struct error *err);

/* "people", "any"; NULL if there is none so named. Lives as long as the program: holding and
 * releasing it is allowed and does nothing. */
const struct schema *schema_builtin(struct slice name);
size_t schema_builtin_count(void);
const struct schema *schema_builtin_at(size_t index);

const struct schema *schema_hold(const struct schema *schema); /* returns it */
void schema_release(const struct schema *schema);              /* NULL is fine */

bool schema_is_builtin(const struct schema *schema);
struct slice schema_name(const struct schema *schema);

/* The document as it was given, good as long as the schema; empty for a built-in one. */
struct slice schema_document(const struct schema *schema);

/* The document as it was given; for a built-in one, what it would be. */
void schema_write_document(const struct schema *schema, struct json_writer *json);

/* Names of the fields in the schema's order; good as long as the schema. */
const struct slice *schema_fields(const struct schema *schema, size_t *count);

/* Every name by which the schema knows a column: fields and their aliases. */
const struct slice *schema_known_columns(const struct schema *schema, size_t *count);

enum field_type {
	TYPE_ANY,
	TYPE_STRING,
	TYPE_EMAIL, /* Table Schema's "string" with the format "email" */
	TYPE_URI,   /* the same with "uri" */
	TYPE_INTEGER,
	TYPE_NUMBER,
	TYPE_BOOLEAN,
	TYPE_DATE,
	TYPE_DATETIME,
};

enum field_type schema_field_type(const struct schema *schema, size_t field);
bool schema_field_is_unique(const struct schema *schema, size_t field);
bool schema_has_unique(const struct schema *schema); /* some field is */

/* SHA-256 over what of the schema changes a result; part of the duplicate key. */
void schema_fingerprint(const struct schema *schema, unsigned char digest[32]);

struct validator;

/* map=Their header:field: the column of this name (in any spelling that is taken for equal) is the
 * field of that name. */
struct column_rename {
	struct slice column, field;
};

/* STATUS_INVALID ("unknown-field") if some field is none of the schema's (where that has any), or
 * ("repeated-map") if one is named twice. */
enum status schema_check_renames(const struct schema *schema, const struct column_rename *renames,
				 size_t count, struct error *err);

/* Holds the schema. NULL: memory is exhausted. */
struct validator *validator_new(const struct schema *schema);
void validator_free(struct validator *validator); /* NULL is fine */

/* Renames columns before anything else is done with a record; `renames` passed
 * schema_check_renames and outlive the validator. Once, before the first record. */
enum status validator_rename(struct validator *validator, const struct column_rename *renames,
			     size_t count, struct error *err);

/* For files with a header: STATUS_INVALID ("no-known-column") if the schema has fields and
 * knows none of these columns, ("no-such-column") if one that is to be renamed is not there,
 * ("repeated-column") if one has the name that another is to get; the detail says which columns
 * there are and which are wanted. */
enum status validator_check_columns(const struct validator *validator, const struct slice *columns,
				    size_t count, struct error *err);

/* Checks one record that came from a reader: renames its fields to the schema's names, adds an
 * error for each thing that is wrong, gives values their types if there is none, and lists the
 * values that must be unique (record->claims), which are the caller's to decide
 * (record/unique_claim.h). */
enum status validator_check(struct validator *validator, struct record *record,
			    struct arena *arena, struct error *err);

/* The text that is embedded: the schema's template filled in; without one, the non-empty values in
 * the schema's field order, then further columns in file order, joined by one space. Strings as
 * they are, other values as JSON text. */
void schema_write_text(const struct schema *schema, const struct record *record,
		       struct strbuf *out);

#endif
