/* Whose file it is, who may write it, and what others see of it meanwhile. */
#include "support.h"

#include "base/clock.h"
#include "store/sqlite/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct fixture {
	char folder[4096], path[4200];
	struct store *store;
	struct arena arena;
	struct error err;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	if (!f)
		return -1;
	snprintf(f->folder, sizeof f->folder, "%s", make_temporary_folder());
	snprintf(f->path, sizeof f->path, "%s/store.db", f->folder);
	arena_init(&f->arena, 16 << 20);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	if (f->store)
		f->store->call->close(f->store);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static enum status try_open(struct fixture *f, const char *path, bool read_only)
{
	struct store_config config = {.path = path, .readers = 2, .read_only = read_only};

	return store_open(&config, &f->store, &f->err);
}

static void assert_refused(struct fixture *f, enum status status, enum status expected,
			   const char *code)
{
	assert_int_equal(status, expected);
	assert_string_equal(f->err.code, code);
	assert_null(f->store);
	/* One sentence with a remedy, and nothing of the machine. */
	assert_true(strlen(f->err.detail) > 20);
	assert_null(strstr(f->err.detail, f->folder));
	assert_null(strstr(f->err.detail, "SELECT"));
}

static sqlite3 *open_other(const char *path)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 100);
	return db;
}

