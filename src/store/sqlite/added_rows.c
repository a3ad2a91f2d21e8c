#include "store/sqlite/added_rows.h"

#include <stdlib.h>

#include "base/banned.h"

enum { ERRORS_CAP = 256 << 20 };

/* In the order of the table's declaration. */
enum column { COLUMN_ID, COLUMN_DATA, COLUMN_STATUS, COLUMN_SUMMARY, COLUMN_ROW, COLUMN_LINE, COLUMN_ERRORS, COLUMN_WORDS };

struct table {
	sqlite3_vtab base; /* first */
	struct added_rows *rows;
};

struct cursor {
	sqlite3_vtab_cursor base; /* first */
	size_t at;
};

static struct added_rows *rows_of(sqlite3_vtab_cursor *cursor)
{
	return ((struct table *)cursor->pVtab)->rows;
}

static int connect_table(sqlite3 *db, void *rows, int count, const char *const *arguments, sqlite3_vtab **out,
			 char **message)
{
	(void)count;
	(void)arguments;
	(void)message;
	int code = sqlite3_declare_vtab(db, "CREATE TABLE added_rows (id, data, status, error_message, row_number, "
					    "line_number, errors, words)");
	if (code != SQLITE_OK)
		return code;
	struct table *table = calloc(1, sizeof *table);
	if (!table)
		return SQLITE_NOMEM;
	table->rows = rows;
	*out = &table->base;
	return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *table)
{
	free(table);
	return SQLITE_OK;
}

static int plan(sqlite3_vtab *table, sqlite3_index_info *info)
{
	(void)table;
	info->estimatedCost = 4000;
	info->estimatedRows = 4000;
	return SQLITE_OK;
}

static int open_cursor(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
	struct cursor *cursor = calloc(1, sizeof *cursor);

	(void)table;
	if (!cursor)
		return SQLITE_NOMEM;
	*out = &cursor->base;
	return SQLITE_OK;
}

static int close_cursor(sqlite3_vtab_cursor *cursor)
{
	free(cursor);
	return SQLITE_OK;
}

static int is_at_end(sqlite3_vtab_cursor *cursor)
{
	return ((struct cursor *)cursor)->at >= rows_of(cursor)->count;
}

/* Writes what is made of the record and not part of it. */
static int arrive(sqlite3_vtab_cursor *cursor)
{
	struct added_rows *rows = rows_of(cursor);
	struct json_writer json;

	if (is_at_end(cursor) || record_is_valid(&rows->records[((struct cursor *)cursor)->at]))
		return SQLITE_OK;
	const struct record *record = &rows->records[((struct cursor *)cursor)->at];
	strbuf_clear(&rows->errors);
	strbuf_clear(&rows->summary);
	json_writer_init(&json, &rows->errors);
	record_write_errors(record, true, &json);
	record_write_summary(record, &rows->summary);
	return strbuf_ok(&rows->errors) && strbuf_ok(&rows->summary) ? SQLITE_OK : SQLITE_NOMEM;
}

static int begin(sqlite3_vtab_cursor *cursor, int plan_number, const char *plan_text, int count, sqlite3_value **values)
{
	(void)plan_number;
	(void)plan_text;
	(void)count;
	(void)values;
	((struct cursor *)cursor)->at = 0;
	return arrive(cursor);
}

static int next(sqlite3_vtab_cursor *cursor)
{
	((struct cursor *)cursor)->at++;
	return arrive(cursor);
}

static void give_text(sqlite3_context *context, struct slice text)
{
	sqlite3_result_text64(context, text.data ? text.data : "", text.size, SQLITE_STATIC, SQLITE_UTF8);
}

/* Of an invalid record; NULL of a valid one. */
static void give_error_text(sqlite3_context *context, const struct record *record, const struct strbuf *text)
{
	if (!record_is_valid(record) && text->size)
		give_text(context, strbuf_slice(text));
}

static int column(sqlite3_vtab_cursor *cursor, sqlite3_context *context, int number)
{
	const struct added_rows *rows = rows_of(cursor);
	size_t at = ((struct cursor *)cursor)->at;
	const struct record *record = &rows->records[at];

	switch ((enum column)number) {
	case COLUMN_ID:
		sqlite3_result_int64(context, rows->first_id + (int64_t)at);
		break;
	case COLUMN_DATA:
		give_text(context, record->data);
		break;
	case COLUMN_STATUS:
		give_text(context, record_is_valid(record) ? SLICE("valid") : SLICE("invalid"));
		break;
	case COLUMN_SUMMARY:
		give_error_text(context, record, &rows->summary);
		break;
	case COLUMN_ROW:
		sqlite3_result_int64(context, (int64_t)record->row);
		break;
	case COLUMN_LINE:
		sqlite3_result_int64(context, (int64_t)record->line);
		break;
	case COLUMN_ERRORS:
		give_error_text(context, record, &rows->errors);
		break;
	case COLUMN_WORDS:
		give_text(context, record->words);
		break;
	}
	return SQLITE_OK;
}

static int row_id(sqlite3_vtab_cursor *cursor, sqlite3_int64 *id)
{
	*id = (sqlite3_int64)((struct cursor *)cursor)->at;
	return SQLITE_OK;
}

/* Without xCreate, the table is there by its name alone. */
static const sqlite3_module module = {
	.xConnect = connect_table,
	.xBestIndex = plan,
	.xDisconnect = disconnect_table,
	.xOpen = open_cursor,
	.xClose = close_cursor,
	.xFilter = begin,
	.xNext = next,
	.xEof = is_at_end,
	.xColumn = column,
	.xRowid = row_id,
};

void added_rows_init(struct added_rows *rows)
{
	*rows = (struct added_rows){0};
	strbuf_init(&rows->errors, ERRORS_CAP);
	strbuf_init(&rows->summary, ERRORS_CAP);
}

void added_rows_release(struct added_rows *rows)
{
	strbuf_release(&rows->errors);
	strbuf_release(&rows->summary);
}

enum status added_rows_register(struct added_rows *rows, struct connection *connection, struct error *err)
{
	int code = sqlite3_create_module(connection->db, "added_rows", &module, rows);

	return code == SQLITE_OK ? STATUS_OK : connection_fail(connection, code, err);
}
