/* The database of the original Python program, brought into ours with no row lost.
 *
 * What its defects left behind, and what becomes of it (docs/DATA_MODEL.md has the table):
 * hashes twice: legacy imports hold no duplicate key; records without an import: an import
 * named 'recovered'; wrong counts: counted anew; vectors as JSON text: little-endian float32,
 * or, where they are none, left to the embedding workers; imports that never ended: they end
 * as the rows that are there.
 *
 * The steps are SQL over a few functions of our own, in one transaction. */
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/utf8.h"
#include "store/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/banned.h"

enum { BACKUPS_TRIED = 1000, JSON_TEXT_CAP = 1 << 30 };

/* These tables with these columns and nothing else; their own indexes may be there. */
static const char sql_recognise[] =
	"SELECT COALESCE((SELECT count(*) FROM sqlite_schema WHERE type <> 'index' "
	"AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\') = 2 "
	"AND (SELECT group_concat(name) FROM (SELECT lower(name) AS name "
	"FROM pragma_table_info('imports') ORDER BY 1)) = 'completed_at,created_at,"
	"failed_records,file_hash,filename,id,processed_records,status,total_records' "
	"AND (SELECT group_concat(name) FROM (SELECT lower(name) AS name "
	"FROM pragma_table_info('records') ORDER BY 1)) = 'created_at,data,embedding,"
	"error_message,id,import_id,status', 0)";

static const char sql_set_aside[] = "ALTER TABLE imports RENAME TO legacy_imports;"
				    "ALTER TABLE records RENAME TO legacy_records;";

/* Ids go on where the original's stood, so that none is given twice. */
static const char sql_keep_sequences[] =
	"INSERT INTO sqlite_sequence (name, seq) "
	"SELECT 'imports', max(COALESCE((SELECT max(id) FROM legacy_imports), 0), "
	"COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'legacy_imports'), 0));"
	"INSERT INTO sqlite_sequence (name, seq) "
	"SELECT 'records', max(COALESCE((SELECT max(id) FROM legacy_records), 0), "
	"COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'legacy_records'), 0));";

static const char sql_copy_imports[] =
	"INSERT INTO imports (id, filename, file_hash, status, created_at, completed_at, "
	"schema_name, parsed) "
	"SELECT id, COALESCE(filename, ''), COALESCE(file_hash, ''), 'processing', "
	"legacy_time(created_at, 1), legacy_time(completed_at, 0), 'people', 1 "
	"FROM legacy_imports;"
	/* The newest import from here on, if there are orphans. */
	"INSERT INTO imports (filename, file_hash, status, created_at, schema_name, parsed) "
	"SELECT 'recovered', '', 'processing', legacy_time(NULL, 1), 'people', 1 "
	"WHERE EXISTS (SELECT 1 FROM legacy_records AS r WHERE NOT EXISTS "
	"(SELECT 1 FROM legacy_imports AS i WHERE i.id = r.import_id));";

/* A record that is no JSON object has no text to embed: it is invalid, whatever it was called. */
static const char sql_copy_records[] =
	"INSERT INTO records (id, import_id, data, embedding, status, error_message, created_at, "
	"row_number, line_number, errors) "
	"SELECT id, import_id, CASE WHEN is_json THEN data ELSE legacy_string(data) END, "
	"CASE WHEN is_valid THEN legacy_vector(embedding) END, "
	"CASE WHEN is_valid THEN 'valid' ELSE 'invalid' END, "
	"CASE WHEN is_valid THEN NULL ELSE message END, "
	"legacy_time(created_at, 1), row_number, 0, "
	"CASE WHEN is_valid THEN NULL ELSE json_array(json_object('field', NULL, "
	"'code', 'row-error', 'constraint', NULL, 'message', message, 'value', NULL, "
	"'line', 0, 'byte', 0)) END "
	"FROM (SELECT *, is_json AND json_type(CASE WHEN is_json THEN data END) = 'object' "
	"AND CASE WHEN word IN ('valid', 'processed', 'success', 'completed', 'ok') THEN 1 "
	"WHEN word IN ('invalid', 'failed', 'error') THEN 0 ELSE complaint = '' END AS is_valid, "
	"CASE WHEN complaint <> '' THEN complaint WHEN is_json THEN "
	"'invalid in the earlier program, which did not say why' "
	"ELSE 'the stored data is no JSON' END AS message "
	"FROM (SELECT *, legacy_is_utf8(data) AND json_valid(data) AS is_json "
	"FROM (SELECT r.id, CAST(r.data AS TEXT) AS data, r.embedding, r.created_at, "
	"lower(COALESCE(r.status, '')) AS word, legacy_text(r.error_message) AS complaint, "
	"COALESCE(i.id, (SELECT max(id) FROM imports)) AS import_id, o.row_number "
	"FROM (SELECT id, row_number() OVER (PARTITION BY import_id ORDER BY id) AS row_number "
	"FROM legacy_records) AS o JOIN legacy_records AS r ON r.id = o.id "
	"LEFT JOIN legacy_imports AS i ON i.id = r.import_id)));"
	/* Orphans of several lost imports were numbered apart. */
	"UPDATE records SET row_number = o.row_number FROM ("
	"SELECT id, row_number() OVER (ORDER BY id) AS row_number FROM records "
	"WHERE import_id NOT IN (SELECT id FROM legacy_imports)) AS o WHERE records.id = o.id;";

