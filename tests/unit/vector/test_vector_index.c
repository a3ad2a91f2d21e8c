#include "support.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "vector/dot.h"
#include "vector/vector_index.h"

#include "base/banned.h"

enum { DIMENSION = 40, STRIDE = 64, IMPORTS = 7 };

/* The same as the index, by sorting everything. */
struct oracle {
	struct entry {
		int64_t id, import_id;
		float scale, codes[STRIDE]; /* the vector as it is kept: 16 bits a component */
	} *entries;
	size_t count, capacity;
	int64_t last_id; /* ids are from 1 to this */
};

static struct entry *oracle_find(const struct oracle *oracle, int64_t id)
{
	for (size_t i = 0; i < oracle->count; i++)
		if (oracle->entries[i].id == id)
			return &oracle->entries[i];
	return NULL;
}

static void keep(const float *vector, struct entry *entry)
{
	float greatest = 0;

	for (size_t i = 0; i < DIMENSION; i++)
		greatest = fmaxf(greatest, fabsf(vector[i]));
	entry->scale = greatest / 32639;
	for (size_t i = 0; i < DIMENSION; i++)
		entry->codes[i] = greatest > 0 ? rintf(vector[i] * (32639 / greatest)) : 0;
}

static void oracle_add(struct oracle *oracle, int64_t id, int64_t import_id, const float *vector)
{
	if (oracle->count == oracle->capacity) {
		oracle->capacity = oracle->capacity ? 2 * oracle->capacity : 1024;
		oracle->entries = realloc(oracle->entries, oracle->capacity * sizeof *oracle->entries);
		assert_non_null(oracle->entries);
	}
	struct entry *entry = &oracle->entries[oracle->count++];
	*entry = (struct entry){.id = id, .import_id = import_id};
	keep(vector, entry);
}

static void oracle_remove_import(struct oracle *oracle, int64_t import_id)
{
	size_t kept = 0;

	for (size_t i = 0; i < oracle->count; i++)
		if (oracle->entries[i].import_id != import_id)
			oracle->entries[kept++] = oracle->entries[i];
	oracle->count = kept;
}

static void oracle_remove(struct oracle *oracle, int64_t id)
{
	struct entry *entry = oracle_find(oracle, id);

	if (entry)
		*entry = oracle->entries[--oracle->count];
}

static bool add(struct vector_index *index, int64_t id, int64_t import_id, const float *vector)
{
	struct vector_entry entry = {id, import_id, vector};

	return vector_index_add(index, &entry, 1, vector_index_removals(index)) == VECTOR_ADDED;
}

static void replace(struct vector_index *index, int64_t id, int64_t import_id, const float *vector)
{
	struct vector_entry entry = {id, import_id, vector};

	assert_int_equal(vector_index_replace(index, &entry, vector_index_removals(index)), VECTOR_ADDED);
}

static int compare_hits(const void *left, const void *right)
{
	const struct vector_hit *a = left, *b = right;

	if (a->score != b->score)
		return a->score > b->score ? -1 : 1;
	return (a->id > b->id) - (a->id < b->id);
}

/* All that passes import_id and min_score, in order. */
static struct vector_hit *oracle_search(const struct oracle *oracle, const struct vector_query *query,
					size_t *count)
{
	struct vector_hit *hits = calloc(oracle->count + 1, sizeof *hits);
	float padded[STRIDE] = {0};

	assert_non_null(hits);
	memcpy(padded, query->vector, DIMENSION * sizeof(float));
	*count = 0;
	for (size_t i = 0; i < oracle->count; i++) {
		const struct entry *entry = &oracle->entries[i];
		struct vector_hit hit = {entry->id, dot_portable(padded, entry->codes, STRIDE) * entry->scale};
		if ((query->import_id == 0 || entry->import_id == query->import_id) &&
		    (!query->filter || id_set_has(query->filter, entry->id)) &&
		    entry->id != query->except_id && hit.score >= query->min_score)
			hits[(*count)++] = hit;
	}
	qsort(hits, *count, sizeof *hits, compare_hits);
	return hits;
}

