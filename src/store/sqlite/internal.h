/* What the files of the SQLite backend share. Nothing outside this folder includes it.
 *
 * One connection writes and checkpoints; who writes takes its turn, runs one short transaction
 * and gives it back (writer.c). Readers are a fixed pool of read-only connections (readers.c).
 *
 * Threads: as store/store.h says; what belongs to the writer is touched only in its turn. */
#ifndef ROWMILL_STORE_SQLITE_INTERNAL_H
#define ROWMILL_STORE_SQLITE_INTERNAL_H

#include "store/sqlite/added_rows.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/statements.h"
#include "store/sqlite/turn.h"
#include "store/store.h"

#include "base/strbuf.h"

enum { SPELLINGS_SEEN = 1 << 15 };

struct writer {
	struct turn turn;
	struct connection connection;
	struct added_rows rows;        /* of the batch that is stored */
	int wal_pages;                 /* in the log after the latest commit; 0: checkpointed since */
	int restart_pages;             /* in the log when it is to be started over */
	bool holds_purged;             /* the log may still hold what was purged */
	uint64_t seen_spellings[SPELLINGS_SEEN]; /* words.h */
};

/* A connection of the pool; store.h knows it as struct store_reader. */
struct sqlite_reader {
	struct connection connection;
	struct sqlite_store *store;
	struct sqlite_reader *next; /* in the list of those that are free */
};

struct reader_pool {
	pthread_mutex_t mutex;
	pthread_cond_t returned;
	struct sqlite_reader *readers; /* [count] */
	struct sqlite_reader *free;
	unsigned count;
};

struct sqlite_store {
	struct store base; /* first: a struct store * is a struct sqlite_store * */
	char *path;
	bool read_only; /* there is no writer */
	bool keep_notices;
	struct health health;
	struct writer writer;
	struct reader_pool pool;
};

static inline struct sqlite_store *sqlite_store_of(struct store *store)
{
	return (struct sqlite_store *)store;
}

static inline struct sqlite_reader *sqlite_reader_of(struct store_reader *reader)
{
	return (struct sqlite_reader *)reader;
}

/* ---- opening (open.c, migrate.c, legacy.c) ---- */

enum { OPEN_TIMEOUT_MS = 800, WRITE_TIMEOUT_MS = 5000, READ_TIMEOUT_MS = 2000 };

enum status sqlite_store_open(const struct store_config *config, struct store **store,
			      struct error *err);

/* A file of migrations/, made into an array by tools/embed_text.py. */
struct numbered_text {
	int number;
	const char *name, *text;
};

extern const struct numbered_text migrations[];
extern const unsigned migrations_count;

/* "Rowm", in the file's header (PRAGMA application_id). */
enum { APPLICATION_ID = 0x526F776D };

enum database_kind { DATABASE_EMPTY, DATABASE_OURS, DATABASE_LEGACY };

/* Whose database it is; refuses foreign and newer ones. *version: the number of its latest
 * migration. */
enum status database_inspect(struct connection *connection, enum database_kind *kind,
			     int64_t *version, struct error *err);

/* Applies the migrations behind `version`. Within the caller's transaction. */
enum status database_migrate(struct connection *connection, int64_t version, struct error *err);

/* Whether the tables are those of the original Python program. */
enum status legacy_recognise(struct connection *connection, bool *is_legacy, struct error *err);

/* A copy beside the database, on disk when it returns. *name: its path, also where the copy
 * failed half-way; empty where none was begun. */
enum status legacy_back_up(const char *path, struct strbuf *name, struct error *err);

/* Brings the original program's tables into ours, within the caller's transaction, with
 * foreign keys off. */
enum status legacy_migrate(struct connection *connection, struct error *err);

/* ---- writing (writer.c) ---- */

enum status writer_open(struct sqlite_store *store, struct error *err);
void writer_close(struct sqlite_store *store);

/* Takes the turn and begins a transaction. On success, writer_end must follow. */
enum status writer_begin(struct sqlite_store *store, struct error *err);

/* Commits if `status` is STATUS_OK, else rolls back; gives the turn back. Returns `status`, or
 * why the commit failed. */
enum status writer_end(struct sqlite_store *store, enum status status, struct error *err);

