/* The records of a batch as a table of the writing connection, `added_rows`: one statement stores them all, and another
 * their words. Row by row, a statement's start and end, its bound values and the look-up of AUTOINCREMENT cost
 * more than the row.
 *
 * Threads: used in the writer's turn. */
#ifndef ROWMILL_STORE_SQLITE_ADDED_ROWS_H
#define ROWMILL_STORE_SQLITE_ADDED_ROWS_H

#include "base/strbuf.h"
#include "record/batch.h"
#include "store/sqlite/connection.h"

struct added_rows {
	/* Borrowed, while a statement reads the table. */
	const struct record *records; /* [count], all of them with words */
	size_t count;
	int64_t first_id; /* of the records once they are stored */
	struct strbuf errors, summary; /* of the record that is read */
};

void added_rows_init(struct added_rows *rows);
void added_rows_release(struct added_rows *rows);

/* Makes the connection know the table; before statements that name it are prepared. */
enum status added_rows_register(struct added_rows *rows, struct connection *connection, struct error *err);

#endif