static void check_search(struct vector_index *index, const struct oracle *oracle,
			 const struct vector_query *query)
{
	size_t expected_total, count, total, first = 0;
	bool more;
	struct vector_hit *expected = oracle_search(oracle, query, &expected_total);
	struct vector_hit *hits = calloc(query->limit + 1, sizeof *hits);

	assert_non_null(hits);
	assert_true(vector_index_search(index, query, hits, &count, &total, &more));
	while (query->has_after && first < expected_total &&
	       compare_hits(&expected[first], &query->after) <= 0)
		first++;
	first = first + query->skip < expected_total ? first + query->skip : expected_total;
	size_t left = expected_total - first;
	assert_int_equal(total, expected_total);
	assert_int_equal(count, left < query->limit ? left : query->limit);
	assert_int_equal(more, left > query->limit);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(hits[i].id, expected[first + i].id);
		assert_true(hits[i].score == expected[first + i].score);
	}
	free(hits);
	free(expected);
}

static float random_unit(uint64_t *random)
{
	return (float)((double)(int64_t)random_next(random) / 9223372036854775808.0);
}

/* Few distinct vectors, so that many scores are equal and ids decide. */
static void make_vector(uint64_t *random, float *out)
{
	uint64_t shape = random_next(random) % 300;

	for (size_t i = 0; i < DIMENSION; i++)
		out[i] = random_unit(&shape) / 8;
}

/* Conditions of all kinds; `filter` is made where the query has one, and released by the caller. */
static struct vector_query random_query(uint64_t *random, const struct oracle *oracle, float *vector,
					struct id_set *filter)
{
	struct vector_query query = {.vector = vector, .min_score = -INFINITY};
	uint64_t share = random_next(random) % 4;

	make_vector(random, vector);
	if (random_next(random) % 3 == 0)
		query.import_id = 1 + (int64_t)(random_next(random) % IMPORTS);
	if (random_next(random) % 3 == 0)
		query.min_score = random_unit(random) / 4;
	if (random_next(random) % 3 == 0)
		query.except_id = 1 + (int64_t)(random_next(random) % (uint64_t)oracle->last_id);
	if (random_next(random) % 2 == 0) {
		/* From a few ids to all but a few. */
		assert_true(id_set_init(filter, 100, oracle->last_id - 100));
		for (int64_t id = 100; id <= oracle->last_id - 100; id++)
			if (random_next(random) % 64 < (uint64_t[]){1, 8, 32, 63}[share])
				id_set_add(filter, id);
		query.filter = filter;
	}
	query.skip = random_next(random) % 4 ? 0 : random_next(random) % 50;
	query.limit = random_next(random) % 30;
	size_t count;
	struct vector_hit *all = oracle_search(oracle, &query, &count);
	if (count && random_next(random) % 2) {
		query.has_after = true;
		query.after = all[random_next(random) % count];
		/* Sometimes one that is not there, between those that are. */
		if (random_next(random) % 4 == 0)
			query.after.id--;
	}
	free(all);
	return query;
}

static void search_once(struct vector_index *index, const struct oracle *oracle, uint64_t *random)
{
	struct id_set filter = {0};
	float vector[DIMENSION];
	struct vector_query query = random_query(random, oracle, vector, &filter);

	check_search(index, oracle, &query);
	id_set_release(&filter);
}

static void replace_once(struct vector_index *index, struct oracle *oracle, uint64_t *random)
{
	int64_t id = 1 + (int64_t)(random_next(random) % (uint64_t)oracle->last_id);
	const struct entry *there = oracle_find(oracle, id);
	int64_t import_id = there ? there->import_id : 1;
	float vector[DIMENSION];

	make_vector(random, vector);
	oracle_remove(oracle, id);
	oracle_add(oracle, id, import_id, vector);
	replace(index, id, import_id, vector);
}