static const char sql_count[] =
	"UPDATE imports SET total_records = c.total, processed_records = c.valid, "
	"failed_records = c.total - c.valid, embedded_records = c.embedded, "
	"error_count = c.total - c.valid, first_record_id = c.first, last_record_id = c.last "
	"FROM (SELECT import_id, count(*) AS total, sum(status = 'valid') AS valid, "
	"sum(embedding IS NOT NULL) AS embedded, min(id) AS first, max(id) AS last "
	"FROM records GROUP BY import_id) AS c WHERE imports.id = c.import_id;";

static const char sql_end[] =
	"UPDATE imports SET status = 'failed', parsed = 0, error_code = 'legacy', "
	"error_detail = 'it failed in the earlier program, which kept no row of it' "
	"WHERE total_records = 0 AND id IN "
	"(SELECT id FROM legacy_imports WHERE lower(status) = 'failed');"
	"UPDATE imports SET status = 'completed', "
	"completed_at = COALESCE(completed_at, legacy_time(NULL, 1)) "
	"WHERE status = 'processing' AND embedded_records = processed_records;"
	"UPDATE imports SET completed_at = NULL WHERE status = 'processing';";

/* Indexed in the background, as if they had been there when the index was made. */
static const char sql_index_later[] =
	"UPDATE words_upkeep SET fill_to = COALESCE((SELECT max(id) FROM records), 0);";

/* Of each invalid record, the one error above. */
static const char sql_count_errors[] =
	"INSERT INTO error_groups (import_id, run, code, field, error_count) "
	"SELECT id, run, 'row-error', '', failed_records FROM imports WHERE failed_records > 0;"
	"INSERT INTO record_errors (group_id, record_id) SELECT g.id, r.id FROM records AS r "
	"JOIN error_groups AS g ON g.import_id = r.import_id WHERE r.status = 'invalid';";

static const char sql_count_lost[] =
	"SELECT abs((SELECT count(*) FROM legacy_records) - (SELECT count(*) FROM records)) "
	"+ (SELECT count(*) FROM legacy_imports WHERE id NOT IN (SELECT id FROM imports)) "
	"+ (SELECT count(*) FROM legacy_records WHERE id NOT IN (SELECT id FROM records)) "
	"+ (SELECT count(*) FROM pragma_foreign_key_check('records'))";

static const char sql_drop[] =
	"DROP TABLE legacy_records; DROP TABLE legacy_imports;"
	"DELETE FROM sqlite_sequence WHERE name IN ('legacy_records', 'legacy_imports');";

/* ---- the functions ---- */

static struct slice value_text(sqlite3_value *value)
{
	const char *text = (const char *)sqlite3_value_text(value);

	return slice_of(text, text ? (size_t)sqlite3_value_bytes(value) : 0);
}

/* legacy_time(text, required): as we write times; now, or NULL, where it is none. */
static void legacy_time(sqlite3_context *context, int count, sqlite3_value **arguments)
{
	char out[CLOCK_TEXT_SIZE];
	int64_t ms = time_text_parse(value_text(arguments[0]));

	(void)count;
	if (!ms && !sqlite3_value_int(arguments[1])) {
		sqlite3_result_null(context);
		return;
	}
	clock_format(ms ? ms : clock_now_ms(), out);
	sqlite3_result_text(context, out, CLOCK_TEXT_SIZE - 1, SQLITE_TRANSIENT);
}