static void run_other(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

static int64_t ask_other(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t answer = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return answer;
}

static void write_bytes(const char *path, const char *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static int64_t add(struct fixture *f)
{
	unsigned char hash[SHA256_SIZE] = {0};
	struct new_import import = {.filename = SLICE("n"), .schema = SLICE("people"),
				    .file_hash = hash};
	int64_t id;

	assert_ok(f->store->call->add_import(f->store, &import, &id, &f->err), &f->err);
	return id;
}

static void an_empty_file_becomes_a_database(void **state)
{
	struct fixture *f = *state;

	write_bytes(f->path, "", 0);
	assert_ok(try_open(f, f->path, false), &f->err);
	add(f);
}

static void a_file_that_is_no_database_is_foreign(void **state)
{
	struct fixture *f = *state;

	write_bytes(f->path, "name,email\nAnn,ann@example.com\n", 31);
	assert_refused(f, try_open(f, f->path, false), STATUS_INVALID, "foreign-database");
	write_bytes(f->path, "short", 5);
	assert_refused(f, try_open(f, f->path, false), STATUS_INVALID, "foreign-database");
}

static void a_database_of_another_program_is_foreign_and_untouched(void **state)
{
	static const char *const others[] = {
		"CREATE TABLE notes (text)",
		"PRAGMA application_id = 77; CREATE TABLE x (y)",
		"PRAGMA user_version = 5",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		unlink(f->path);
		sqlite3 *db = open_other(f->path);
		run_other(db, others[i]);
		sqlite3_close(db);
		struct slice before = read_file(f->path);
		assert_refused(f, try_open(f, f->path, false), STATUS_INVALID, "foreign-database");
		struct slice after = read_file(f->path);
		assert_true(slice_equal(before, after));
		free((char *)(uintptr_t)before.data);
		free((char *)(uintptr_t)after.data);
	}
}

static void a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_ok(try_open(f, f->path, false), &f->err);
	f->store->call->close(f->store);
	sqlite3 *db = open_other(f->path);
	assert_int_equal(ask_other(db, "PRAGMA application_id"), APPLICATION_ID);
	assert_int_equal(ask_other(db, "PRAGMA user_version"), migrations_count);
	run_other(db, "PRAGMA user_version = 9999");
	sqlite3_close(db);
	assert_refused(f, try_open(f, f->path, false), STATUS_UNSUPPORTED, "newer-database");
	assert_refused(f, try_open(f, f->path, true), STATUS_UNSUPPORTED, "newer-database");
}

static void a_locked_database_is_said_so_within_seconds(void **state)
{
	struct fixture *f = *state;
	uint64_t start;

	assert_ok(try_open(f, f->path, false), &f->err);
	f->store->call->close(f->store);
	sqlite3 *db = open_other(f->path);
	run_other(db, "BEGIN IMMEDIATE");
	start = clock_monotonic_ns();
	assert_refused(f, try_open(f, f->path, false), STATUS_BUSY, "database-locked");
	assert_true(clock_monotonic_ns() - start < 4000000000u);
	run_other(db, "ROLLBACK");
	run_other(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT");
	assert_refused(f, try_open(f, f->path, false), STATUS_BUSY, "database-locked");
	sqlite3_close(db);
	assert_ok(try_open(f, f->path, false), &f->err);
}

static void a_folder_or_a_missing_folder_is_refused(void **state)
{
	struct fixture *f = *state;
	char path[4300];

	assert_refused(f, try_open(f, f->folder, false), STATUS_INVALID, "foreign-database");
	snprintf(path, sizeof path, "%s/none/store.db", f->folder);
	assert_refused(f, try_open(f, path, false), STATUS_IO, "no-such-folder");
	assert_refused(f, try_open(f, f->path, true), STATUS_NOT_FOUND, "not-found");
}

static void a_folder_that_cannot_be_written_is_refused(void **state)
{
	struct fixture *f = *state;
	char parent[4096];

	/* Root may write everywhere: look with other eyes. */
	snprintf(parent, sizeof parent, "%s", f->folder);
	*strrchr(parent, '/') = '\0';
	assert_int_equal(chmod(parent, 0755), 0);
	assert_int_equal(chmod(f->folder, 0555), 0);
	bool is_root = geteuid() == 0;
	if (is_root)
		assert_int_equal(seteuid(65534), 0);
	enum status status = try_open(f, f->path, false);
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	chmod(f->folder, 0700);
	chmod(parent, 0700);
	assert_refused(f, status, STATUS_IO, "database-not-writable");
}

static void other_programs_read_while_the_store_is_open(void **state)
{
	struct fixture *f = *state;

	assert_ok(try_open(f, f->path, false), &f->err);
	add(f);
	sqlite3 *db = open_other(f->path);
	assert_int_equal(ask_other(db, "SELECT count(*) FROM imports"), 1);
	run_other(db, "BEGIN; SELECT * FROM imports");
	add(f); /* their snapshot is in no one's way */
	assert_int_equal(ask_other(db, "SELECT count(*) FROM imports"), 1);
	run_other(db, "COMMIT");
	assert_int_equal(ask_other(db, "SELECT count(*) FROM imports"), 2);
	sqlite3_close(db);
}

static void a_store_for_reading_refuses_every_write(void **state)
{
	struct fixture *f = *state;
	struct store_config config = {.path = f->path, .readers = 1, .read_only = true};
	struct store *reading;
	struct store_reader *reader;
	struct store_stats stats;
	int64_t id = 0;

	assert_ok(try_open(f, f->path, false), &f->err);
	add(f);
	assert_ok(store_open(&config, &reading, &f->err), &f->err);
	assert_int_equal(reading->call->cancel_import(reading, 1, &f->err), STATUS_UNAVAILABLE);
	assert_string_equal(f->err.code, "read-only");
	assert_int_equal(reading->call->retry_import(reading, 1, &id, &f->err), STATUS_UNAVAILABLE);
	assert_int_equal(reading->call->purge_slice(reading, 1, &f->err), STATUS_UNAVAILABLE);
	assert_int_equal(reading->call->check(reading, &f->err), STATUS_UNAVAILABLE);
	assert_ok(reading->call->open_reader(reading, &reader, &f->err), &f->err);
	assert_ok(reading->call->get_stats(reader, &stats, &f->err), &f->err);
	assert_int_equal(stats.imports[IMPORT_PENDING], 1);
	assert_true(stats.bytes > 0);
	reading->call->close_reader(reading, reader);
	reading->call->close(reading);
	/* Without a server beside it, too. */
	f->store->call->close(f->store);
	f->store = NULL;
	assert_ok(store_open(&config, &f->store, &f->err), &f->err);
}

static void a_purge_leaves_nothing_of_a_deleted_import(void **state)
{
	struct fixture *f = *state;
	struct delete_receipt receipt;

	assert_ok(try_open(f, f->path, false), &f->err);
	assert_ok(f->store->call->delete_import(f->store, add(f), &f->arena, &receipt, &f->err),
		  &f->err);
	sqlite3 *db = open_other(f->path);
	assert_int_equal(ask_other(db, "SELECT count(*) FROM imports WHERE status = 'deleted'"), 1);
	while (f->store->call->purge_slice(f->store, 10, &f->err) == STATUS_OK)
		;
	assert_int_equal(ask_other(db, "SELECT count(*) FROM imports"), 0);
	sqlite3_close(db);
}

static void closing_leaves_one_file(void **state)
{
	struct fixture *f = *state;
	char log[4300];

	assert_ok(try_open(f, f->path, false), &f->err);
	add(f);
	snprintf(log, sizeof log, "%s-wal", f->path);
	assert_int_equal(access(log, F_OK), 0);
	f->store->call->close(f->store);
	f->store = NULL;
	assert_int_not_equal(access(log, F_OK), 0);
}

/* What read the original program's database reads ours. */
static void the_columns_of_the_original_come_first(void **state)
{
	struct fixture *f = *state;

	assert_ok(try_open(f, f->path, false), &f->err);
	sqlite3 *db = open_other(f->path);
	assert_int_equal(
		ask_other(db, "SELECT group_concat(name || ' ' || type) = 'id INTEGER,filename TEXT,"
			      "file_hash TEXT,status TEXT,total_records INTEGER,"
			      "processed_records INTEGER,failed_records INTEGER,created_at TEXT,"
			      "completed_at TEXT' FROM pragma_table_info('imports') WHERE cid < 9"),
		1);
	assert_int_equal(
		ask_other(db, "SELECT group_concat(name || ' ' || type) = 'id INTEGER,"
			      "import_id INTEGER,data TEXT,embedding BLOB,status TEXT,"
			      "error_message TEXT,created_at TEXT' "
			      "FROM pragma_table_info('records') WHERE cid < 7"),
		1);
	sqlite3_close(db);
}

/* The database itself refuses a ledger that does not add up, and orphans. */
static void the_schema_keeps_the_ledger(void **state)
{
	static const char *const wrong[] = {
		"UPDATE imports SET total_records = 1",
		"UPDATE imports SET total_records = NULL",
		"UPDATE imports SET embedded_records = 1",
		"UPDATE imports SET status = 'done'",
		"UPDATE imports SET status = 'completed'",
		"INSERT INTO records (import_id, data, status, created_at, row_number, line_number) "
		"VALUES (99, '{}', 'valid', '', 1, 1)",
		"INSERT INTO records (import_id, data, status, created_at, row_number, line_number, "
		"embedding) VALUES (1, '{}', 'valid', '', 1, 1, x'00')",
	};
	struct fixture *f = *state;

	assert_ok(try_open(f, f->path, false), &f->err);
	add(f);
	sqlite3 *db = open_other(f->path);
	run_other(db, "PRAGMA foreign_keys = ON");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(sqlite3_exec(db, wrong[i], NULL, NULL, NULL), SQLITE_CONSTRAINT);
	sqlite3_close(db);
}

#define open_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		open_test(an_empty_file_becomes_a_database),
		open_test(a_file_that_is_no_database_is_foreign),
		open_test(a_database_of_another_program_is_foreign_and_untouched),
		open_test(a_newer_schema_is_refused),
		open_test(a_locked_database_is_said_so_within_seconds),
		open_test(a_folder_or_a_missing_folder_is_refused),
		open_test(a_folder_that_cannot_be_written_is_refused),
		open_test(other_programs_read_while_the_store_is_open),
		open_test(a_store_for_reading_refuses_every_write),
		open_test(a_purge_leaves_nothing_of_a_deleted_import),
		open_test(closing_leaves_one_file),
		open_test(the_columns_of_the_original_come_first),
		open_test(the_schema_keeps_the_ledger),
	};
	return cmocka_run_group_tests_name("sqlite open", tests, NULL, NULL);
}