/* query_begin on the writer's connection. */
void writer_query(struct sqlite_store *store, struct query *query, int statement);

/* Runs a statement whose one parameter is an id. */
enum status writer_run_by_id(struct sqlite_store *store, int statement, int64_t id,
			     struct error *err);

/* After STATUS_FULL: makes what room there can be, for a write that frees more than it takes.
 * false: there is none. */
bool writer_make_room(struct sqlite_store *store);

/* Empties the log where it may hold what was purged; later, where a reader is in the way. */
void writer_forget_purged(struct sqlite_store *store);

/* Rows that the latest statement changed. */
int64_t writer_changes(struct sqlite_store *store);

enum status writer_check(struct store *store, struct error *err);
void writer_stop_writes(struct store *store);

/* ---- space for deletes on a full disk (reserve.c) ---- */

/* Makes the reserve where it is missing and there is space for it. */
void reserve_make(struct sqlite_store *store);

/* Gives its space back to the disk; false if there was none. */
bool reserve_use(struct sqlite_store *store);

/* ---- reading (readers.c) ---- */

enum status readers_open(struct sqlite_store *store, unsigned count, struct error *err);
void readers_close(struct sqlite_store *store);
enum status reader_take(struct store *store, struct store_reader **reader, struct error *err);
void reader_give(struct store *store, struct store_reader *reader);

/* ---- the backend's functions, as store.h describes them ---- */

enum status import_add(struct store *, const struct new_import *, int64_t *id, struct error *);
enum status import_claim(struct store *, bool only_new, struct arena *, struct import_claim *,
			 struct error *);
enum status import_release(struct store *, int64_t id, struct error *);
enum status import_append(struct store *, int64_t id, struct batch *, struct slice format,
			  struct slice dialect, struct error *);
enum status import_finish(struct store *, int64_t id, struct slice format, struct slice dialect,
			  bool *completed, struct error *);
enum status import_fail(struct store *, int64_t id, const struct error *reason, struct error *);
enum status import_cancel(struct store *, int64_t id, struct error *);
enum status import_retry(struct store *, int64_t id, int64_t *holder, struct error *);
enum status import_embed(struct store *, int64_t id, bool *changed, struct error *);
enum status answer_keep(struct store *, const struct request_key *, const struct kept_answer *,
			struct error *);
enum status answer_find(struct store_reader *, const struct request_key *, struct arena *,
			struct kept_answer *, struct error *);
enum status notice_next(struct store_reader *, int64_t now_ms, struct arena *, struct notice *,
			int64_t *next_ms, struct error *);
enum status notice_settle(struct store *, int64_t id, enum notice_outcome, int http_status,
			  struct slice failure, int64_t next_ms, struct error *);
enum status import_delete(struct store *, int64_t id, struct arena *, struct delete_receipt *,
			  struct error *);
enum status purge_slice(struct store *, uint32_t limit, struct error *);
enum status vectors_attach(struct store *, struct record_vector *, size_t count,
			   int64_t *completed, size_t *completed_count, struct error *);

enum status import_get(struct store_reader *, int64_t id, struct arena *, struct import *,
		       struct error *);
enum status imports_list(struct store_reader *, const struct import_query *, struct arena *,
			 struct import_list *, struct error *);
enum status records_list(struct store_reader *, const struct record_query *, struct arena *,
			 struct record_list *, struct error *);
enum status records_get(struct store_reader *, const int64_t *ids, size_t count, struct arena *,
			struct record_list *, struct error *);
enum status errors_list(struct store_reader *, const struct error_query *, struct arena *,
			struct error_list *, struct error *);
enum status errors_list_groups(struct store_reader *, int64_t import_id, struct arena *,
			       struct error_group **, size_t *count, struct error *);
enum status record_correct(struct store *, struct correction *, struct error *);
enum status dry_run_find_old(struct store_reader *, int64_t before_ms, int64_t *id, struct error *);
enum status rejects_list(struct store_reader *, int64_t import_id, int64_t after_id, uint32_t limit,
			 size_t size_limit, struct arena *, struct reject_list *, struct error *);
enum status imports_list_to_embed(struct store_reader *, uint32_t limit, struct arena *, int64_t **ids,
				  size_t *count, struct error *);
