/* A database of every earlier version, with imports in all their states, opened by this program: nothing is lost, and
 * everything goes on.
 *
 * A version's database is made by its own migrations, up to FILLED filled as the program of that version did. A new
 * migration needs nothing here unless what it keeps is new: then fill() gets a step, and FILLED is raised. */
#include "../../store/fixture.h"

#include "base/strbuf.h"
#include "record/data_reader.h"
#include "store/sqlite/internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { FILLED = 6 };

#define KEY "x'0000000000000000000000000000000000000000000000000000000000000001'"
#define ERRORS                                                                                                         \
	"'[{\"field\":\"email\",\"code\":\"type-error\",\"constraint\":null,\"message\":\"is wrong\",\"value\":\"x\",\"line\":3,"   \
	"\"byte\":9},{\"field\":null,\"code\":\"row-error\",\"constraint\":null,\"message\":\"is odd\",\"value\":null,"      \
	"\"line\":3,\"byte\":0}]'"
#define RECORD "INSERT INTO records (id, import_id, row_number, line_number, created_at, status, data, "
#define AT "'2026-11-01T10:00:00.000Z'"

/* What every version has. Two of each kind of record where a single one could hide a mistake. */
static const char base_imports[] =
	"INSERT INTO imports (id, filename, file_hash, schema_name, created_at, started_at, completed_at, status, parsed,"
	" claimed, purge, total_records, processed_records, failed_records, embedded_records, error_count, truncated_texts,"
	" first_record_id, last_record_id, duplicate_key, released_key, spool_name, error_code, error_line, options) VALUES"
	" (1, 'done.csv', 'h1', 'people', " AT ", " AT ", " AT ", 'completed', 1, 0, 0, 3, 2, 1, 2, 2, 1, 1, 3, " KEY ", NULL, 's1', '', 0, '{\"a\":1}'),"
	" (2, 'failed.csv', 'h2', 'people', " AT ", " AT ", " AT ", 'failed', 0, 0, 1, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, zeroblob(32), 's2', 'syntax-error', 7, '{}'),"
	" (3, 'half.csv', 'h3', 'people', " AT ", " AT ", NULL, 'processing', 0, 1, 0, 3, 2, 1, 1, 2, 0, 6, 8, NULL, NULL, 's3', '', 0, '{}'),"
	" (4, 'deleted.csv', 'h4', 'people', " AT ", " AT ", " AT ", 'deleted', 0, 0, 1, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, '', '', 0, '{}'),"
	" (5, 'read.csv', 'h5', 'people', " AT ", " AT ", NULL, 'processing', 1, 0, 0, 2, 2, 0, 1, 0, 0, 11, 12, NULL, NULL, 's5', '', 0, '{}'),"
	" (6, 'new.csv', 'h6', 'people', " AT ", NULL, NULL, 'pending', 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 's6', '', 0, '{}'),"
	" (7, 'stopped.csv', 'h7', 'people', " AT ", " AT ", " AT ", 'cancelled', 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, 's7', 'cancelled', 0, '{}');";

static const char base_records[] =
	RECORD "errors, error_message, embedding, text_hash) VALUES"
	" (1, 1, 1, 2, " AT ", 'valid', '{\"name\":\"walrus one\"}', NULL, NULL, zeroblob(1536), x'01'),"
	" (2, 1, 2, 3, " AT ", 'invalid', '{\"name\":\"walrus two\"}', " ERRORS ", 'email: is wrong', NULL, NULL),"
	" (3, 1, 3, 4, " AT ", 'valid', '{\"name\":\"ostrich three\"}', NULL, NULL, zeroblob(1536), x'03'),"
	" (4, 2, 1, 2, " AT ", 'valid', '{\"name\":\"walrus four\"}', NULL, NULL, NULL, NULL),"
	" (5, 2, 2, 3, " AT ", 'invalid', '{\"name\":\"walrus five\"}', " ERRORS ", 'email: is wrong', NULL, NULL),"
	" (6, 3, 1, 2, " AT ", 'valid', '{\"name\":\"ostrich six\"}', NULL, NULL, zeroblob(1536), NULL),"
	" (7, 3, 2, 3, " AT ", 'valid', '{\"name\":\"walrus seven\"}', NULL, NULL, NULL, NULL),"
	" (8, 3, 3, 4, " AT ", 'invalid', '{\"name\":\"walrus eight\"}', " ERRORS ", 'email: is wrong', NULL, NULL),"
	" (9, 4, 1, 2, " AT ", 'valid', '{\"name\":\"walrus nine\"}', NULL, NULL, zeroblob(1536), NULL),"
	" (10, 4, 2, 3, " AT ", 'invalid', '{\"name\":\"walrus ten\"}', " ERRORS ", 'email: is wrong', NULL, NULL),"
	" (11, 5, 1, 2, " AT ", 'valid', '{\"name\":\"ostrich eleven\"}', NULL, NULL, zeroblob(1536), NULL),"
	" (12, 5, 2, 3, " AT ", 'valid', '{\"name\":\"walrus twelve\"}', NULL, NULL, NULL, NULL);"
	/* Others came and went. */
	"UPDATE sqlite_sequence SET seq = 20 WHERE name = 'imports'; UPDATE sqlite_sequence SET seq = 40 WHERE name = 'records';";

