/* A cache of schemas whose documents come from the store.
 *
 * Threads: as the cache. */
#ifndef ROWMILL_IMPORT_SCHEMA_STORE_H
#define ROWMILL_IMPORT_SCHEMA_STORE_H

#include "store/store.h"
#include "validate/schema_cache.h"

/* The store is borrowed until schema_cache_free. NULL: memory is exhausted. */
struct schema_cache *schema_store_cache(struct store *store);

#endif
