/* The order in which writers are served. */
#include "support.h"

#include "store/sqlite/turn.h"

#include <stdatomic.h>
#include <unistd.h>

enum { WAITERS = 6 };

struct line {
	struct turn turn;
	int order[WAITERS]; /* as they were served; written in turn */
	int served;
	atomic_int inside, wrong;
};

struct waiter {
	struct line *line;
	int number;
};

static void *wait_in_line(void *context)
{
	struct waiter *waiter = context;
	struct line *line = waiter->line;

	turn_take(&line->turn);
	line->order[line->served++] = waiter->number;
	turn_give(&line->turn);
	return NULL;
}

static void whoever_asks_first_is_served_first(void **state)
{
	struct line line = {.served = 0};
	struct waiter waiters[WAITERS];
	pthread_t threads[WAITERS];

	(void)state;
	turn_init(&line.turn);
	turn_take(&line.turn);
	assert_false(turn_is_awaited(&line.turn));
	for (int i = 0; i < WAITERS; i++) {
		struct turn_waiter *last = line.turn.last;
		bool is_waiting = false;
		waiters[i] = (struct waiter){&line, i};
		assert_int_equal(pthread_create(&threads[i], NULL, wait_in_line, &waiters[i]), 0);
		while (!is_waiting) {
			usleep(200);
			pthread_mutex_lock(&line.turn.mutex);
			is_waiting = line.turn.last != last;
			pthread_mutex_unlock(&line.turn.mutex);
		}
	}
	assert_true(turn_is_awaited(&line.turn));
	turn_give(&line.turn);
	for (int i = 0; i < WAITERS; i++)
		pthread_join(threads[i], NULL);
	assert_false(turn_is_awaited(&line.turn));
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(line.order[i], i);
	turn_release(&line.turn);
}

static void *hurry(void *context)
{
	struct line *line = context;

	for (int i = 0; i < 2000; i++) {
		turn_take(&line->turn);
		if (line->inside++ != 0)
			line->wrong++;
		line->inside--;
		turn_give(&line->turn);
	}
	return NULL;
}

static void one_at_a_time(void **state)
{
	struct line line = {.served = 0};
	pthread_t threads[WAITERS];

	(void)state;
	turn_init(&line.turn);
	for (int i = 0; i < WAITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hurry, &line), 0);
	for (int i = 0; i < WAITERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(line.wrong, 0);
	turn_release(&line.turn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whoever_asks_first_is_served_first),
		cmocka_unit_test(one_at_a_time),
	};
	return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
