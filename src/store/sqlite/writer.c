/* The one connection that writes and checkpoints. Whoever writes takes its turn at the
 * connection; docs/decisions/0010 says why there is no thread of its own. */
#include "base/log.h"
#include "store/sqlite/words.h"

#include <sys/statvfs.h>

#include "base/banned.h"

enum {
	/* Pages in the log from which a commit also checkpoints: 8 MiB. */
	CHECKPOINT_PAGES = 2048,
	/* Every so many (64 MiB), the log is to be started over, waiting a moment for readers. */
	RESTART_PAGES = 16384,
	RESTART_TIMEOUT_MS = 100,
	/* The database file grows by this much at a time. */
	GROWTH_BYTES = 1 << 20,
	/* Free space from which a full disk is worth another try. */
	ENOUGH_BYTES = 4 << 20,
};

static int count_wal_pages(void *context, sqlite3 *db, const char *name, int pages)
{
	struct writer *writer = context;

	(void)db;
	(void)name;
	writer->wal_pages = pages;
	return SQLITE_OK;
}

enum status writer_open(struct sqlite_store *store, struct error *err)
{
	struct connection *connection = &store->writer.connection;

	added_rows_init(&store->writer.rows);
	connection->health = &store->health;
	store->writer.restart_pages = RESTART_PAGES;
	store->writer.holds_purged = true; /* of an earlier run */
	enum status status = added_rows_register(&store->writer.rows, connection, err);
	if (status == STATUS_OK)
		status = connection_prepare(connection, write_statements, WRITE_STATEMENT_COUNT, err);
	if (status != STATUS_OK)
		return status;
	int growth = GROWTH_BYTES;
	sqlite3_file_control(connection->db, "main", SQLITE_FCNTL_CHUNK_SIZE, &growth);
	sqlite3_wal_hook(connection->db, count_wal_pages, &store->writer);
	/* What workers of an earlier run held is free again; its rows are kept. */
	status = writer_begin(store, err);
	if (status != STATUS_OK)
		return status;
	struct query query;
	writer_query(store, &query, WRITE_DROP_ALL_CLAIMS);
	return writer_end(store, query_run(&query, err), err);
}

