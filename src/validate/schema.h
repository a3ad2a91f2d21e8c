/* A schema says what a record must be: a Table Schema document (Frictionless) in the shape that
 * validation uses. `people` and `any` are built in.
 *
 * A record is valid when it has no error. Every error of a row is reported, not the first.
 * Values of valid records get the schema's type (the CSV cell "30" becomes the number 30; an empty
 * cell of a type other than string becomes null); invalid records keep their data as sent.
 *
 * Threads: a schema is immutable and shared; a validator belongs to one thread at a time. */
#ifndef ROWMILL_VALIDATE_SCHEMA_H
#define ROWMILL_VALIDATE_SCHEMA_H

#include "base/slice.h"
#include "base/status.h"
#include "base/strbuf.h"
#include "record/record.h"

struct schema;

/* "people", "any"; NULL if there is none so named. Lives as long as the program. */
const struct schema *schema_builtin(struct slice name);
struct slice schema_name(const struct schema *schema);

/* Names of the fields in the schema's order; good as long as the schema. */
const struct slice *schema_fields(const struct schema *schema, size_t *count);

/* SHA-256 over what of the schema changes a result; part of the duplicate key. */
void schema_fingerprint(const struct schema *schema, unsigned char digest[32]);

struct validator;

struct validator *validator_new(const struct schema *schema); /* NULL: memory is exhausted */
void validator_free(struct validator *validator);             /* NULL is fine */

/* For files with a header: STATUS_INVALID ("no-known-column") if the schema has fields and
 * knows none of these columns; the detail says which columns there are and which it wants. */
enum status validator_check_columns(const struct validator *validator, const struct slice *columns,
				    size_t count, struct error *err);

/* Checks one record that came from a reader: renames its fields to the schema's names, adds an
 * error for each thing that is wrong, and gives values their types if there is none. */
enum status validator_check(struct validator *validator, struct record *record,
			    struct arena *arena, struct error *err);

/* The text that is embedded: the non-empty values in the schema's field order, then further
 * columns in file order, joined by one space. Strings as they are, other values as JSON text. */
void schema_write_text(const struct schema *schema, const struct record *record,
		       struct strbuf *out);

#endif