/* [v]: what version v added to the above, in the order of versions; words come last, when all records are there. */
static const char *const steps[FILLED + 1] = {
	[2] = "INSERT INTO schema_documents (id, hash, document) VALUES (1, " KEY ", '{\"fields\":[]}');"
	      "INSERT INTO schemas (name, document_id, created_at, updated_at) VALUES ('stock', 1, " AT ", " AT ");"
	      "UPDATE imports SET schema_name = 'stock', schema_document = 1 WHERE id = 3;",
	[4] = "UPDATE imports SET run = 1 WHERE id IN (2, 4, 7);"
	      "INSERT INTO error_groups (id, import_id, run, code, field, error_count) VALUES (1, 1, 0, 'type-error', 'email', 1),"
	      " (2, 1, 0, 'row-error', '', 1), (3, 2, 0, 'type-error', 'email', 1), (4, 2, 0, 'row-error', '', 1),"
	      " (5, 3, 0, 'type-error', 'email', 1), (6, 3, 0, 'row-error', '', 1), (7, 4, 0, 'type-error', 'email', 1);"
	      "INSERT INTO record_errors (group_id, record_id) VALUES (1, 2), (2, 2), (3, 5), (4, 5), (5, 8), (6, 8), (7, 10);",
	[5] = "INSERT INTO imports (id, filename, file_hash, schema_name, created_at, completed_at, status, parsed, no_embed,"
	      " total_records, processed_records, first_record_id, last_record_id) VALUES"
	      " (8, 'words.csv', 'h8', 'people', " AT ", " AT ", 'completed', 1, 1, 2, 2, 13, 14);"
	      RECORD "errors) VALUES (13, 8, 1, 2, " AT ", 'valid', '{\"name\":\"ostrich thirteen\"}', NULL),"
	      " (14, 8, 2, 3, " AT ", 'valid', '{\"name\":\"ostrich fourteen\"}', NULL);"
	      "INSERT INTO request_keys (key, request, import_id, http_status, location, body, created_ms)"
	      " VALUES ('k', zeroblob(32), 1, 202, '/api/imports/1', '{}', 4102444800000);"
	      "INSERT INTO notices (message_id, import_id, event, data, created_at)"
	      " VALUES ('m1', 1, 'import.completed', '{}', " AT ");",
	[6] = "INSERT INTO imports (id, filename, file_hash, schema_name, created_at, completed_at, status, parsed, dry_run,"
	      " total_records, processed_records, failed_records, embedded_records, error_count, first_loose_id, last_loose_id)"
	      " VALUES (9, 'dry.csv', 'h9', 'people', " AT ", " AT ", 'completed', 1, 1, 2, 1, 1, 1, 2, 15, 15);"
	      "INSERT INTO imports (id, filename, file_hash, schema_name, created_at, completed_at, status, parsed, fixes,"
	      " total_records, processed_records, embedded_records)"
	      " VALUES (10, 'fixes.csv', 'h10', 'people', " AT ", " AT ", 'completed', 1, 1, 1, 1, 1);"
	      RECORD "errors) VALUES (15, 9, 2, 3, " AT ", 'invalid', '{\"name\":\"walrus fifteen\"}', " ERRORS ");"
	      "INSERT INTO error_groups (id, import_id, run, code, field, error_count) VALUES (8, 9, 0, 'type-error', 'email', 1),"
	      " (9, 9, 0, 'row-error', '', 1);"
	      "INSERT INTO record_errors (group_id, record_id) VALUES (8, 15), (9, 15);"
	      "UPDATE imports SET columns = '[[\"Name\",\"name\"]]' WHERE id = 1;"
	      "INSERT INTO rejected_rows (record_id, sent, split) VALUES (2, 'walrus two,x', 12), (5, 'gone', 4);"
	      "INSERT INTO unique_values (import_id, run, value, row_number) VALUES (3, 0, claimed('a'), 2), (2, 0, claimed('a'), 1);",
};

