/* Databases of the original Python program, with every defect that it left in them. */
#include "support.h"

#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char schema[] =
	"CREATE TABLE imports (id INTEGER PRIMARY KEY AUTOINCREMENT, filename TEXT NOT NULL, "
	"file_hash TEXT NOT NULL, status TEXT NOT NULL, total_records INTEGER DEFAULT 0, "
	"processed_records INTEGER DEFAULT 0, failed_records INTEGER DEFAULT 0, "
	"created_at TEXT NOT NULL, completed_at TEXT);"
	"CREATE TABLE records (id INTEGER PRIMARY KEY AUTOINCREMENT, import_id INTEGER NOT NULL, "
	"data TEXT NOT NULL, embedding TEXT, status TEXT NOT NULL, error_message TEXT, "
	"created_at TEXT NOT NULL, FOREIGN KEY (import_id) REFERENCES imports (id));"
	"CREATE INDEX ix_imports_id ON imports (id);";

static const char contents[] =
	/* 1 and 2: the same hash twice, wrong counts. 3 never ended. 4 failed. 7 is deleted:
	 * its id must not come back. 5 is empty and pending. */
	"INSERT INTO imports VALUES"
	"(1, 'a.csv', '0cc175b9c0f1b6a831c399e269772661', 'completed', 99, 98, 1, "
	"'2024-01-01 12:00:00.123456', '2024-01-01T12:00:05'),"
	"(2, 'b.json', '0cc175b9c0f1b6a831c399e269772661', 'completed', 0, 0, 0, "
	"'2024-02-01T00:00:00+02:00', NULL),"
	"(3, 'c.csv', 'c0', 'processing', 5, 0, 0, '2024-03-01 00:00:00', NULL),"
	"(4, 'd.csv', 'd0', 'failed', 0, 0, 0, 'yesterday', NULL),"
	"(5, 'e.csv', 'e0', 'pending', 0, 0, 0, '2024-03-02', NULL),"
	"(7, 'g.csv', 'g0', 'completed', 0, 0, 0, '2024-03-02', NULL);"
	"DELETE FROM imports WHERE id = 7;"
	"INSERT INTO records (import_id, data, embedding, status, error_message, created_at) VALUES"
	"(1, '{\"name\":\"Ann\",\"age\":30.50}', vector(1), 'processed', NULL, '2024-01-01 12:00:01'),"
	"(1, '{\"name\":\"Bob\"}', vector(5), 'success', '', '2024-01-01 12:00:01'),"
	"(1, '{\"name\":\"\"}', NULL, 'failed', 'name is missing', '2024-01-01 12:00:01'),"
	"(2, '{\"name\":\"Cy\"}', NULL, 'valid', NULL, '2024-01-01 12:00:01'),"
	"(2, '{''name'': ''Python''}', NULL, 'valid', NULL, '2024-01-01 12:00:01'),"
	"(3, '{\"age\": NaN}', vector(1), 'done', NULL, '2024-01-01 12:00:01'),"
	"(3, '{\"name\":\"Di\"}', '[1, 2, 3]', 'done', NULL, '2024-01-01 12:00:01'),"
	"(3, '{\"name\":\"Ed\"}', '[nonsense', 'done', 'age is wrong', '2024-01-01 12:00:01'),"
	"(41, '{\"name\":\"Flo\"}', vector(1), 'valid', NULL, '2024-01-01 12:00:01'),"
	"(42, '{\"name\":\"Gus\"}', NULL, 'invalid', NULL, '2024-01-01 12:00:01'),"
	"(41, '[\"no object\"]', NULL, 'valid', NULL, 'never'),"
	"(1, CAST(X'7B226E223A22FF227D' AS TEXT), NULL, 'valid', NULL, '2024-01-01 12:00:01');";

/* vector(first): JSON text of 384 numbers of which the first is `first` and the rest 0. */
static void vector_text(sqlite3_context *context, int count, sqlite3_value **arguments)
{
	char *text = sqlite3_mprintf("[%g", sqlite3_value_double(arguments[0]));

	(void)count;
	for (int i = 1; i < VECTOR_DIMENSION; i++)
		text = sqlite3_mprintf("%z, 0.0", text);
	text = sqlite3_mprintf("%z]", text);
	sqlite3_result_text(context, text, -1, sqlite3_free);
}