static void remove_some(struct vector_index *index, struct oracle *oracle, uint64_t *random)
{
	int64_t ids[5];

	for (size_t i = 0; i < 5; i++) {
		ids[i] = 1 + (int64_t)(random_next(random) % (uint64_t)oracle->last_id);
		oracle_remove(oracle, ids[i]);
	}
	assert_true(vector_index_remove(index, ids, 5));
}

/* Runs of rising ids, as imports give them, and single ones in no order; some are there already. */
static void add_some(struct vector_index *index, struct oracle *oracle, uint64_t *random)
{
	enum { RUN = 40 };
	struct vector_entry entries[RUN];
	float vectors[RUN][DIMENSION];
	size_t count = random_next(random) % 2 ? 1 : RUN;
	int64_t import_id = 1 + (int64_t)(random_next(random) % IMPORTS);
	int64_t first = 1 + (int64_t)(random_next(random) % (uint64_t)(oracle->last_id - RUN));

	for (size_t i = 0; i < count; i++) {
		make_vector(random, vectors[i]);
		entries[i] = (struct vector_entry){first + (int64_t)i, import_id, vectors[i]};
		if (!oracle_find(oracle, entries[i].id))
			oracle_add(oracle, entries[i].id, import_id, vectors[i]);
	}
	assert_int_equal(vector_index_add(index, entries, count, vector_index_removals(index)), VECTOR_ADDED);
}

static void get_once(struct vector_index *index, const struct oracle *oracle, uint64_t *random)
{
	int64_t id = 1 + (int64_t)(random_next(random) % (uint64_t)oracle->last_id);
	const struct entry *there = oracle_find(oracle, id);
	float vector[DIMENSION];

	assert_int_equal(vector_index_get(index, id, vector), there != NULL);
	for (size_t i = 0; there && i < DIMENSION; i++)
		assert_true(vector[i] == there->codes[i] * there->scale);
}

static void act_at_random(struct vector_index *index, struct oracle *oracle, uint64_t *random)
{
	uint64_t action = random_next(random) % 100;

	if (action == 0) {
		int64_t import_id = 1 + (int64_t)(random_next(random) % IMPORTS);
		oracle_remove_import(oracle, import_id);
		assert_true(vector_index_remove_import(index, import_id));
	} else if (action < 30) {
		search_once(index, oracle, random);
	} else if (action < 45) {
		replace_once(index, oracle, random);
	} else if (action < 60) {
		remove_some(index, oracle, random);
	} else if (action < 65) {
		get_once(index, oracle, random);
	} else {
		add_some(index, oracle, random);
	}
	assert_int_equal(vector_index_count(index), oracle->count);
}

static void random_searches_give_what_sorting_everything_gives(void **state)
{
	uint64_t random = random_seed();
	struct oracle oracle = {.last_id = 5000};
	struct vector_index *index = vector_index_new(DIMENSION);

	(void)state;
	assert_non_null(index);
	for (size_t round = 0; round < 1500; round++)
		act_at_random(index, &oracle, &random);
	vector_index_free(index);
	free(oracle.entries);
}

/* `count` vectors with ids from `first` on, all at once. */
static void add_many(struct vector_index *index, struct oracle *oracle, uint64_t *random, int64_t first,
		     size_t count, int64_t import_id)
{
	struct vector_entry *entries = calloc(count, sizeof *entries);
	float(*vectors)[DIMENSION] = calloc(count, sizeof *vectors);

	assert_non_null(entries);
	assert_non_null(vectors);
	for (size_t i = 0; i < count; i++) {
		make_vector(random, vectors[i]);
		entries[i] = (struct vector_entry){first + (int64_t)i, import_id, vectors[i]};
		oracle_add(oracle, entries[i].id, import_id, vectors[i]);
	}
	assert_int_equal(vector_index_add(index, entries, count, vector_index_removals(index)), VECTOR_ADDED);
	free(entries);
	free(vectors);
}

