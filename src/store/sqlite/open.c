/* Opening and closing: what is checked before a file is trusted, and in which order. */
#include "store/sqlite/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/banned.h"

static void sqlite_store_close(struct store *store);

static const struct store_backend backend = {
	.name = "sqlite",
	.close = sqlite_store_close,
	.add_import = import_add,
	.claim_import = import_claim,
	.release_import = import_release,
	.append_batch = import_append,
	.finish_parsing = import_finish,
	.fail_import = import_fail,
	.cancel_import = import_cancel,
	.retry_import = import_retry,
	.embed_import = import_embed,
	.delete_import = import_delete,
	.purge_slice = purge_slice,
	.keep_answer = answer_keep,
	.find_answer = answer_find,
	.next_notice = notice_next,
	.settle_notice = notice_settle,
	.correct_record = record_correct,
	.attach_vectors = vectors_attach,
	.put_schema = schema_put,
	.delete_schema = schema_delete,
	.open_reader = reader_take,
	.close_reader = reader_give,
	.get_import = import_get,
	.list_imports = imports_list,
	.list_records = records_list,
	.get_records = records_get,
	.list_errors = errors_list,
	.list_error_groups = errors_list_groups,
	.list_rejects = rejects_list,
	.list_to_embed = imports_list_to_embed,
	.list_rows = records_list_rows,
	.get_last_record_id = records_last_id,
	.list_pending = records_list_pending,
	.count_pending = records_count_pending,
	.list_vectors = vectors_list,
	.find_vectors = vectors_find,
	.get_schema = schema_get,
	.list_schemas = schemas_list,
	.get_schema_document = schema_document_get,
	.match_words = words_match,
	.similar_words = words_similar,
	.find_old_dry_run = dry_run_find_old,
	.count_field_errors = field_errors_count,
	.get_stats = stats_get,
	.list_spool_names = spool_names_list,
	.check = writer_check,
	.stop_writes = writer_stop_writes,
};

static void sqlite_store_close(struct store *base)
{
	struct sqlite_store *store = sqlite_store_of(base);

	if (!store)
		return;
	/* The writer goes last: only it may clear the log away. */
	readers_close(store);
	writer_close(store);
	pthread_mutex_destroy(&store->pool.mutex);
	pthread_cond_destroy(&store->pool.returned);
	turn_release(&store->writer.turn);
	free(store->path);
	free(store);
}

/* ---- before SQLite sees the file ---- */

static enum status check_folder(const char *path, struct error *err)
{
	const char *slash = strrchr(path, '/');
	size_t size = slash ? (size_t)(slash - path) : 0;
	char *folder = slash ? strndup(path, size ? size : 1) : strdup(".");

	if (!folder)
		return error_no_memory(err);
	int failure = eaccess(folder, W_OK | X_OK) == 0 ? 0 : errno;
	free(folder);
	if (failure == ENOENT || failure == ENOTDIR)
		return error_set(err, STATUS_IO, "no-such-folder",
				 "the folder of the database does not exist; make it, or name another file with --db");
	if (failure)
		return error_set(err, STATUS_IO, "database-not-writable",
				 "the folder of the database cannot be written; change its permissions, or name another file with --db");
	return STATUS_OK;
}

static enum status refuse_not_a_database(struct error *err)
{
	return error_set(err, STATUS_INVALID, "foreign-database",
			 "the file is no database; name another file with --db");
}

/* SQLite would take a short or garbled file for an empty database in some cases. */
static enum status check_header(const char *path, struct error *err)
{
	static const char magic[16] = "SQLite format 3";
	char start[16];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, STATUS_IO, "database-not-writable",
				 "the database cannot be read; change its permissions, or name another file with --db");
	ssize_t size = read(fd, start, sizeof start);
	close(fd);
	if (size == 0 || (size == sizeof start && memcmp(start, magic, sizeof magic) == 0))
		return STATUS_OK;
	return refuse_not_a_database(err);
}

static enum status check_file(const struct store_config *config, struct error *err)
{
	struct stat info;

	if (stat(config->path, &info) != 0) {
		if (errno == ENOENT && config->read_only)
			return error_set(err, STATUS_NOT_FOUND, NULL,
					 "there is no such database; name another file with --db");
		return check_folder(config->path, err);
	}
	if (!S_ISREG(info.st_mode))
		return error_set(err, STATUS_INVALID, "foreign-database",
				 "the database must be a file, and this is %s; name another with --db",
				 S_ISDIR(info.st_mode) ? "a folder" : "none");
	enum status status = check_header(config->path, err);
	if (status != STATUS_OK || config->read_only)
		return status;
	if (eaccess(config->path, W_OK) != 0)
		return error_set(err, STATUS_IO, "database-not-writable",
				 "the database cannot be written; change its permissions, or name another file with --db");
	/* The log lies beside it. */
	return check_folder(config->path, err);
}

