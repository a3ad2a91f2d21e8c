/* The correction of one record: its data is merged with what is given, checked as a row of its import is, embedded,
 * and then takes the place of what was there, in the store, the vector index and the columns.
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_IMPORT_CORRECT_H
#define ROWMILL_IMPORT_CORRECT_H

#include "base/json_tree.h"
#include "import/importer.h"

struct correction_request {
	int64_t record_id;
	/* An object, merged into the data by RFC 7396; data that is no object is replaced. Its members may go by any name
	 * that the schema takes for a field. */
	const struct json_node *patch;
	struct slice data_before; /* what the record's data must be still; NULL: whatever it is */
};

/* Lives in the caller's arena. */
struct correction_result {
	struct stored_record record;     /* as it is now */
	/* Why the record would not be valid. */
	const struct cell_error *errors;
	size_t error_count;
};

/* STATUS_INVALID ("invalid-record"): `result` says what would be wrong. STATUS_NOT_FOUND. STATUS_CONFLICT
 * ("import-not-completed", "changed-meanwhile"). Nothing is changed then. */
enum status importer_correct(struct importer *importer, const struct correction_request *request, struct arena *arena,
			     struct correction_result *result, struct error *err);

#endif
