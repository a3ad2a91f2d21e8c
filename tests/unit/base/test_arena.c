#include "support.h"

#include "base/arena.h"

#include "base/banned.h"

static void pieces_are_aligned_and_do_not_overlap(void **state)
{
	uint64_t random = random_seed();
	struct arena arena;
	struct {
		unsigned char *bytes;
		size_t size;
	} pieces[500];

	(void)state;
	arena_init(&arena, 64 << 20);
	for (size_t i = 0; i < 500; i++) {
		pieces[i].size = random_next(&random) % 3000;
		if (i % 100 == 99)
			pieces[i].size = 200000; /* more than a block */
		pieces[i].bytes = arena_alloc(&arena, pieces[i].size);
		assert_non_null(pieces[i].bytes);
		assert_int_equal((uintptr_t)pieces[i].bytes % 16, 0);
		memset(pieces[i].bytes, (int)(i % 256), pieces[i].size);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t k = 0; k < pieces[i].size; k++)
			if (pieces[i].bytes[k] != i % 256)
				fail_msg("piece %zu was written over", i);
	arena_release(&arena);
}

static void a_steady_state_allocates_nothing(void **state)
{
	struct arena arena;
	size_t size = 0;

	(void)state;
	arena_init(&arena, 64 << 20);
	for (int round = 0; round < 10; round++) {
		for (size_t i = 0; i < 100; i++)
			assert_non_null(arena_alloc(&arena, i % 10 == 3 ? 100000 : 1000));
		if (round > 0)
			assert_int_equal(arena.total_size, size);
		size = arena.total_size;
		arena_reset(&arena);
		assert_int_equal(arena_used(&arena), 0);
	}
	arena_release(&arena);
	assert_int_equal(arena.total_size, 0);
}

static void the_cap_holds_over_all_blocks(void **state)
{
	struct arena arena;
	size_t count = 0;

	(void)state;
	arena_init(&arena, 200000);
	while (arena_alloc(&arena, 1000))
		count++;
	assert_in_range(count, 180, 200);
	assert_true(arena.total_size <= 200000);
	assert_null(arena_alloc(&arena, 200000));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	assert_null(arena_alloc(&arena, SIZE_MAX - 20));
	arena_reset(&arena);
	assert_non_null(arena_alloc(&arena, 1000));
	arena_release(&arena);

	/* Less than a block, and nothing at all. */
	arena_init(&arena, 100);
	assert_non_null(arena_alloc(&arena, 96));
	assert_null(arena_alloc(&arena, 96));
	arena_release(&arena);
	arena_init(&arena, 0);
	assert_null(arena_alloc(&arena, 0));
	arena_release(&arena);
}

static void items_are_zeroed_and_their_size_may_not_overflow(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (int round = 0; round < 2; round++) {
		unsigned char *bytes = arena_alloc_zeroed(&arena, 1000, 10);
		assert_non_null(bytes);
		for (size_t i = 0; i < 10000; i++)
			assert_int_equal(bytes[i], 0);
		memset(bytes, 0xFF, 10000);
		arena_reset(&arena);
	}
	assert_null(arena_alloc_zeroed(&arena, SIZE_MAX / 2, 4));
	assert_null(arena_alloc_zeroed(&arena, 1 << 20, 2));
	assert_non_null(arena_alloc_zeroed(&arena, 0, 8));
	arena_release(&arena);
}

static void copies_end_in_a_nul(void **state)
{
	struct arena arena;
	struct slice copy;

	(void)state;
	arena_init(&arena, 1 << 20);
	assert_true(arena_copy(&arena, SLICE("abc"), &copy));
	assert_slice(copy, "abc");
	assert_int_equal(copy.data[3], '\0');
	assert_true(arena_copy(&arena, slice_of(NULL, 0), &copy));
	assert_int_equal(copy.size, 0);
	assert_int_equal(copy.data[0], '\0');
	arena_release(&arena);
	arena_init(&arena, 0);
	assert_false(arena_copy(&arena, SLICE("abc"), &copy));
	arena_release(&arena);
}

static void used_bytes_grow_with_every_piece(void **state)
{
	struct arena arena;
	size_t before = 0;

	(void)state;
	arena_init(&arena, 64 << 20);
	for (size_t i = 0; i < 300; i++) {
		assert_non_null(arena_alloc(&arena, 1000));
		assert_true(arena_used(&arena) >= before + 1000);
		assert_true(arena_used(&arena) <= arena.total_size);
		before = arena_used(&arena);
	}
	arena_release(&arena);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_do_not_overlap),
		cmocka_unit_test(a_steady_state_allocates_nothing),
		cmocka_unit_test(the_cap_holds_over_all_blocks),
		cmocka_unit_test(items_are_zeroed_and_their_size_may_not_overflow),
		cmocka_unit_test(copies_end_in_a_nul),
		cmocka_unit_test(used_bytes_grow_with_every_piece),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
