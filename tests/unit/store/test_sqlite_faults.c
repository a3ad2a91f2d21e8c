/* A disk that is full, one that cannot sync, and the log that lies between. */
#include "support.h"

#include "fault_vfs.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BATCH = 500 };

struct fixture {
	char path[4096];
	struct store *store;
	struct arena arena;
	struct error err;
};

static void open_store(struct fixture *f)
{
	struct store_config config = {.path = f->path, .readers = 2};

	assert_ok(store_open(&config, &f->store, &f->err), &f->err);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	if (!f)
		return -1;
	faults.limited = faults.fail_sync = false;
	faults.room = 0;
	faults.reserve[0] = '\0';
	snprintf(f->path, sizeof f->path, "%s/store.db", make_temporary_folder());
	arena_init(&f->arena, 16 << 20);
	open_store(f);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	faults.limited = faults.fail_sync = false;
	f->store->call->close(f->store);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static int64_t add_claimed(struct fixture *f)
{
	unsigned char hash[SHA256_SIZE] = {0};
	struct new_import import = {.filename = SLICE("n"), .schema = SLICE("people"),
				    .file_hash = hash, .spool_name = SLICE("aa")};
	struct import_claim claim;
	int64_t id;

	assert_ok(f->store->call->add_import(f->store, &import, &id, &f->err), &f->err);
	assert_ok(f->store->call->claim_import(f->store, false, &f->arena, &claim, &f->err), &f->err);
	return id;
}

static enum status append(struct fixture *f, int64_t id, uint64_t first)
{
	struct batch batch;

	assert_true(batch_init(&batch, BATCH, 1 << 20));
	for (uint64_t i = 0; i < BATCH; i++) {
		struct record *record = batch_add(&batch);
		record->row = first + i;
		record->data = SLICE("{\"name\":\"a name of some length, so that pages fill up\"}");
	}
	enum status status = f->store->call->append_batch(f->store, id, &batch, SLICE("csv"),
							  SLICE(""), &f->err);
	batch_release(&batch);
	return status;
}

static int64_t count(struct fixture *f, int64_t id)
{
	struct store_reader *reader;
	struct record_query query = {.import_id = id, .page.limit = 1};
	struct record_list records;

	assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
	assert_ok(f->store->call->list_records(reader, &query, &f->arena, &records, &f->err), &f->err);
	f->store->call->close_reader(f->store, reader);
	return records.total;
}

/* Appends until the disk is full. Returns the number of rows that were acknowledged. */
static uint64_t fill_up(struct fixture *f, int64_t id)
{
	uint64_t rows = 0;
	enum status status;

	while ((status = append(f, id, rows + 1)) == STATUS_OK)
		rows += BATCH;
	assert_int_equal(status, STATUS_FULL);
	assert_string_equal(f->err.code, "disk-full");
	return rows;
}

static void a_full_disk_loses_nothing_that_was_acknowledged(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f);

	faults.limited = true;
	faults.room = 1 << 20;
	uint64_t rows = fill_up(f, id);
	assert_true(rows > 0);
	assert_int_equal(count(f, id), rows);
	faults.limited = false;
	assert_int_equal(append(f, id, rows + 1), STATUS_OK);
	assert_int_equal(count(f, id), rows + BATCH);
}

static void on_a_full_disk_deleting_works_and_makes_room(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	int64_t big = add_claimed(f);

	faults.limited = true;
	faults.room = 2 << 20;
	uint64_t rows = fill_up(f, big);
	/* Not even a page: what was left, others have taken. */
	faults.room = 0;
	snprintf(faults.reserve, sizeof faults.reserve, "%s-reserve", f->path);
	assert_int_equal(access(faults.reserve, F_OK), 0);
	enum status status =
		f->store->call->delete_import(f->store, big, &f->arena, &receipt, &f->err);
	assert_ok(status, &f->err);
	assert_int_equal(receipt.records, rows);
	assert_int_equal(count(f, 0), 0);
	while ((status = f->store->call->purge_slice(f->store, 1000, &f->err)) == STATUS_OK)
		;
	assert_int_equal(status, STATUS_END);
	int64_t next = add_claimed(f);
	assert_int_equal(append(f, next, 1), STATUS_OK);
}

