#include "support.h"

#include "record/id_set.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/banned.h"

enum { IDS = 2000, ROUNDS = 300 };

/* The specification: a bool for each id. */
static void check_against(const struct id_set *set, const bool expected[IDS])
{
	size_t count = 0;
	int64_t next = -1;

	for (int64_t id = IDS - 1; id >= 0; id--) {
		count += expected[id];
		assert_int_equal(id_set_has(set, id), expected[id]);
		if (expected[id])
			next = id;
		assert_int_equal(id_set_next(set, id), next);
	}
	assert_int_equal(id_set_count(set), count);
}

static int64_t below(uint64_t *random, int64_t limit)
{
	return (int64_t)(random_next(random) % (uint64_t)limit);
}

static void make_random(struct id_set *set, bool members[IDS], int64_t first, int64_t last, uint64_t *random)
{
	assert_true(id_set_init(set, first, last));
	for (int64_t id = 0; id < IDS; id++)
		members[id] = false;
	for (int i = 0; i < 100; i++) {
		int64_t id = first + below(random, last - first + 1);
		id_set_add(set, id);
		members[id] = true;
	}
	for (int i = 0; i < 20; i++) {
		int64_t id = below(random, IDS);
		id_set_remove(set, id);
		members[id] = false;
	}
	int64_t from = first + below(random, last - first + 1), to = from + below(random, 200);
	id_set_add_range(set, from, to < last ? to : last);
	for (int64_t id = from; id <= to && id <= last; id++)
		members[id] = true;
}

static void sets_do_what_a_flag_for_each_id_does(void **state)
{
	uint64_t random = random_seed();

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		bool a[IDS], b[IDS];
		struct id_set set, other;
		int64_t first = below(&random, IDS - 1), last = first + below(&random, IDS - first);
		/* The other lies inside of the set's range, so that their union fits. */
		int64_t other_first = first + below(&random, last - first + 1);

		make_random(&set, a, first, last, &random);
		make_random(&other, b, other_first, last, &random);
		check_against(&set, a);
		check_against(&other, b);
		switch (round % 3) {
		case 0: id_set_intersect(&set, &other); break;
		case 1: id_set_subtract(&set, &other); break;
		default: id_set_unite(&set, &other);
		}
		for (int id = 0; id < IDS; id++)
			a[id] = round % 3 == 0 ? a[id] && b[id] : round % 3 == 1 ? a[id] && !b[id] : a[id] || b[id];
		check_against(&set, a);
		id_set_release(&set);
		id_set_release(&other);
	}
}

static void a_range_is_cut_to_the_set(void **state)
{
	struct id_set set;

	(void)state;
	assert_true(id_set_init(&set, 128, 191));
	id_set_add_range(&set, 0, 127);
	id_set_add_range(&set, 192, INT64_MAX);
	assert_int_equal(id_set_count(&set), 0);
	id_set_add_range(&set, 0, INT64_MAX);
	assert_int_equal(id_set_count(&set), 64);
	assert_int_equal(id_set_next(&set, 0), 128);
	assert_int_equal(id_set_next(&set, 192), -1);
	id_set_release(&set);
}

static void an_empty_range_holds_nothing(void **state)
{
	struct id_set set, zeroed = {0};

	(void)state;
	assert_true(id_set_init(&set, 1, 0));
	assert_false(id_set_has(&set, 1));
	assert_false(id_set_has(&zeroed, 0));
	assert_int_equal(id_set_next(&set, 0), -1);
	id_set_add_range(&set, 0, 100);
	id_set_unite(&set, &zeroed);
	assert_int_equal(id_set_count(&set), 0);
	id_set_release(&set);
	id_set_release(&zeroed);
}

static void ranges_that_overlap_in_part_are_intersected(void **state)
{
	struct id_set low, high;

	(void)state;
	assert_true(id_set_init(&low, 0, 300));
	assert_true(id_set_init(&high, 128, 1000));
	id_set_add(&low, 5);
	id_set_add(&low, 200);
	id_set_add(&high, 200);
	id_set_add(&high, 900);
	id_set_intersect(&low, &high);
	assert_int_equal(id_set_count(&low), 1);
	assert_true(id_set_has(&low, 200));
	id_set_intersect(&high, &low);
	assert_int_equal(id_set_count(&high), 1);
	assert_true(id_set_has(&high, 200));
	id_set_release(&low);
	id_set_release(&high);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_that_overlap_in_part_are_intersected),
		cmocka_unit_test(sets_do_what_a_flag_for_each_id_does),
		cmocka_unit_test(a_range_is_cut_to_the_set),
		cmocka_unit_test(an_empty_range_holds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
