/* Every SQL text that runs while the store is open, each prepared once for each connection.
 * (Migrations are files of their own; what is run once, at opening, stands where it is run.)
 *
 * Threads: constants. */
#ifndef ROWMILL_STORE_SQLITE_STATEMENTS_H
#define ROWMILL_STORE_SQLITE_STATEMENTS_H

enum write_statement {
	WRITE_BEGIN,
	WRITE_COMMIT,
	WRITE_ROLLBACK,
	WRITE_READ_SIZE,
	WRITE_FIND_KEY,
	WRITE_ADD_IMPORT,
	WRITE_FIND_CLAIMABLE,
	WRITE_CLAIM,
	WRITE_DROP_CLAIM,
	WRITE_DROP_ALL_CLAIMS,
	WRITE_READ_STATE,
	WRITE_READ_DELETED,
	WRITE_ADD_RECORD,
	WRITE_ADD_RECORDS,
	WRITE_COUNT_BATCH,
	WRITE_SET_PARSED,
	WRITE_COMPLETE,
	WRITE_END_IMPORT,
	WRITE_RETRY,
	WRITE_READ_RELEASED_KEY,
	WRITE_FIND_TO_PURGE,
	WRITE_PURGE_RECORDS,
	WRITE_PURGE_IMPORT,
	WRITE_SET_PURGED,
	WRITE_READ_BOUNDS,
	WRITE_ATTACH,
	WRITE_COUNT_VECTORS,
	WRITE_STATEMENT_COUNT,
};

enum read_statement {
	READ_BEGIN,
	READ_END,
	READ_IMPORT,
	READ_IMPORTS,
	READ_IMPORTS_BY_STATUS,
	READ_IMPORT_COUNT,
	READ_IMPORT_COUNT_BY_STATUS,
	READ_SPANS,
	READ_SPAN,
	READ_IDS,
	READ_IDS_BY_STATUS,
	READ_IDS_PENDING,
	READ_RECORDS,
	READ_PENDING,
	READ_VECTORS,
	READ_VECTOR_OF_TEXT,
	READ_STATUS_COUNTS,
	READ_SPOOL_NAMES,
	READ_STATEMENT_COUNT,
};

extern const char *const write_statements[WRITE_STATEMENT_COUNT];
extern const char *const read_statements[READ_STATEMENT_COUNT];

/* WRITE_ADD_RECORDS takes this many rows of this many values each. Inserting one by one costs
 * twice as much: the sequence of ids is read and written once a statement. */
enum { ADD_ROWS = 32, ADD_VALUES = 8 };

#endif