/* Sketches, new bases, whole leaves, leaves that are joined, helpers: what few vectors do not need. */
static void so_they_do_among_many_vectors(void **state)
{
	enum { EACH = 3000 };
	uint64_t random = random_seed();
	struct oracle oracle = {.last_id = IMPORTS * EACH};
	struct vector_index *index = vector_index_new(DIMENSION);

	(void)state;
	assert_non_null(index);
	for (int64_t import_id = 1; import_id <= IMPORTS; import_id++) {
		add_many(index, &oracle, &random, (import_id - 1) * EACH + 1, EACH - 10, import_id);
		for (size_t round = 0; round < 3; round++)
			search_once(index, &oracle, &random);
	}
	for (size_t round = 0; round < 60; round++)
		act_at_random(index, &oracle, &random);
	/* Half of each leaf, or nearly, one id after the other. */
	for (int64_t id = 1; id <= oracle.last_id; id += 2)
		oracle_remove(&oracle, id);
	for (int64_t from = 1; from <= oracle.last_id; from += 2 * 500) {
		int64_t ids[500];
		for (size_t i = 0; i < 500; i++)
			ids[i] = from + 2 * (int64_t)i;
		assert_true(vector_index_remove(index, ids, 500));
	}
	for (size_t round = 0; round < 15; round++)
		search_once(index, &oracle, &random);
	assert_int_equal(vector_index_count(index), oracle.count);
	vector_index_free(index);
	free(oracle.entries);
}

static size_t resident_kib(void)
{
	char line[256];
	size_t kib = 0;
	FILE *status = fopen("/proc/self/status", "re");

	assert_non_null(status);
	while (fgets(line, sizeof line, status))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtoul(line + 8, NULL, 10);
	fclose(status);
	assert_true(kib > 0);
	return kib;
}

static void the_memory_of_what_is_removed_goes_back(void **state)
{
	enum { MANY = 16 * 4096, FEW = 4096, KEPT_BYTES = 2 * STRIDE };
	uint64_t random = random_seed();
	struct oracle oracle = {.last_id = 3 * MANY};
	struct vector_index *index = vector_index_new(DIMENSION);

	(void)state;
	assert_non_null(index);
	for (int round = 0; round < 2; round++) {
		add_many(index, &oracle, &random, 1, MANY, 1);
		/* So that the last to come does not go. */
		add_many(index, &oracle, &random, MANY + 1 + round * FEW, FEW, 2 + round);
		size_t before = resident_kib();
		assert_true(vector_index_remove_import(index, 1));
		size_t after = resident_kib();
		assert_true(before > after && before - after > MANY * KEPT_BYTES / 1024);
	}
	assert_int_equal(vector_index_count(index), 2 * FEW);
	vector_index_free(index);
	free(oracle.entries);
}

static void pages_join_to_the_whole_without_gap_or_repetition(void **state)
{
	enum { VECTORS = 2500, PAGE = 37 };
	uint64_t random = random_seed();
	struct vector_index *index = vector_index_new(DIMENSION);
	struct vector_hit page[PAGE], *all = calloc(VECTORS, sizeof *all);
	float vector[DIMENSION];
	size_t count, total, seen = 0;
	bool more;

	(void)state;
	for (int64_t id = VECTORS; id > 0; id--) {
		make_vector(&random, vector);
		assert_true(add(index, id, 1, vector));
	}
	struct vector_query query = {.vector = vector, .min_score = -INFINITY, .limit = VECTORS};
	assert_true(vector_index_search(index, &query, all, &count, &total, &more));
	assert_int_equal(count, VECTORS);
	assert_false(more);
	query.limit = PAGE;
	do {
		assert_true(vector_index_search(index, &query, page, &count, &total, &more));
		assert_int_equal(total, VECTORS);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(compare_hits(&page[i], &all[seen++]), 0);
		query.has_after = true;
		query.after = page[count - 1];
	} while (more);
	assert_int_equal(seen, VECTORS);
	free(all);
	vector_index_free(index);
}

