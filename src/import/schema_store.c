#include "import/schema_store.h"

#include "base/banned.h"

static enum status read_document(void *context, int64_t document_id, struct arena *arena,
				 struct slice *document, struct error *err)
{
	struct store *store = context;
	struct store_reader *reader = NULL;
	enum status status = store->call->open_reader(store, &reader, err);

	if (status == STATUS_OK)
		status = store->call->get_schema_document(reader, document_id, arena, document, err);
	store->call->close_reader(store, reader);
	return status;
}

struct schema_cache *schema_store_cache(struct store *store)
{
	struct schema_source source = {.context = store, .read = read_document};

	return schema_cache_new(&source);
}