struct fixture {
	char path[4096];
	struct store *store;
	struct store_reader *reader;
	struct arena arena;
	struct error err;
};

static void run(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_create_function(db, "vector", 1, SQLITE_UTF8, NULL, vector_text, NULL, NULL);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static int64_t ask(const char *path, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	int64_t answer = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return answer;
}

static void open_store(struct fixture *f)
{
	struct store_config config = {.path = f->path, .readers = 1};

	assert_ok(store_open(&config, &f->store, &f->err), &f->err);
	assert_ok(f->store->call->open_reader(f->store, &f->reader, &f->err), &f->err);
}

static void close_store(struct fixture *f)
{
	if (!f->store)
		return;
	f->store->call->close_reader(f->store, f->reader);
	f->store->call->close(f->store);
	f->store = NULL;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	if (!f)
		return -1;
	snprintf(f->path, sizeof f->path, "%s/data_imports.db", make_temporary_folder());
	arena_init(&f->arena, 64 << 20);
	*state = f;
	return 0;
}

static int set_up_migrated(void **state)
{
	set_up(state);
	struct fixture *f = *state;
	run(f->path, schema);
	run(f->path, contents);
	open_store(f);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	close_store(f);
	arena_release(&f->arena);
	free(f);
	return 0;
}

static struct import get(struct fixture *f, int64_t id)
{
	struct import import;

	assert_ok(f->store->call->get_import(f->reader, id, &f->arena, &import, &f->err), &f->err);
	return import;
}

static struct stored_record record(struct fixture *f, int64_t id)
{
	struct record_list list;

	assert_ok(f->store->call->get_records(f->reader, &id, 1, &f->arena, &list, &f->err), &f->err);
	assert_int_equal(list.count, 1);
	return list.records[0];
}

static void no_row_is_lost_and_every_count_is_true(void **state)
{
	static const int64_t expected[][4] = {
		/* id, valid, invalid, embedded */
		{1, 2, 2, 2}, {2, 1, 1, 0}, {3, 1, 2, 0}, {4, 0, 0, 0}, {5, 0, 0, 0}, {8, 1, 2, 1},
	};
	struct fixture *f = *state;
	struct store_stats stats;

	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
		struct import import = get(f, expected[i][0]);
		assert_int_equal(import.processed_records, expected[i][1]);
		assert_int_equal(import.failed_records, expected[i][2]);
		assert_int_equal(import.total_records, expected[i][1] + expected[i][2]);
		assert_int_equal(import.embedded_records, expected[i][3]);
	}
	assert_ok(f->store->call->get_stats(f->reader, &stats, &f->err), &f->err);
	assert_int_equal(stats.records_valid + stats.records_invalid, 12);
}

static void repeated_hashes_are_kept_without_a_key(void **state)
{
	struct fixture *f = *state;

	assert_slice(get(f, 1).file_hash, "0cc175b9c0f1b6a831c399e269772661");
	assert_slice(get(f, 2).file_hash, "0cc175b9c0f1b6a831c399e269772661");
	assert_int_equal(ask(f->path, "SELECT count(duplicate_key) FROM imports"), 0);
}

static void imports_end_as_the_rows_that_are_there(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(get(f, 1).status, IMPORT_COMPLETED);
	assert_int_equal(get(f, 2).status, IMPORT_PROCESSING); /* a vector is missing */
	assert_int_equal(get(f, 3).status, IMPORT_PROCESSING);
	assert_int_equal(get(f, 4).status, IMPORT_FAILED);
	assert_slice(get(f, 4).error_code, "legacy");
	assert_int_equal(get(f, 5).status, IMPORT_COMPLETED);
	assert_int_equal(get(f, 8).status, IMPORT_COMPLETED);
	assert_slice(get(f, 8).filename, "recovered");
	assert_true(get(f, 2).parsed);
}

