/* How SQLite runs our statements: by index, never by scanning records nor by sorting. */
#include "support.h"

#include "store/sqlite/words.h"

#include <stdio.h>

static sqlite3 *db;

static int set_up(void **state)
{
	struct store_config config = {.readers = 1};
	static char path[4200];
	struct store *store;
	struct error err;

	(void)state;
	snprintf(path, sizeof path, "%s/store.db", make_temporary_folder());
	config.path = path;
	assert_ok(store_open(&config, &store, &err), &err);
	store->call->close(store);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		return -1;
	struct connection connection = {.db = db};
	static struct added_rows rows;
	return words_add_rank(&connection, &err) == STATUS_OK && added_rows_register(&rows, &connection, &err) == STATUS_OK
		       ? 0
		       : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return sqlite3_close(db) == SQLITE_OK ? 0 : -1;
}

/* Lines of the plan that start with a scan of a whole table, other than in the order of its ids
 * or over an index that holds all that is asked. */
static void check_plan(const char *sql)
{
	sqlite3_stmt *statement;
	char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);

	assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(statement, 3);
		if (strstr(line, "TEMP B-TREE") || strncmp(line, "SCAN records", 12) == 0 ||
		    strncmp(line, "SCAN r", 6) == 0)
			fail_msg("%s\n%s", sql, line);
	}
	sqlite3_finalize(statement);
	sqlite3_free(explain);
}

static void no_statement_scans_records_or_sorts(void **state)
{
	(void)state;
	for (int i = 0; i < READ_STATEMENT_COUNT; i++)
		check_plan(read_statements[i]);
	for (int i = 0; i < WRITE_STATEMENT_COUNT; i++)
		check_plan(write_statements[i]);
}

static bool plan_has(const char *sql, const char *words)
{
	sqlite3_stmt *statement;
	char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
	bool found = false;

	assert_int_equal(sqlite3_prepare_v2(db, explain, -1, &statement, NULL), SQLITE_OK);
	while (sqlite3_step(statement) == SQLITE_ROW)
		found = found || strstr((const char *)sqlite3_column_text(statement, 3), words);
	sqlite3_finalize(statement);
	sqlite3_free(explain);
	return found;
}

/* Only a handful of imports have work for a worker or a purge, of however many there are. */
static void what_is_asked_often_has_its_own_index(void **state)
{
	(void)state;
	assert_true(plan_has(write_statements[WRITE_FIND_CLAIMABLE], "imports_to_parse"));
	assert_true(plan_has(write_statements[WRITE_FIND_TO_PURGE], "imports_to_purge"));
	assert_true(plan_has(write_statements[WRITE_FIND_KEY], "imports_duplicate_key"));
	assert_true(plan_has(write_statements[WRITE_PURGE_RECORDS], "records_import"));
	assert_true(plan_has(read_statements[READ_TO_EMBED], "imports_to_embed"));
	assert_true(plan_has(read_statements[READ_NOTICE], "notices_due"));
	assert_true(plan_has(read_statements[READ_ANSWER], "INDEX"));
	assert_true(plan_has(write_statements[WRITE_DROP_REQUEST_KEYS], "request_keys_created"));
	assert_true(plan_has(read_statements[READ_SPANS], "COVERING INDEX imports_spans"));
	assert_true(plan_has(read_statements[READ_STATUS_COUNTS], "COVERING INDEX imports_status"));
	assert_true(plan_has(read_statements[READ_IMPORTS_BY_STATUS], "imports_status"));
	assert_true(plan_has(read_statements[READ_IDS], "MERGE (UNION ALL)"));
	assert_true(plan_has(read_statements[READ_IDS], "COVERING INDEX records_import"));
	assert_true(plan_has(read_statements[READ_IDS_PENDING], "records_pending"));
	assert_true(plan_has(read_statements[READ_VECTOR_OF_TEXT], "records_text"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_statement_scans_records_or_sorts),
		cmocka_unit_test(what_is_asked_often_has_its_own_index),
	};
	return cmocka_run_group_tests_name("sqlite plans", tests, set_up, tear_down);
}
