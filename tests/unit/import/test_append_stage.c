/* A batch is stored on another thread while the next is read: one at a time, and what became of it is not lost. */
#include "support.h"

#include "import/append_stage.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held;
static int begun, ended;
static int64_t last_import;
static const struct batch *last_batch;
static pthread_t last_thread;
static enum status next_status;

/* In the place of the store's own: waits while `held`. */
static enum status append_batch(struct store *store, int64_t import_id, struct batch *batch, struct slice format,
				struct slice dialect, struct error *err)
{
	(void)store;
	assert_true(slice_is(format, "csv") && slice_is(dialect, "{}"));
	pthread_mutex_lock(&mutex);
	begun++;
	last_import = import_id;
	last_batch = batch;
	last_thread = pthread_self();
	pthread_cond_broadcast(&changed);
	while (held)
		pthread_cond_wait(&changed, &mutex);
	ended++;
	enum status status = next_status;
	pthread_mutex_unlock(&mutex);
	return status == STATUS_OK ? status : error_set(err, status, "no-room", "the disk is full");
}

static void hold(bool on)
{
	pthread_mutex_lock(&mutex);
	held = on;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static void wait_begun(int count)
{
	pthread_mutex_lock(&mutex);
	while (begun < count)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
}

static const struct store_backend backend = {.append_batch = append_batch};
static struct store store = {.call = &backend};
static struct batch batch;
static struct append_stage stage;

static void begin(int64_t import_id)
{
	struct append append = {.store = &store, .import_id = import_id, .batch = &batch, .format = SLICE("csv"), .dialect = SLICE("{}")};

	append_stage_begin(&stage, &append);
}

static int start(void **state)
{
	struct error err;

	(void)state;
	begun = ended = 0;
	held = false;
	next_status = STATUS_OK;
	assert_ok(append_stage_start(&stage, &err), &err);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	append_stage_stop(&stage);
	append_stage_stop(&stage);
	return 0;
}

static void a_batch_is_stored_while_the_caller_goes_on(void **state)
{
	struct error err;

	(void)state;
	hold(true);
	begin(7);
	wait_begun(1);
	assert_int_equal(ended, 0);
	assert_false(pthread_equal(last_thread, pthread_self()));
	assert_int_equal(last_import, 7);
	assert_ptr_equal(last_batch, &batch);
	hold(false);
	assert_ok(append_stage_end(&stage, &err), &err);
	assert_int_equal(ended, 1);
}

static void each_batch_is_stored_once_and_in_turn(void **state)
{
	struct error err;

	(void)state;
	for (int i = 1; i <= 500; i++) {
		begin(i);
		assert_ok(append_stage_end(&stage, &err), &err);
		assert_int_equal(ended, i);
		assert_int_equal(last_import, i);
	}
}

static void what_went_wrong_is_said_once_and_the_stage_goes_on(void **state)
{
	struct error err;

	(void)state;
	next_status = STATUS_UNAVAILABLE;
	begin(1);
	assert_int_equal(append_stage_end(&stage, &err), STATUS_UNAVAILABLE);
	assert_string_equal(err.code, "no-room");
	assert_string_equal(err.detail, "the disk is full");
	assert_ok(append_stage_end(&stage, &err), &err);
	next_status = STATUS_OK;
	begin(2);
	assert_ok(append_stage_end(&stage, &err), &err);
	assert_int_equal(ended, 2);
}

static void where_nothing_is_under_way_there_is_nothing_to_wait_for(void **state)
{
	struct append_stage none = {0};
	struct error err;

	(void)state;
	assert_ok(append_stage_end(&stage, &err), &err);
	assert_ok(append_stage_end(&stage, &err), &err);
	assert_int_equal(begun, 0);
	append_stage_stop(&none);
}

int main(void)
{
#define TEST(name_) cmocka_unit_test_setup_teardown(name_, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_batch_is_stored_while_the_caller_goes_on),
		TEST(each_batch_is_stored_once_and_in_turn),
		TEST(what_went_wrong_is_said_once_and_the_stage_goes_on),
		TEST(where_nothing_is_under_way_there_is_nothing_to_wait_for),
	};
	return cmocka_run_group_tests_name("append stage", tests, NULL, NULL);
}
