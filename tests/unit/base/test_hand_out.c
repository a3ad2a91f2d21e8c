#include "support.h"

#include "base/hand_out.h"

#include <pthread.h>

enum { ITEMS = 2000000, THREADS = 4 };

static void pieces_get_smaller_towards_the_end(void **state)
{
	const size_t expected[] = {128, 128, 122, 61, 31, 16, 14};
	struct hand_out items;
	size_t first, at = 0;

	(void)state;
	hand_out_init(&items, 500, 2, 16, 128);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		assert_int_equal(hand_out_take(&items, &first), expected[i]);
		assert_int_equal(first, at);
		at += expected[i];
	}
	assert_int_equal(at, 500);
	assert_int_equal(hand_out_take(&items, &first), 0);
	assert_int_equal(hand_out_take(&items, &first), 0);
}

static void nothing_is_handed_out_of_nothing(void **state)
{
	struct hand_out items;
	size_t first;

	(void)state;
	hand_out_init(&items, 0, 2, 16, 128);
	assert_int_equal(hand_out_take(&items, &first), 0);
}

static struct hand_out shared;
static unsigned char taken[ITEMS];
static pthread_barrier_t start;

static void *take_all(void *argument)
{
	size_t first, size;

	pthread_barrier_wait(&start);
	while ((size = hand_out_take(&shared, &first)))
		for (size_t i = 0; i < size; i++)
			taken[first + i]++;
	return argument;
}

static void threads_get_each_item_once(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	hand_out_init(&shared, ITEMS, THREADS, 1, 3);
	pthread_barrier_init(&start, NULL, THREADS);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_all, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&start);
	for (size_t i = 0; i < ITEMS; i++)
		assert_int_equal(taken[i], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_get_smaller_towards_the_end),
		cmocka_unit_test(nothing_is_handed_out_of_nothing),
		cmocka_unit_test(threads_get_each_item_once),
	};
	return cmocka_run_group_tests_name("hand_out", tests, NULL, NULL);
}