static void the_reserve_is_given_up_for_deletes_alone(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	char reserve[4200];
	int64_t id = add_claimed(f);

	snprintf(reserve, sizeof reserve, "%s-reserve", f->path);
	faults.limited = true;
	assert_int_equal(append(f, id, 1), STATUS_FULL);
	assert_int_equal(access(reserve, F_OK), 0);
	/* Here the log starts over, so it works even though the layer gives nothing for the file. */
	assert_ok(f->store->call->delete_import(f->store, id, &f->arena, &receipt, &f->err), &f->err);
	assert_int_not_equal(access(reserve, F_OK), 0);
	faults.limited = false;
	while (f->store->call->purge_slice(f->store, 1000, &f->err) == STATUS_OK)
		;
	assert_int_equal(access(reserve, F_OK), 0); /* made anew */
}

static void after_a_failed_sync_nothing_is_written_until_a_restart(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;
	int64_t id = add_claimed(f);

	assert_int_equal(append(f, id, 1), STATUS_OK);
	assert_ok(f->store->call->check(f->store, &f->err), &f->err);
	faults.fail_sync = true;
	assert_int_equal(append(f, id, BATCH + 1), STATUS_UNAVAILABLE);
	assert_string_equal(f->err.code, "not-durable");
	/* The disk seems well again; what it holds is not known. */
	faults.fail_sync = false;
	assert_int_equal(append(f, id, BATCH + 1), STATUS_UNAVAILABLE);
	assert_int_equal(f->store->call->delete_import(f->store, id, &f->arena, &receipt, &f->err),
			 STATUS_UNAVAILABLE);
	assert_int_equal(f->store->call->check(f->store, &f->err), STATUS_UNAVAILABLE);
	assert_int_equal(count(f, id), BATCH); /* reading goes on */

	f->store->call->close(f->store);
	open_store(f);
	assert_ok(f->store->call->check(f->store, &f->err), &f->err);
	assert_true(count(f, id) >= BATCH); /* what was acknowledged, and no half batch */
	assert_int_equal(count(f, id) % BATCH, 0);
}

static void a_failed_sync_elsewhere_ends_writing_too(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f);

	assert_int_equal(append(f, id, 1), STATUS_OK);
	f->store->call->stop_writes(f->store);
	assert_int_equal(append(f, id, BATCH + 1), STATUS_UNAVAILABLE);
	assert_string_equal(f->err.code, "not-durable");
	assert_int_equal(f->store->call->check(f->store, &f->err), STATUS_UNAVAILABLE);
	assert_int_equal(count(f, id), BATCH);
}

static void every_commit_is_synced(void **state)
{
	struct fixture *f = *state;
	int64_t id = add_claimed(f);
	int before = faults.syncs;

	assert_int_equal(append(f, id, 1), STATUS_OK);
	assert_true(faults.syncs > before);
}

static void the_log_is_started_over_while_much_is_written(void **state)
{
	struct fixture *f = *state;
	char log[4200];
	struct stat info;
	int64_t id = add_claimed(f);

	snprintf(log, sizeof log, "%s-wal", f->path);
	for (uint64_t row = 1; row < 200 * BATCH; row += BATCH)
		assert_int_equal(append(f, id, row), STATUS_OK);
	assert_int_equal(stat(log, &info), 0);
	assert_true(info.st_size < 12 << 20); /* all of it is some 25 MB */
}

#define fault_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		fault_test(a_full_disk_loses_nothing_that_was_acknowledged),
		fault_test(on_a_full_disk_deleting_works_and_makes_room),
		fault_test(the_reserve_is_given_up_for_deletes_alone),
		fault_test(after_a_failed_sync_nothing_is_written_until_a_restart),
		fault_test(a_failed_sync_elsewhere_ends_writing_too),
		fault_test(every_commit_is_synced),
		fault_test(the_log_is_started_over_while_much_is_written),
	};

	fault_vfs_install();
	return cmocka_run_group_tests_name("sqlite faults", tests, NULL, NULL);
}
