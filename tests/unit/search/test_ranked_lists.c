/* Lists that cursors name. */
#include "support.h"

#include "base/clock.h"
#include "search/ranked_lists.h"

#include <stdlib.h>

static struct ranked_lists *lists;

static int make_lists(void **state)
{
	(void)state;
	lists = ranked_lists_new();
	return lists ? 0 : -1;
}

static int free_lists(void **state)
{
	(void)state;
	ranked_lists_free(lists);
	return 0;
}

static int64_t keep(uint64_t search, size_t count)
{
	struct ranked_item *items = calloc(count + 1, sizeof *items);

	for (size_t i = 0; i < count; i++)
		items[i] = (struct ranked_item){(int64_t)(search * 1000 + i), (float)(count - i)};
	int64_t name = ranked_lists_keep(lists, search, items, count);
	free(items); /* it was copied */
	return name;
}

static void check(int64_t name, uint64_t search, size_t offset, size_t limit, size_t total)
{
	struct ranked_item items[64];
	size_t count, left = offset < total ? total - offset : 0;
	bool more;

	assert_true(ranked_lists_read(lists, name, search, offset, limit, items, &count, &more));
	assert_int_equal(count, left < limit ? left : limit);
	assert_int_equal(more, left > limit);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(items[i].id, search * 1000 + offset + i);
		assert_int_equal((size_t)items[i].score, total - offset - i);
	}
}

static bool is_there(int64_t name, uint64_t search)
{
	struct ranked_item item;
	size_t count;
	bool more;

	return ranked_lists_read(lists, name, search, 0, 1, &item, &count, &more);
}

static void a_list_is_read_in_pieces(void **state)
{
	(void)state;
	int64_t name = keep(7, 20);

	check(name, 7, 0, 20, 20);
	check(name, 7, 0, 7, 20);
	check(name, 7, 14, 6, 20);
	check(name, 7, 14, 7, 20);
	check(name, 7, 20, 5, 20);
	check(name, 7, 1000, 5, 20);
	check(keep(8, 0), 8, 0, 5, 0);
	check(name, 7, 3, 4, 20);
}

static void a_name_fits_its_search_alone(void **state)
{
	(void)state;
	int64_t name = keep(7, 3), other = keep(8, 3);

	assert_true(name != other);
	assert_true(is_there(name, 7) && is_there(other, 8));
	assert_false(is_there(name, 8) || is_there(other, 7) || is_there(0, 7) || is_there(-1, 7) || is_there(name + 100, 7));
}

static void the_oldest_goes_first(void **state)
{
	int64_t names[RANKED_LISTS_MOST + 3];

	(void)state;
	for (uint64_t i = 0; i < RANKED_LISTS_MOST + 3; i++)
		names[i] = keep(i + 1, 5);
	for (uint64_t i = 0; i < RANKED_LISTS_MOST + 3; i++)
		assert_int_equal(is_there(names[i], i + 1), i >= 3);
}

static void names_of_another_run_name_nothing(void **state)
{
	(void)state;
	int64_t name = keep(7, 3), now = clock_now_ms();
	struct ranked_lists *first = lists;

	while (clock_now_ms() == now)
		; /* no two runs begin in the same millisecond */
	lists = ranked_lists_new();
	assert_non_null(lists);
	assert_true(keep(7, 3) != name);
	assert_false(is_there(name, 7));
	ranked_lists_free(first);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, make_lists, free_lists)
	const struct CMUnitTest tests[] = {
		TEST(a_list_is_read_in_pieces),
		TEST(a_name_fits_its_search_alone),
		TEST(the_oldest_goes_first),
		TEST(names_of_another_run_name_nothing),
	};
	return cmocka_run_group_tests_name("ranked lists", tests, NULL, NULL);
}
