/* What becomes of the index when memory is exhausted: every call that fails leaves it as it was. */
#include "support.h"

#include "allocations.h"

#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "vector/vector_index.h"

#include "base/banned.h"

enum { MANY = 5000 };

FAILING_CALL(void *, reallocarray, (void *data, size_t count, size_t size), (data, count, size), NULL)
FAILING_CALL(void *, aligned_alloc, (size_t alignment, size_t size), (alignment, size), NULL)
FAILING_CALL(void *, mmap, (void *address, size_t size, int protection, int flags, int fd, off_t offset),
	     (address, size, protection, flags, fd, offset), MAP_FAILED)

enum { DIMENSION = 3 };

static const float one[DIMENSION] = {1};

static struct vector_index *new_index(void)
{
	struct vector_index *index = vector_index_new(DIMENSION);

	assert_non_null(index);
	return index;
}

static bool add(struct vector_index *index, int64_t first, size_t count)
{
	static struct vector_entry entries[MANY]; /* not of the memory that runs out */

	for (size_t i = 0; i < count; i++)
		entries[i] = (struct vector_entry){first + (int64_t)i, 1, one};
	return vector_index_add(index, entries, count, vector_index_removals(index)) == VECTOR_ADDED;
}

/* What is done to the index: `add` of some, a replacement, removals. */
enum change { ADD_ONE, ADD_MANY, REPLACE, REMOVE, REMOVE_IMPORT, CHANGES };

static bool change(struct vector_index *index, enum change what, int64_t id)
{
	struct vector_entry entry = {id / 2, 1, one};

	switch (what) {
	case ADD_ONE:
		return add(index, id, 1);
	case ADD_MANY:
		return add(index, id, MANY);
	case REPLACE:
		return vector_index_replace(index, &entry, vector_index_removals(index)) == VECTOR_ADDED;
	case REMOVE:
		return vector_index_remove(index, &entry.id, 1);
	default:
		return vector_index_remove_import(index, 1);
	}
}

static size_t count_hits(struct vector_index *index)
{
	struct vector_query query = {.vector = one, .min_score = 0.5f, .limit = 1};
	struct vector_hit hit;
	size_t count, total;
	bool more;

	assert_true(vector_index_search(index, &query, &hit, &count, &total, &more));
	return total;
}

static void an_index_that_cannot_be_made_is_nothing(void **state)
{
	struct vector_index *index = NULL;

	(void)state;
	for (int calls = 0; !index; calls++) {
		assert_true(calls < 10);
		allow_allocations(calls);
		index = vector_index_new(DIMENSION);
		allocations_end();
	}
	vector_index_free(index);
}

/* Each change is tried with no allocation allowed, then one, and so on until it succeeds. */
static void a_change_that_fails_changes_nothing(void **state)
{
	struct vector_index *index = new_index();
	int64_t id = 1;

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (enum change what = ADD_ONE; what < CHANGES; what++) {
			size_t before = vector_index_count(index), calls = 0;
			allow_allocations(0);
			while (!change(index, what, id)) {
				allocations_end();
				assert_int_equal(vector_index_count(index), before);
				assert_int_equal(count_hits(index), before);
				allow_allocations((long)++calls);
			}
			allocations_end();
			assert_true(calls > 0);
			assert_int_equal(count_hits(index), vector_index_count(index));
			id += MANY;
		}
		assert_int_equal(vector_index_count(index), 0);
	}
	vector_index_free(index);
}

static void a_search_that_fails_says_so(void **state)
{
	struct vector_index *index = new_index();
	struct vector_query query = {.vector = one, .min_score = 0.5f, .limit = 1};
	struct vector_hit hit;
	size_t count, total;
	bool more, found = false;
	int calls = 0;

	(void)state;
	assert_true(add(index, 1, MANY));
	for (; !found; calls++) {
		allow_allocations(calls);
		found = vector_index_search(index, &query, &hit, &count, &total, &more);
		allocations_end();
		assert_int_equal(count, found ? 1 : 0);
	}
	assert_true(calls > 3);
	assert_int_equal(total, MANY);
	vector_index_free(index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_that_cannot_be_made_is_nothing),
		cmocka_unit_test(a_change_that_fails_changes_nothing),
		cmocka_unit_test(a_search_that_fails_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