static void an_empty_index_answers_nothing(void **state)
{
	struct vector_index *index = vector_index_new(DIMENSION);
	float vector[DIMENSION] = {1};
	struct vector_hit hit;
	size_t count = 9, total = 9;
	bool more = true;
	struct vector_query query = {.vector = vector, .min_score = -INFINITY, .limit = 1};

	(void)state;
	assert_true(vector_index_search(index, &query, &hit, &count, &total, &more));
	assert_int_equal(count, 0);
	assert_int_equal(total, 0);
	assert_false(more);
	assert_int_equal(vector_index_count(index), 0);
	vector_index_free(index);
	vector_index_free(NULL);
}

static void limits_of_nothing_and_everything_are_fine(void **state)
{
	struct vector_index *index = vector_index_new(3);
	const float x[3] = {1, 0, 0};
	struct vector_hit hits[2];
	size_t count, total;
	bool more;
	struct vector_query query = {.vector = x, .min_score = -INFINITY};

	(void)state;
	assert_true(add(index, 2, 1, x));
	assert_true(add(index, 1, 1, x));
	assert_true(vector_index_search(index, &query, hits, &count, &total, &more));
	assert_int_equal(count, 0);
	assert_int_equal(total, 2);
	assert_true(more);
	query.skip = SIZE_MAX;
	query.limit = 2;
	assert_true(vector_index_search(index, &query, hits, &count, &total, &more));
	assert_int_equal(count, 0);
	assert_false(more);
	query.skip = 0;
	assert_true(vector_index_search(index, &query, hits, &count, &total, &more));
	assert_int_equal(count, 2);
	assert_int_equal(hits[0].id, 1);
	assert_int_equal(hits[1].id, 2);
	assert_true(fabsf(hits[0].score - 1) < 1e-6f);
	vector_index_free(index);
}

static void a_vector_is_added_once_and_replaced_by_name_only(void **state)
{
	struct vector_index *index = vector_index_new(3);
	const float x[3] = {1, 0, 0}, y[3] = {0, 1, 0};
	float vector[3];

	(void)state;
	assert_true(add(index, 7, 1, x));
	assert_true(add(index, 7, 1, y));
	assert_true(vector_index_get(index, 7, vector));
	assert_true(vector[0] > 0.99999f && vector[1] == 0);
	replace(index, 7, 1, y);
	assert_true(add(index, 7, 1, x));
	assert_true(vector_index_get(index, 7, vector));
	assert_true(vector[1] > 0.99999f && vector[0] == 0);
	assert_int_equal(vector_index_count(index), 1);
	/* One that is not there is added by it. */
	replace(index, 3, 1, x);
	assert_int_equal(vector_index_count(index), 2);
	assert_false(vector_index_get(index, 4, vector));
	vector_index_free(index);
}

static void what_is_added_late_is_stale_after_a_removal(void **state)
{
	struct vector_index *index = vector_index_new(3);
	const float x[3] = {1, 0, 0};
	struct vector_entry entry = {1, 5, x};
	uint64_t as_of = vector_index_removals(index);

	(void)state;
	assert_true(vector_index_remove_import(index, 5));
	assert_int_equal(vector_index_add(index, &entry, 1, as_of), VECTOR_STALE);
	assert_int_equal(vector_index_count(index), 0);
	/* The import's next run counts. */
	as_of = vector_index_removals(index);
	assert_int_equal(vector_index_add(index, &entry, 1, as_of), VECTOR_ADDED);
	assert_true(vector_index_remove(index, (int64_t[]){99}, 1));
	entry.id = 2;
	assert_int_equal(vector_index_add(index, &entry, 1, as_of), VECTOR_STALE);
	assert_int_equal(vector_index_count(index), 1);
	vector_index_free(index);
}

