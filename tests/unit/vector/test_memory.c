/* What becomes of the index when memory is exhausted: every call that fails leaves it as it was.
 * The linker puts the functions below in the place of the allocator's. */
#include "support.h"

#include <math.h>
#include <stdlib.h>

#include "vector/vector_index.h"

#include "base/banned.h"

enum { CHUNK = 1024, MANY = 70 * CHUNK };

/* Calls that still succeed; negative: all do. */
static int allowed = -1;

static bool may_allocate(void)
{
	if (allowed == 0)
		return false;
	if (allowed > 0)
		allowed--;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *data, size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *data, size_t count, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
	return may_allocate() ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return may_allocate() ? __real_calloc(count, size) : NULL;
}

void *__wrap_reallocarray(void *data, size_t count, size_t size)
{
	return may_allocate() ? __real_reallocarray(data, count, size) : NULL;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return may_allocate() ? __real_aligned_alloc(alignment, size) : NULL;
}

static const float one[1] = {1};

static bool add(struct vector_index *index, int64_t id)
{
	struct vector_entry entry = {id, 1, one};

	return vector_index_add(index, &entry, 1, vector_index_removals(index)) == VECTOR_ADDED;
}

/* Tries until it succeeds, allowing one allocation more each time; returns how many it took. */
static int allocations_of_add(struct vector_index *index, int64_t id)
{
	size_t count = vector_index_count(index);

	for (int calls = 0;; calls++) {
		allowed = calls;
		bool done = add(index, id);
		allowed = -1;
		assert_int_equal(vector_index_count(index), count + done);
		if (done)
			return calls;
	}
}

static void an_index_that_cannot_be_made_is_nothing(void **state)
{
	(void)state;
	allowed = 0;
	struct vector_index *index = vector_index_new(1);
	allowed = -1;
	assert_null(index);
}

static void an_add_that_fails_changes_nothing(void **state)
{
	struct vector_index *index = vector_index_new(1);

	(void)state;
	/* A chunk and its vectors; the longer list of chunks that a failed try leaves is kept. */
	for (int64_t id = 1; id <= MANY; id++)
		assert_int_equal(allocations_of_add(index, id), id % CHUNK == 1 ? 2 : 0);
	vector_index_free(index);
}

static void a_search_that_fails_says_so(void **state)
{
	struct vector_index *index = vector_index_new(1);
	struct vector_query query = {.vector = one, .min_score = -INFINITY, .limit = 1};
	struct vector_hit hit;
	size_t count, total;
	bool more, found = false;
	int calls = 0;

	(void)state;
	assert_true(add(index, 1));
	for (; !found; calls++) {
		allowed = calls;
		found = vector_index_search(index, &query, &hit, &count, &total, &more);
		allowed = -1;
		assert_int_equal(count, found ? 1 : 0);
	}
	assert_int_equal(calls, 3);
	vector_index_free(index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_that_cannot_be_made_is_nothing),
		cmocka_unit_test(an_add_that_fails_changes_nothing),
		cmocka_unit_test(a_search_that_fails_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