static void missing_vectors_are_queued_and_complete_their_import(void **state)
{
	struct fixture *f = *state;
	struct pending_record *pending;
	float vector[VECTOR_DIMENSION] = {1};
	int64_t completed[2];
	size_t count, completed_count;

	assert_ok(f->store->call->list_pending(f->reader, 0, 0, 100, &f->arena, &pending, &count, &f->err),
		  &f->err);
	assert_int_equal(count, 2);
	assert_int_equal(pending[0].import_id, 2);
	assert_int_equal(pending[1].import_id, 3);
	assert_slice(pending[1].data, "{\"name\":\"Di\"}");
	assert_slice(pending[1].schema, "people");
	struct record_vector vectors[2] = {
		{.id = pending[0].id, .import_id = 2, .vector = vector},
		{.id = pending[1].id, .import_id = 3, .vector = vector},
	};
	assert_ok(f->store->call->attach_vectors(f->store, vectors, 2, completed, &completed_count,
						 &f->err),
		  &f->err);
	assert_int_equal(completed_count, 2);
}

static void vectors_become_float32_of_length_one(void **state)
{
	struct fixture *f = *state;
	struct record_vector *vectors;
	size_t count;

	assert_ok(f->store->call->list_vectors(f->reader, 0, INT64_MAX, 100, &f->arena, &vectors, &count, &f->err),
		  &f->err);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		assert_true(vectors[i].vector[0] == 1.0f); /* one of them was 5 */
		assert_true(vectors[i].vector[1] == 0.0f);
	}
}

static void records_keep_their_words_or_say_what_was_wrong(void **state)
{
	struct fixture *f = *state;

	assert_slice(record(f, 1).data, "{\"name\":\"Ann\",\"age\":30.50}");
	assert_true(record(f, 1).valid && record(f, 1).embedded);
	assert_true(record(f, 2).valid);
	assert_false(record(f, 3).valid);
	assert_slice(record(f, 3).error_message, "name is missing");
	assert_slice(record(f, 3).errors,
		     "[{\"field\":null,\"code\":\"row-error\",\"constraint\":null,"
		     "\"message\":\"name is missing\",\"value\":null,\"line\":0,\"byte\":0}]");
	assert_slice(record(f, 5).data, "\"{'name': 'Python'}\"");
	assert_false(record(f, 5).valid);
	assert_slice(record(f, 6).data, "\"{\\\"age\\\": NaN}\"");
	assert_false(record(f, 6).valid || record(f, 6).embedded);
	assert_true(record(f, 7).valid);   /* an unknown word, and no complaint */
	assert_false(record(f, 8).valid);  /* an unknown word with a complaint */
	assert_false(record(f, 10).valid); /* invalid, and no one said why */
	assert_true(record(f, 10).error_message.size > 0);
	assert_slice(record(f, 12).data, "\"{\\\"n\\\":\\\"\xEF\xBF\xBD\\\"}\"");
}

static void rows_are_numbered_within_their_import(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(record(f, 3).row, 3);
	assert_int_equal(record(f, 12).row, 4);
	assert_int_equal(record(f, 4).row, 1);
	/* Orphans of two lost imports. */
	assert_int_equal(record(f, 9).row, 1);
	assert_int_equal(record(f, 10).row, 2);
	assert_int_equal(record(f, 11).row, 3);
	assert_int_equal(record(f, 11).import_id, 8);
}

static void times_are_read_in_every_form(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(get(f, 1).created_ms, 1704110400123);
	assert_int_equal(get(f, 1).completed_ms, 1704110405000);
	assert_int_equal(get(f, 2).created_ms, 1706738400000);
	assert_int_equal(get(f, 5).created_ms, 1709337600000);
	assert_true(get(f, 4).created_ms > 1709337600000); /* 'yesterday' is none: now */
}

static void ids_go_on_where_the_original_stood(void **state)
{
	struct fixture *f = *state;
	unsigned char hash[SHA256_SIZE] = {0};
	struct new_import import = {.filename = SLICE("n"), .schema = SLICE("people"),
				    .file_hash = hash};
	int64_t id;

	assert_ok(f->store->call->add_import(f->store, &import, &id, &f->err), &f->err);
	assert_int_equal(id, 9);
}

