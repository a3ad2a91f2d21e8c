#include "support.h"

#include "app/lock.h"

#include <stdio.h>
#include <unistd.h>

static const char *lock_path(void)
{
	static char path[4200];

	snprintf(path, sizeof path, "%s/rows.db.lock", make_temporary_folder());
	return path;
}

static void a_second_holder_is_refused_and_told_the_first_ones_address(void **state)
{
	const char *path = lock_path();
	struct error err;
	int first = lock_take(path, &err);

	(void)state;
	assert_true(first >= 0);
	assert_ok(lock_publish(first, "http://127.0.0.1:8000", &err), &err);
	assert_int_equal(lock_take(path, &err), -1);
	assert_int_equal(err.status, STATUS_BUSY);
	assert_string_equal(err.code, "database-in-use");
	assert_non_null(strstr(err.detail, "http://127.0.0.1:8000"));
	lock_release(first);
}

static void a_lock_given_back_can_be_taken_again(void **state)
{
	const char *path = lock_path();
	struct error err;
	int first = lock_take(path, &err);

	(void)state;
	assert_ok(lock_publish(first, "http://127.0.0.1:8000", &err), &err);
	lock_release(first);
	int second = lock_take(path, &err);
	assert_true(second >= 0);
	/* What the first one said is gone with it. */
	assert_int_equal(lseek(second, 0, SEEK_END), 0);
	lock_release(second);
	lock_release(-1);
}

static void a_folder_that_is_not_there_is_said(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(lock_take("/nowhere/at/all/rows.db.lock", &err), -1);
	assert_int_equal(err.status, STATUS_IO);
	assert_null(strstr(err.detail, "/nowhere"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_second_holder_is_refused_and_told_the_first_ones_address),
		cmocka_unit_test(a_lock_given_back_can_be_taken_again),
		cmocka_unit_test(a_folder_that_is_not_there_is_said),
	};
	return cmocka_run_group_tests_name("lock", tests, NULL, NULL);
}
