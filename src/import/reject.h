/* How the rejected rows of an import are given back: in the format and dialect of its file, as UTF-8, with
 * the columns _row, _line and _errors behind the file's own.
 *
 *	reject_form_read(&import, arena, &form, &err);
 *	reject_begin(&form, out);
 *	reject_write(&form, &rejected, first, out) …
 *	reject_end(&form, out);
 *
 * What was sent of a row is made when the row is stored (reject_make), so that a row is given back without
 * reading its file again: cell values byte for byte, quoted anew.
 *
 * CSV: a row has its cells in the file's columns, missing ones empty, then the error columns, then the cells
 * that no column has. A row that could not be taken apart has its bytes in the first column. XLSX is given back as CSV.
 * JSON: the object as it was sent with three more members; another value as {"_value": …}, and bytes that
 * are no JSON as {"_raw": "…"}. So an object with one of these members alone stands in "_value" as well.
 * A file's own columns named like the error columns are left out: they stood in a rejects file before.
 *
 * Threads: a form is immutable. */
#ifndef ROWMILL_IMPORT_REJECT_H
#define ROWMILL_IMPORT_REJECT_H

#include "store/store.h"

enum reject_format { REJECT_CSV, REJECT_JSON, REJECT_NDJSON };

struct reject_column {
	struct slice sent;  /* as the file names it */
	struct slice field; /* as records name it */
};

struct reject_form {
	enum reject_format format;
	struct slice delimiter, quote; /* CSV */
	struct slice escape;           /* empty: quotes are doubled */
	bool no_quotes;                /* cells are not quoted, and without an escape hold no delimiter and no line end */
	const struct reject_column *columns; /* without the error columns */
	size_t column_count;
};

/* Whether a column, or member, is one of those that rejects are given back with. */
bool reject_is_error_column(struct slice name);

/* The form of an import, by its format, dialect and columns; borrows from the arena. */
enum status reject_form_read(const struct import *import, struct arena *arena, struct reject_form *form,
			     struct error *err);

/* The JSON that an import keeps of its columns; nothing where there are none. */
void reject_columns_write(const struct reject_column *columns, size_t count, struct strbuf *out);

/* Writes what is kept of an invalid record, whose fields are as sent; *split: where the error columns go. false: no
 * memory. */
bool reject_make(const struct reject_form *form, const struct record *record, struct arena *arena, struct strbuf *out,
		 size_t *split);

/* ---- giving back ---- */

void reject_begin(const struct reject_form *form, struct strbuf *out);
void reject_write(const struct reject_form *form, const struct rejected_row *row, bool first,
		  struct strbuf *out);
void reject_end(const struct reject_form *form, bool empty, struct strbuf *out);

#endif