static void the_original_lies_beside_it(void **state)
{
	struct fixture *f = *state;
	char backup[4200];

	snprintf(backup, sizeof backup, "%s.legacy-backup", f->path);
	assert_int_equal(ask(backup, "SELECT count(*) FROM records"), 12);
	assert_int_equal(ask(backup, "SELECT total_records FROM imports WHERE id = 1"), 99);
	assert_int_equal(ask(backup, "PRAGMA application_id"), 0);
}

static void a_migrated_database_is_ours_from_then_on(void **state)
{
	struct fixture *f = *state;
	char second[4200];

	close_store(f);
	open_store(f);
	assert_int_equal(get(f, 1).total_records, 4);
	snprintf(second, sizeof second, "%s.legacy-backup.2", f->path);
	assert_int_not_equal(access(second, F_OK), 0);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(ask(f->path, "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'legacy%'"),
			 0);
}

static void an_earlier_backup_is_never_overwritten(void **state)
{
	struct fixture *f = *state;
	char taken[4200];

	run(f->path, schema);
	snprintf(taken, sizeof taken, "%s.legacy-backup", f->path);
	run(taken, "CREATE TABLE precious (x); INSERT INTO precious VALUES (7)");
	open_store(f);
	assert_int_equal(ask(taken, "SELECT x FROM precious"), 7);
	snprintf(taken, sizeof taken, "%s.legacy-backup.2", f->path);
	assert_int_equal(ask(taken, "SELECT count(*) FROM imports"), 0);
}

static void a_migration_that_fails_leaves_the_file_as_it_was(void **state)
{
	struct fixture *f = *state;
	struct store_config config = {.path = f->path, .readers = 1};

	run(f->path, schema);
	run(f->path, contents);
	/* An index with the name of one of ours. */
	run(f->path, "CREATE INDEX imports_spans ON imports (status)");
	struct slice before = read_file(f->path);
	assert_int_not_equal(store_open(&config, &f->store, &f->err), STATUS_OK);
	assert_null(f->store);
	struct slice after = read_file(f->path);
	assert_true(slice_equal(before, after));
	/* Nor is a copy left behind at each try. */
	char backup[4200];
	snprintf(backup, sizeof backup, "%s.legacy-backup", f->path);
	assert_int_not_equal(access(backup, F_OK), 0);
	free((char *)(uintptr_t)before.data);
	free((char *)(uintptr_t)after.data);
}

static void tables_that_are_a_little_different_are_foreign(void **state)
{
	static const char *const changes[] = {
		"ALTER TABLE records ADD COLUMN notes TEXT",
		"ALTER TABLE records DROP COLUMN embedding",
		"CREATE TABLE alembic_version (version_num TEXT)",
		"DROP TABLE records",
		"PRAGMA user_version = 3",
	};
	struct fixture *f = *state;
	struct store_config config = {.path = f->path, .readers = 1};

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		unlink(f->path);
		run(f->path, schema);
		run(f->path, changes[i]);
		assert_int_equal(store_open(&config, &f->store, &f->err), STATUS_INVALID);
		assert_string_equal(f->err.code, "foreign-database");
	}
}

#define on_migrated(f) cmocka_unit_test_setup_teardown(f, set_up_migrated, tear_down)
#define on_nothing(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on_migrated(no_row_is_lost_and_every_count_is_true),
		on_migrated(repeated_hashes_are_kept_without_a_key),
		on_migrated(imports_end_as_the_rows_that_are_there),
		on_migrated(missing_vectors_are_queued_and_complete_their_import),
		on_migrated(vectors_become_float32_of_length_one),
		on_migrated(records_keep_their_words_or_say_what_was_wrong),
		on_migrated(rows_are_numbered_within_their_import),
		on_migrated(times_are_read_in_every_form),
		on_migrated(ids_go_on_where_the_original_stood),
		on_migrated(the_original_lies_beside_it),
		on_migrated(a_migrated_database_is_ours_from_then_on),
		on_nothing(an_earlier_backup_is_never_overwritten),
		on_nothing(a_migration_that_fails_leaves_the_file_as_it_was),
		on_nothing(tables_that_are_a_little_different_are_foreign),
	};
	return cmocka_run_group_tests_name("sqlite legacy", tests, NULL, NULL);
}