enum status records_list_rows(struct store_reader *, int64_t import_id, int64_t after_id, int64_t last_id,
			      uint32_t limit, struct arena *, struct stored_row **, size_t *count,
			      struct error *);
enum status records_last_id(struct store_reader *, int64_t *id, struct error *);
enum status records_list_pending(struct store_reader *, int64_t import_id, int64_t after_id, uint32_t limit,
				 struct arena *, struct pending_record **, size_t *count,
				 struct error *);
enum status records_count_pending(struct store_reader *, int64_t import_id, int64_t after_id, uint32_t limit,
				  struct arena *, size_t *count, struct error *);
enum status vectors_find(struct store_reader *reader, const unsigned char *hashes, size_t count,
			 struct arena *arena, const float **vectors, struct error *err);
enum status vectors_list(struct store_reader *, int64_t after_id, int64_t last_id, uint32_t limit, struct arena *,
			 struct record_vector **, size_t *count, struct error *);
enum status words_match(struct store_reader *, const struct word_query *, struct arena *, struct word_hits *,
			struct error *);
enum status words_similar(struct store_reader *, struct slice word, size_t limit, struct arena *,
			  struct similar_words *, struct error *);
enum status field_errors_count(struct store_reader *, struct arena *, struct field_errors **, size_t *count,
			       struct error *);
enum status stats_get(struct store_reader *, struct store_stats *, struct error *);
enum status schema_put(struct store *, struct slice name, struct slice document, struct error *);
enum status schema_delete(struct store *, struct slice name, struct error *);
enum status schema_get(struct store_reader *, struct slice name, struct arena *,
		       struct stored_schema *, struct error *);
enum status schemas_list(struct store_reader *, const struct page_query *, struct arena *,
			 struct schema_list *, struct error *);
enum status schema_document_get(struct store_reader *, int64_t id, struct arena *,
				struct slice *document, struct error *);
enum status spool_names_list(struct store_reader *,
			     void (*keep)(void *context, struct slice name), void *context,
			     struct error *);

/* ---- what several of those need ---- */

/* A row of IMPORT_COLUMNS (statements.c). */
void import_read_row(struct query *query, struct arena *arena, struct import *import);

/* The id of a schema's document, which is added where it is missing. In the writer's turn. */
enum status schema_document_keep(struct sqlite_store *store, struct slice document, int64_t *id,
				 struct error *err);

/* Removes the document if nobody has it any longer; id 0 is none. In the writer's turn. */
enum status schema_document_drop(struct sqlite_store *store, int64_t id, struct error *err);

/* The ids as a JSON array: one bound value, however many they are. false: no memory. */
bool ids_as_json(const int64_t *ids, size_t count, struct arena *arena, struct slice *text);

/* Whether the caller still holds its claim on an import that is being processed. If not:
 * STATUS_CANCELLED, and the claim is dropped in this transaction, which is to be committed all the same.
 * *rows: how many are stored. */
enum status import_check_claim(struct sqlite_store *store, int64_t id, int64_t *rows,
			       struct error *err);

/* writer_end for what began with import_check_claim. */
enum status import_end_claimed(struct sqlite_store *store, enum status status, struct error *err);

/* Adds a request's key with what it made (0: nothing). STATUS_CONFLICT and STATUS_BUSY as add_import. */
enum status request_key_add(struct sqlite_store *store, const struct request_key *key, int64_t import_id,
			    struct error *err);

/* Forgets the notices of an import that were delivered or given up. */
enum status notices_forget(struct sqlite_store *store, int64_t import_id, struct error *err);

/* Writes a notice of an import that has just ended, where notices are kept. */
enum status notice_add(struct sqlite_store *store, int64_t import_id, struct error *err);

/* Marks it completed if nothing is missing; with it the import that corrected its rows, if that has read all of them. */
enum status import_complete(struct sqlite_store *store, int64_t id, bool *completed,
			    struct error *err);

/* Milliseconds of an RFC 3339 text, or of those that Python's datetime and SQLite write
 * ("2024-01-01 12:00:00.123456", UTC where no zone is told); 0 if it is none. */
int64_t time_text_parse(struct slice text);

#endif
