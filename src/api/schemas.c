/* Schemas by name. */
#include "api/internal.h"

#include "base/banned.h"

enum status find_schema(struct api_call *call, struct slice name, const struct schema **schema,
			struct error *err)
{
	struct store *store = call->api->config.store;
	struct store_reader *reader = NULL;
	struct stored_schema stored;

	*schema = schema_builtin(name);
	if (*schema)
		return STATUS_OK;
	enum status status = store->call->open_reader(store, &reader, err);
	if (status == STATUS_OK)
		status = store->call->get_schema(reader, name, call->arena, &stored, err);
	store->call->close_reader(store, reader);
	return status == STATUS_OK ? schema_parse(name, stored.document, schema, NULL, err) : status;
}