static const char words[] = "INSERT INTO words (rowid, text) SELECT id, folded(data) FROM records;"
			    "INSERT INTO spellings (word) VALUES ('walrus'), ('ostrich');";

static void run_sql(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s: %.200s", message, sql);
}

/* folded(data): a record's words, as the index takes them. */
static void fold(sqlite3_context *context, int count, sqlite3_value **values)
{
	struct strbuf text;

	(void)count;
	strbuf_init(&text, 1 << 16);
	assert_true(data_fold_words(slice_of_string((const char *)sqlite3_value_text(values[0])), &text));
	sqlite3_result_text(context, text.data, (int)text.size, SQLITE_TRANSIENT);
	strbuf_release(&text);
}

/* claimed(value): what stands in unique_values for that value of the field "code". */
static void claimed(sqlite3_context *context, int count, sqlite3_value **values)
{
	unsigned char digest[SHA256_SIZE];
	char text[64] = "code";

	(void)count;
	snprintf(text + 5, sizeof text - 5, "%s", (const char *)sqlite3_value_text(values[0]));
	sha256_of(slice_of(text, 5 + strlen(text + 5)), digest);
	sqlite3_result_blob(context, digest, 16, SQLITE_TRANSIENT);
}

static void make_database(const char *path, unsigned version)
{
	unsigned filled = version < FILLED ? version : FILLED;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_create_function(db, "folded", 1, SQLITE_UTF8, NULL, fold, NULL, NULL);
	sqlite3_create_function(db, "claimed", 1, SQLITE_UTF8, NULL, claimed, NULL, NULL);
	run_sql(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; BEGIN");
	for (unsigned i = 0; i < filled; i++)
		run_sql(db, migrations[i].text);
	run_sql(db, base_imports);
	run_sql(db, base_records);
	for (unsigned i = 0; i <= filled; i++)
		if (steps[i])
			run_sql(db, steps[i]);
	if (filled >= 3)
		run_sql(db, words);
	for (unsigned i = filled; i < version; i++)
		run_sql(db, migrations[i].text);
	run_sql(db, "COMMIT");
	sqlite3_close(db);
}

static void check_sound(const char *path)
{
	sqlite3 *db;
	sqlite3_stmt *check;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	run_sql(db, "INSERT INTO words (words) VALUES ('integrity-check')");
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &check, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(check), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(check, 0), "ok");
	sqlite3_finalize(check);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA foreign_key_check", -1, &check, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(check), SQLITE_DONE);
	sqlite3_finalize(check);
	sqlite3_close(db);
}

static int64_t count_errors(struct fixture *f, int64_t id, struct slice field, struct slice code)
{
	return list_errors(f, (struct error_query){.import_id = id, .field = field, .code = code, .page.limit = 9}).total;
}

static void check_what_is_there(struct fixture *f, unsigned version)
{
	struct import failed = get(f, 2), done = get(f, 1);
	struct store_reader *reader;

	check_ledger(f);
	check_counts(f, 1, IMPORT_COMPLETED, 2, 1, 2);
	check_counts(f, 2, IMPORT_FAILED, 0, 0, 0);
	check_counts(f, 3, IMPORT_PROCESSING, 2, 1, 1);
	check_counts(f, 5, IMPORT_PROCESSING, 2, 0, 1);
	check_counts(f, 6, IMPORT_PENDING, 0, 0, 0);
	check_counts(f, 7, IMPORT_CANCELLED, 0, 0, 0);
	assert_int_equal(find(f, 4), STATUS_NOT_FOUND);
	assert_slice(done.filename, "done.csv");
	assert_slice(done.options, "{\"a\":1}");
	assert_int_equal(done.truncated_texts, 1);
	assert_true(done.completed_ms == done.created_ms && done.created_ms > 0);
	assert_slice(failed.error_code, "syntax-error");
	assert_int_equal(failed.error_line, 7);
	assert_slice(failed.spool_name, "s2");
	assert_slice(record_of_row(f, 1, 3).data, "{\"name\":\"ostrich three\"}");
	assert_slice(record_of_row(f, 1, 2).error_message, "email: is wrong");
	assert_int_equal(count_errors(f, 1, SLICE("email"), SLICE("type-error")), 1);
	assert_int_equal(count_errors(f, 1, SLICE(""), SLICE("row-error")), 1);
	assert_int_equal(count_errors(f, 3, SLICE("email"), slice_of(NULL, 0)), 1);
	if (version >= 2) {
		struct slice document;
		assert_slice(get(f, 3).schema, "stock");
		assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
		assert_ok(f->store->call->get_schema_document(reader, get(f, 3).schema_document, &f->arena, &document,
							      &f->err),
			  &f->err);
		f->store->call->close_reader(f->store, reader);
		assert_slice(document, "{\"fields\":[]}");
	}
	if (version >= 5) {
		static const unsigned char request[SHA256_SIZE];
		const struct request_key key = {SLICE("k"), request};
		struct kept_answer answer;
		struct notice notice;
		int64_t next_ms;
		check_counts(f, 8, IMPORT_COMPLETED, 2, 0, 0);
		assert_true(get(f, 8).no_embed && !done.no_embed);
		assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
		assert_ok(f->store->call->find_answer(reader, &key, &f->arena, &answer, &f->err), &f->err);
		assert_ok(f->store->call->next_notice(reader, INT64_MAX, &f->arena, &notice, &next_ms, &f->err),
			  &f->err);
		f->store->call->close_reader(f->store, reader);
		assert_slice(answer.location, "/api/imports/1");
		assert_slice(notice.message_id, "m1");
	}
	if (version >= 6) {
		struct reject_list rejects;
		assert_ok(f->store->call->open_reader(f->store, &reader, &f->err), &f->err);
		assert_ok(f->store->call->list_rejects(reader, 1, 0, 9, 1 << 20, &f->arena, &rejects, &f->err), &f->err);
		f->store->call->close_reader(f->store, reader);
		assert_slice(rejects.rows[0].sent, "walrus two,x");
		assert_slice(done.columns, "[[\"Name\",\"name\"]]");
		assert_true(get(f, 9).dry_run);
		check_counts(f, 9, IMPORT_COMPLETED, 1, 1, 1);
		assert_int_equal(count_errors(f, 9, slice_of(NULL, 0), slice_of(NULL, 0)), 2);
		assert_int_equal(get(f, 10).fixes, 1);
	}
}

