/* The schemas that imports were made with, parsed once and shared. An import names its schema and
 * carries the id of the very document that it was made with (0: a built-in one); documents never
 * change under their id, so that nothing here grows stale, whatever is put or deleted meanwhile.
 *
 *	schema_cache_get(cache, import.schema, import.schema_document, &schema, &err);
 *	…
 *	schema_release(schema);
 *
 * Threads: every function may be called from any thread. */
#ifndef ROWMILL_VALIDATE_SCHEMA_CACHE_H
#define ROWMILL_VALIDATE_SCHEMA_CACHE_H

#include "validate/schema.h"

enum { SCHEMA_CACHE_ENTRIES = 64 }; /* kept beyond their use; those held elsewhere live on */

/* Where documents come from. STATUS_NOT_FOUND: there is none (any longer). */
struct schema_source {
	void *context;
	enum status (*read)(void *context, int64_t document_id, struct arena *arena,
			    struct slice *document, struct error *err);
};

struct schema_cache;

struct schema_cache *schema_cache_new(const struct schema_source *source); /* NULL: no memory */
void schema_cache_free(struct schema_cache *cache);                        /* NULL is fine */

/* The schema, held for the caller. STATUS_NOT_FOUND if the document is gone, or if document_id is 0
 * and no built-in one is so named. STATUS_CORRUPT if the document is none. */
enum status schema_cache_get(struct schema_cache *cache, struct slice name, int64_t document_id,
			     const struct schema **schema, struct error *err);

#endif
