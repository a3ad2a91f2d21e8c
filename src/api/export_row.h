/* A record as a row of an export.
 *
 * In CSV, a text that a spreadsheet would take for a formula gets an apostrophe in front, as OWASP advises
 * ("CSV Injection"): one that begins with = + - @, a tab, CR or LF, or with their full-width forms ＝ ＋ － ＠.
 * Numbers are written as they are, also where a text holds nothing but a number.
 *
 * Threads: pure functions. */
#ifndef ROWMILL_API_EXPORT_ROW_H
#define ROWMILL_API_EXPORT_ROW_H

#include "base/strbuf.h"
#include "store/store.h"

struct export_columns {
	const struct slice *fields; /* of data; behind them stand the record's own members */
	size_t field_count;
	bool with_score;
	bool escape_formulas;
};

bool export_is_formula(struct slice text);

void export_write_header(const struct export_columns *columns, struct strbuf *out);

/* `score` is not a number where there is none. `scratch` is used and not reset. false: memory is exhausted. */
bool export_write_row(const struct export_columns *columns, const struct stored_record *record, float score,
		      struct arena *scratch, struct strbuf *out);

#endif
