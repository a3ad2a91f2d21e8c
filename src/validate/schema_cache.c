#include "validate/schema_cache.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/banned.h"

struct cache_entry {
	int64_t document_id; /* 0: free */
	const struct schema *schema;
	uint64_t used; /* when it was last asked for */
};

struct schema_cache {
	struct schema_source source;
	pthread_mutex_t mutex;
	struct cache_entry entries[SCHEMA_CACHE_ENTRIES];
	uint64_t uses;
};

struct schema_cache *schema_cache_new(const struct schema_source *source)
{
	struct schema_cache *cache = calloc(1, sizeof *cache);

	if (!cache)
		return NULL;
	cache->source = *source;
	pthread_mutex_init(&cache->mutex, NULL);
	return cache;
}

void schema_cache_free(struct schema_cache *cache)
{
	if (!cache)
		return;
	for (size_t i = 0; i < SCHEMA_CACHE_ENTRIES; i++)
		schema_release(cache->entries[i].schema);
	pthread_mutex_destroy(&cache->mutex);
	free(cache);
}

/* One document may go by several names: two schemas can be equal. */
static const struct schema *find(struct schema_cache *cache, struct slice name, int64_t document_id)
{
	const struct schema *found = NULL;

	pthread_mutex_lock(&cache->mutex);
	for (size_t i = 0; i < SCHEMA_CACHE_ENTRIES && !found; i++) {
		struct cache_entry *entry = &cache->entries[i];
		if (entry->document_id != document_id || !slice_equal(schema_name(entry->schema), name))
			continue;
		entry->used = ++cache->uses;
		found = schema_hold(entry->schema);
	}
	pthread_mutex_unlock(&cache->mutex);
	return found;
}

/* In the place of the one that was not used for longest. Two threads may have read the same one:
 * both entries are right. */
static void keep(struct schema_cache *cache, int64_t document_id, const struct schema *schema)
{
	struct cache_entry *oldest = &cache->entries[0];

	pthread_mutex_lock(&cache->mutex);
	for (size_t i = 1; i < SCHEMA_CACHE_ENTRIES; i++)
		if (cache->entries[i].used < oldest->used)
			oldest = &cache->entries[i];
	schema_release(oldest->schema);
	*oldest = (struct cache_entry){document_id, schema_hold(schema), ++cache->uses};
	pthread_mutex_unlock(&cache->mutex);
}

static enum status read_schema(struct schema_cache *cache, struct slice name, int64_t document_id,
			       const struct schema **schema, struct error *err)
{
	struct slice document;
	struct arena arena;

	arena_init(&arena, 2 * SCHEMA_DOCUMENT_MAX);
	enum status status =
		cache->source.read(cache->source.context, document_id, &arena, &document, err);
	if (status == STATUS_OK)
		status = schema_parse(name, document, schema, NULL, err);
	arena_release(&arena);
	if (status == STATUS_INVALID)
		return error_set(err, STATUS_CORRUPT, NULL,
				 "the stored document of schema '%.*s' is not what it must be",
				 SLICE_ARG(name));
	return status;
}

enum status schema_cache_get(struct schema_cache *cache, struct slice name, int64_t document_id,
			     const struct schema **schema, struct error *err)
{
	*schema = document_id ? find(cache, name, document_id) : schema_builtin(name);
	if (*schema)
		return STATUS_OK;
	if (!document_id)
		return error_set(err, STATUS_NOT_FOUND, "unknown-schema", "there is no schema '%.*s'",
				 SLICE_ARG(name));
	enum status status = read_schema(cache, name, document_id, schema, err);
	if (status == STATUS_OK)
		keep(cache, document_id, *schema);
	return status;
}
