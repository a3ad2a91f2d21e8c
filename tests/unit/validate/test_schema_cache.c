#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "validate/schema_cache.h"

#include "base/banned.h"

static _Atomic int reads;

/* Documents 1 to 1,000: one field, named after the id. 1,001 is none. */
static enum status read_document(void *context, int64_t id, struct arena *arena, struct slice *document,
				 struct error *err)
{
	char text[64];

	(void)context;
	reads++;
	if (id > 1001)
		return error_set(err, STATUS_NOT_FOUND, NULL, "there is none");
	snprintf(text, sizeof text, id == 1001 ? "{" : "{\"fields\": [{\"name\": \"f%d\"}]}", (int)id);
	return arena_copy(arena, slice_of_string(text), document) ? STATUS_OK : error_no_memory(err);
}

static const struct schema_source source = {.read = read_document};

static void check_get(struct schema_cache *cache, int64_t id)
{
	const struct schema *schema;
	struct error err;
	char name[16];
	size_t count;

	assert_ok(schema_cache_get(cache, SLICE("mine"), id, &schema, &err), &err);
	snprintf(name, sizeof name, "f%d", (int)id);
	assert_slice(schema_fields(schema, &count)[0], name);
	assert_slice(schema_name(schema), "mine");
	schema_release(schema);
}

static void a_document_is_read_once_while_it_is_kept(void **state)
{
	struct schema_cache *cache = schema_cache_new(&source);
	const struct schema *held;
	struct error err;
	size_t count;

	(void)state;
	reads = 0;
	assert_ok(schema_cache_get(cache, SLICE("mine"), 1, &held, &err), &err);
	for (int i = 0; i < 10; i++)
		check_get(cache, 1);
	assert_int_equal(reads, 1);
	/* Those used last are kept; one that is held lives on all the same. */
	for (int64_t id = 2; id <= 1000; id++)
		check_get(cache, id);
	for (int64_t id = 1000 - SCHEMA_CACHE_ENTRIES + 1; id <= 1000; id++)
		check_get(cache, id);
	assert_int_equal(reads, 1000);
	check_get(cache, 1);
	assert_int_equal(reads, 1001);
	schema_cache_free(cache);
	assert_slice(schema_fields(held, &count)[0], "f1");
	schema_release(held);
	schema_cache_free(NULL);
}

static void what_is_not_there_is_told(void **state)
{
	struct schema_cache *cache = schema_cache_new(&source);
	const struct schema *schema;
	struct error err;

	(void)state;
	assert_int_equal(schema_cache_get(cache, SLICE("mine"), 5000, &schema, &err), STATUS_NOT_FOUND);
	assert_int_equal(schema_cache_get(cache, SLICE("mine"), 1001, &schema, &err), STATUS_CORRUPT);
	assert_int_equal(schema_cache_get(cache, SLICE("mine"), 0, &schema, &err), STATUS_NOT_FOUND);
	assert_string_equal(err.code, "unknown-schema");
	assert_ok(schema_cache_get(cache, SLICE("people"), 0, &schema, &err), &err);
	assert_ptr_equal(schema, schema_builtin(SLICE("people")));
	schema_cache_free(cache);
}

static void equal_documents_keep_their_names(void **state)
{
	struct schema_cache *cache = schema_cache_new(&source);
	const struct schema *other;
	struct error err;

	(void)state;
	check_get(cache, 7);
	assert_ok(schema_cache_get(cache, SLICE("other"), 7, &other, &err), &err);
	assert_slice(schema_name(other), "other");
	schema_release(other);
	check_get(cache, 7);
	schema_cache_free(cache);
}

static void *use_many(void *argument)
{
	struct schema_cache *cache = argument;
	uint64_t random = (uint64_t)(uintptr_t)&random;
	const struct schema *schema;
	size_t failures = 0, count;

	for (int i = 0; i < 3000; i++) {
		int64_t id = (int64_t)(random_next(&random) % 100) + 1;
		char name[16];
		snprintf(name, sizeof name, "f%d", (int)id);
		if (schema_cache_get(cache, SLICE("mine"), id, &schema, NULL) != STATUS_OK ||
		    !slice_is(schema_fields(schema, &count)[0], name))
			failures++;
		else
			schema_release(schema);
	}
	return (void *)failures;
}

static void threads_share_it(void **state)
{
	struct schema_cache *cache = schema_cache_new(&source);
	pthread_t threads[4];
	void *failures;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_many, cache), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &failures);
		assert_null(failures);
	}
	schema_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_is_read_once_while_it_is_kept),
		cmocka_unit_test(what_is_not_there_is_told),
		cmocka_unit_test(equal_documents_keep_their_names),
		cmocka_unit_test(threads_share_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