static void scores_that_are_no_numbers_are_left_out(void **state)
{
	struct vector_index *index = vector_index_new(2);
	const float bad[2] = {NAN, 0}, good[2] = {1, 0};
	struct vector_hit hits[2];
	size_t count, total;
	bool more;
	struct vector_query query = {.vector = good, .min_score = -INFINITY, .limit = 2};

	(void)state;
	assert_true(add(index, 1, 1, bad));
	assert_true(add(index, 2, 1, good));
	assert_true(vector_index_search(index, &query, hits, &count, &total, &more));
	assert_int_equal(count, 1);
	assert_int_equal(total, 1);
	assert_int_equal(hits[0].id, 2);
	vector_index_free(index);
}

struct workers {
	struct vector_index *index;
	pthread_barrier_t start;
};

enum { WORKERS = 4, ADDED = 3000 };

/* Even imports are removed half way, odd ones stay. */
static void *add_vectors(void *context)
{
	struct workers *workers = context;
	static int64_t next_import = 1;
	int64_t import_id = __atomic_fetch_add(&next_import, 1, __ATOMIC_RELAXED);
	uint64_t random = (uint64_t)import_id;
	float vector[DIMENSION];

	pthread_barrier_wait(&workers->start);
	for (int64_t i = 0; i < ADDED; i++) {
		make_vector(&random, vector);
		/* Stale at times, as others remove. */
		while (!add(workers->index, import_id * ADDED + i, import_id, vector))
			continue;
		if (i == ADDED / 2 && import_id % 2 == 0 &&
		    !vector_index_remove_import(workers->index, import_id))
			abort();
	}
	return NULL;
}

static void *search_vectors(void *context)
{
	struct workers *workers = context;
	struct vector_hit hits[10];
	float vector[DIMENSION];
	uint64_t random = 99;
	size_t count, total, failures = 0;
	bool more;

	pthread_barrier_wait(&workers->start);
	for (int i = 0; i < 200; i++) {
		make_vector(&random, vector);
		struct vector_query query = {.vector = vector, .min_score = -INFINITY, .limit = 10, .import_id = i % 3};
		if (!vector_index_search(workers->index, &query, hits, &count, &total, &more))
			abort();
		for (size_t k = 1; k < count; k++)
			failures += compare_hits(&hits[k - 1], &hits[k]) >= 0;
	}
	return failures ? workers : NULL;
}

static void threads_add_remove_and_search_at_the_same_time(void **state)
{
	struct workers workers = {.index = vector_index_new(DIMENSION)};
	pthread_t threads[2 * WORKERS];

	(void)state;
	assert_int_equal(pthread_barrier_init(&workers.start, NULL, 2 * WORKERS), 0);
	for (size_t i = 0; i < 2 * WORKERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						i % 2 ? search_vectors : add_vectors, &workers), 0);
	for (size_t i = 0; i < 2 * WORKERS; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(vector_index_count(workers.index), WORKERS / 2 * ADDED + WORKERS / 2 * (ADDED / 2 - 1));
	pthread_barrier_destroy(&workers.start);
	vector_index_free(workers.index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_searches_give_what_sorting_everything_gives),
		cmocka_unit_test(so_they_do_among_many_vectors),
		cmocka_unit_test(the_memory_of_what_is_removed_goes_back),
		cmocka_unit_test(pages_join_to_the_whole_without_gap_or_repetition),
		cmocka_unit_test(an_empty_index_answers_nothing),
		cmocka_unit_test(limits_of_nothing_and_everything_are_fine),
		cmocka_unit_test(a_vector_is_added_once_and_replaced_by_name_only),
		cmocka_unit_test(what_is_added_late_is_stale_after_a_removal),
		cmocka_unit_test(scores_that_are_no_numbers_are_left_out),
		cmocka_unit_test(threads_add_remove_and_search_at_the_same_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