/* ---- the schema ---- */

/* The backup is of use only if the migration goes through; *backup is its path. */
static enum status migrate_within(struct sqlite_store *store, struct strbuf *backup,
				  struct error *err)
{
	struct connection *connection = &store->writer.connection;
	enum database_kind kind;
	int64_t version;
	enum status status = database_inspect(connection, &kind, &version, err);

	if (status == STATUS_OK && kind == DATABASE_LEGACY) {
		status = legacy_back_up(store->path, backup, err);
		if (status == STATUS_OK)
			status = legacy_migrate(connection, err);
	} else if (status == STATUS_OK) {
		status = database_migrate(connection, version, err);
	}
	return status == STATUS_OK ? connection_run(connection, "COMMIT", err) : status;
}

/* Looks and migrates in one transaction, so that of two programs that start at once one does
 * it and the other finds it done. Foreign keys are off: a migration may rebuild a table. */
static enum status prepare_schema(struct sqlite_store *store, struct error *err)
{
	struct connection *connection = &store->writer.connection;
	struct strbuf backup;
	enum status status = connection_run(connection,
					    "PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE", err);

	if (status != STATUS_OK)
		return status;
	strbuf_init(&backup, 1 << 16);
	status = migrate_within(store, &backup, err);
	if (!sqlite3_get_autocommit(connection->db))
		sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
	if (status != STATUS_OK && backup.size)
		unlink(backup.data);
	strbuf_release(&backup);
	return status == STATUS_OK
		       ? connection_run(connection,
					"PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON", err)
		       : status;
}

static enum status check_log_mode(struct connection *connection, struct error *err)
{
	int64_t pages;
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(connection->db, "PRAGMA journal_mode", -1, &statement, NULL);
	bool is_wal = code == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW &&
		      strcmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;

	sqlite3_finalize(statement);
	if (!is_wal)
		return error_set(err, STATUS_IO, "no-write-ahead-log",
				 "the database cannot keep a write-ahead log there; network file systems cannot: name a file on a local disk with --db");
	return connection_read_int(connection, "PRAGMA page_count", &pages, err);
}

static enum status open_writer(struct sqlite_store *store, struct error *err)
{
	struct connection *connection = &store->writer.connection;
	enum status status = connection_open(connection, store->path, CONNECTION_WRITE,
					     OPEN_TIMEOUT_MS, err);

	if (status == STATUS_OK)
		status = prepare_schema(store, err);
	if (status == STATUS_OK)
		status = check_log_mode(connection, err);
	if (status == STATUS_OK)
		status = writer_open(store, err);
	if (status == STATUS_OK) {
		sqlite3_busy_timeout(connection->db, WRITE_TIMEOUT_MS);
		reserve_make(store);
	}
	return status;
}

/* Without a writer there is no one to migrate. */
static enum status check_schema(struct sqlite_store *store, struct error *err)
{
	struct connection connection = {0};
	enum database_kind kind = DATABASE_OURS;
	int64_t version = 0;
	enum status status =
		connection_open(&connection, store->path, CONNECTION_READ, OPEN_TIMEOUT_MS, err);

	if (status == STATUS_OK)
		status = database_inspect(&connection, &kind, &version, err);
	connection_close(&connection);
	if (status == STATUS_OK && (kind != DATABASE_OURS || version < migrations_count))
		return error_set(err, STATUS_CONFLICT, "older-database",
				 "the database has an older schema; start the server once to bring it up to date");
	return status;
}

/* Statistics that nobody reads cost a lock at every allocation. Where the library is in use already, it stays
 * as it is. */
static void configure_library(void)
{
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

enum status sqlite_store_open(const struct store_config *config, struct store **out,
			      struct error *err)
{
	static pthread_once_t configured = PTHREAD_ONCE_INIT;

	*out = NULL;
	pthread_once(&configured, configure_library);
	enum status status = check_file(config, err);
	if (status != STATUS_OK)
		return status;
	struct sqlite_store *store = calloc(1, sizeof *store);
	if (!store)
		return error_no_memory(err);
	store->base.call = &backend;
	store->read_only = config->read_only;
	store->keep_notices = config->keep_notices;
	turn_init(&store->writer.turn);
	pthread_mutex_init(&store->pool.mutex, NULL);
	pthread_cond_init(&store->pool.returned, NULL);
	store->path = strdup(config->path);
	if (!store->path)
		status = error_no_memory(err);
	if (status == STATUS_OK)
		status = config->read_only ? check_schema(store, err) : open_writer(store, err);
	if (status == STATUS_OK)
		status = readers_open(store, config->readers ? config->readers : 1, err);
	if (status != STATUS_OK) {
		sqlite_store_close(&store->base);
		return status;
	}
	*out = &store->base;
	return STATUS_OK;
}