/* The duplicate key holds; what was under way is taken up where it was; what had ended runs again. */
static void check_it_goes_on(struct fixture *f, unsigned version)
{
	static const unsigned char key[SHA256_SIZE] = {[31] = 1};
	struct new_import again = describe(0);
	struct import_claim next;
	int64_t id, holder;

	again.duplicate_key = key;
	assert_int_equal(f->store->call->add_import(f->store, &again, &id, &f->err), STATUS_EXISTS);
	assert_int_equal(id, 1);
	assert_ok(f->store->call->claim_import(f->store, false, &f->arena, &next, &f->err), &f->err);
	assert_int_equal(next.import.id, 3);
	assert_int_equal(next.rows_done, 3);
	append_rows(f, 3, {"{\"name\":\"walrus\"}", .code = "a"}, {"{\"name\":\"walrus\"}", .code = "a"});
	check_counts(f, 3, IMPORT_PROCESSING, version >= 6 ? 2 : 3, version >= 6 ? 3 : 2, 1);
	assert_true(record_of_row(f, 3, 4).id > 40);
	finish(f, 3);
	claim(f, 6);
	assert_true(finish(f, 6));
	for (id = 2; id <= 7; id += 5) {
		assert_ok(f->store->call->retry_import(f->store, id, &holder, &f->err), &f->err);
		claim(f, id);
		append_rows(f, id, {"{\"name\":\"walrus\"}", .code = "a"}, {"{}", .error = "email"});
		finish(f, id);
		check_counts(f, id, IMPORT_PROCESSING, 1, 1, 0);
	}
	embed_all(f);
	check_counts(f, 5, IMPORT_COMPLETED, 2, 0, 2);
	assert_true(add(f, 5) > 20);
	check_ledger(f);
}

static void every_earlier_version_is_brought_up_to_this_one(void **state)
{
	struct fixture *f = *state;

	for (unsigned version = 1; version < migrations_count; version++) {
		print_message("# from version %u\n", version);
		f->store->call->close(f->store);
		f->store = NULL;
		snprintf(f->path, sizeof f->path, "%s/store.db", make_temporary_folder());
		make_database(f->path, version);
		reopen(f);
		check_what_is_there(f, version);
		reopen(f); /* nothing is done twice */
		check_what_is_there(f, version);
		/* Older databases get their words in the background. */
		if (version >= 3)
			assert_int_equal(count_word(f, "walrus"), 5);
		check_it_goes_on(f, version);
		purge_all(f, 3);
		check_ledger(f);
		assert_int_equal(count_word(f, "walrus"), 9);
		assert_int_equal(count_word(f, "ostrich"), version >= 5 ? 5 : 3);
		assert_int_equal(count_word(f, "nine"), 0);
		f->store->call->close(f->store);
		f->store = NULL;
		check_sound(f->path);
		reopen(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {store_test(every_earlier_version_is_brought_up_to_this_one)};
	return cmocka_run_group_tests_name("sqlite migrations", tests, NULL, NULL);
}
