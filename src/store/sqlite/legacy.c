#include "store/sqlite/internal.h"

#include "base/banned.h"

enum status legacy_recognise(struct connection *connection, bool *is_legacy, struct error *err)
{
	(void)connection;
	(void)err;
	*is_legacy = false;
	return STATUS_OK;
}

enum status legacy_back_up(struct connection *connection, const char *path, struct error *err)
{
	(void)connection;
	(void)path;
	return error_set(err, STATUS_UNSUPPORTED, NULL, "not yet");
}

enum status legacy_migrate(struct connection *connection, struct error *err)
{
	(void)connection;
	return error_set(err, STATUS_UNSUPPORTED, NULL, "not yet");
}
