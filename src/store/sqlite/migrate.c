/* Whose database a file is, and bringing ours to the newest schema. */
#include "base/log.h"
#include "store/sqlite/internal.h"

#include "base/banned.h"

static enum status refuse_foreign(struct error *err)
{
	return error_set(err, STATUS_INVALID, "foreign-database",
			 "the file is a database of another program; name another file with --db");
}

static enum status refuse_newer(int64_t version, struct error *err)
{
	return error_set(err, STATUS_UNSUPPORTED, "newer-database",
			 "the database has schema %lld, and this program knows schemas up to %u; "
			 "use the newer program that wrote it, or restore a backup",
			 (long long)version, migrations_count);
}

enum status database_inspect(struct connection *connection, enum database_kind *kind,
			     int64_t *version, struct error *err)
{
	int64_t application, tables;
	bool is_legacy;
	enum status status =
		connection_read_int(connection, "PRAGMA application_id", &application, err);

	if (status == STATUS_OK)
		status = connection_read_int(connection, "PRAGMA user_version", version, err);
	if (status == STATUS_OK)
		status = connection_read_int(connection, "SELECT count(*) FROM sqlite_schema",
					     &tables, err);
	if (status != STATUS_OK)
		return status;
	if (application == APPLICATION_ID) {
		*kind = DATABASE_OURS;
		if (*version < 1)
			return refuse_foreign(err);
		return *version > migrations_count ? refuse_newer(*version, err) : STATUS_OK;
	}
	if (application != 0 || *version != 0)
		return refuse_foreign(err);
	if (tables == 0) {
		*kind = DATABASE_EMPTY;
		return STATUS_OK;
	}
	*kind = DATABASE_LEGACY;
	status = legacy_recognise(connection, &is_legacy, err);
	return status != STATUS_OK || is_legacy ? status : refuse_foreign(err);
}

enum status database_migrate(struct connection *connection, int64_t version, struct error *err)
{
	for (unsigned i = (unsigned)version; i < migrations_count; i++) {
		enum status status = connection_run(connection, migrations[i].text, err);
		if (status != STATUS_OK)
			return status;
		log_info(LOG_EVENT("database migrated"), LOG_STR("migration", migrations[i].name));
	}
	return STATUS_OK;
}