void writer_close(struct sqlite_store *store)
{
	struct writer *writer = &store->writer;

	turn_take(&writer->turn);
	if (writer->connection.db) {
		/* After a failed sync, only what recovery reads from the log can be trusted. */
		if (store->health.broken)
			sqlite3_db_config(writer->connection.db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
					  NULL);
		else
			sqlite3_wal_checkpoint_v2(writer->connection.db, NULL,
						  SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	}
	connection_close(&writer->connection);
	added_rows_release(&writer->rows);
	turn_give(&writer->turn);
}

static enum status refuse_broken(struct error *err)
{
	return error_set(err, STATUS_UNAVAILABLE, "not-durable",
			 "an earlier write did not reach the disk; check the disk, then restart the server");
}

static enum status refuse_read_only(struct error *err)
{
	return error_set(err, STATUS_UNAVAILABLE, "read-only",
			 "the database was opened for reading only");
}

static enum status run(struct sqlite_store *store, int statement, struct error *err)
{
	struct query query;

	writer_query(store, &query, statement);
	return query_run(&query, err);
}

enum status writer_begin(struct sqlite_store *store, struct error *err)
{
	if (store->read_only)
		return refuse_read_only(err);
	turn_take(&store->writer.turn);
	enum status status = store->health.broken ? refuse_broken(err)
						  : run(store, WRITE_BEGIN, err);
	if (status != STATUS_OK)
		turn_give(&store->writer.turn);
	return status;
}

/* Starts the log over. If a reader with a long snapshot is in the way, the next try comes only
 * after as many pages again: no commit should wait for it. */
static int restart_log(struct writer *writer)
{
	sqlite3 *db = writer->connection.db;

	sqlite3_busy_timeout(db, RESTART_TIMEOUT_MS);
	int code = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	sqlite3_busy_timeout(db, WRITE_TIMEOUT_MS);
	writer->restart_pages = code == SQLITE_OK ? RESTART_PAGES : writer->wal_pages + RESTART_PAGES;
	return code;
}

/* Moves what was committed from the log into the database. That it found no space or someone
 * in the way only leaves the log longer; that it could not sync ends all writing. */
static void checkpoint(struct sqlite_store *store)
{
	struct writer *writer = &store->writer;
	int code;

	if (writer->wal_pages < CHECKPOINT_PAGES)
		return;
	if (writer->wal_pages < writer->restart_pages)
		code = sqlite3_wal_checkpoint_v2(writer->connection.db, NULL,
						 SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	else
		code = restart_log(writer);
	writer->wal_pages = 0;
	if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
		connection_fail(&writer->connection, code, NULL);
}

/* Makes the file at least so long, by zeros: SQLITE_FCNTL_SIZE_HINT writes a byte a block, by a call each. */
static int grow(sqlite3 *db, sqlite3_int64 size)
{
	static char zeros[64 << 10];
	sqlite3_file *file = NULL;
	sqlite3_int64 end = 0;
	int code = sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

	if (code == SQLITE_OK)
		code = file->pMethods->xFileSize(file, &end);
	if (code != SQLITE_OK || end >= size)
		return code;
	size = (size + GROWTH_BYTES - 1) / GROWTH_BYTES * GROWTH_BYTES;
	while (code == SQLITE_OK && end < size) {
		sqlite3_int64 piece = size - end < (sqlite3_int64)sizeof zeros ? size - end : (sqlite3_int64)sizeof zeros;
		code = file->pMethods->xWrite(file, zeros, (int)piece, end);
		end += piece;
	}
	return code;
}

/* Takes the space that the transaction's pages will need in the database file. So a
 * checkpoint never fails for want of space, and the log can always be started over. */
static enum status take_space(struct sqlite_store *store, struct error *err)
{
	sqlite3_int64 size = 0;
	struct query query;

	writer_query(store, &query, WRITE_READ_SIZE);
	if (query_row(&query))
		size = query_int(&query, 0);
	enum status status = query_end(&query, err);
	if (status != STATUS_OK)
		return status;
	return grow(store->writer.connection.db, size) == SQLITE_OK ? STATUS_OK
								    : connection_full(&store->writer.connection, err);
}

bool writer_make_room(struct sqlite_store *store)
{
	bool gained = reserve_use(store);

	turn_take(&store->writer.turn);
	if (!store->health.broken && restart_log(&store->writer) == SQLITE_OK)
		gained = true;
	turn_give(&store->writer.turn);
	return gained;
}

void writer_forget_purged(struct sqlite_store *store)
{
	struct writer *writer = &store->writer;

	turn_take(&writer->turn);
	if (writer->holds_purged && !store->health.broken) {
		sqlite3_busy_timeout(writer->connection.db, RESTART_TIMEOUT_MS);
		int code = sqlite3_wal_checkpoint_v2(writer->connection.db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
						     NULL);
		sqlite3_busy_timeout(writer->connection.db, WRITE_TIMEOUT_MS);
		writer->holds_purged = code != SQLITE_OK;
		if (code == SQLITE_OK)
			writer->wal_pages = 0;
		else if ((code & 0xff) != SQLITE_BUSY)
			connection_fail(&writer->connection, code, NULL);
	}
	turn_give(&writer->turn);
}

enum status writer_end(struct sqlite_store *store, enum status status, struct error *err)
{
	struct connection *connection = &store->writer.connection;

	if (status == STATUS_OK)
		status = take_space(store, err);
	if (status == STATUS_OK) {
		status = run(store, WRITE_COMMIT, err);
		if (status == STATUS_OK)
			store->health.full = false;
	}
	/* Some failures have rolled back already. */
	if (!sqlite3_get_autocommit(connection->db)) {
		struct error ignored;
		if (run(store, WRITE_ROLLBACK, &ignored) != STATUS_OK)
			store->health.broken = true;
		spellings_forget(store);
	}
	checkpoint(store);
	turn_give(&store->writer.turn);
	return status;
}

void writer_query(struct sqlite_store *store, struct query *query, int statement)
{
	query_begin(query, &store->writer.connection, statement);
}

enum status writer_run_by_id(struct sqlite_store *store, int statement, int64_t id,
			     struct error *err)
{
	struct query query;

	writer_query(store, &query, statement);
	query_bind_int(&query, 1, id);
	return query_run(&query, err);
}

int64_t writer_changes(struct sqlite_store *store)
{
	return sqlite3_changes64(store->writer.connection.db);
}

static bool has_space(const char *path)
{
	struct statvfs disk;

	return statvfs(path, &disk) == 0 &&
	       (uint64_t)disk.f_bavail * disk.f_frsize >= ENOUGH_BYTES;
}

void writer_stop_writes(struct store *base)
{
	sqlite_store_of(base)->health.broken = true;
}

enum status writer_check(struct store *base, struct error *err)
{
	struct sqlite_store *store = sqlite_store_of(base);

	if (store->read_only)
		return refuse_read_only(err);
	if (store->health.broken)
		return refuse_broken(err);
	if (store->health.full && !has_space(store->path))
		return error_set(err, STATUS_FULL, NULL,
				 "the disk is full; free some space, nothing is lost");
	return STATUS_OK;
}
