#include "store/claim_book.h"

#include "store/sqlite/connection.h"

#include <stdlib.h>

#include "base/banned.h"

enum { BOOK_TAKE, BOOK_FIND, BOOK_STATEMENT_COUNT };

static const char *const statements[BOOK_STATEMENT_COUNT] = {
	[BOOK_TAKE] = "INSERT INTO claims (field, value, row) VALUES (?1, ?2, ?3) "
		      "ON CONFLICT (field, value) DO NOTHING",
	[BOOK_FIND] = "SELECT row FROM claims WHERE field = ?1 AND value = ?2",
};

struct claim_book {
	struct connection connection;
};

/* Nothing of it is to outlive the program: no journal, no syncs, one transaction that is never
 * committed, 16 MiB of pages in memory. */
static const char set_up[] =
	"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16384; "
	"PRAGMA temp_store = FILE; PRAGMA locking_mode = EXCLUSIVE; "
	"CREATE TABLE claims (field TEXT NOT NULL, value BLOB NOT NULL, row INTEGER NOT NULL, "
	"PRIMARY KEY (field, value)) WITHOUT ROWID; BEGIN";

enum status claim_book_open(struct claim_book **out, struct error *err)
{
	struct claim_book *book = calloc(1, sizeof *book);

	*out = NULL;
	if (!book)
		return error_no_memory(err);
	/* No name: a temporary file of SQLite's own. */
	int code = sqlite3_open_v2("", &book->connection.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
	enum status status = code == SQLITE_OK ? STATUS_OK : connection_fail(&book->connection, code, err);
	if (status == STATUS_OK)
		status = connection_run(&book->connection, set_up, err);
	if (status == STATUS_OK)
		status = connection_prepare(&book->connection, statements, BOOK_STATEMENT_COUNT, err);
	if (status != STATUS_OK) {
		claim_book_close(book);
		return status;
	}
	*out = book;
	return STATUS_OK;
}

void claim_book_close(struct claim_book *book)
{
	if (!book)
		return;
	connection_close(&book->connection);
	free(book);
}

enum status claim_book_take(struct claim_book *book, const struct unique_claim *claim, uint64_t row,
			    uint64_t *holder, struct error *err)
{
	struct query query;

	query_begin(&query, &book->connection, BOOK_TAKE);
	query_bind_text(&query, 1, claim->field);
	query_bind_blob(&query, 2, claim->key.data, claim->key.size);
	query_bind_int(&query, 3, (int64_t)row);
	enum status status = query_run(&query, err);
	*holder = row;
	if (status != STATUS_OK || sqlite3_changes(book->connection.db) == 1)
		return status;
	query_begin(&query, &book->connection, BOOK_FIND);
	query_bind_text(&query, 1, claim->field);
	query_bind_blob(&query, 2, claim->key.data, claim->key.size);
	if (query_row(&query))
		*holder = (uint64_t)query_int(&query, 0);
	return query_end(&query, err);
}
