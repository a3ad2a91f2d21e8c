#include "store/store.h"

#include "store/sqlite/internal.h"

#include "base/banned.h"

static const char *const status_names[IMPORT_STATUS_COUNT] = {
	[IMPORT_PENDING] = "pending",	  [IMPORT_PROCESSING] = "processing",
	[IMPORT_COMPLETED] = "completed", [IMPORT_FAILED] = "failed",
	[IMPORT_CANCELLED] = "cancelled",
};

const char *import_status_name(enum import_status status)
{
	return status_names[status];
}

bool import_status_parse(struct slice name, enum import_status *status)
{
	for (int i = 0; i < IMPORT_STATUS_COUNT; i++) {
		if (slice_is(name, status_names[i])) {
			*status = (enum import_status)i;
			return true;
		}
	}
	return false;
}

enum status store_open(const struct store_config *config, struct store **store, struct error *err)
{
	return sqlite_store_open(config, store, err);
}
