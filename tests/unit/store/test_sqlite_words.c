/* The full-text index as SQLite holds it: filled from an older database, true to the records, and
 * gone from the file when they are. */
#include "support.h"

#include "store/sqlite/words.h"

#include <stdio.h>
#include <stdlib.h>

static char path[4200];

static struct store *open_store(void)
{
	struct store_config config = {.path = path, .readers = 1};
	struct store *store;
	struct error err;

	assert_ok(store_open(&config, &store, &err), &err);
	return store;
}

static void run_sql(const char *sql)
{
	sqlite3 *db;
	char *message = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
		fail_msg("%s", message);
	sqlite3_close(db);
}

static int64_t read_sql(const char *sql)
{
	struct connection connection = {0};
	int64_t value = -1;
	struct error err;

	assert_ok(connection_open(&connection, path, CONNECTION_READ, 1000, &err), &err);
	assert_ok(connection_read_int(&connection, sql, &value, &err), &err);
	connection_close(&connection);
	return value;
}

/* `count` rows, each of them with `word` and a word of its own. */
static int64_t add_import(struct store *store, const char *word, int count)
{
	struct new_import import = {.filename = SLICE("a.csv"), .file_hash = (const unsigned char *)"0123456789abcdef0123456789abcdef",
				    .schema = SLICE("people"), .options = SLICE("{}"), .spool_name = SLICE("s")};
	struct import_claim claim;
	struct batch batch;
	struct arena arena;
	struct error err;
	int64_t id;
	bool completed;

	arena_init(&arena, 1 << 20);
	assert_ok(store->call->add_import(store, &import, &id, &err), &err);
	assert_ok(store->call->claim_import(store, false, &arena, &claim, &err), &err);
	assert_true(batch_init(&batch, (size_t)count, 1 << 24));
	for (int i = 0; i < count; i++) {
		struct record *record = batch_add(&batch);
		char data[128];
		snprintf(data, sizeof data, "{\"a\":\"%s number%c%c%c\"}", word, 'a' + i % 26, 'a' + i / 26 % 26,
			 'a' + i / 676 % 26);
		record->row = record->line = (uint64_t)i + 1;
		assert_true(arena_copy(&batch.arena, slice_of_string(data), &record->data));
	}
	assert_ok(store->call->append_batch(store, id, &batch, SLICE("csv"), SLICE("{}"), &err), &err);
	assert_ok(store->call->finish_parsing(store, id, SLICE("csv"), SLICE("{}"), &completed, &err), &err);
	batch_release(&batch);
	arena_release(&arena);
	return id;
}

static void delete_import(struct store *store, int64_t id)
{
	struct delete_receipt receipt;
	struct arena arena;
	struct error err;

	arena_init(&arena, 1 << 20);
	assert_ok(store->call->delete_import(store, id, &arena, &receipt, &err), &err);
	arena_release(&arena);
}

static void finish_upkeep(struct store *store, uint32_t limit)
{
	struct error err;
	enum status status;

	while ((status = store->call->purge_slice(store, limit, &err)) == STATUS_OK)
		;
	assert_int_equal(status, STATUS_END);
}

static int64_t count_matches(struct store *store, const char *text)
{
	struct slice word = slice_of_string(text);
	struct word_phrase phrase = {.words = &word, .count = 1, .weight = 1};
	struct word_term term = {.alternatives = &phrase, .count = 1};
	struct word_query query = {.terms = &term, .count = 1, .limit = 1};
	struct store_reader *reader;
	struct word_hits hits;
	struct arena arena;
	struct error err;

	arena_init(&arena, 1 << 20);
	assert_ok(store->call->open_reader(store, &reader, &err), &err);
	assert_ok(store->call->match_words(reader, &query, &arena, &hits, &err), &err);
	store->call->close_reader(store, reader);
	arena_release(&arena);
	return hits.total;
}

static int set_up(void **state)
{
	(void)state;
	snprintf(path, sizeof path, "%s/store.db", make_temporary_folder());
	return 0;
}

static bool file_holds(const char *word)
{
	struct slice file = read_file(path);
	bool found = memmem(file.data, file.size, word, strlen(word)) != NULL;

	free((char *)file.data);
	return found;
}

/* Several segments, so that words are deleted in another one than they stand in. */
static void words_of_what_was_deleted_leave_the_file(void **state)
{
	(void)state;
	struct store *store = open_store();
	add_import(store, "keepsakes", 700);
	int64_t id = add_import(store, "xylophonist", 700);
	add_import(store, "keepsakes", 300);
	store->call->close(store);
	assert_true(file_holds("xylophonist"));
	store = open_store();
	delete_import(store, id);
	assert_int_equal(count_matches(store, "xylophonist"), 0);
	finish_upkeep(store, 90);
	assert_int_equal(count_matches(store, "keepsakes"), 1000);
	store->call->close(store);
	assert_false(file_holds("xylophonist"));
	assert_true(file_holds("keepsakes"));
	assert_int_equal(read_sql("SELECT count(*) FROM spellings WHERE word = 'xylophonist'"), 0);
	assert_int_equal(read_sql("SELECT erase FROM words_upkeep"), 0);
	run_sql("INSERT INTO words (words) VALUES ('integrity-check')");
}

/* A database of the version before: rows are there, the index is not. */
static void an_older_database_is_filled_in_slices(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct error err;
	int64_t first = add_import(store, "keepsakes", 500);
	add_import(store, "keepsakes", 500);
	store->call->close(store);
	run_sql("UPDATE words_upkeep SET filled_to = 0, fill_to = 1000; DELETE FROM spellings;"
		"INSERT INTO words (words) VALUES ('delete-all')");

	store = open_store();
	assert_int_equal(count_matches(store, "keepsakes"), 0);
	add_import(store, "keepsakes", 100);
	assert_int_equal(count_matches(store, "keepsakes"), 100);
	assert_ok(store->call->purge_slice(store, 20, &err), &err);
	assert_int_equal(count_matches(store, "keepsakes"), 180);
	/* Deleted half-way: what is not yet in the index is not taken out of it. */
	delete_import(store, first);
	finish_upkeep(store, 20);
	assert_int_equal(count_matches(store, "keepsakes"), 600);
	store->call->close(store);
	assert_int_equal(read_sql("SELECT count(*) FROM records"), 600);
	assert_int_equal(read_sql("SELECT count(*) FROM spellings WHERE word = 'keepsakes'"), 1);
	run_sql("INSERT INTO words (words) VALUES ('integrity-check')");
}

static void changed_data_changes_the_words(void **state)
{
	(void)state;
	struct store *store = open_store();
	struct sqlite_store *sqlite = sqlite_store_of(store);
	struct error err;

	add_import(store, "keepsakes", 3);
	assert_ok(writer_begin(sqlite, &err), &err);
	enum status status = words_replace(sqlite, 2, SLICE("{\"a\":\"keepsakes numberbaa\"}"),
					   SLICE("{\"a\":\"xylophonist\"}"), &err);
	assert_ok(writer_end(sqlite, status, &err), &err);
	assert_int_equal(count_matches(store, "keepsakes"), 2);
	assert_int_equal(count_matches(store, "numberbaa"), 0);
	assert_int_equal(count_matches(store, "xylophonist"), 1);
	store->call->close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(words_of_what_was_deleted_leave_the_file, set_up),
		cmocka_unit_test_setup(an_older_database_is_filled_in_slices, set_up),
		cmocka_unit_test_setup(changed_data_changes_the_words, set_up),
	};
	return cmocka_run_group_tests_name("sqlite words", tests, NULL, NULL);
}
