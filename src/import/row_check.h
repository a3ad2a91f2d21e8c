/* What becomes of one row, wherever it comes from: a file, a corrected file, or PATCH. It is checked, and all
 * that the store keeps of it is written.
 *
 * Threads: a check belongs to one thread at a time. */
#ifndef ROWMILL_IMPORT_ROW_CHECK_H
#define ROWMILL_IMPORT_ROW_CHECK_H

#include "import/reject.h"
#include "validate/schema.h"

struct row_check {
	/* Borrowed. */
	struct validator *validator;
	const struct schema *schema;
	const struct reject_form *form; /* of the import that the row is of */
	struct strbuf *scratch;
	bool is_fix; /* the row is held against what was given back before: so that is always made */
};

/* Fills errors, claims, data, and of a row that is invalid, may lose a claim or is a fix, what is given back of it. */
enum status row_check(const struct row_check *check, struct record *record, struct arena *arena,
		      struct error *err);

#endif
