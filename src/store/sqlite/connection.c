#include "store/sqlite/connection.h"

#include "base/log.h"
#include "store/sqlite/log_vfs.h"

#include <errno.h>
#include <stdlib.h>

#include "base/banned.h"


/* secure_delete: what was deleted is overwritten. trusted_schema: a database that someone
 * prepared cannot make us run its functions. */
static const char set_up_writer[] = "PRAGMA synchronous = FULL;"
				    "PRAGMA foreign_keys = ON;"
				    "PRAGMA secure_delete = ON;"
				    "PRAGMA trusted_schema = OFF;"
				    "PRAGMA temp_store = MEMORY;"
				    "PRAGMA cache_size = -16384;";

static const char set_up_reader[] = "PRAGMA query_only = ON;"
				    "PRAGMA trusted_schema = OFF;"
				    "PRAGMA temp_store = MEMORY;"
				    "PRAGMA cache_size = -4096;";

enum status connection_open(struct connection *connection, const char *path,
			    enum connection_mode mode, int busy_timeout_ms, struct error *err)
{
	bool writes = mode == CONNECTION_WRITE;
	/* NOMUTEX: whoever holds the connection is alone with it. */
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
		    (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
	int code = sqlite3_open_v2(path, &connection->db, flags, writes ? log_vfs_name() : NULL);
	enum status status;

	if (code != SQLITE_OK) {
		status = connection_fail(connection, code, err);
		connection_close(connection);
		return status;
	}
	sqlite3_busy_timeout(connection->db, busy_timeout_ms);
	/* The writer checkpoints by itself (writer.c), readers never do. */
	sqlite3_wal_autocheckpoint(connection->db, 0);
	if (!writes)
		sqlite3_db_config(connection->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	status = connection_run(connection, writes ? set_up_writer : set_up_reader, err);
	if (status != STATUS_OK)
		connection_close(connection);
	return status;
}

void connection_close(struct connection *connection)
{
	for (int i = 0; connection->statements && i < connection->statement_count; i++)
		sqlite3_finalize(connection->statements[i]);
	free(connection->statements);
	sqlite3_close(connection->db);
	connection->statements = NULL;
	connection->db = NULL;
}

enum status connection_prepare(struct connection *connection, const char *const *texts, int count,
			       struct error *err)
{
	connection->statements = calloc((size_t)count, sizeof(sqlite3_stmt *));
	if (!connection->statements)
		return error_no_memory(err);
	connection->statement_count = count;
	for (int i = 0; i < count; i++) {
		int code = sqlite3_prepare_v3(connection->db, texts[i], -1,
					      SQLITE_PREPARE_PERSISTENT,
					      &connection->statements[i], NULL);
		if (code != SQLITE_OK)
			return connection_fail(connection, code, err);
	}
	return STATUS_OK;
}

enum status connection_run(struct connection *connection, const char *sql, struct error *err)
{
	int code = sqlite3_exec(connection->db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? STATUS_OK : connection_fail(connection, code, err);
}

enum status connection_read_int(struct connection *connection, const char *sql, int64_t *value,
				struct error *err)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(connection->db, sql, -1, &statement, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(statement);
		if (code == SQLITE_ROW)
			*value = sqlite3_column_int64(statement, 0);
	}
	enum status status = code == SQLITE_ROW ? STATUS_OK : connection_fail(connection, code, err);
	sqlite3_finalize(statement);
	return status;
}

enum status connection_full(struct connection *connection, struct error *err)
{
	if (connection->health)
		connection->health->full = true;
	return error_set(err, STATUS_FULL, NULL,
			 "the disk is full; free some space, nothing is lost");
}

static enum status fail_of_io(struct connection *connection, int code, struct error *err)
{
	int reason = sqlite3_system_errno(connection->db);

	if (code == SQLITE_IOERR_NOMEM)
		return error_no_memory(err);
	if (connection->health && (reason == ENOSPC || reason == EDQUOT))
		return connection_full(connection, err);
	if (connection->health && code != SQLITE_IOERR_READ && code != SQLITE_IOERR_SHORT_READ) {
		/* What a failed sync left in the page cache cannot be known, and a second sync
		 * would falsely succeed. Only a restart reads what is really there. */
		connection->health->broken = true;
		return error_set(err, STATUS_UNAVAILABLE, "not-durable",
				 "writing to the disk failed; check the disk, then restart the server");
	}
	return error_set(err, STATUS_IO, NULL,
			 "the database cannot be read or written; check the disk");
}

enum status connection_fail(struct connection *connection, int code, struct error *err)
{
	const char *message = connection->db ? sqlite3_errmsg(connection->db) : sqlite3_errstr(code);

	log_error(LOG_EVENT("database call failed"), LOG_INT("sqlite_code", code),
		  LOG_STR("sqlite_message", message));
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return error_no_memory(err);
	case SQLITE_FULL:
		return connection_full(connection, err);
	case SQLITE_IOERR:
		return fail_of_io(connection, code, err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(err, STATUS_BUSY, "database-locked",
				 "another program holds the database locked; end it, or try again");
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return error_set(err, STATUS_CORRUPT, "database-corrupt",
				 "the database is damaged; restore it from a backup");
	case SQLITE_TOOBIG:
		return error_set(err, STATUS_TOO_LARGE, NULL,
				 "a value is too large to be stored; the limit is 1 GB");
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return error_set(err, STATUS_IO, "database-not-writable",
				 "the database, or its folder, cannot be written; check their permissions");
	default:
		return error_set(err, STATUS_INTERNAL, NULL,
				 "the store made a mistake; the log says which");
	}
}

void query_begin(struct query *query, struct connection *connection, int statement)
{
	*query = (struct query){connection, connection->statements[statement], SQLITE_OK};
}

static void note(struct query *query, int code)
{
	if (query->code == SQLITE_OK)
		query->code = code;
}

void query_bind_int(struct query *query, int index, int64_t value)
{
	note(query, sqlite3_bind_int64(query->statement, index, value));
}

void query_bind_int_or_null(struct query *query, int index, int64_t value)
{
	note(query, value ? sqlite3_bind_int64(query->statement, index, value)
			  : sqlite3_bind_null(query->statement, index));
}

void query_bind_text(struct query *query, int index, struct slice text)
{
	note(query, sqlite3_bind_text64(query->statement, index, text.data ? text.data : "",
					text.size, SQLITE_STATIC, SQLITE_UTF8));
}

void query_bind_text_or_null(struct query *query, int index, struct slice text)
{
	if (text.size)
		query_bind_text(query, index, text);
	else
		note(query, sqlite3_bind_null(query->statement, index));
}

void query_bind_blob(struct query *query, int index, const void *bytes, size_t size)
{
	note(query, sqlite3_bind_blob64(query->statement, index, bytes, size, SQLITE_STATIC));
}

void query_bind_pointer(struct query *query, int index, void *pointer, const char *type)
{
	note(query, sqlite3_bind_pointer(query->statement, index, pointer, type, NULL));
}

bool query_row(struct query *query)
{
	if (query->code != SQLITE_OK)
		return false;
	int code = sqlite3_step(query->statement);
	if (code == SQLITE_ROW)
		return true;
	if (code != SQLITE_DONE)
		query->code = code;
	return false;
}

enum status query_end(struct query *query, struct error *err)
{
	enum status status = STATUS_OK;

	/* Before the reset, which may replace the message. */
	if (query->code != SQLITE_OK)
		status = connection_fail(query->connection, query->code, err);
	sqlite3_reset(query->statement);
	sqlite3_clear_bindings(query->statement);
	return status;
}

enum status query_run(struct query *query, struct error *err)
{
	query_row(query);
	return query_end(query, err);
}

int64_t query_int(struct query *query, int column)
{
	return sqlite3_column_int64(query->statement, column);
}

bool query_is_null(struct query *query, int column)
{
	return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

struct slice query_text_borrowed(struct query *query, int column)
{
	const char *text = (const char *)sqlite3_column_text(query->statement, column);

	if (!text) {
		if (!query_is_null(query, column))
			query_no_memory(query);
		return slice_of(NULL, 0);
	}
	return slice_of(text, (size_t)sqlite3_column_bytes(query->statement, column));
}

struct slice query_text(struct query *query, int column, struct arena *arena)
{
	struct slice copy = {0};

	if (!arena_copy(arena, query_text_borrowed(query, column), &copy))
		query_no_memory(query);
	return copy;
}

void query_no_memory(struct query *query)
{
	note(query, SQLITE_NOMEM);
}
