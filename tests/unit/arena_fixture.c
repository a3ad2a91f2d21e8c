#include "arena_fixture.h"

struct arena test_arena;

int make_test_arena(void **state)
{
	(void)state;
	arena_init(&test_arena, 64 << 20);
	return 0;
}

int release_test_arena(void **state)
{
	(void)state;
	arena_release(&test_arena);
	return 0;
}
