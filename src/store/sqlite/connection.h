/* One connection to the database with its prepared statements, and the way to run them.
 *
 *	struct query query;
 *	query_begin(&query, connection, WRITE_CLAIM);
 *	query_bind_int(&query, 1, id);
 *	while (query_row(&query))
 *		… query_int(&query, 0) …
 *	return query_end(&query, err);
 *
 * Errors stick in the query until query_end, which every query_begin must reach: it resets
 * the statement, so that it holds no lock and no borrowed memory.
 *
 * Ownership: bound slices must outlive query_end; text read is copied into an arena.
 * Threads: a connection belongs to one thread at a time. */
#ifndef ROWMILL_STORE_SQLITE_CONNECTION_H
#define ROWMILL_STORE_SQLITE_CONNECTION_H

#include "base/arena.h"
#include "base/status.h"

#include <sqlite3.h>
#include <stdatomic.h>

/* Whether writes can be trusted to reach the disk. Set by the writing connection, read by all. */
struct health {
	atomic_bool broken; /* a write or sync failed: no more writes until the program restarts */
	atomic_bool full;   /* the latest write found no space */
};

struct connection {
	sqlite3 *db;
	sqlite3_stmt **statements; /* NULL until they are prepared */
	int statement_count;
	struct health *health; /* of the writing connection; NULL for readers */
};

enum connection_mode { CONNECTION_WRITE, CONNECTION_READ };

/* CONNECTION_WRITE creates the file where it is missing. On failure the connection is closed. */
enum status connection_open(struct connection *connection, const char *path,
			    enum connection_mode mode, int busy_timeout_ms, struct error *err);
void connection_close(struct connection *connection); /* a zeroed struct is fine */

/* Prepares each text once, for the life of the connection. */
enum status connection_prepare(struct connection *connection, const char *const *texts, int count,
			       struct error *err);

/* Runs fixed SQL of one or more statements, for set-up and migrations. */
enum status connection_run(struct connection *connection, const char *sql, struct error *err);

/* The first column of the first row of fixed SQL, as an integer. */
enum status connection_read_int(struct connection *connection, const char *sql, int64_t *value,
				struct error *err);

/* What a result code of SQLite means to callers. The code and the library's own message go to
 * the log, never into *err. */
enum status connection_fail(struct connection *connection, int code, struct error *err);

/* STATUS_FULL, remembered in the connection's health. */
enum status connection_full(struct connection *connection, struct error *err);

struct query {
	struct connection *connection;
	sqlite3_stmt *statement;
	int code; /* SQLITE_OK until something failed */
};

void query_begin(struct query *query, struct connection *connection, int statement);
void query_bind_int(struct query *query, int index, int64_t value);
void query_bind_int_or_null(struct query *query, int index, int64_t value); /* 0: NULL */
void query_bind_text(struct query *query, int index, struct slice text);
void query_bind_text_or_null(struct query *query, int index, struct slice text); /* empty: NULL */
void query_bind_pointer(struct query *query, int index, void *pointer, const char *type);
void query_bind_blob(struct query *query, int index, const void *bytes, size_t size); /* or NULL */

/* Steps to the next row; false at the end and on failure. */
bool query_row(struct query *query);
enum status query_end(struct query *query, struct error *err);

/* For statements that return no rows. */
enum status query_run(struct query *query, struct error *err);

int64_t query_int(struct query *query, int column); /* NULL is 0 */
bool query_is_null(struct query *query, int column);

/* The text, copied; NULL is empty. */
struct slice query_text(struct query *query, int column, struct arena *arena);

/* The same without a copy: good until the next step. */
struct slice query_text_borrowed(struct query *query, int column);

/* The query failed for want of memory outside SQLite. */
void query_no_memory(struct query *query);

#endif