static void legacy_is_utf8(sqlite3_context *context, int count, sqlite3_value **arguments)
{
	(void)count;
	sqlite3_result_int(context, utf8_is_valid(value_text(arguments[0])));
}

/* legacy_string(text): as a JSON string; bytes that are no UTF-8 become U+FFFD. */
static void legacy_string(sqlite3_context *context, int count, sqlite3_value **arguments)
{
	struct strbuf out;
	struct json_writer json;

	(void)count;
	strbuf_init(&out, JSON_TEXT_CAP);
	json_writer_init(&json, &out);
	json_put_string(&json, value_text(arguments[0]));
	if (strbuf_ok(&out))
		sqlite3_result_text64(context, out.data, out.size, SQLITE_TRANSIENT, SQLITE_UTF8);
	else
		sqlite3_result_error_nomem(context);
	strbuf_release(&out);
}

/* legacy_text(text): valid UTF-8, or what of it is; NULL is empty. */
static void legacy_text(sqlite3_context *context, int count, sqlite3_value **arguments)
{
	struct slice text = value_text(arguments[0]);

	(void)count;
	sqlite3_result_text64(context, text.data ? text.data : "", utf8_valid_prefix(text),
			      SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* "[0.1, -2e-3, …]" of exactly VECTOR_DIMENSION numbers. */
static bool parse_vector(const char *text, float vector[VECTOR_DIMENSION])
{
	size_t count = 0;

	text += strspn(text, " \t\r\n");
	if (*text++ != '[')
		return false;
	for (;;) {
		char *end;
		double value = strtod(text, &end);
		if (end == text || count == VECTOR_DIMENSION)
			return false;
		vector[count++] = (float)value;
		text = end + strspn(end, " \t\r\n");
		if (*text == ']')
			break;
		if (*text++ != ',')
			return false;
	}
	text++;
	return count == VECTOR_DIMENSION && text[strspn(text, " \t\r\n")] == '\0';
}

/* Scales to length 1; false if that cannot be, or a number is not finite. */
static bool normalise(float vector[VECTOR_DIMENSION])
{
	double sum = 0;

	for (int i = 0; i < VECTOR_DIMENSION; i++)
		sum += (double)vector[i] * (double)vector[i];
	if (!isfinite(sum) || sum < 1e-12)
		return false;
	if (fabs(sum - 1) < 1e-5)
		return true;
	for (int i = 0; i < VECTOR_DIMENSION; i++)
		vector[i] = (float)((double)vector[i] / sqrt(sum));
	return true;
}

/* legacy_vector(embedding): 1,536 bytes; NULL where it is no vector of ours. */
static void legacy_vector(sqlite3_context *context, int count, sqlite3_value **arguments)
{
	float vector[VECTOR_DIMENSION];
	bool is_vector = false;

	(void)count;
	if (sqlite3_value_type(arguments[0]) == SQLITE_BLOB) {
		const void *bytes = sqlite3_value_blob(arguments[0]);
		if (bytes && sqlite3_value_bytes(arguments[0]) == sizeof vector) {
			memcpy(vector, bytes, sizeof vector);
			is_vector = true;
		}
	} else if (sqlite3_value_type(arguments[0]) == SQLITE_TEXT) {
		const char *text = (const char *)sqlite3_value_text(arguments[0]);
		is_vector = text && parse_vector(text, vector);
	}
	if (is_vector && normalise(vector))
		sqlite3_result_blob(context, vector, sizeof vector, SQLITE_TRANSIENT);
	else
		sqlite3_result_null(context);
}

static enum status add_functions(struct connection *connection, struct error *err)
{
	static const struct {
		const char *name;
		int arguments;
		void (*call)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {
		{"legacy_time", 2, legacy_time},     {"legacy_is_utf8", 1, legacy_is_utf8},
		{"legacy_string", 1, legacy_string}, {"legacy_text", 1, legacy_text},
		{"legacy_vector", 1, legacy_vector},
	};

	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
		int code = sqlite3_create_function(connection->db, functions[i].name,
						   functions[i].arguments,
						   SQLITE_UTF8 | SQLITE_DIRECTONLY, NULL,
						   functions[i].call, NULL, NULL);
		if (code != SQLITE_OK)
			return connection_fail(connection, code, err);
	}
	return STATUS_OK;
}

/* ---- the steps ---- */

enum status legacy_recognise(struct connection *connection, bool *is_legacy, struct error *err)
{
	int64_t answer = 0;
	enum status status = connection_read_int(connection, sql_recognise, &answer, err);

	*is_legacy = answer != 0;
	return status;
}

static enum status run_steps(struct connection *connection, const char *const *steps, size_t count,
			     struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		enum status status = connection_run(connection, steps[i], err);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

enum status legacy_migrate(struct connection *connection, struct error *err)
{
	static const char *const before[] = {sql_set_aside};
	static const char *const after[] = {sql_keep_sequences, sql_copy_imports,
					    sql_copy_records,	sql_count, sql_count_errors, sql_end, sql_index_later};
	int64_t lost = 0;
	enum status status = add_functions(connection, err);

	if (status == STATUS_OK)
		status = run_steps(connection, before, 1, err);
	if (status == STATUS_OK)
		status = database_migrate(connection, 0, err);
	if (status == STATUS_OK)
		status = run_steps(connection, after, sizeof after / sizeof *after, err);
	if (status == STATUS_OK)
		status = connection_read_int(connection, sql_count_lost, &lost, err);
	if (status == STATUS_OK && lost != 0)
		return error_set(err, STATUS_INTERNAL, "migration-failed",
				 "the earlier program's database could not be brought over whole; it is left as it was");
	if (status == STATUS_OK)
		status = connection_run(connection, sql_drop, err);
	if (status == STATUS_OK)
		log_info(LOG_EVENT("database of the earlier program migrated"));
	return status;
}

/* ---- the copy beside it ---- */

/* Makes the first free name of "PATH.legacy-backup", "PATH.legacy-backup.2", …. */
static enum status make_backup_file(const char *path, struct strbuf *name, struct error *err)
{
	for (int i = 1; i <= BACKUPS_TRIED; i++) {
		strbuf_clear(name);
		strbuf_add_string(name, path);
		strbuf_add_string(name, ".legacy-backup");
		if (i > 1)
			strbuf_add_format(name, ".%d", i);
		if (!strbuf_ok(name))
			return error_no_memory(err);
		int fd = open(name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0) {
			close(fd);
			return STATUS_OK;
		}
		if (errno != EEXIST)
			break;
	}
	return error_from_errno(err, errno, "making a backup of the earlier program's database");
}

static enum status copy_database(const char *from, const char *to, struct error *err)
{
	struct connection source = {0}, copy = {0};
	/* A connection of its own: one that is about to write cannot be copied from. */
	enum status status = connection_open(&source, from, CONNECTION_READ, OPEN_TIMEOUT_MS, err);

	if (status == STATUS_OK)
		status = connection_open(&copy, to, CONNECTION_WRITE, OPEN_TIMEOUT_MS, err);
	if (status == STATUS_OK) {
		sqlite3_backup *backup =
			sqlite3_backup_init(copy.db, "main", source.db, "main");
		int code = backup ? sqlite3_backup_step(backup, -1) : sqlite3_errcode(copy.db);
		sqlite3_backup_finish(backup);
		if (code != SQLITE_DONE)
			status = connection_fail(&copy, code, err);
	}
	connection_close(&copy);
	connection_close(&source);
	return status;
}

static enum status sync_path(const char *path, int flags, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	int failure = fd < 0 || fsync(fd) != 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	return failure ? error_from_errno(err, failure,
					  "making a backup of the earlier program's database")
		       : STATUS_OK;
}

static enum status sync_file_and_folder(struct strbuf *name, struct error *err)
{
	enum status status = sync_path(name->data, 0, err);
	char *slash = strrchr(name->data, '/');

	if (status != STATUS_OK)
		return status;
	if (!slash)
		return sync_path(".", O_DIRECTORY, err);
	char kept = slash[1];
	slash[1] = '\0';
	status = sync_path(name->data, O_DIRECTORY, err);
	slash[1] = kept;
	return status;
}

enum status legacy_back_up(const char *path, struct strbuf *name, struct error *err)
{
	enum status status = make_backup_file(path, name, err);

	if (status != STATUS_OK) {
		strbuf_clear(name);
		return status;
	}
	status = copy_database(path, name->data, err);
	if (status == STATUS_OK)
		status = sync_file_and_folder(name, err);
	if (status == STATUS_OK)
		log_info(LOG_EVENT("database of the earlier program backed up"),
			 LOG_STR("backup", name->data));
	return status;
}
