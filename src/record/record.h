/* A record is one row of a file on its way through the program: parsed, then validated, then
 * stored. Parsing and validation only ever add to it; what is wrong with a row is data
 * (struct cell_error), not an error status.
 *
 * Ownership: every slice and array lives in the arena of the batch that holds the record,
 * or (field names of a CSV file) in the reader that made it, and is good until that batch is
 * cleared or that reader closed.
 * Threads: as the batch. */
#ifndef ROWMILL_RECORD_RECORD_H
#define ROWMILL_RECORD_RECORD_H

#include "base/arena.h"
#include "base/json_writer.h"
#include "base/slice.h"
#include "base/status.h"
#include "record/unique_claim.h"

enum value_kind {
	VALUE_NULL,
	VALUE_BOOLEAN, /* text is "true" or "false" */
	VALUE_NUMBER,  /* text is a JSON number, digit for digit as sent */
	VALUE_STRING,  /* text is the decoded string: any bytes, NUL too; valid UTF-8 unless the
	                  record carries an "encoding-error" */
	VALUE_ARRAY,   /* text is the JSON text as sent */
	VALUE_OBJECT,  /* text is the JSON text as sent */
};

struct value {
	enum value_kind kind;
	struct slice text;
};

struct field {
	struct slice name; /* as in the file; the schema's own name once validated */
	struct value value;
};

/* One thing that is wrong with a row. Codes are Frictionless' error types. */
struct cell_error {
	struct slice field;      /* the field's name; empty where it is the row as a whole */
	const char *code;        /* static: "type-error", "missing-cell", … */
	const char *constraint;  /* static: "required", "maximum", …; NULL where none */
	struct slice message;    /* a sentence for people, with the remedy */
	struct slice value;      /* the value as sent; may hold bytes that are no UTF-8 */
	bool has_value;          /* false: there was no value (a missing cell) */
	uint64_t line, byte;     /* where the cell starts: line from 1, byte from 0 */
};

enum record_shape {
	RECORD_FIELDS,  /* fields[] holds it: a CSV row or a JSON object */
	RECORD_VALUE,   /* a JSON value that is no object; `raw` is its text */
	RECORD_DAMAGED, /* bytes that could not be read as a record at all; `raw` holds them */
};

struct record {
	uint64_t row;  /* from 1, counting data rows of the file */
	uint64_t line; /* from 1, where the record starts in the file */
	uint64_t byte; /* from 0, where the record starts in the decoded file */
	enum record_shape shape;
	bool from_json; /* raw is JSON text (unless RECORD_DAMAGED) */

	struct field *fields;
	size_t field_count;

	struct cell_error *errors;
	size_t error_count, error_capacity;

	/* Of values that must be unique, as validation read them; also of an invalid record. */
	struct unique_claim *claims;
	size_t claim_count;

	/* Of a row with more cells than columns: the cells that no column has, as they stood. */
	struct slice *extra;
	size_t extra_count;

	struct slice raw; /* the record's bytes as they stood, without its line end or comma */

	/* Filled by the pipeline before the record is stored. */
	struct slice data; /* JSON text */
	struct slice words; /* what data_fold_words() makes of `data`; data NULL: the store sets it */
	/* What is given back of it if it is invalid (import/reject.h), and where the error columns go. */
	struct slice reject;
	size_t reject_split;
	/* Of a corrected rejects file: the row that it corrects; 0: it names none. */
	int64_t fixes_row;
	bool fixes_as_is; /* it is meant so, also where nothing in it was changed */
	int64_t corrected_id; /* once stored: the record that it has corrected; 0: none */
	/* Where it has claims: `data` as it is stored if it loses one. */
	struct slice data_as_sent;
	struct slice text; /* what is embedded; empty for an invalid record */
};

/* Appends a zeroed error to fill in; NULL when the arena is exhausted. */
struct cell_error *record_add_error(struct record *record, struct arena *arena);

/* The index of the first field so named, or field_count. */
size_t record_find_field(const struct record *record, struct slice name);

static inline bool record_is_valid(const struct record *record)
{
	return record->error_count == 0;
}

void value_write_json(struct value value, struct json_writer *json);

/* The record's `data` as JSON text: an object of its fields in their order. An invalid JSON
 * record, or one that is no object, is written as it was sent; a damaged one as a string of
 * its bytes. */
void record_write_data(const struct record *record, struct json_writer *json);

/* The errors as the API shows them: [{"field","code","constraint","message","value"}…];
 * with `places`, "line" and "byte" too. */
void record_write_errors(const struct record *record, bool places, struct json_writer *json);

/* Gives the record the errors that record_write_errors wrote, at its own place. STATUS_INVALID: they are none. */
enum status record_read_errors(struct record *record, struct slice json, struct arena *arena, struct error *err);

/* All messages in one line, "email: …; age: …", cut at 1,000 bytes. */
void record_write_summary(const struct record *record, struct strbuf *out);

#endif
