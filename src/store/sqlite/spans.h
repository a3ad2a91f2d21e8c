/* Which records count, as the imports say: each import spans the ids from its first to its
 * last. Imports that ran at once interleave; others follow one another.
 *
 * Lists over all imports go from span to span, and so never step over the rows of an import
 * that is gone and not yet purged, nor over those that do not match.
 *
 * Threads: as the reader. */
#ifndef ROWMILL_STORE_SQLITE_SPANS_H
#define ROWMILL_STORE_SQLITE_SPANS_H

#include "store/sqlite/internal.h"

enum record_kind { RECORDS_ANY, RECORDS_VALID, RECORDS_INVALID, RECORDS_PENDING, RECORDS_EMBEDDED };

struct span {
	int64_t import_id;
	int64_t first, last; /* record ids */
	int64_t count;       /* of the records asked for */
};

struct spans {
	struct span *items; /* by rising `first` */
	size_t count;
	int64_t total; /* of the records asked for */
};

/* The imports (import_id 0: all) that hold records of this kind. */
enum status spans_read(struct sqlite_reader *reader, int64_t import_id, enum record_kind kind,
		       struct arena *arena, struct spans *spans, struct error *err);

/* The number of spans from `from` on that interleave with one another, directly or through
 * others; *last is the greatest id in them. */
size_t spans_group(const struct spans *spans, size_t from, int64_t *last);

/* Ids of matching records with id > after, ids rising, at most `limit` behind the first `skip`. */
enum status spans_list_ids(struct sqlite_reader *reader, const struct spans *spans,
			   enum record_kind kind, int64_t after, int64_t skip, size_t limit,
			   struct arena *arena, int64_t **ids, size_t *count, struct error *err);

#endif
