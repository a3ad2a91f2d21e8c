/* An arena for each test of a suite:
 *
 *	cmocka_unit_test_setup_teardown(test, make_test_arena, release_test_arena)
 *
 * or for the group as a whole. */
#ifndef ROWMILL_TESTS_UNIT_ARENA_FIXTURE_H
#define ROWMILL_TESTS_UNIT_ARENA_FIXTURE_H

#include "base/arena.h"

extern struct arena test_arena;

int make_test_arena(void **state);
int release_test_arena(void **state);

#endif
